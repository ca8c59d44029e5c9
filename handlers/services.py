"""What handlers may use: one frozen struct, filled by `server/app.py`."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from msgspec import Struct

from handlers.district_files import DistrictFiles
from handlers.nearby import NearbyWriter
from handlers.tokens import Tokens
from handlers.traffic import Traffic
from miniprogram_api.push import PushGate
from miniprogram_api.wechat import WeChat
from models.accounts import Accounts
from models.addresses import Addresses
from models.appointment_desk import AppointmentDesk
from models.appointments import Appointments
from models.audit_desk import AuditDesk
from models.card_desk import CardDesk
from models.card_life import CardLife
from models.cards import Cards
from models.check_ins import CheckIns
from models.claim_desk import ClaimDesk
from models.claims import Claims
from models.clock import Now
from models.consents import Consents
from models.corrections import Corrections
from models.device_desk import DeviceDesk
from models.devices import Devices
from models.erasures import Erasures
from models.evidence import EvidenceBoard
from models.exports import Exports
from models.limits import Limits
from models.media_checks import MediaChecks, PictureJudge
from models.member_exports import MemberExports
from models.member_lists import MemberLists
from models.members import Members
from models.membership_figures import MembershipFigures
from models.membership_reviews import MembershipReviews
from models.organisation_contacts import OrganisationContacts
from models.organisation_desk import OrganisationDesk
from models.organisations import Organisations
from models.own_memberships import OwnMemberships
from models.own_visits import OwnVisits
from models.photos import Photos
from models.prints import Prints
from models.privacy_notices import PrivacyNotices
from models.pushes import Pushes
from models.reorganisations import Reorganisations
from models.report_photos import ReportPhotos
from models.roster_imports import RosterImports
from models.scan_pictures import ScanPictures
from models.scan_visits import ScanVisits
from models.scans import Scans
from models.screens import Screens
from models.security import SecurityDesk
from models.sessions import Sessions
from models.sign_ins import SignIns
from models.station_board import StationBoard
from models.station_hosts import StationHosts
from models.station_hours import StationHours
from models.station_links import LinkMaker, StationLinks
from models.station_lists import StationLists
from models.station_photos import StationPhotos
from models.station_ratings import StationRatings
from models.station_records import StationRecords
from models.station_reports import StationReports
from models.station_search import StationSearch
from models.station_tickets import StationTickets
from models.station_upkeep import StationUpkeep
from models.subscriptions import Subscriptions
from models.system import SystemDesk
from models.text_checks import TextJudge
from models.visit_counts import VisitCounts
from models.wxacodes import Drawer, Wxacodes

PopupAnswer = Literal["accept", "reject", "ban"]


class DemoPerson(Struct, frozen=True):
    """An invented person of the demo: a key for URLs, the name and role shown, and the WeChat account."""

    key: str
    name: str
    role: str
    openid: str
    is_staff: bool


class Demo(Struct, frozen=True):
    """What the demo's pages use: the people, and the simulated phone that makes their codes.

    `officers` are those who may enter the console, `scanning` those whom the scanner's page offers.
    """

    people: tuple[DemoPerson, ...]
    new_login_code: Callable[[str], str]
    new_phone_code: Callable[[str], str]
    answer_popup: Callable[[str, dict[str, PopupAnswer]], None]
    officers: tuple[DemoPerson, ...] = ()
    scanning: tuple[DemoPerson, ...] = ()


class Privacy(Struct, frozen=True, kw_only=True):
    """What the law gives everybody: the notice, consents, export, erasure, correction."""

    notices: PrivacyNotices
    consents: Consents
    exports: Exports
    erasures: Erasures
    corrections: Corrections


class Judges(Struct, frozen=True):
    """Who judges the words and pictures of people who need not be in the mini program now."""

    text: TextJudge
    picture: PictureJudge


class Visits(Struct, frozen=True, kw_only=True):
    """What happens at stations: visits, screens, evidence, reports, tickets, photos, ratings, links."""

    check_ins: CheckIns
    counts: VisitCounts
    scans: ScanVisits
    screens: Screens
    evidence: EvidenceBoard
    reports: StationReports
    tickets: StationTickets
    report_photos: ReportPhotos
    links: StationLinks
    photos: StationPhotos
    ratings: StationRatings


class Services(Struct, frozen=True, kw_only=True):
    """The models and the platform, ready to use."""

    tokens: Tokens
    sessions: Sessions
    members: Members
    organisations: Organisations
    organisation_desk: OrganisationDesk
    organisation_contacts: OrganisationContacts
    reorganisations: Reorganisations
    appointment_desk: AppointmentDesk
    devices: Devices
    device_desk: DeviceDesk
    own_memberships: OwnMemberships
    membership_reviews: MembershipReviews
    claims: Claims
    claim_desk: ClaimDesk
    roster_imports: RosterImports
    membership_figures: MembershipFigures
    cards: Cards
    card_life: CardLife
    card_desk: CardDesk
    prints: Prints
    scans: Scans
    scan_pictures: ScanPictures
    visits: Visits
    own_visits: OwnVisits
    photos: Photos
    visitors_judges: Judges
    appointments: Appointments
    accounts: Accounts
    sign_ins: SignIns
    stations: StationBoard
    member_lists: MemberLists
    member_exports: MemberExports
    station_lists: StationLists
    station_search: StationSearch
    station_hours: StationHours
    station_hosts: StationHosts
    station_records: StationRecords
    station_upkeep: StationUpkeep
    audit_desk: AuditDesk
    system_desk: SystemDesk
    security_desk: SecurityDesk
    subscriptions: Subscriptions
    wxacodes: Wxacodes
    privacy: Privacy
    pushes: Pushes
    wechat: WeChat
    drawer: Drawer
    link_maker: LinkMaker | None
    media_checks: MediaChecks
    picture_judge: PictureJudge
    missing: Callable[[], Awaitable[list[str]]]
    now: Now
    public_url: str
    check_files: Mapping[str, str]
    traffic: Traffic
    addresses: Addresses
    limits: Limits
    nearby: NearbyWriter
    district_files: DistrictFiles
    gate: PushGate | None = None
    demo: Demo | None = None
