"""What follows from a change of a membership: audit, figures, card, evidence, notices, reminders.

Each is derived from the membership's document alone, under names made from it, and may be derived twice or by
several processes at once. `pending` is taken away last and only if it is the one that was read: whoever dies
on the way leaves it, and whoever comes next begins again.
"""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

from models.appointments import Appointments, whose_turn
from models.audit import Audit, Fact
from models.cards import Cards, Followed
from models.claims import Claims
from models.clock import Now
from models.membership_figures import MembershipFigures
from models.membership_history import states_by_day
from models.memberships import Entry, Event, Membership, MembershipState
from models.message_fields import spell
from models.messages import LIFE, Messages
from models.organisations import Organisations
from models.people import People, VaultRow
from models.review_clocks import find_next_reminder
from models.store import Store
from models.vault import mask_name

BATCH = 100
RESULT, REMINDER = "membership_result", "membership_review"
RESULT_PAGE, REMINDER_PAGE = "pages/member/index", "pages/staff/index"
LONGEST_THING = 20

HOLDERS: frozenset[MembershipState] = frozenset({"active", "transferring", "retained"})
"""Whoever is in one of these states gets a card."""

WORDS: Mapping[Event, str] = MappingProxyType(
    {
        "approve": "入会通过",
        "refuse": "入会未通过",
        "release": "已办转出",
        "accept_transfer": "接转完成",
        "keep": "会籍已接续",
        "refuse_transfer": "接转未通过",
        "retain": "会籍已保留",
        "resume": "会籍已恢复",
        "leave": "已退会",
        "expel": "会籍已终止",
    }
)
"""What a member is told when somebody else made an entry; five characters at most (WeChat, phrase)."""

GONE_WORDS = "工会已关闭"
"""What an applicant is told whose union was closed before it decided."""

WAITING_WORDS: Mapping[MembershipState, str] = MappingProxyType(
    {"applied": "入会待审", "transferring": "接转待办"}
)
LATE_WORDS: Mapping[MembershipState, str] = MappingProxyType(
    {"applied": "入会超期", "transferring": "接转超期"}
)
"""What officers are told, and the level above once the time has run out."""

EXPELLED_WORDS, TAKEN_BACK_WORDS = "除名备案", "除名撤销"
"""What the union above is told of an expulsion, and of one that was entered by mistake."""


def facts_of(membership: Membership) -> dict[str, Fact]:
    """Return what a membership's log says for the audit, by name; a roster's entries are audited with it."""
    return {
        f"membership:{membership.person}:{number}": Fact(
            actor=entry.actor,
            action="membership_changed",
            kind="person",
            object=membership.person,
            details=_details(entry),
        )
        for number, entry in membership.log.items()
        if entry.event != "enter"
    }


def _details(entry: Entry) -> dict[str, str]:
    told = {
        "event": entry.event,
        "from": f"{entry.before.state} {entry.before.organisation}" if entry.before else None,
        "to": f"{entry.after.state} {entry.after.organisation}",
        "target": entry.after.target,
        "valid": entry.valid,
        "reason": entry.reason,
        "corrects": str(entry.corrects) if entry.corrects else None,
    }
    return {name: text for name, text in told.items() if text}


def _reported(membership: Membership, entry: Entry) -> str | None:
    """Return what an entry has to be reported up as, None for most."""
    if entry.event == "expel":
        return EXPELLED_WORDS
    wrong = membership.log.get(str(entry.corrects)) if entry.cancels else None
    return TAKEN_BACK_WORDS if wrong and wrong.event == "expel" else None


def _ever_held(membership: Membership) -> bool:
    """Say whether a card is due, even one that no longer counts.

    Were it left out for a membership that is over by now, a worker that read the earlier state and slept
    could still issue one that counts, with nobody left to put it right.
    """
    return any(entry.after.state in HOLDERS for entry in membership.log.values())


class MembershipEffects:
    """Derives what follows."""

    def __init__(
        self,
        store: Store[Membership],
        audit: Audit,
        figures: MembershipFigures,
        cards: Cards,
        people: People,
        notices: "MembershipNotices",
    ) -> None:
        self._store = store
        self._audit = audit
        self._figures = figures
        self._cards = cards
        self._people = people
        self._notices = notices

    async def work(self) -> None:
        """Derive what is pending, and remind of what is nearly due."""
        while items := await self._store.list_({"pending": {"$gt": ""}}, limit=BATCH):
            for item in items:
                await self.finish(item)
        for item in await self._notices.list_due(self._store):
            await self._notices.remind(item)
            following = find_next_reminder(item.due, item.remind) if item.due and item.remind else None
            seen = {"_id": item.person, "version": item.version, "remind": item.remind}
            values = {"remind": following} if following else {}
            await self._store.change(seen, values, without=() if following else ("remind",))

    async def finish(self, membership: Membership) -> None:
        """Derive all that follows from one membership, then take its `pending` away."""
        if membership.declared:
            owner = await self._people.settle(membership.declared)
            await self._notices.tell_owner(membership.declared, owner)
        await asyncio.gather(
            self._audit.record_named(facts_of(membership)),
            self._figures.project(membership),
            self._follow(membership),
        )
        await self._notices.tell(membership)
        await self._notices.report(membership)
        seen = {"_id": membership.person, "pending": membership.pending}
        await self._store.change(seen, {}, without=("pending", "declared"))

    async def _follow(self, membership: Membership) -> None:
        name = await self._people.get_name(membership.person)
        source = Followed(
            person=membership.person,
            masked_name=mask_name(name) if name else "",
            standing=membership.state,
            standings=states_by_day(membership),
            version=membership.version,
        )
        await self._cards.follow(source, issues=name is not None and _ever_held(membership))
        if any(entry.event == "approve" for entry in membership.log.values()):
            await self._people.mark_checked(membership.person)


