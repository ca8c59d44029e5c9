"""The desk where officers and security administrators appoint people, and end appointments.

Who may give what: an officer gives the role of officer in organisations below the own one, and that of
station staff in the own one too; a security administrator gives both, and the system administrator's,
anywhere in the own subtree. The audit and the security administrator are appointed by the operator's command
alone (`scripts/appoint`): the watched do not choose the watcher. What one may give, one may end, but never
one's own; what is outside looks like what does not exist. Which officer somebody is (市、区县、街道、基层)
follows from the organisation's tier.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from models.appointments import Appointment, Appointments, AppointmentState, NoSuchAppointment, Role
from models.clock import Now
from models.errors import Conflict, Forbidden, Invalid, Missing
from models.member_lists import NoSuchOrganisation
from models.membership_refusals import KeyReused
from models.organisation_desk import READERS, OrganisationEnded
from models.organisations import Organisation, Organisations
from models.pages import Page
from models.people import People
from models.requests import Keyed
from models.security import ORDER, SECURITY_ADMINISTRATORS
from models.vault import mask_name

LONGEST = timedelta(days=10 * 366)
EARLIEST = timedelta(days=31)

Given = Literal["station_staff", "officer", "system_admin"]
Tier = Literal["city", "district", "street", "industry", "bureau", "unit"]
TIERS: Mapping[str, tuple[Tier, ...]] = MappingProxyType(
    {"local": ("city", "district", "street", "unit"), "industry": ("industry", "bureau", "unit")}
)


class NoSuchPerson(Missing):
    """Nobody bears both this name and this phone number, or more than one does."""

    code = "person_not_matched"
    message = "没有找到姓名和手机号都相符的人，请先登记为会员"


class NotYours(Forbidden):
    """The role is not this appointer's to give there."""

    code = "appointment_not_yours"
    message = "您不能在该组织任命这个角色，请由上级工会或安全管理员办理"


class OwnAppointment(Conflict):
    """Nobody appoints or dismisses oneself."""

    code = "own_appointment"
    message = "不能任命本人，也不能结束本人的任命"


class WrongDates(Invalid):
    """The dates are over, in the wrong order, or too far away."""

    code = "wrong_appointment_dates"
    message = "任命的起止日期有误"


class Wish(Struct, frozen=True, kw_only=True):
    """Who is to be appointed to what, from when (None: from now) until when (None: until it is ended)."""

    name: str
    phone: str
    role: Given
    organisation: str
    since: datetime | None = None
    until: datetime | None = None


class Listing(Struct, frozen=True, kw_only=True):
    """Which appointments are listed: of an organisation and all below it, or all; what is over apart."""

    organisation: str | None = None
    is_over: bool = False
    page: int = 1
    size: int = 20


class Held(Struct, frozen=True, kw_only=True):
    """A row of the list: name masked, empty once it is erased; whether the reader may end it."""

    appointment: Appointment
    state: AppointmentState
    organisation_name: str
    tier: Tier
    name: str
    is_mine_to_end: bool


def tier_of(organisation: Organisation | None) -> Tier:
    """Return an organisation's tier: the fourth of the local tree and all below it are units.

    A merged one, which stands below its successor now, is shown at the successor's.
    """
    if organisation is None:
        return "unit"
    tiers = TIERS[organisation.tree]
    level = len(organisation.path) - (organisation.state == "merged")
    return tiers[min(level, len(tiers) - 1)]


