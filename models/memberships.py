"""Membership (会籍): one document per person (工会会员会籍管理办法 2016).

Invariants: two active spells cannot be expressed, because the document's `_id` is the person. `log` holds
what happened, by number, and nothing in it ever changes; all else in the document is what the log comes to
(`models/membership_history.py`). `version` counts the entries; every change is written whole on condition of
the version that was read (`models/membership_rules.py` says which change may follow). A change leaves
`pending`, from which what follows is derived (`models/membership_effects.py`).
"""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import asdict, replace

from models.audit import OPERATOR
from models.errors import Unavailable
from models.filters import Index
from models.ids import new_id
from models.people import VaultRow
from models.store import Collection, Duplicate, Store
from models.walks import walk_by

MEMBERSHIPS_CHANGED = "memberships"
ATTEMPTS = 8
RETRY_SECONDS = 1

MembershipState = Literal["applied", "active", "transferring", "retained", "left", "expelled", "refused"]
Event = Literal[
    "enter", "apply", "withdraw", "approve", "refuse",
    "start_transfer", "release", "accept_transfer", "keep", "refuse_transfer", "withdraw_transfer",
    "retain", "resume", "leave", "expel", "correct",
]  # fmt: skip
WorkerForm = Literal["employed", "dispatched", "part_time", "gig"]
GigKind = Literal[
    "truck_driver", "ride_hailing_driver", "courier", "food_delivery", "domestic_worker", "care_worker",
    "estate_agent", "security_guard", "shop_informer", "other",
]  # fmt: skip
Ground = Literal["change_employer", "secondment", "residence"]


class Busy(Unavailable):
    """Others wrote to the same membership at every try; the same request again will do."""

    code = "membership_busy"
    message = "系统繁忙，请稍后再试"


class Standing(Struct, frozen=True, omit_defaults=True):
    """Where a person stands: which organisation keeps the membership, in which state.

    While `transferring`: the organisation it goes to, why, from which state, and whether it was released.
    """

    organisation: str
    state: MembershipState
    target: str | None = None
    ground: Ground | None = None
    origin: MembershipState | None = None
    is_released: bool = False


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened: the local day from which it counts, and the moment when it was entered.

    `request` and `content` are digests of the request that made it. A correction names the entry that it
    `corrects`: `valid` is that entry's right day, or the entry never counted (`cancels`).
    """

    event: Event
    valid: str
    entered: datetime
    actor: str
    before: Standing | None = None
    after: Standing
    reason: str | None = None
    due: datetime | None = None
    request: str | None = None
    content: str | None = None
    corrects: int | None = None
    cancels: bool = False


class Spell(Struct, frozen=True):
    """A time in one state at one organisation: from local day `since` to before `until`."""

    organisation: str
    state: MembershipState
    since: str
    until: str


class Membership(Struct, frozen=True, kw_only=True):
    """The current spell of a person: the organisation, the state, and since which local day.

    `due` is when a review's time is over, `remind` when somebody is reminded next, if they still are to be:
    before `due` the officers whose turn it is, afterwards the level above.
    `declared` is the vault's row of an applicant, until it is settled (`models/people.py`).
    """

    person: str = field(name="_id")
    organisation: str
    state: MembershipState
    since: str
    version: int = 1
    entered: datetime
    target: str | None = None
    ground: Ground | None = None
    origin: MembershipState | None = None
    is_released: bool = False
    worker_form: WorkerForm | None = None
    gig_kind: GigKind | None = None
    due: datetime | None = None
    remind: datetime | None = None
    past: dict[str, Spell] = field(default_factory=dict)
    log: dict[str, Entry] = field(default_factory=dict)
    pending: str | None = None
    declared: VaultRow | None = None

    @property
    def id(self) -> str:
        """The document's id."""
        return self.person

    @property
    def standing(self) -> Standing:
        """Where the person stands now."""
        return Standing(
            self.organisation, self.state, self.target, self.ground, self.origin, self.is_released
        )


MEMBERSHIPS = Collection(
    "memberships",
    Membership,
    (
        Index(("organisation", "entered")),
        Index(("organisation", "state", "entered")),
        Index(("target", "entered")),
        Index(("pending",)),
        Index(("remind",)),
    ),
)

Step = Callable[[Membership | None], Membership]


