"""The application: wiring and nothing else."""

from typing import Any

from msgspec import Struct

from handlers.district_files import DistrictFiles
from handlers.nearby import NearbyWriter, write_station
from handlers.services import Services, Visits
from handlers.tokens import Tokens
from handlers.traffic import Traffic
from models.addresses import Addresses
from models.alarms import BadCodes, Guards
from models.appointments import APPOINTMENTS, Appointments
from models.audit_desk import AuditDesk
from models.card_desk import Book, CardDesk
from models.card_life import CardLife
from models.cards import CARDS, Cards
from models.clock import Now
from models.devices import DEVICES_CHANGED
from models.judgements import Judge
from models.limits import Limits, LocalLimits, SharedLimits
from models.listed_stations import Stations
from models.masters import Masters
from models.media_checks import MEDIA_CHECKS, MediaChecks
from models.member_exports import MemberExports
from models.member_lists import MemberLists
from models.members import Members
from models.memberships import Memberships
from models.messages import MESSAGES, Messages
from models.migrations import META
from models.mirrors import Mirror
from models.offices import Office
from models.organisation_desk import Registry
from models.organisations import Organisations
from models.own_visits import OwnVisits
from models.people import IDENTITIES, PEOPLE, VAULT_ROWS, People
from models.photos import Photos
from models.prints import Prints
from models.push_effects import PushEffects
from models.pushes import PUSHES, Pushes
from models.scan_pictures import ScanPictures
from models.scans import SCANS, Scans
from models.security import SecurityDesk
from models.sessions import REVOCATIONS, REVOKED, SESSIONS, Revocations, Sessions
from models.signals import Signals
from models.station_board import STATIONS_CHANGED, StationBoard
from models.station_notices import StationNotices
from models.stations import STATIONS
from models.store import Collection, Database, Store
from models.subscriptions import SUBSCRIPTIONS, Subscriptions
from models.system import SystemDesk, Watch
from models.vault import Vault
from models.wechat_accounts import WeChatAccounts
from models.wxacodes import WXACODES, Wxacodes
from server import visits as visiting
from server.auditing import COLLECTIONS as AUDIT_COLLECTIONS
from server.auditing import Auditing, build_auditing
from server.claiming import COLLECTIONS as CLAIM_COLLECTIONS
from server.claiming import Around, Claiming, build_claiming, build_claims, shelf_of
from server.console import COLLECTIONS as CONSOLE_COLLECTIONS
from server.console import Console, build_console
from server.engines import Engines
from server.front import Front, Platform
from server.keys import Keys
from server.membership_book import COLLECTIONS as MEMBERSHIP_COLLECTIONS
from server.membership_book import Known, MembershipBook, build_membership_book
from server.platform import NO_ACCOUNT, Account, CodeDrawer, PictureChecker, link_maker_of, visitors_judges
from server.privacy import COLLECTIONS as PRIVACY_COLLECTIONS
from server.privacy import Ending, PrivacyParts, build_consents, build_privacy
from server.rosters import COLLECTIONS as ROSTER_COLLECTIONS
from server.rosters import Beside, RosterBook, build_roster_book
from server.stations import StationBook, build_station_book
from server.union_trees import COLLECTIONS as TREE_COLLECTIONS
from server.union_trees import UnionTrees, build_union_trees

COLLECTIONS: tuple[Collection[Any], ...] = (
    PEOPLE, VAULT_ROWS, IDENTITIES, *MEMBERSHIP_COLLECTIONS, *TREE_COLLECTIONS, APPOINTMENTS,
    *CLAIM_COLLECTIONS, *ROSTER_COLLECTIONS, SESSIONS, REVOCATIONS, CARDS, SCANS, STATIONS,
    SUBSCRIPTIONS, MESSAGES, MEDIA_CHECKS, PUSHES, WXACODES, META, *AUDIT_COLLECTIONS, *CONSOLE_COLLECTIONS,
    *PRIVACY_COLLECTIONS, *visiting.COLLECTIONS,
)  # fmt: skip


