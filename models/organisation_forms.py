"""What is recorded of an organisation besides its name and place: for the statutory returns and for service.

Rules, from the unions' law: a committee is elected for three or five years (工会法 art. 16); of the people of
a unit some are members, of the members some are women, some migrant workers (survey items 901–904).
"""

from datetime import date
from typing import Literal

from msgspec import Struct

from models.errors import Invalid
from models.organisation_codes import Form, Industry, UnitKind, is_credit_code, is_division

LinkKind = Literal["led_by", "guided_by", "hosted_by"]
"""Of one tree with the other: 同级工会领导 (horizontal), 业务指导 (vertical), 挂靠."""
FIRST_YEAR = 1921


class WrongForm(Invalid):
    """A field says what cannot be; `details.field` is its path."""

    code = "wrong_organisation_form"
    message = "组织信息填写有误"


class Term(Struct, frozen=True, kw_only=True):
    """A committee's term of office: three or five years from a local day."""

    years: Literal[3, 5]
    begins: str

    @property
    def ends(self) -> str:
        """The local day on which the term is over."""
        first = date.fromisoformat(self.begins)
        try:
            return first.replace(year=first.year + self.years).isoformat()
        except ValueError:  # 29 February, in a year that has none.
            return date(first.year + self.years, 3, 1).isoformat()


class Counts(Struct, frozen=True, kw_only=True):
    """How many people a unit has, how many are members, women and migrant workers of these; on which day."""

    workers: int
    members: int
    women: int
    migrants: int
    counted_on: str


class Details(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is recorded of an organisation; what is not known is absent."""

    credit_code: str = ""
    division: str = ""
    industry: Industry | None = None
    kind: UnitKind | None = None
    form: Form | None = None
    founded: str | None = None
    term: Term | None = None
    counts: Counts | None = None


class FormerName(Struct, frozen=True):
    """A name that an organisation had, until a local day."""

    name: str
    until: str


def check(details: Details, today: str) -> None:
    """Raise WrongForm for what cannot be."""
    if details.credit_code and not is_credit_code(details.credit_code):
        raise WrongForm("统一社会信用代码有误，请核对 18 位及校验码", field="body.creditCode")
    if details.division and not is_division(details.division):
        raise WrongForm("行政区划代码应为 6 位或 9 位数字", field="body.division")
    if details.founded and not f"{FIRST_YEAR}-01-01" <= details.founded <= today:
        raise WrongForm("建会日期太早，或还没有到", field="body.founded")
    if details.term and not f"{FIRST_YEAR}-01-01" <= details.term.begins <= f"{int(today[:4]) + 1}-12-31":
        raise WrongForm("任期开始日期太早或太晚", field="body.term.begins")
    if details.counts:
        _check_counts(details.counts, today)


def _check_counts(counts: Counts, today: str) -> None:
    if counts.members > counts.workers:
        raise WrongForm("会员人数不能多于职工人数", field="body.counts.members")
    for name, number in (("women", counts.women), ("migrants", counts.migrants)):
        if number > counts.members:
            raise WrongForm("女会员、农民工会员人数不能多于会员人数", field=f"body.counts.{name}")
    if counts.counted_on > today:
        raise WrongForm("统计日期还没有到", field="body.counts.countedOn")
