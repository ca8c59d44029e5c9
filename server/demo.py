"""The demo world: invented people, real stations, the simulated WeChat. Never with a real mini program."""

import logging
import secrets
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from handlers.services import Demo, DemoPerson
from miniprogram_api import simulator_messages
from miniprogram_api.push import PushGate
from miniprogram_api.simulator import DEMO_APPID, Simulator
from miniprogram_api.simulator_control import tap
from miniprogram_api.simulator_pushes import Target
from miniprogram_api.simulator_state import Kind
from miniprogram_api.wechat import WeChat
from models.appointments import Appointment
from models.appointments import Role as AppointedRole
from models.clock import Now, local_day
from models.membership_desk import Request
from models.membership_effects import REMINDER_PAGE, RESULT_PAGE
from models.memberships import GigKind, Membership, MembershipState, WorkerForm
from models.organisations import Organisation, Tree
from models.own_memberships import Application
from models.people import Particulars
from models.station_imports import read_stations
from models.station_notices import PAGE as TICKET_PAGE
from models.subscriptions import Template
from models.vault import mask_name
from server.app import World
from server.config import Config
from server.front import Platform
from server.platform import account_of

# Stations with this in their name are run by the demo's street; the others are real and none of ours.
INVENTED = "(虚构)"
STATIONS_FILE = Path(__file__).parent / "data" / "demo-stations.csv"
CITY, DISTRICT, STREET, NEXT_STREET, INDUSTRY = (f"DEMO{number:012}" for number in range(1, 6))

log = logging.getLogger("union.demo")


class Role(Struct, frozen=True):
    """One demo person before registration: what the phone page shows, and how the union knows them."""

    key: str
    name: str
    role: str
    state: MembershipState | None
    post: AppointedRole | None = None
    place: str = STREET

    @property
    def openid(self) -> str:
        """The simulated WeChat account."""
        return f"demo-{self.key}"

    @property
    def phone(self) -> str:
        """A number that no mobile phone can have."""
        return f"100{sum(self.key.encode()):08}"


class Applicant(Struct, frozen=True):
    """Somebody whose application awaits an officer."""

    key: str
    name: str
    form: WorkerForm
    gig: GigKind | None = None
    place: str = STREET


DEMO_TEMPLATES = (
    simulator_messages.Template("event_reminder", ("thing1", "time2", "thing3")),
    simulator_messages.Template("benefit_ready", ("thing1", "date2", "phrase3")),
    simulator_messages.Template("membership_result", ("thing1", "phrase2", "date3")),
    simulator_messages.Template("membership_review", ("thing1", "phrase2", "date3")),
    simulator_messages.Template("station_ticket", ("thing1", "phrase2", "date3")),
)
"""At the simulated WeChat a template's id is its purpose."""

IMPORTED_DOCUMENT = "410105199001011233"
"""Of nobody: its check digit is right, its order of birth invented."""
IMPORTED_CARD_NUMBER = "YS-2019-0007"

ROLES = (
    Role("courier", "演示骑手", "外卖骑手，会员", "active"),
    Role("cleaner", "演示环卫工", "环卫工人，会员", "active"),
    Role("retired", "演示退休职工", "已退休，保留会籍", "retained"),
    Role("applicant", "演示新人", "刚申请入会，待审核", "applied"),
    Role("staff", "演示站长", "驿站站长，可扫码", "active", "station_staff"),
    Role("stranger", "演示路人", "还不是会员", None),
    Role("imported", "演示职工", f"单位已登记、本人未认领；证件号码 {IMPORTED_DOCUMENT}", None),
)
APPLICANTS = (
    Applicant("applicant", "演示新人", "gig", "courier"),
    Applicant("applicant-driver", "演示货车司机", "gig", "truck_driver"),
    Applicant("applicant-carer", "演示护工", "dispatched"),
    Applicant("applicant-clerk", "演示店员", "employed", place=NEXT_STREET),
)
OFFICERS = (
    Role("officer", "演示干部", "演示区工会工作人员：会员、驿站", "active", "officer", DISTRICT),
    Role("auditor", "演示审计员", "审计管理员：审计", "active", "audit_admin", CITY),
    Role("system", "演示系统员", "系统管理员", "active", "system_admin", CITY),
    Role("security", "演示安全员", "安全管理员", "active", "security_admin", CITY),
)


