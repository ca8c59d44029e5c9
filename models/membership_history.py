"""What a membership's log comes to: its spells, where the person stood on a day, since when a member.

Pure rules. An entry counts from its valid day. A correction changes the valid day of one entry, within those
beside it, or makes it never have counted; the log keeps both. The valid days of the entries that count never
go down, so that the last one of a day decides.
"""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec.structs import replace

from models.clock import local_day
from models.memberships import Entry, Membership, MembershipState, Spell, Standing

Log = Mapping[str, Entry]

MEMBERS: frozenset[MembershipState] = frozenset({"active", "transferring", "retained"})
"""The states that are membership: a transfer and 保留会籍 do not interrupt it."""


class Counting(NamedTuple):
    """An entry that counts: its number, the day from which, and what came of it."""

    number: int
    valid: str
    after: Standing


def list_counting(log: Log, known_on: str | None = None) -> list[Counting]:
    """Return the entries that count, in order, as was known by the end of a local day, or as is known now."""
    counting: dict[int, Counting] = {}
    for number in sorted(map(int, log)):
        entry = log[str(number)]
        if known_on is not None and local_day(entry.entered) > known_on:
            continue
        if entry.corrects is None:
            counting[number] = Counting(number, entry.valid, entry.after)
        elif entry.cancels:
            counting.pop(entry.corrects, None)
        else:
            counting[entry.corrects] = counting[entry.corrects]._replace(valid=entry.valid)
    return [counting[number] for number in sorted(counting)]


def standing_on(log: Log, day: str, known_on: str | None = None) -> Standing | None:
    """Return where a person stood on a day, as known by the end of another; None before everything."""
    found = [one for one in list_counting(log, known_on) if one.valid <= day]
    return found[-1].after if found else None


def settled(membership: Membership) -> Membership:
    """Return a membership whose top and past say what its log comes to; the log counts something."""
    counting = list_counting(membership.log)
    past: dict[str, Spell] = {}
    began = counting[0]
    for one in counting[1:]:
        if (one.after.organisation, one.after.state) != (began.after.organisation, began.after.state):
            spell = Spell(began.after.organisation, began.after.state, began.valid, one.valid)
            past[str(began.number)] = spell
            began = one
    last = counting[-1].after
    return replace(
        membership,
        organisation=last.organisation,
        state=last.state,
        target=last.target,
        ground=last.ground,
        origin=last.origin,
        is_released=last.is_released,
        since=began.valid,
        past=past,
    )


def as_entered(membership: Membership, number: int) -> Membership:
    """Return a membership as it was once an entry was made: what its first answer was made from."""
    if number == membership.version:
        return membership
    log = {key: entry for key, entry in membership.log.items() if int(key) <= number}
    entry = log[str(number)]
    return settled(
        replace(membership, log=log, version=number, entered=entry.entered, due=entry.due, remind=None)
    )


def joined_on(membership: Membership) -> str | None:
    """Return the first local day of the unbroken time as a member that goes on now; None if it does not.

    Corrections are in it, since the spells are what the log comes to. Who left, if only for a moment, and was
    approved again began anew: 会籍 is not counted back over a leaving.
    """
    if membership.state not in MEMBERS:
        return None
    first = membership.since
    for number in sorted(map(int, membership.past), reverse=True):
        spell = membership.past[str(number)]
        if spell.state not in MEMBERS:
            break
        first = spell.since
    return first


def last_entry(membership: Membership) -> Entry | None:
    """Return the latest entry of a membership, a correction too; None if nothing is logged."""
    return membership.log.get(str(membership.version))


def states_by_day(membership: Membership) -> dict[str, MembershipState]:
    """Return the state from each day on which one began to count; the last of a day."""
    return {one.valid: one.after.state for one in list_counting(membership.log)}
