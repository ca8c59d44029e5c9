"""What officers fill in of an organisation, and how it is shown."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from handlers.fields import END, LINE, Moment, Name, OrganisationId
from handlers.wire import Asked, Wire
from models.appointment_desk import Tier
from models.organisation_codes import Form, Industry, UnitKind
from models.organisation_desk import Draft
from models.organisation_forms import Counts, Details, LinkKind, Term
from models.organisations import OrganisationState, Tree

Version = Annotated[
    str, Meta(pattern=rf"^[0-9a-f]{{1,16}}{END}", examples=["19813f2c5d8"], description="As it was read")
]
OrganisationName = Annotated[
    str, Meta(min_length=2, max_length=100, pattern=LINE, examples=["碧沙岗街道工会服务站"])
]
StatisticsCode = Annotated[str, Meta(pattern=rf"^([0-9A-Z]{{6,20}})?{END}", examples=["410105001002"])]
CreditCode = Annotated[str, Meta(pattern=rf"^([0-9A-Z]{{18}})?{END}", examples=["81410105MC12345673"])]
Division = Annotated[str, Meta(pattern=rf"^([0-9]{{6}}([0-9]{{3}})?)?{END}", examples=["410105"])]
RegionName = Annotated[str, Meta(max_length=40, pattern=rf"^[^\x00-\x1f\x7f]*{END}", examples=["金水区"])]
OptionalDay = Annotated[date | None, Meta(examples=["2024-05-01"])]
Number = Annotated[int, Meta(ge=0, le=10_000_000, examples=[120])]
Code = Annotated[str, Meta(examples=["410105001002"])]


class TermForm(Asked, frozen=True):
    """A committee's term of office: three or five years, from a day."""

    years: Annotated[Literal[3, 5], Meta(examples=[5])]
    begins: Annotated[date, Meta(examples=["2024-05-01"])]


class CountsForm(Asked, frozen=True):
    """职工、会员、女会员、农民工会员 on a day."""

    workers: Number
    members: Number
    women: Number
    migrants: Number
    counted_on: Annotated[date, Meta(examples=["2026-06-30"])]


class OrganisationForm(Asked, frozen=True):
    """What is recorded of an organisation; what is left out is not known."""

    name: OrganisationName
    code: StatisticsCode = ""
    region: RegionName = ""
    credit_code: CreditCode = ""
    division: Division = ""
    industry: Annotated[Industry | None, Meta(examples=["06"])] = None
    kind: Annotated[UnitKind | None, Meta(examples=["170"])] = None
    form: Annotated[Form | None, Meta(examples=["joint"])] = None
    founded: OptionalDay = None
    term: TermForm | None = None
    counts: CountsForm | None = None

    @property
    def draft(self) -> Draft:
        """What is to be recorded."""
        term, counts = self.term, self.counts
        return Draft(
            name=self.name,
            code=self.code,
            region=self.region,
            details=Details(
                credit_code=self.credit_code,
                division=self.division,
                industry=self.industry,
                kind=self.kind,
                form=self.form,
                founded=self.founded.isoformat() if self.founded else None,
                term=Term(years=term.years, begins=term.begins.isoformat()) if term else None,
                counts=Counts(
                    workers=counts.workers,
                    members=counts.members,
                    women=counts.women,
                    migrants=counts.migrants,
                    counted_on=counts.counted_on.isoformat(),
                )
                if counts
                else None,
            ),
        )


class NewOrganisationRequest(OrganisationForm, frozen=True, kw_only=True):
    """An organisation to make, and below which other."""

    above: OrganisationId


class OrganisationChangeRequest(OrganisationForm, frozen=True, kw_only=True):
    """What is to be recorded from now on, and the version that was seen."""

    version: Version


class LinkRequest(Asked, frozen=True):
    """同级工会领导, 业务指导 or 挂靠."""

    kind: Annotated[LinkKind, Meta(examples=["guided_by"])]
    version: Version


class UnlinkQuery(Asked, frozen=True):
    """The version that was seen."""

    version: Version


class NamedOrganisation(Wire, frozen=True):
    """An organisation by id and name."""

    id: OrganisationId
    name: Name


class TermReply(Wire, frozen=True):
    """A committee's term of office."""

    years: Annotated[int, Meta(examples=[5])]
    begins: Annotated[str, Meta(examples=["2024-05-01"])]
    ends: Annotated[str, Meta(examples=["2029-05-01"])]


class CountsReply(Wire, frozen=True):
    """职工、会员、女会员、农民工会员 on a day."""

    workers: Number
    members: Number
    women: Number
    migrants: Number
    counted_on: Annotated[str, Meta(examples=["2026-06-30"])]


class LinkReply(Wire, frozen=True):
    """A link to an organisation of the other tree."""

    kind: Annotated[LinkKind, Meta(examples=["guided_by"])]
    organisation: NamedOrganisation


class FormerNameReply(Wire, frozen=True):
    """A name that it had until a day."""

    name: Name
    until: Annotated[str, Meta(examples=["2024-05-01"])]


class OrganisationDetail(Wire, frozen=True):
    """One organisation, and the version that a change has to name."""

    id: OrganisationId
    name: Name
    tree: Annotated[Tree, Meta(examples=["local"])]
    tier: Annotated[Tier, Meta(examples=["street"])]
    state: Annotated[OrganisationState, Meta(examples=["active"])]
    ended: Annotated[str | None, Meta(examples=[None])]
    successor: NamedOrganisation | None
    path: list[NamedOrganisation]
    code: Code
    region: Annotated[str, Meta(examples=["金水区"])]
    credit_code: Annotated[str, Meta(examples=["81410105MC12345673"])]
    division: Annotated[str, Meta(examples=["410105"])]
    industry: Annotated[Industry | None, Meta(examples=["06"])]
    kind: Annotated[UnitKind | None, Meta(examples=["170"])]
    form: Annotated[Form | None, Meta(examples=["joint"])]
    founded: Annotated[str | None, Meta(examples=["2001-05-01"])]
    term: TermReply | None
    counts: CountsReply | None
    links: list[LinkReply]
    former_names: list[FormerNameReply]
    version: Annotated[str, Meta(examples=["19813f2c5d8"])]
    server_time: Moment


def term_reply(term: Term | None) -> TermReply | None:
    """Return a term as it goes on the wire."""
    return TermReply(years=term.years, begins=term.begins, ends=term.ends) if term else None


def counts_reply(counts: Counts | None) -> CountsReply | None:
    """Return counts as they go on the wire."""
    if counts is None:
        return None
    return CountsReply(
        workers=counts.workers,
        members=counts.members,
        women=counts.women,
        migrants=counts.migrants,
        counted_on=counts.counted_on,
    )