class Memberships:
    """The book of memberships."""

    def __init__(self, store: Store[Membership]) -> None:
        self._store = store

    async def find(self, person: str) -> Membership | None:
        """Return a person's membership, whatever its state."""
        return await self._store.find(person)

    async def count(self, organisation: str, state: MembershipState | None = None) -> int:
        """Return how many memberships an organisation has, in a state or in any."""
        return await self._store.count(_where(organisation, state))

    async def list_of(
        self, organisation: str, limit: int, state: MembershipState | None = None
    ) -> list[Membership]:
        """Return an organisation's memberships, the last entered first; those in a state, the first first."""
        sort = "entered" if state else "-entered"
        return await self._store.list_(_where(organisation, state), sort=sort, limit=limit)

    async def list_entered(self, organisation: str, since: datetime | None, limit: int) -> list[Membership]:
        """Return an organisation's memberships from a moment of entry on, the first entered first."""
        where = {"organisation": organisation, **({"entered": {"$gte": since}} if since else {})}
        return await self._store.list_(where, sort="entered", limit=limit)

    def walk(self, organisation: str, size: int) -> AsyncIterator[list[Membership]]:
        """Yield all memberships of an organisation by the moment of entry, each once, in pages."""
        return walk_by(
            lambda since, limit: self.list_entered(organisation, since, limit),
            lambda one: one.entered,
            lambda one: one.person,
            size,
        )

    async def count_all(self) -> int:
        """Return about how many memberships there are; an engine may estimate."""
        return await self._store.count({})

    async def count_coming(self, organisation: str) -> int:
        """Return how many memberships are being transferred to an organisation."""
        return await self._store.count({"target": organisation})

    async def list_coming(self, organisation: str, limit: int) -> list[Membership]:
        """Return the memberships that are being transferred to an organisation, the first first."""
        return await self._store.list_({"target": organisation}, sort="entered", limit=limit)

    async def list_by_person(self, people: Sequence[str]) -> list[Membership]:
        """Return the memberships of some people."""
        return await self._store.list_({"_id": {"$in": list(people)}}) if people else []

    async def list_declared(self, people: Sequence[str]) -> list[VaultRow]:
        """Return the rows of applicants that wait to be settled."""
        return [one.declared for one in await self.list_by_person(people) if one.declared]

    async def begin(self, membership: Membership) -> Membership:
        """Enter a first spell; a person who has a membership keeps it and gets it back."""
        opened = opened_book(membership)
        try:
            await self._store.insert(opened)
        except Duplicate:
            return await self._store.find(membership.person) or opened
        return opened

    async def amend(self, person: str, step: Step, *, is_new: bool = False) -> Membership:
        """Take a membership one step on, whoever else does so at the same time; return what is kept.

        `step` gets the membership as it is, None if there is none, and gives the next one, or the same one
        to leave it; what it raises is raised. `is_new` expects none and saves a read. Busy.
        """
        before = None if is_new else await self._store.find(person)
        for _ in range(ATTEMPTS):
            after = step(before)
            if after is before:
                return after
            if await self._write(before, after):
                return after
            before = await self._store.find(person)
        raise Busy(retryAfter=RETRY_SECONDS)

    async def renew(self, person: str) -> None:
        """Let what follows from a person's membership be derived again, as when there is a card to issue."""
        await self._store.change({"_id": person}, {"pending": new_id()})

    async def _write(self, before: Membership | None, after: Membership) -> bool:
        if before is None:
            try:
                await self._store.insert(after)
            except Duplicate:
                return False
            return True
        # What was settled or erased since it was read is not brought back.
        kept = {"person"} if after.declared is not before.declared else {"person", "declared"}
        values = {name: value for name, value in asdict(after).items() if name not in kept}
        seen = {"_id": before.person, "version": before.version}
        return await self._store.change(seen, values) is not None


def _where(organisation: str, state: MembershipState | None) -> dict[str, str]:
    return {"organisation": organisation, "state": state} if state else {"organisation": organisation}


def opened_book(membership: Membership) -> Membership:
    """Return a membership that nothing is logged of, with the entry that it began with."""
    if membership.log:
        return membership
    opening = Entry(
        event="enter",
        valid=membership.since,
        entered=membership.entered,
        actor=OPERATOR,
        after=membership.standing,
        due=membership.due,
    )
    return replace(membership, log={str(membership.version): opening}, pending=new_id())
