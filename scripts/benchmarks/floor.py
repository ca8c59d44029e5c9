"""The floor: a bare Tornado handler that makes the same driver calls, sends the same bytes, and no more.

No routes beside the one, no session, no decoding, no access log (Tornado's own is off below WARNING).
"""

import asyncio
from pathlib import Path as Folder

from msgspec import Struct
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

from scripts.benchmarks.load import Answer
from scripts.benchmarks.paths import PATHS
from scripts.benchmarks.pipes import Parent
from scripts.benchmarks.sending import Calls
from scripts.benchmarks.setting import Cast, Ready, Setting, bind
from server.engines import open_documents

# Tornado makes these itself, for every answer.
TORNADOS = frozenset({"Date", "Content-Length"})


class Floor(Struct, frozen=True):
    """Which path to be the floor of, and the answer to give."""

    setting: Setting
    cast: Cast
    path: int
    answer: Answer


def bare(answer: Answer, calls: Calls | None) -> type[RequestHandler]:
    """Return a handler that makes the calls and gives the answer, to GET and POST alike."""
    fields = [(name, value) for name, value in answer.headers if name not in TORNADOS]

    class Bare(RequestHandler):
        def set_default_headers(self) -> None:
            self.clear_header("Server")
            for name, value in fields:
                self.set_header(name, value)

        def compute_etag(self) -> None:
            return None

        def give(self) -> None:
            self.set_status(answer.status)
            self.finish(answer.body)

    class BareCalling(Bare):
        async def get(self) -> None:
            if calls:
                await calls()
            self.give()

        post = get

    class BareSilent(Bare):
        get = post = Bare.give

    return BareCalling if calls else BareSilent


async def main() -> None:
    """Serve one path until the benchmark is over."""
    parent = await Parent.connect()
    asked = await parent.hear(Floor)
    path, setting = PATHS[asked.path], asked.setting
    documents = await open_documents(setting.mongodb_uri, Folder(setting.folder))
    calls = await path.prepare(documents.client[setting.database], asked.cast) if path.prepare else None
    sockets = bind(setting)
    site = Application([("/.*", bare(asked.answer, calls))])
    server = HTTPServer(site)
    server.add_sockets(sockets)
    parent.tell(Ready(sockets[0].getsockname()[1]))
    await parent.wait_until_gone()
    server.stop()
    await server.close_all_connections()
    await documents.close()


if __name__ == "__main__":
    asyncio.run(main())
