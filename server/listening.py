"""The public sockets: bound by this process, or by a parent for several that accept side by side."""

import socket
from collections.abc import Iterable
from typing import Self

from msgspec import Struct
from tornado.netutil import bind_sockets

from server.config import Config


class Listening(Struct, frozen=True):
    """Where requests come in, and which of the processes this is, from 0."""

    sockets: tuple[socket.socket, ...]
    index: int = 0

    @classmethod
    def bind(cls, config: Config) -> Self:
        """Bind and listen; OSError for a port that is taken."""
        return cls(tuple(bind_sockets(config.port, config.host)))

    @classmethod
    def inherit(cls, descriptors: Iterable[int], index: int) -> Self:
        """Take up the sockets that the parent bound, by their descriptors."""
        return cls(tuple(socket.socket(fileno=number) for number in descriptors), index)

    @property
    def port(self) -> int:
        """The port, also when a free one was asked for."""
        return int(self.sockets[0].getsockname()[1])

    def url(self, config: Config) -> str:
        """Return where the service is reached without a proxy."""
        host = f"[{config.host}]" if ":" in config.host else config.host
        return f"http://{host}:{self.port}"

    def close(self) -> None:
        """Give up this process's share of the sockets."""
        for one in self.sockets:
            one.close()
