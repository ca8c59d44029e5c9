"""What rows of a roster are written as: people, memberships and what the figures count; pure, in a thread.

A membership begins by one entry, in the state that the row says: a retained one (保留会籍) was never counted
here, because a roster does not say until when it was active.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from models.ids import ID_LENGTH, encode
from models.membership_figures import Movement, category_of, list_movements
from models.membership_rules import REASONS
from models.memberships import Entry, Membership, MembershipState, Standing
from models.people import Particulars, Person, VaultRow, claim_index, sealed_row
from models.roster_jobs import ImportJob
from models.roster_rows import Enrolment, RosterRow
from models.vault import Vault


class Entering(Struct, frozen=True):
    """A row with the names that it is found by, and the id that a new person gets."""

    row: RosterRow
    identity: str
    aliases: tuple[str, ...]
    person: str


class Written(Struct, frozen=True):
    """Everything that new people are written as, in this order."""

    rows: list[VaultRow]
    people: list[Person]
    memberships: list[Membership]
    movements: list[Movement]


def prepare(vault: Vault, job: ImportJob, rows: Sequence[RosterRow]) -> list[Entering]:
    """Return rows with the names that they are found by."""
    return [
        Entering(
            row,
            f"id_document:{vault.blind('id_document', row.document)}",
            tuple(f"card_number:{vault.blind('card_number', alias)}" for alias in row.aliases),
            person_of(job, row.number),
        )
        for row in rows
    ]


def person_of(job: ImportJob, number: int) -> str:
    """Return the id that the person of a row gets if new: random as the import's, and always the same."""
    digest = hashlib.sha256(f"{job.id}|{number}".encode()).digest()
    return encode(int.from_bytes(digest[:10]), ID_LENGTH)


def make(vault: Vault, job: ImportJob, new: Sequence[Entering], owners: dict[str, str]) -> Written:
    """Return what new people are written as; all of it says the same whenever it is made again."""
    written, at = Written([], [], [], []), job.entered
    for one in new:
        person, row = owners[one.identity], one.row
        who = Particulars(name=row.name, id_document=row.document, phone=row.phone)
        written.rows.append(sealed_row(vault, person, who))
        written.people.append(
            Person(
                id=person,
                state="imported",
                evidence="from_roster",
                created=at,
                claim=claim_index(vault, who),
            )
        )
        membership = _membership(job, person, row, at)
        written.memberships.append(membership)
        written.movements.extend(list_movements(membership))
    return written


def state_of(enrolment: Enrolment | None) -> MembershipState:
    """Return the state that a membership begins in; active where a row says none."""
    return "active" if enrolment in (None, "active") else "retained"


def differing_state(membership: Membership, row: RosterRow) -> str:
    """Return in words how a row's state differs from the one that stands; a row that says none never does."""
    said = category_of(Standing(membership.organisation, state_of(row.enrolment)))
    if row.enrolment is None or said == category_of(membership.standing):
        return ""
    stands = "有效" if said == "retained" else "保留会籍"
    return f"已登记为{stands}，导入不改动会籍状态；如有变动，请在该会员的会籍中办理"


def _membership(job: ImportJob, person: str, row: RosterRow, at: datetime) -> Membership:
    standing = Standing(row.organisation, state_of(row.enrolment))
    entry = Entry(
        event="enter",
        valid=row.since,
        entered=at,
        actor=job.officer,
        after=standing,
        reason=row.enrolment if row.enrolment in REASONS["retain"] else None,
    )
    return Membership(
        person=person,
        organisation=row.organisation,
        state=standing.state,
        since=row.since,
        entered=at,
        worker_form=row.worker_form,
        gig_kind=row.gig_kind,
        log={"1": entry},
    )