class AppointmentDesk:
    """Lists, makes and ends appointments, within the appointer's subtrees."""

    def __init__(
        self, appointments: Appointments, organisations: Organisations, people: People, now: Now
    ) -> None:
        self._appointments = appointments
        self._organisations = organisations
        self._people = people
        self._now = now

    async def list_page(self, actor: str, listing: Listing) -> Page[Held]:
        """Return a page of the appointments in one's organisations: in force and to come, or over.

        The powerful first, and of each kind the latest; what is over by its end, the last first. NotStaff.
        """
        self._appointments.get(actor, READERS)
        every = self._appointments.list_over() if listing.is_over else self._appointments.list_not_over()
        found = [one for one in every if self._sees(actor, one) and self._is_in(one, listing.organisation)]
        if listing.is_over:
            found.sort(key=lambda one: (one.until or one.changed, one.id), reverse=True)
        else:
            found.sort(key=lambda one: (ORDER[one.role], -one.since.timestamp(), one.id))
        rows = found[(listing.page - 1) * listing.size : listing.page * listing.size]
        known = await self._people.list_particulars([one.person for one in rows])
        listed = [
            Held(
                appointment=one,
                state=one.state(self._now()),
                organisation_name=self._organisations.get_own_name(one.organisation),
                tier=tier_of(self._organisations.find(one.organisation)),
                name=mask_name(known[one.person].name) if one.person in known else "",
                is_mine_to_end=not listing.is_over
                and one.person != actor
                and self._may_give(actor, one.role, one.organisation),
            )
            for one in rows
        ]
        return Page(listed, len(found))

    async def appoint(self, actor: str, wish: Wish, request: Keyed) -> Appointment:
        """Appoint somebody; sent again, the request gets the same appointment.

        NotStaff, NoSuchOrganisation, OrganisationEnded, NotYours, NoSuchPerson, OwnAppointment, WrongDates,
        HoldsAnotherPower, AlreadyAppointed, KeyReused.
        """
        self._require(actor, wish)
        at = self._now()
        since = wish.since or at
        if not at - EARLIEST <= since <= at + LONGEST:
            raise WrongDates(field="body.since")
        if wish.until and not max(since, at) < wish.until <= since + LONGEST:
            raise WrongDates(field="body.until")
        wanted = Appointment(
            id=request.name_of(actor),
            person=await self._find_person(actor, wish),
            role=wish.role,
            organisation=wish.organisation,
            since=since,
            until=wish.until,
            changed=at,
            made_by=actor,
            content=request.content,
        )
        made = await self._appointments.make(wanted)
        if made.content != request.content:
            raise KeyReused
        return made

    async def end(self, actor: str, appointment: str) -> None:
        """End an appointment now; NotStaff, NoSuchAppointment, NotYours, OwnAppointment."""
        self._appointments.get(actor, READERS)
        held = self._appointments.list_not_over()
        found = next((one for one in held if one.id == appointment and self._sees(actor, one)), None)
        if found is None:
            raise NoSuchAppointment
        if found.person == actor:
            raise OwnAppointment
        if not self._may_give(actor, found.role, found.organisation):
            raise NotYours
        await self._appointments.end(appointment, actor)

    def _require(self, actor: str, wish: Wish) -> None:
        self._appointments.get(actor, READERS)
        organisation = self._organisations.find(wish.organisation)
        if organisation is None or not self._covers(actor, READERS, wish.organisation):
            raise NoSuchOrganisation
        if not self._may_give(actor, wish.role, wish.organisation):
            raise NotYours
        if not organisation.is_open:
            raise OrganisationEnded

    async def _find_person(self, actor: str, wish: Wish) -> str:
        known = await self._people.list_particulars(await self._people.list_by_name_or_phone(wish.phone))
        fitting = [
            person for person, who in known.items() if (who.name, who.phone) == (wish.name, wish.phone)
        ]
        if len(fitting) != 1:
            raise NoSuchPerson
        if fitting[0] == actor:
            raise OwnAppointment
        return fitting[0]

    def _may_give(self, actor: str, role: Role, organisation: str) -> bool:
        officers = frozenset[Role]({"officer"})
        if role in {"officer", "station_staff"} and self._covers(
            actor, SECURITY_ADMINISTRATORS, organisation
        ):
            return True
        if role == "system_admin":
            return self._covers(actor, SECURITY_ADMINISTRATORS, organisation)
        if role == "station_staff":
            return self._covers(actor, officers, organisation)
        return role == "officer" and self._covers(actor, officers, organisation, only_below=True)

    def _sees(self, actor: str, one: Appointment) -> bool:
        """Say whether somebody's list has an appointment; powers are in security administrators' alone."""
        if one.role in {"officer", "station_staff"}:
            return self._covers(actor, READERS, one.organisation)
        return self._covers(actor, SECURITY_ADMINISTRATORS, one.organisation)

    def _is_in(self, one: Appointment, organisation: str | None) -> bool:
        return organisation is None or self._organisations.is_within(one.organisation, organisation)

    def _covers(
        self, actor: str, roles: frozenset[Role], organisation: str, *, only_below: bool = False
    ) -> bool:
        places = [one.organisation for one in self._appointments.list_of(actor) if one.role in roles]
        known = self._organisations.find(organisation)
        path = known.path if known else ()
        return any(place in path or (place == organisation and not only_below) for place in places)
