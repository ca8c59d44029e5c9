"""The console's pages. What they show comes from the same interface that is open to every program."""

from typing import Any, ClassVar

import msgspec

from handlers import cookies
from handlers.base import CONSOLE as CONSOLE_KINDS
from handlers.base import Handler, endpoint
from handlers.console_doors import PAGE_POLICY, SIGN_IN, EnrolmentPage, SignInPage
from handlers.media import Html
from handlers.station_ratings import find_score
from models.appointments import CONSOLE, POSTS, Role
from models.audit_desk import AUDITORS
from models.errors import Forbidden, Unauthenticated
from models.export_words import WORDS
from models.member_lists import OFFICERS, REASONS
from models.membership_rules import REASONS as EVENT_REASONS
from models.organisation_codes import FORMS, INDUSTRIES, UNIT_KINDS
from models.organisation_desk import READERS
from models.security import SECURITY_ADMINISTRATORS
from models.sign_ins import SecondFactorRequired
from models.station_details import BUILD_MODES, ENTRIES
from models.station_photos import SUBJECTS
from models.stations import FACILITIES, KINDS, STATES
from models.system import SYSTEM_ADMINISTRATORS


class ConsolePage(Handler):
    """A page of the console, for those who hold one of its roles."""

    kinds = CONSOLE_KINDS
    roles: ClassVar[frozenset[Role]] = CONSOLE
    template: ClassVar[str] = ""
    title: ClassVar[str] = ""
    about: ClassVar[str] = ""
    tells_codes: ClassVar[bool] = False
    """Whether the page's script asks for the words of stored codes."""

    @endpoint()
    async def get(self) -> Html:
        """Show the page."""
        self.services.appointments.get(self.session.subject, self.roles)
        return self.show(self.template, **self.particulars())

    def particulars(self) -> dict[str, Any]:
        """Return what the page's template asks for besides the frame."""
        return {}

    def show(self, template: str, **values: Any) -> Html:
        """Return a page in the console's frame."""
        self.set_header("Content-Security-Policy", PAGE_POLICY)
        held = self.services.appointments.list_of(self.session.subject)
        roles = {appointment.role for appointment in held}
        page = self.render_string(
            template,
            title=self.title,
            path=self.request.path,
            links=[(page.title, path) for path, page in PAGES if page.title and page.roles & roles],
            abouts={path: page.about for path, page in PAGES},
            code_words=msgspec.json.encode(dict(WORDS)).decode() if self.tells_codes else "",
            posts="、".join(POSTS[role] for role in POSTS if role in roles & CONSOLE),
            **values,
        )
        return Html(page.decode())

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Lead somebody without a session to the sign-in; tell the others in a page."""
        error = kwargs.get("exc_info", (None, None))[1]
        if isinstance(error, Unauthenticated | SecondFactorRequired):
            self.refused_with = error.code
            cookies.forget(self, self.services)
            self.redirect(SIGN_IN)
        elif isinstance(error, Forbidden):
            self.refused_with = error.code
            self.reply(self.show("console_refused.html"), 403)
        else:
            super().write_error(status_code, **kwargs)


class HomePage(ConsolePage):
    """What one may do here."""

    template = "console_home.html"


class MembersPage(ConsolePage):
    """Members of the officer's organisations."""

    roles = OFFICERS
    template = "console_members.html"
    title = "会员"
    about = "您管理的组织的会员：列表、查找、按事由查看"

    def particulars(self) -> dict[str, Any]:
        """Return the reasons to show personal data."""
        return {"reasons": REASONS}


class MembershipReviewsPage(ConsolePage):
    """Applications and transfers that wait."""

    roles = OFFICERS
    template = "console_memberships.html"
    title = "会籍审批"
    about = "入会申请和会籍接转：三个工作日内办结"


class MembershipPage(ConsolePage):
    """One membership with all its entries; the address names the person behind `#`, which no log sees."""

    roles = OFFICERS
    template = "console_membership.html"
    tells_codes = True

    def particulars(self) -> dict[str, Any]:
        """Return the reasons that each event may have."""
        return {"reasons": msgspec.json.encode(dict(EVENT_REASONS)).decode()}


class FiguresPage(ConsolePage):
    """Figures of memberships."""

    roles = OFFICERS
    template = "console_figures.html"
    title = "会籍统计"
    about = "任何一天的会员数：当时登记的，和后来更正的"