class World(Struct, frozen=True, kw_only=True):
    """All models of one process, over one database."""

    stores: tuple[Store[Any], ...]
    auditing: Auditing
    console: Console
    signals: Signals
    people: People
    organisations: Organisations
    trees: UnionTrees
    appointments: Appointments
    memberships: Memberships
    members: Members
    membership_book: MembershipBook
    claiming: Claiming
    rosters: RosterBook
    revocations: Revocations
    sessions: Sessions
    cards: Cards
    prints: Prints
    card_book: Book
    scans: Scans
    visits: Visits
    own_visits: OwnVisits
    shared_limits: SharedLimits
    stations: Stations
    board: StationBoard
    station_book: StationBook
    station_notices: StationNotices
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
            DEVICES_CHANGED: self.trees.devices.mirror,
            **visiting.mirrors_of(self.visits),
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
    signals, memberships = Signals(engines.cache), Memberships(stores["memberships"])
    people = People(stores["people"], stores["vault"], stores["identities"], vault, now, memberships)
    organisations = Organisations(stores["organisations"], now)
    appointments = Appointments(stores["appointments"], auditing.audit, now)
    registry = Registry(organisations, appointments, auditing.audit, signals, now)
    revocations = Revocations(stores["revocations"], signals, auditing.audit, now)
    cards = Cards(stores["cards"], masters, vault, now)
    prints = Prints(stores["cards"], cards, print_masters, now)
    judge, shared_limits = Judge(masters, print_masters), SharedLimits(engines.cache, now)
    guards = Guards(BadCodes(engines.cache), shared_limits)
    stations, board = Stations(stores["stations"], now), StationBoard(stores["stations"], write_station, now)
    scans = Scans(stores["scans"], cards, judge, organisations, guards, now)
    accounts = WeChatAccounts(stores["identities"], people, vault, auditing.audit)
    sessions = Sessions(stores["sessions"], revocations, accounts, appointments, vault, now)
    subscriptions = Subscriptions(stores["subscriptions"], account.templates, vault, now)
    messages = Messages(stores["messages"], subscriptions, vault, signals, now)
    shelf = shelf_of(stores, vault)
    around = Around(people, memberships, organisations, auditing.audit, signals)
    claims = build_claims(shelf, stores, around, now)
    known = Known(people, organisations, appointments, cards, messages, auditing.audit, signals, claims)
    book = build_membership_book(stores, memberships, known, now)
    media_checks, consents = MediaChecks(stores["media_checks"], now), build_consents(stores, people, now)
    office = Office(appointments, auditing.audit, signals)
    desks = build_station_book(stores["stations"], office, organisations, book.offices, people, now)
    hosts = desks.hosts
    near = visiting.Around(board, hosts, scans, known, judge, guards, masters, media_checks, vault, consents)
    forgetting = (sessions.forget, subscriptions.forget, consents.forget, accounts.forget)
    effects = PushEffects(account.appid, subscriptions, messages, forgetting, media_checks)
    console = build_console(stores, vault, auditing.audit, appointments, sessions, now)
    pushes = Pushes(stores["pushes"], vault, signals, effects, now)
    visits = visiting.build(stores, near, now)
    sweeps = {
        "sessions": sessions.forget_expired,
        "sign_in_attempts": console.forget_old,
        "messages": messages.forget_old,
        "pushes": pushes.forget_old,
        "media_checks": media_checks.forget_old,
        **visiting.retention_of(visits, now),
    }
    return World(
        stores=tuple(stores.values()),
        auditing=auditing,
        console=console,
        signals=signals,
        people=people,
        organisations=organisations,
        trees=build_union_trees(stores, registry, people, vault, board, book.stranded),
        appointments=appointments,
        memberships=memberships,
        members=Members(people, memberships, organisations),
        membership_book=book,
        rosters=build_roster_book(
            stores, shelf, Beside(organisations, appointments, auditing.audit, signals), now
        ),
        claiming=build_claiming(claims, shelf, around, sessions, book.offices, messages),
        revocations=revocations,
        sessions=sessions,
        cards=cards,
        prints=prints,
        card_book=Book(cards, CardLife(stores["cards"], cards, now), prints, memberships),
        scans=scans,
        visits=visits,
        own_visits=OwnVisits(stores["check_ins"], board),
        shared_limits=shared_limits,
        stations=stations,
        board=board,
        station_book=desks,
        station_notices=StationNotices(messages, people, board, hosts),
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
    audit, people, photos = world.auditing.audit, world.people, Photos()
    return Services(
        tokens=Tokens(keys.sessions, now),
        sessions=world.sessions,
        members=world.members,
        organisations=world.organisations,
        organisation_desk=world.trees.desk,
        organisation_contacts=world.trees.contacts,
        reorganisations=world.trees.reorganisations,
        appointment_desk=world.trees.appointment_desk,
        devices=world.trees.devices,
        device_desk=world.trees.device_desk,
        own_memberships=world.membership_book.own,
        membership_reviews=world.membership_book.reviews,
        claims=world.claiming.claims,
        claim_desk=world.claiming.desk,
        roster_imports=world.rosters.imports,
        membership_figures=world.membership_book.figures,
        cards=world.cards,
        card_life=world.card_book.life,
        card_desk=CardDesk(world.card_book, world.trees.desk, audit),
        prints=world.prints,
        scans=world.scans,
        visits=world.visits,
        own_visits=world.own_visits,
        scan_pictures=ScanPictures(photos),
        appointments=world.appointments,
        accounts=world.console.accounts,
        sign_ins=world.console.sign_ins,
        stations=world.board,
        member_lists=MemberLists(
            people, world.claiming.search, world.memberships, world.organisations, world.appointments, audit
        ),
        member_exports=MemberExports(
            people, world.memberships, world.organisations, world.membership_book.offices, audit
        ),
        station_lists=world.station_book.offer_lists(world.stations, world.board),
        station_search=world.station_book.offer_search(world.stations, world.board),
        station_hours=world.station_book.hours,
        station_hosts=world.station_book.hosts,
        station_records=world.station_book.records,
        station_upkeep=world.station_book.upkeep,
        audit_desk=AuditDesk(audit, world.auditing.blocks, world.auditing.checks, world.appointments),
        system_desk=SystemDesk(
            watch, world.pushes, world.messages, world.auditing.blocks, world.appointments
        ),
        security_desk=SecurityDesk(
            world.appointments, world.organisations, people, world.console.accounts, world.sessions
        ),
        subscriptions=world.subscriptions,
        wxacodes=world.wxacodes,
        privacy=world.privacy.offer(front.responsible),
        pushes=world.pushes,
        wechat=platform.wechat,
        media_checks=world.media_checks,
        picture_judge=PictureChecker(platform.wechat),
        visitors_judges=visitors_judges(platform.wechat),
        photos=photos,
        link_maker=link_maker_of(platform.wechat, platform.account),
        drawer=CodeDrawer(platform.wechat, platform.account.release, photos),
        gate=platform.gate,
        missing=watch.missing,
        now=now,
        public_url=front.public_url,
        check_files=front.check_files,
        traffic=Traffic(),
        addresses=Addresses(front.proxies),
        limits=Limits(LocalLimits(lambda: now().timestamp()), world.shared_limits, is_on=front.has_limits),
        nearby=NearbyWriter(world.visits.evidence),
        district_files=DistrictFiles(world.board, world.visits.evidence),
        demo=platform.demo,
    )
