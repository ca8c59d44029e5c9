"""The application: wiring and nothing else."""

import re
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from tornado.httputil import HTTPServerRequest
from tornado.web import Application

from handlers.base import BODY_LIMIT, URL_LIMIT, Refuse
from handlers.district_files import DistrictFiles
from handlers.nearby import NearbyWriter, write_station
from handlers.routes import Route, to_pattern
from handlers.services import Services
from handlers.tokens import Tokens
from handlers.traffic import Traffic
from handlers.uploads import UPLOAD_LIMIT, UploadHandler
from models.addresses import Addresses
from models.alarms import BadCodes, Guards
from models.appointments import APPOINTMENTS, Appointments
from models.audit_desk import AuditDesk
from models.cards import CARDS, Cards, Masters
from models.clock import Now
from models.consents import Consents
from models.judgements import Judge
from models.limits import Limits, LocalLimits, SharedLimits
from models.media_checks import MEDIA_CHECKS, MediaChecks
from models.member_lists import MemberLists
from models.members import Members
from models.memberships import Memberships
from models.messages import MESSAGES, Messages
from models.migrations import META
from models.mirrors import Mirror
from models.organisations import ORGANISATIONS, Organisations
from models.people import IDENTITIES, PEOPLE, VAULT_ROWS, People
from models.photos import Photos
from models.prints import Prints
from models.push_effects import PushEffects
from models.pushes import PUSHES, Pushes
from models.scan_batches import ScanBatches
from models.scan_pictures import ScanPictures
from models.scans import SCANS, Scans
from models.security import SecurityDesk
from models.sessions import REVOCATIONS, REVOKED, SESSIONS, Revocations, Sessions
from models.signals import Signals
from models.station_board import STATIONS_CHANGED, StationBoard
from models.station_hours import StationHours
from models.station_lists import StationLists
from models.stations import STATIONS, Stations
from models.store import Collection, Database, Store
from models.subscriptions import SUBSCRIPTIONS, Subscriptions
from models.system import SystemDesk, Watch
from models.vault import Vault
from models.wxacodes import WXACODES, Wxacodes
from server.auditing import COLLECTIONS as AUDIT_COLLECTIONS
from server.auditing import Auditing, build_auditing
from server.console import COLLECTIONS as CONSOLE_COLLECTIONS
from server.console import Console, build_console
from server.engines import Engines
from server.front import Front, Platform
from server.keys import Keys
from server.membership_book import COLLECTIONS as MEMBERSHIP_COLLECTIONS
from server.membership_book import Known, MembershipBook, build_membership_book
from server.platform import NO_ACCOUNT, Account, CodeDrawer, PictureChecker
from server.privacy import COLLECTIONS as PRIVACY_COLLECTIONS
from server.privacy import Ending, PrivacyParts, build_privacy

COLLECTIONS: tuple[Collection[Any], ...] = (
    PEOPLE, VAULT_ROWS, IDENTITIES, *MEMBERSHIP_COLLECTIONS, ORGANISATIONS, APPOINTMENTS,
    SESSIONS, REVOCATIONS, CARDS, SCANS, STATIONS,
    SUBSCRIPTIONS, MESSAGES, MEDIA_CHECKS, PUSHES, WXACODES, META, *AUDIT_COLLECTIONS, *CONSOLE_COLLECTIONS,
    *PRIVACY_COLLECTIONS,
)  # fmt: skip

LENGTH_DIGITS = 20


