"""What the processes of one benchmark share: the engine, the keys, the people, and where a server listens."""

import base64
import secrets
import socket
from pathlib import Path

from msgspec import Struct
from tornado.netutil import bind_sockets

from models.card_codes import code_at
from models.clock import local_day, utc_now
from models.positions import Position
from server.config import Config
from server.keys import KEY_BYTES

# With an appid the server is no demo: the routes, the platform and the start are those of production.
APPID = "wx0000000000000000"


class Setting(Struct, frozen=True, kw_only=True):
    """One benchmark: the engine's URI and database, a folder of its own, how many rows, the secrets.

    Each server is so many `processes`, which share a port: 0 for the first, which chooses one. Of `newcomers`
    there are so many who apply, and as many who claim a record.
    """

    mongodb_uri: str
    database: str
    folder: str
    stations: int
    members: int
    keys: tuple[str, str, str, str]
    processes: int = 1
    port: int = 0
    newcomers: int = 0
    has_workers: bool = True

    @property
    def config(self) -> Config:
        """The configuration of a server in this setting."""
        sessions, vault, index, cards = self.keys
        return Config(
            port=0,
            data_dir=Path(self.folder),
            mongodb_uri=self.mongodb_uri,
            mongodb_database=self.database,
            wechat_appid=APPID,
            wechat_secret=secrets.token_hex(16),
            session_keys=f"1:{sessions}",
            vault_keys=f"1:{vault}",
            vault_index_key=index,
            card_keys=f"1:{cards}",
            limits=False,  # One scanner sends more a minute than a person may.
        )


class Member(Struct, frozen=True, kw_only=True):
    """Somebody with a card and a session; `day_keys` are the phone's, by local day."""

    person: str
    token: str
    serial: str
    key_id: str
    day_keys: dict[str, bytes]

    def code(self) -> str:
        """Return the text that the member's phone shows now."""
        now = utc_now()
        return code_at(self.day_keys[local_day(now)], self.key_id, self.serial, now).text


class Applicant(Struct, frozen=True, kw_only=True):
    """Somebody who joins: a guest's session and its subject, name, ID document, phone."""

    token: str
    account: str
    name: str
    number: str
    phone: str


class Claimant(Applicant, frozen=True, kw_only=True):
    """Somebody whose record was imported, with the blind index that it is claimed by."""

    claim: str


class Cast(Struct, frozen=True, kw_only=True):
    """Who sends requests, and from where; `open_stations` never close, `union` takes members."""

    staff_token: str
    members: list[Member]
    points: list[Position]
    open_stations: list[str]
    union: str
    applicants: list[Applicant]
    claimants: list[Claimant]


def bind(setting: Setting) -> list[socket.socket]:
    """Return sockets at the setting's port, which other processes may share."""
    return bind_sockets(setting.port, "127.0.0.1", reuse_port=True)


class Ready(Struct, frozen=True):
    """A process has what it needs; a server listens at a loopback port."""

    port: int = 0


def new_key() -> str:
    """Return a fresh key in base64."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
