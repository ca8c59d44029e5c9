"""Makes what tests need: a clock, an HTTP client of few words, people, cards, codes."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse

from models.appointments import Appointment, Role
from models.card_codes import CardCode, card_key, code_at, day_key
from models.cards import Card
from models.clock import local_day
from models.ids import new_id
from models.memberships import Membership, MembershipState
from models.organisations import Organisation
from models.people import Particulars
from models.privacy_notices import CURRENT, Purpose
from models.vault import mask_name
from server.service import Service

NOON = datetime(2026, 7, 15, 4, 0, 5, tzinfo=UTC)
STREET = "TESTSTREET000001"


class Clock:
    """A clock that stands still until it is told otherwise: five past noon, 15 July 2026, Shanghai."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    def reset(self) -> None:
        self.at = NOON

    def advance(self, **parts: float) -> None:
        self.at += timedelta(**parts)


class Reply:
    """An answer: its status, headers, bytes, and the bytes read as JSON."""

    def __init__(self, response: HTTPResponse) -> None:
        self.status = response.code
        self.headers = response.headers
        self.body = response.body

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def code(self) -> str:
        return str(self.json["code"])


class Http:
    """Sends requests to the service under test."""

    def __init__(self, client: AsyncHTTPClient, url: str) -> None:
        self._client = client
        self.url = url

    async def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        sent = dict(headers or {})
        content = b"" if raw is None and method in ("POST", "PUT") else raw
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None:
            content = msgspec.json.encode(body)
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        request = HTTPRequest(
            self.url + path,
            method=method,
            headers=sent,
            body=content,
            allow_nonstandard_methods=True,
            follow_redirects=False,
            request_timeout=20,
        )
        return Reply(await self._client.fetch(request, raise_error=False))


class Someone(msgspec.Struct, frozen=True):
    """A person made for a test, with the WeChat account, the membership's card if any, and a token."""

    person: str
    openid: str
    name: str
    card: Card | None
    token: str


class Factory:
    """Makes people and codes in the service under test."""

    def __init__(self, service: Service, http: Http, clock: Clock) -> None:
        self._service = service
        self._http = http
        self._clock = clock

    @property
    def _world(self) -> Any:
        return self._service.world

    async def login(self, openid: str, *, staff: bool = False, agrees: bool = True) -> Reply:
        """Log in; whoever logs in here has agreed to the privacy notice unless told otherwise."""
        demo = self._service.services.demo
        assert demo is not None
        code = demo.new_login_code(openid)
        reply = await self._http("POST", "/api/v1/sessions", {"code": code, "staff": staff})
        if agrees and reply.status == 201:
            subject = self._service.services.tokens.read(reply.json["token"]).subject
            await self.agree(subject)
        return reply

    async def agree(self, subject: str, purpose: Purpose = "notice") -> None:
        """Let a session's subject agree to the current words of a purpose."""
        version = CURRENT.consent(purpose).version
        await self._world.privacy.consents.answer(subject, purpose, version, "demo", given=True)

    async def member(
        self,
        state: MembershipState = "active",
        *,
        name: str = "测试员工",
        staff: bool = False,
        organisation: str = STREET,
        phone: str = "",
    ) -> Someone:
        """A person with a membership and a card; `staff` gives an appointment and a staff session."""
        mark = secrets.token_hex(8)
        openid = f"test-{mark}"
        world = self._world
        if world.organisations.find(STREET) is None:
            await world.organisations.put(
                Organisation(id=STREET, name="测试街道工会服务站", tree="local", changed=self._clock.now())
            )
        person = await world.people.register(
            Particulars(name=name, id_document=f"TEST-{mark}", phone=phone or f"test-{mark}", openid=openid)
        )
        at = self._clock.now()
        await world.memberships.begin(
            Membership(person=person, organisation=organisation, state=state, since=local_day(at), entered=at)
        )
        card = await world.cards.issue(person, mask_name(name), state)
        if staff:
            await self.appoint(person)
        reply = await self.login(openid, staff=staff)
        assert reply.status == 201, reply.body
        return Someone(person, openid, name, card, reply.json["token"])

    async def organisation(self, *path: str, tree: Literal["local", "industry"] = "local") -> str:
        """An organisation below those of the path, from the root down."""
        made = Organisation(
            id=new_id(),
            name=f"测试{secrets.token_hex(4)}",
            tree=tree,
            path=path,
            changed=self._clock.now(),
        )
        await self._world.organisations.put(made)
        return made.id

    async def console(self, role: Role, organisation: str = STREET) -> tuple[Someone, dict[str, str]]:
        """Somebody with a role and a console session, and the headers that its pages send."""
        someone = await self.member(organisation=organisation)
        await self.appoint(someone.person, role=role, organisation=organisation)
        session = await self._world.sessions.open_console(someone.person)
        cookie = f"console={self._service.services.tokens.issue(session)}"
        return someone, {"Cookie": cookie, "X-Console-Request": "1"}

    async def appoint(
        self,
        person: str,
        *,
        until: datetime | None = None,
        role: Role = "station_staff",
        organisation: str = STREET,
    ) -> Appointment:
        appointment = Appointment(
            id=new_id(),
            person=person,
            role=role,
            organisation=organisation,
            since=self._clock.now() - timedelta(days=1),
            until=until,
            changed=self._clock.now(),
        )
        await self._world.appointments.put(appointment)
        return appointment

    async def guest(self, *, agrees: bool = True) -> str:
        """The token of somebody whom nobody knows."""
        return str((await self.login(f"guest-{secrets.token_hex(8)}", agrees=agrees)).json["token"])

    def code(
        self, card: Card | None, *, at: datetime | None = None, seed_version: int | None = None
    ) -> CardCode:
        """The code that a card shows at a moment, made with the service's own master."""
        assert card is not None
        moment = at or self._clock.now()
        master = self._world.cards._masters.current
        key = card_key(master.key, card.id, seed_version or card.seed_version)
        return code_at(day_key(key, local_day(moment)), master.id, card.id, moment)

    def scan(self, code: str, **fields: Any) -> dict[str, Any]:
        """The body of a scan with an id of its own."""
        return {"scanId": f"scan-{secrets.token_hex(8)}", "code": code, "purpose": "identify", **fields}


async def change(service: Service, code: str, **values: Any) -> None:
    """Change a station just after every change so far, and let the service hear of it.

    Not by more: what other tests change at their own time must still lie within the mirror's overlap.
    """
    board = service.world.board
    later = board.mirror._newest + timedelta(milliseconds=1)
    await service.world.stations._store.change({"_id": code}, {**values, "changed": later})
    await board.mirror.refresh()