class World(Struct, frozen=True, kw_only=True):
    """All models of one process, over one database."""

    stores: tuple[Store[Any], ...]
    auditing: Auditing
    console: Console
    signals: Signals
    people: People
    organisations: Organisations
    appointments: Appointments
    memberships: Memberships
    members: Members
    membership_book: MembershipBook
    revocations: Revocations
    sessions: Sessions
    cards: Cards
    prints: Prints
    scans: Scans
    scan_batches: ScanBatches
    shared_limits: SharedLimits
    stations: Stations
    board: StationBoard
    station_hours: StationHours
    subscriptions: Subscriptions
    messages: Messages
    media_checks: MediaChecks
    pushes: Pushes
    wxacodes: Wxacodes
    privacy: PrivacyParts

    @property
    def mirrors(self) -> dict[str, Mirror[Any]]:
        """The collections held in memory, by the word that signals a change of each."""
        return {
            "organisations": self.organisations.mirror,
            "appointments": self.appointments.mirror,
            REVOKED: self.revocations.mirror,
            STATIONS_CHANGED: self.board.mirror,
        }


def build_world(
    engines: Engines,
    database: Database,
    keys: Keys,
    now: Now,
    *,
    account: Account = NO_ACCOUNT,
    strict: bool = False,
) -> World:
    """Return the models over a database; `strict` refuses queries without an index (in tests)."""
    stores = {one.name: Store(database, one, strict=strict) for one in COLLECTIONS}
    auditing = build_auditing(stores, now)
    vault = Vault(keys.vault, keys.vault_index)
    masters, print_masters = Masters(keys.cards), Masters(keys.prints)
    signals = Signals(engines.cache)
    people = People(stores["people"], stores["vault"], stores["identities"], vault, now)
    organisations = Organisations(stores["organisations"])
    appointments = Appointments(stores["appointments"], auditing.audit, now)
    memberships = Memberships(stores["memberships"])
    revocations = Revocations(stores["revocations"], signals, auditing.audit, now)
    cards = Cards(stores["cards"], masters, vault, now)
    judge = Judge(masters, print_masters)
    shared_limits = SharedLimits(engines.cache, now)
    guards = Guards(BadCodes(engines.cache), shared_limits)
    stations = Stations(stores["stations"], now)
    sessions = Sessions(stores["sessions"], revocations, people, appointments, vault, now)
    subscriptions = Subscriptions(stores["subscriptions"], account.templates, vault, now)
    messages = Messages(stores["messages"], subscriptions, vault, signals, now)
    known = Known(people, organisations, appointments, cards, messages, auditing.audit, signals)
    media_checks = MediaChecks(stores["media_checks"], now)
    consents = Consents(stores["consents"], people, now)
    forgetting = (sessions.forget, subscriptions.forget, consents.forget, people.forget_openid)
    effects = PushEffects(account.appid, subscriptions, messages, forgetting, media_checks)
    book = build_membership_book(stores, memberships, known, now)
    console = build_console(stores, vault, auditing.audit, appointments, sessions, now)
    pushes = Pushes(stores["pushes"], vault, signals, effects, now)
    sweeps = {
        "sessions": sessions.forget_expired,
        "sign_in_attempts": console.forget_old,
        "messages": messages.forget_old,
        "pushes": pushes.forget_old,
        "media_checks": media_checks.forget_old,
    }
    return World(
        stores=tuple(stores.values()),
        auditing=auditing,
        console=console,
        signals=signals,
        people=people,
        organisations=organisations,
        appointments=appointments,
        memberships=memberships,
        members=Members(people, memberships, organisations),
        membership_book=book,
        revocations=revocations,
        sessions=sessions,
        cards=cards,
        prints=Prints(stores["cards"], cards, print_masters, now),
        scans=Scans(stores["scans"], cards, judge, organisations, guards, now),
        scan_batches=ScanBatches(stores["scans"], cards, judge, guards, now),
        shared_limits=shared_limits,
        stations=stations,
        board=StationBoard(stores["stations"], write_station, now),
        station_hours=StationHours(stores["stations"], appointments, auditing.audit, signals, now),
        subscriptions=subscriptions,
        messages=messages,
        media_checks=media_checks,
        pushes=pushes,
        wxacodes=Wxacodes(stores["wxacodes"], account.station_page, account.release.value, now),
        privacy=build_privacy(stores, known, Ending(book.own, revocations, vault, sweeps), consents, now),
    )