class CorrectionsPage(ConsolePage):
    """Requests for correction that wait."""

    roles = OFFICERS
    template = "console_corrections.html"
    title = "信息更正"
    about = "会员申请更正姓名、证件：核实后办理"


class OrganisationsPage(ConsolePage):
    """The trees of organisations."""

    roles = OFFICERS
    template = "console_organisations.html"
    title = "组织"
    about = "您管理的组织：上下级、登记信息、撤并"

    def particulars(self) -> dict[str, Any]:
        """Return what the form offers to choose from."""
        return {"forms": FORMS, "industries": INDUSTRIES, "kinds": UNIT_KINDS}


class AppointmentsPage(ConsolePage):
    """Who serves where."""

    roles = READERS
    template = "console_appointments.html"
    title = "任命"
    about = "谁在哪个组织担任什么，从何时到何时"

    def particulars(self) -> dict[str, Any]:
        """Return whether powers are to be given."""
        held = {one.role for one in self.services.appointments.list_of(self.session.subject)}
        return {"is_security": bool(held & SECURITY_ADMINISTRATORS)}


class DevicesPage(ConsolePage):
    """Scanning devices."""

    roles = OFFICERS
    template = "console_devices.html"
    title = "设备"
    about = "扫码设备：登记、地点、停用"


class RostersPage(ConsolePage):
    """Importing members."""

    roles = OFFICERS
    template = "console_rosters.html"
    title = "会员导入"
    about = "导入会员名册：先检查，再导入，逐行看结果"


class ClaimReviewsPage(ConsolePage):
    """Claims that did not match whole."""

    roles = OFFICERS
    template = "console_claims.html"
    tells_codes = True
    title = "认领核实"
    about = "没有对上的认领：为什么，是不是本人"


class StationsPage(ConsolePage):
    """Stations, and importing lists of them."""

    roles = OFFICERS
    template = "console_stations.html"
    title = "驿站"
    about = "全部驿站；导入驿站表，逐行看结果"


class StationPage(ConsolePage):
    """One station: its hours and closures, its record, its screen, its visits."""

    roles = OFFICERS
    template = "console_station.html"

    @endpoint()
    async def get(self, code: str) -> Html:
        """Show the page; the interface tells whether there is such a station."""
        self.services.appointments.get(self.session.subject, self.roles)
        return self.show(
            self.template,
            code=code.upper(),
            facilities=FACILITIES,
            station_kinds=KINDS,
            states=STATES,
            entries=ENTRIES,
            modes=BUILD_MODES,
            subjects=SUBJECTS,
            rating=find_score(self.services, code.upper()),
        )


class StationTicketsPage(ConsolePage):
    """What people doubt about stations."""

    roles = OFFICERS
    template = "console_station_tickets.html"
    title = "驿站问题"
    about = "多人反映的驿站问题：轮到谁处理，还剩多少时间"


class AuditPage(ConsolePage):
    """The audit."""

    roles = AUDITORS
    template = "console_audit.html"
    tells_codes = True
    title = "审计"
    about = "谁在什么时候做了什么；封存是否完好"


class SystemPage(ConsolePage):
    """The running system."""

    roles = SYSTEM_ADMINISTRATORS
    template = "console_system.html"
    title = "运行"
    about = "服务是否就绪，什么在排队，这个进程忙不忙"


class SecurityPage(ConsolePage):
    """Appointments, failed sign-ins, open sessions."""

    roles = SECURITY_ADMINISTRATORS
    template = "console_security.html"
    title = "安全"
    about = "谁有任命，谁登录失败，让谁退出登录"


PAGES: list[tuple[str, type[ConsolePage]]] = [
    ("/console", HomePage),
    ("/console/members", MembersPage),
    ("/console/memberships", MembershipReviewsPage),
    ("/console/membership", MembershipPage),
    ("/console/figures", FiguresPage),
    ("/console/claims", ClaimReviewsPage),
    ("/console/rosters", RostersPage),
    ("/console/corrections", CorrectionsPage),
    ("/console/organisations", OrganisationsPage),
    ("/console/appointments", AppointmentsPage),
    ("/console/devices", DevicesPage),
    ("/console/stations", StationsPage),
    ("/console/station-tickets", StationTicketsPage),
    ("/console/audit", AuditPage),
    ("/console/system", SystemPage),
    ("/console/security", SecurityPage),
]

ROUTES: list[tuple[str, type[Handler]]] = [
    *PAGES,
    ("/console/stations/{code}", StationPage),
    (SIGN_IN, SignInPage),
    ("/console/enrolment", EnrolmentPage),
]
