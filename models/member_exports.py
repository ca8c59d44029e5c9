"""Members as a spreadsheet: masked unless a reason is given, entered in the audit before they leave.

Only the officer's own subtree; read and written some hundred at a time, packed in a thread.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from types import MappingProxyType

from models.audit import Audit, Fact
from models.errors import Invalid
from models.member_lists import Reason
from models.membership_history import joined_on
from models.membership_offices import Offices
from models.memberships import GigKind, Membership, Memberships, MembershipState, WorkerForm
from models.organisations import Organisations
from models.people import Particulars, People
from models.roster_rows import FORM_WORDS, GIG_WORDS
from models.sheet_writer import SheetWriter
from models.subtree_pages import COUNTS_AT_ONCE
from models.vault import mask_name, mask_phone

MOST_MEMBERS = 100_000
PAGE = 500
HEADINGS = (
    "姓名",
    "证件号码",
    "手机号",
    "所在工会",
    "会籍",
    "起始日期",
    "入会日期",
    "用工形式",
    "新就业形态",
)
STATES: Mapping[MembershipState, str] = MappingProxyType(
    {
        "applied": "申请中",
        "active": "有效",
        "transferring": "接转中",
        "retained": "保留",
        "left": "已退会",
        "expelled": "已终止",
        "refused": "未通过",
    }
)
FORMS: Mapping[WorkerForm, str] = MappingProxyType(
    {form: words for words, form in reversed(list(FORM_WORDS.items()))}
)
GIGS: Mapping[GigKind, str] = MappingProxyType(
    {gig: words for words, gig in reversed(list(GIG_WORDS.items()))}
)
"""The first of the words that an import understands, so that an export can be imported."""


class ReasonForExportRequired(Invalid):
    """Whoever wants names, numbers and phones in full says what for."""

    code = "export_reason_required"
    message = "导出完整信息须选择事由"


class TooManyMembers(Invalid):
    """The export would hold too many members; choose an organisation below."""

    code = "too_many_members"
    message = "会员太多，请选择下级组织分别导出"


class MemberExports:
    """Makes spreadsheets of members."""

    def __init__(
        self,
        people: People,
        memberships: Memberships,
        organisations: Organisations,
        offices: Offices,
        audit: Audit,
    ) -> None:
        self._people = people
        self._memberships = memberships
        self._organisations = organisations
        self._offices = offices
        self._audit = audit

    async def make(
        self, officer: str, organisation: str | None, reason: Reason | None, *, unmasked: bool
    ) -> bytes:
        """Return the members of an organisation and all below it, or of all of the officer's, as .xlsx.

        NotStaff, NoSuchOrganisation, ReasonForExportRequired, TooManyMembers.
        """
        asked = self._offices.list_within(officer, organisation)
        if unmasked and reason is None:
            raise ReasonForExportRequired
        total = await self._count(asked)
        if total > MOST_MEMBERS:
            raise TooManyMembers(limit=MOST_MEMBERS)
        details = {"masked": str(not unmasked).lower(), "rows": str(total), "reason": reason or ""}
        fact = Fact(
            actor=officer,
            action="member_export",
            kind="organisation",
            object=organisation or "all",
            details=details,
        )
        await self._audit.record(fact)
        sheet = SheetWriter("会员", HEADINGS)
        async for page in self._walk(asked):
            known = await self._people.list_particulars([one.person for one in page])
            rows = [self._cells(one, known.get(one.person), unmasked=unmasked) for one in page]
            await asyncio.to_thread(sheet.add, rows)
        return await asyncio.to_thread(sheet.close)

    async def _count(self, organisations: Sequence[str]) -> int:
        total = 0
        for start in range(0, len(organisations), COUNTS_AT_ONCE):
            some = organisations[start : start + COUNTS_AT_ONCE]
            total += sum(await asyncio.gather(*(self._memberships.count(one) for one in some)))
        return total

    async def _walk(self, organisations: Sequence[str]) -> AsyncIterator[list[Membership]]:
        """Yield the memberships of organisations, each once."""
        for organisation in organisations:
            async for page in self._memberships.walk(organisation, PAGE):
                yield page

    def _cells(self, one: Membership, who: Particulars | None, *, unmasked: bool) -> tuple[str, ...]:
        named = ("", "", "")
        if who:
            number = who.id_document.rpartition(":")[2]
            named = (
                (who.name, number, who.phone)
                if unmasked
                else (mask_name(who.name), "*" * len(number), mask_phone(who.phone))
            )
        return (
            *named,
            self._organisations.get_name(one.organisation),
            STATES[one.state],
            one.since,
            joined_on(one) or "",
            FORMS.get(one.worker_form, "") if one.worker_form else "",
            GIGS.get(one.gig_kind, "") if one.gig_kind else "",
        )
