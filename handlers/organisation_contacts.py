"""Whom to call at an organisation: masked, in full with a reason, recorded by officers."""

from typing import Annotated

from msgspec import Meta

from handlers.base import CONSOLE, Handler, endpoint
from handlers.fields import END, MaskedName
from handlers.wire import Asked, Wire
from models.appointments import NotStaff
from models.member_lists import NoSuchOrganisation, Reason
from models.organisation_contacts import Contacts, ContactsChanged, Shown

OptionalVersion = Annotated[str, Meta(pattern=rf"^[0-9a-f]{{0,16}}{END}", examples=["19813f2c5d8"])]
PersonName = Annotated[str, Meta(max_length=60, pattern=rf"^[^\x00-\x1f\x7f]*{END}", examples=["李建国"])]
Phone = Annotated[str, Meta(pattern=rf"^([0-9+][0-9 -]{{4,20}})?{END}", examples=["037112351000"])]


class ContactsRequest(Asked, frozen=True):
    """The chair, and whom to call; "" for what is not known, `version` "" before the first."""

    chair: PersonName = ""
    contact: PersonName = ""
    phone: Phone = ""
    version: OptionalVersion = ""


class UnmaskContactsRequest(Asked, frozen=True):
    """Why the names and the number are asked for."""

    reason: Annotated[Reason, Meta(examples=["contact"])]


class ContactsReply(Wire, frozen=True):
    """Whom to call, masked; `version` is what a change has to name."""

    chair: MaskedName
    contact: MaskedName
    phone: Annotated[str, Meta(examples=["037*******00"])]
    version: Annotated[str, Meta(examples=["19813f2c5d8"])]

    @classmethod
    def of(cls, shown: Shown) -> "ContactsReply":
        """Return contacts as they go on the wire."""
        who = shown.contacts
        return cls(chair=who.chair, contact=who.contact, phone=who.phone, version=shown.version)


class FullContactsReply(Wire, frozen=True):
    """Whom to call, in full."""

    chair: Annotated[str, Meta(examples=["李建国"])]
    contact: Annotated[str, Meta(examples=["王小明"])]
    phone: Annotated[str, Meta(examples=["037112351000"])]


class OrganisationContactsHandler(Handler):
    """Whom to call."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff, NoSuchOrganisation))
    async def get(self, organisation: str) -> ContactsReply:
        """Return the chair and whom to call, masked."""
        contacts = self.services.organisation_contacts
        return ContactsReply.of(await contacts.get_masked(self.session.subject, organisation))

    @endpoint(refuses=(NotStaff, NoSuchOrganisation, ContactsChanged))
    async def put(self, organisation: str, *, body: ContactsRequest) -> ContactsReply:
        """Record other ones."""
        who = Contacts(chair=body.chair, contact=body.contact, phone=body.phone)
        contacts = self.services.organisation_contacts
        return ContactsReply.of(await contacts.set(self.session.subject, organisation, body.version, who))


class ContactsUnmaskingsHandler(Handler):
    """Names and numbers in full."""

    kinds = CONSOLE

    @endpoint(201, refuses=(NotStaff, NoSuchOrganisation))
    async def post(self, organisation: str, *, body: UnmaskContactsRequest) -> FullContactsReply:
        """Show them, once the audit holds who asks and why."""
        contacts = self.services.organisation_contacts
        who = await contacts.unmask(self.session.subject, organisation, body.reason)
        return FullContactsReply(chair=who.chair, contact=who.contact, phone=who.phone)


ROUTES = [
    ("/api/v1/staff/organisations/{organisation}/contacts", OrganisationContactsHandler),
    ("/api/v1/staff/organisations/{organisation}/contacts/unmaskings", ContactsUnmaskingsHandler),
]