class MembershipNotices:
    """Tells members what was decided, and officers what waits for them."""

    def __init__(
        self,
        messages: Messages,
        people: People,
        organisations: Organisations,
        appointments: Appointments,
        claims: Claims,
        now: Now,
    ) -> None:
        self._messages = messages
        self._people = people
        self._organisations = organisations
        self._appointments = appointments
        self._claims = claims
        self._now = now

    async def tell(self, membership: Membership) -> None:
        """Queue a notice of each recent entry that somebody else than the member made."""
        since = self._now() - LIFE
        for number, entry in membership.log.items():
            if entry.event in WORDS and entry.actor != membership.person and entry.entered > since:
                is_gone = entry.event == "refuse" and entry.reason == "organisation_closed"
                place = entry.after.organisation
                fields = {
                    "thing1": self._own_name(place) if is_gone else self._name(place),
                    "phrase2": GONE_WORDS if is_gone else WORDS[entry.event],
                    "date3": spell(entry.entered),
                }
                name = f"{membership.person}:{number}"
                await self._queue(name, membership.person, RESULT, RESULT_PAGE, fields)

    async def report(self, membership: Membership) -> None:
        """Queue a notice of each recent expulsion for the officers of the nearest level above that has some.

        The base union decides on it and reports up (工会会员会籍管理办法 2016), what it takes back as well.
        Whoever entered it knows; the message names the union alone.
        """
        since = self._now() - LIFE
        for number, entry in membership.log.items():
            words = _reported(membership, entry)
            if words is None or entry.entered <= since:
                continue
            place = entry.after.organisation
            fields = {"thing1": self._own_name(place), "phrase2": words, "date3": spell(entry.entered)}
            levels = self._appointments.list_levels(
                self._organisations.list_upwards(place)[1:], "officer", without=membership.person
            )
            others = [[one for one in level if one.person != entry.actor] for level in levels]
            for officer in whose_turn([level for level in others if level]):
                await self._queue(
                    f"{membership.person}:{number}:above", officer, REMINDER, REMINDER_PAGE, fields
                )

    async def tell_owner(self, declared: VaultRow, owner: str) -> None:
        """Tell the officers of a record if somebody else applied with its ID document."""
        if owner != declared.id:
            await self._claims.note_application(declared.id, self._people.opened(declared), owner)

    async def list_due(self, store: Store[Membership]) -> list[Membership]:
        """Return some memberships whose officers are to be reminded now."""
        return await store.list_({"remind": {"$lte": self._now()}}, sort="remind", limit=BATCH)

    async def remind(self, membership: Membership) -> None:
        """Queue a reminder for the officers nearest to the organisation whose turn it is.

        Once the time has run out, for those of the next level above them that has some.
        """
        due = membership.due or self._now()
        is_late = membership.remind is not None and membership.remind >= due
        place = (membership.target if membership.is_released else None) or membership.organisation
        fields = {
            "thing1": self._name(place),
            "phrase2": LATE_WORDS[membership.state] if is_late else WAITING_WORDS[membership.state],
            "date3": spell(due),
        }
        name = f"{membership.person}:{membership.version}{':late' if is_late else ''}"
        places = self._organisations.list_upwards(place)
        levels = self._appointments.list_levels(places, "officer", without=membership.person)
        for officer in whose_turn(levels, is_late=is_late):
            await self._queue(name, officer, REMINDER, REMINDER_PAGE, fields)

    async def _queue(
        self, fact: str, person: str, purpose: str, page: str, fields: Mapping[str, str]
    ) -> None:
        for account in await self._people.list_accounts(person):
            await self._messages.queue(f"{purpose}:{fact}:{account}", account, purpose, page, fields)

    def _own_name(self, organisation: str) -> str:
        return self._organisations.get_own_name(organisation)[:LONGEST_THING] or "工会"

    def _name(self, organisation: str) -> str:
        return self._organisations.get_name(organisation)[:LONGEST_THING] or "工会"
