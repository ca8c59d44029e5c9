"""The private port of one process on which Prometheus reads its metrics: `GET /metrics` and nothing else.

It is no route of the public port: figures of load and failures are nobody's business but the operator's.
"""

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

PATH = "/metrics"


class MetricsHandler(RequestHandler):
    """Writes the metrics in the form that the reader accepts."""

    def initialize(self, registry: CollectorRegistry) -> None:
        """Take what is to be shown."""
        self._registry = registry

    def get(self) -> None:
        """Answer with the figures of this moment."""
        write, media_type = choose_encoder(self.request.headers.get("Accept", ""))
        self.clear_header("Server")
        self.set_header("Content-Type", media_type)
        self.finish(write(self._registry))


class MetricsPort:
    """The port, open from the start until `close`; `url` is where."""

    def __init__(self, registry: CollectorRegistry, host: str, port: int) -> None:
        """Listen; OSError for a port that is taken. Port 0 takes a free one."""
        sockets = bind_sockets(port, host)
        site = Application([(PATH, MetricsHandler, {"registry": registry})], log_function=_say_nothing)
        self._server = HTTPServer(site)
        self._server.add_sockets(sockets)
        self.url = f"http://{host}:{sockets[0].getsockname()[1]}{PATH}"

    async def close(self) -> None:
        """Stop listening and end what is connected."""
        self._server.stop()
        await self._server.close_all_connections()


def _say_nothing(_: RequestHandler) -> None:
    """Leave no line for a reading every few seconds."""