class DemoPlatform:
    """The simulated WeChat of a demo, inside the server."""

    def __init__(self, config: Config, now: Now) -> None:
        self.appid = DEMO_APPID
        self.secret = secrets.token_hex(16)
        self.simulator = Simulator(self.appid, self.secret, now)
        self._now = now
        self._push_token = secrets.token_hex(16)
        self._push_key = secrets.token_hex(22)[:43]
        templates = tuple(Template(template.id, template.id) for template in DEMO_TEMPLATES)
        self._account = replace(account_of(config), appid=self.appid, templates=templates)
        state = self.simulator.state
        state.pages = frozenset({self._account.station_page, RESULT_PAGE, REMINDER_PAGE, TICKET_PAGE})
        state.people.phones |= {one.openid: one.phone for one in ROLES}
        for template in DEMO_TEMPLATES:
            state.messages.add_template(template)

    def describe(self, wechat: WeChat) -> Platform:
        """Return the platform that the demo runs on, with what its pages use."""
        people, officers = (
            tuple(DemoPerson(one.key, one.name, one.role, one.openid, bool(one.post)) for one in some)
            for some in (ROLES, OFFICERS)
        )
        return Platform(
            wechat=wechat,
            account=self._account,
            gate=PushGate(self.appid, self._push_token, self._push_key, self._now),
            demo=Demo(
                people,
                lambda openid: self.simulator.issue_code(openid).code,
                lambda openid: self.simulator.issue_code(openid, Kind.PHONE).code,
                lambda openid, answers: tap(self.simulator.state, openid, answers),
                officers,
                (*people, officers[0]),
            ),
            simulator=self.simulator,
            push_target=self._push_target,
        )

    def _push_target(self, url: str) -> Target:
        """Return our own door, for encrypted pushes."""
        return Target(f"{url}/wechat/push", self._push_token, self._push_key, "safe")


async def seed(world: World, now: Now) -> None:
    """Load the demo's data; everything has a fixed name, so that a second time changes nothing."""
    at = now()
    await _plant_organisations(world, at)
    for role in (*ROLES, *OFFICERS):
        if role.state and role.state != "applied":
            await _enrol(world, role, role.state, at)
    await _import(world, at)
    for applicant in APPLICANTS:
        await _apply(world, applicant)
    result = read_stations(STATIONS_FILE.read_bytes(), STATIONS_FILE.name)
    stations = [
        replace(one, organisation=STREET if INVENTED in one.name else None) for one in result.stations
    ]
    saved = await world.stations.save_import(stations)
    await world.board.mirror.refresh()
    log.info("demo_loaded", extra={"people": len(ROLES), "stations": len(stations), "saved": str(saved)})


async def _plant_organisations(world: World, at: datetime) -> None:
    nodes: tuple[tuple[str, str, Tree, tuple[str, ...]], ...] = (
        (CITY, "演示市职工服务中心", "local", ()),
        (DISTRICT, "演示区职工服务中心", "local", (CITY,)),
        (STREET, "演示街道工会服务站", "local", (CITY, DISTRICT)),
        (NEXT_STREET, "演示东街道工会服务站", "local", (CITY, DISTRICT)),
        (INDUSTRY, "演示市快递行业工会", "industry", ()),
    )
    for key, name, tree, path in nodes:
        if world.organisations.find(key) is None:
            await world.organisations.put(
                Organisation(
                    id=key, name=name, tree=tree, path=path, region="演示区", code=f"81{key}", changed=at
                )
            )


async def _enrol(world: World, role: Role, state: MembershipState, at: datetime) -> None:
    who = Particulars(name=role.name, id_document=f"DEMO-{role.key}", phone=role.phone, openid=role.openid)
    person = await world.people.register(who)
    membership = await world.memberships.begin(
        Membership(person=person, organisation=STREET, state=state, since=local_day(at), entered=at)
    )
    await world.cards.issue(person, mask_name(role.name), membership.state)
    await _agree(world, person)
    if role.post:
        await world.appointments.put(
            Appointment(
                id=f"demo-{role.key}",
                person=person,
                role=role.post,
                organisation=role.place,
                since=at,
                changed=at,
            )
        )


async def _import(world: World, at: datetime) -> None:
    """Enter somebody as a union's roster does, unless that was done."""
    role = next(one for one in ROLES if one.key == "imported")
    who = Particulars(
        name=role.name, id_document=IMPORTED_DOCUMENT, phone=role.phone, card_number=IMPORTED_CARD_NUMBER
    )
    person = await world.people.register(who)
    await world.memberships.begin(
        Membership(person=person, organisation=STREET, state="active", since=local_day(at), entered=at)
    )


async def _apply(world: World, one: Applicant) -> None:
    """Let somebody apply, unless the application of an earlier start is there, whatever became of it."""
    role = Role(one.key, one.name, "", "applied")
    who = Particulars(name=one.name, id_document=f"DEMO-{one.key}", phone=role.phone, openid=role.openid)
    person = await world.people.register(who)
    if await world.memberships.find(person) is None:
        application = Application(who=who, organisation=one.place, worker_form=one.form, gig_kind=one.gig)
        await world.membership_book.own.apply(person, application, Request("apply", "demo", b""))
        await _agree(world, person)


async def _agree(world: World, person: str) -> None:
    """Let somebody have agreed to the notice, unless they answered it themselves."""
    notice = (await world.privacy.consents.list_of(person))[0]
    if notice.may_ask:
        await world.privacy.consents.answer(person, "notice", notice.text.version, "demo", given=True)