def build_services(
    world: World, keys: Keys, platform: Platform, now: Now, front: Front, watch: Watch
) -> Services:
    """Return what handlers may use."""
    audit, photos = world.auditing.audit, Photos()
    return Services(
        tokens=Tokens(keys.sessions, now),
        sessions=world.sessions,
        members=world.members,
        organisations=world.organisations,
        own_memberships=world.membership_book.own,
        membership_reviews=world.membership_book.reviews,
        membership_figures=world.membership_book.figures,
        cards=world.cards,
        prints=world.prints,
        scans=world.scans,
        scan_batches=world.scan_batches,
        scan_pictures=ScanPictures(photos),
        appointments=world.appointments,
        accounts=world.console.accounts,
        sign_ins=world.console.sign_ins,
        stations=world.board,
        member_lists=MemberLists(
            world.people, world.memberships, world.organisations, world.appointments, audit
        ),
        station_lists=StationLists(world.stations, world.board, world.appointments, audit, world.signals),
        station_hours=world.station_hours,
        audit_desk=AuditDesk(audit, world.auditing.blocks, world.auditing.checks, world.appointments),
        system_desk=SystemDesk(
            watch, world.pushes, world.messages, world.auditing.blocks, world.appointments
        ),
        security_desk=SecurityDesk(
            world.appointments, world.organisations, world.people, world.console.accounts, world.sessions
        ),
        subscriptions=world.subscriptions,
        wxacodes=world.wxacodes,
        privacy=world.privacy.offer(front.responsible),
        pushes=world.pushes,
        wechat=platform.wechat,
        media_checks=world.media_checks,
        picture_judge=PictureChecker(platform.wechat),
        drawer=CodeDrawer(platform.wechat, platform.account.release, photos),
        gate=platform.gate,
        missing=watch.missing,
        now=now,
        public_url=front.public_url,
        traffic=Traffic(),
        addresses=Addresses(front.proxies),
        limits=Limits(LocalLimits(lambda: now().timestamp()), world.shared_limits, is_on=front.has_limits),
        nearby=NearbyWriter(),
        district_files=DistrictFiles(world.board),
        demo=platform.demo,
    )


class Site(Application):
    """A Tornado application that refuses oversized requests before a byte of their body is read."""

    def __init__(self, routes: list[Route], services: Services, **settings: Any) -> None:
        self._services = services
        self._uploads = [
            re.compile(to_pattern(path)) for path, handler in routes if issubclass(handler, UploadHandler)
        ]
        self._exact = {path: handler for path, handler in routes if "{" not in path}
        bound = [(to_pattern(path), handler, {"services": services}) for path, handler in routes]
        super().__init__(
            bound,
            default_handler_class=Refuse,
            default_handler_args={"services": services, "status": 404},
            **settings,
        )

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        """Return who answers a request, judged by its head."""
        if status := _refusal(request, self._uploads):
            refusal = {"services": self._services, "status": status}
            return self.get_handler_delegate(request, Refuse, refusal)
        if handler := self._exact.get(request.path):  # Most paths have no parameter: no pattern to try.
            return self.get_handler_delegate(request, handler, {"services": self._services})
        return super().find_handler(request, **kwargs)


def _refusal(request: HTTPServerRequest, uploads: Sequence[re.Pattern[str]]) -> int | None:
    """Return the status to refuse a request's head with, or None for a head that will do."""
    if len(request.uri or "") > URL_LIMIT:
        return 414
    if "Transfer-Encoding" in request.headers:
        return 411
    length = request.headers.get("Content-Length", "0")
    if not (length.isascii() and length.isdecimal()):
        return 400
    # Python refuses to read numbers of thousands of digits.
    if len(length) > LENGTH_DIGITS:
        return 413
    size = int(length)
    if size <= BODY_LIMIT:
        return None
    is_upload = any(upload.fullmatch(request.path) for upload in uploads)
    return None if is_upload and size <= UPLOAD_LIMIT else 413
