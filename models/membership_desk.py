"""The desk where changes of memberships are entered: each request once, each change on what was read.

An `Idempotency-Key` lives in the entry that its request made, as a digest of actor, route and key beside that
of the body: the same request again is answered from the entry, another body under the key is refused.
"""

import hashlib
from collections.abc import Callable
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from models.clock import Now
from models.membership_history import as_entered
from models.membership_refusals import KeyReused, OrganisationNotOpen
from models.membership_rules import Change, amended
from models.memberships import MEMBERSHIPS_CHANGED, Membership, Memberships
from models.organisations import Organisation, Organisations
from models.signals import Signals

Prepare = Callable[[Membership | None], Change]
Route = Literal["apply", "transfer", "decide", "enter", "correct"]


class Request(Struct, frozen=True):
    """What names a request: its route, its Idempotency-Key, and its body."""

    route: Route
    key: str
    body: bytes

    def name_of(self, actor: str) -> str:
        """Return the digest under which a request of somebody is kept."""
        return _digest(f"{actor}\n{self.route}\n{self.key}".encode())

    @property
    def content(self) -> str:
        """The digest of the body."""
        return _digest(self.body)


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:32]


class MembershipDesk:
    """Enters changes."""

    def __init__(
        self,
        memberships: Memberships,
        organisations: Organisations,
        signals: Signals,
        now: Now,
    ) -> None:
        self._memberships = memberships
        self._organisations = organisations
        self._signals = signals
        self._now = now

    async def enter(
        self, person: str, prepare: Prepare, request: Request | None = None, *, is_new: bool = False
    ) -> Membership:
        """Enter a change and return the membership as it is then; a request sent again gets its first answer.

        `prepare` says, of the membership as it is, which change it is to be, or refuses. KeyReused, Busy,
        and the refusals of `models/membership_rules.py`.
        """
        made = 0

        def step(before: Membership | None) -> Membership:
            nonlocal made
            change = prepare(before)
            if request:
                change = replace(change, request=request.name_of(change.actor), content=request.content)
                if before and (first := _find_request(before, change)):
                    made = first
                    return before
            after = amended(before, change, person, self._now())
            made = after.version
            return after

        kept = await self._memberships.amend(person, step, is_new=is_new)
        if kept.state == "applied":  # Nobody waits for what follows: that any one process begins is enough.
            self._signals.wake(MEMBERSHIPS_CHANGED)
        else:
            await self._signals.send(MEMBERSHIPS_CHANGED)
        return as_entered(kept, made)

    def get_open(self, organisation: str) -> Organisation:
        """Return an organisation that people may join; OrganisationNotOpen otherwise."""
        found = self._organisations.find_open(organisation)
        if found is None:
            raise OrganisationNotOpen
        return found


def _find_request(membership: Membership, change: Change) -> int | None:
    """Return the number of the entry that a request made before; KeyReused if it said something else."""
    for number, entry in membership.log.items():
        if entry.request == change.request:
            if entry.content != change.content:
                raise KeyReused
            return int(number)
    return None
