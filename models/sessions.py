"""Sessions: who is logged in, checked without a database.

A session is a signed token (`handlers/tokens.py`) that carries its id, subject and kind, and no role. The
database holds the session's own document, with the sealed openid of a login that nobody has claimed yet, and
revocations, which every process mirrors each second. Redis takes no part: losing it ends no session. A
console session was opened with two factors (`models/sign_ins.py`); a device's stands in the device's own
document (`models/devices.py`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct, field

from models.appointments import Appointments
from models.audit import NOBODY, Audit, Fact
from models.clock import Now
from models.errors import Unauthenticated
from models.filters import Index
from models.ids import new_id
from models.mirrors import Mirror
from models.privacy_notices import kept
from models.signals import Signals
from models.store import Collection, Store
from models.vault import Vault
from models.wechat_accounts import WeChatAccounts

SessionKind = Literal["guest", "member", "staff", "device", "console"]
LIFETIMES: dict[SessionKind, timedelta] = {
    "guest": kept("sessions"),
    "member": kept("sessions"),
    "staff": kept("staff_sessions"),
    "device": kept("sessions"),
    "console": kept("staff_sessions"),
}
REVOKED = "revocations"


class SessionExpired(Unauthenticated):
    """The session is over or was ended; a silent login opens another."""

    code = "session_expired"
    message = "登录已过期，请重新登录"


class Session(Struct, frozen=True):
    """One login. The subject is a person's id, or for a guest the blind index of the openid."""

    id: str
    subject: str
    kind: SessionKind
    expires: datetime


class SessionRecord(Struct, frozen=True, kw_only=True):
    """What is kept of a login; a console session has no WeChat account."""

    id: str = field(name="_id")
    subject: str
    kind: SessionKind
    openid: bytes = b""
    opened: datetime
    expires: datetime


class Revocation(Struct, frozen=True, kw_only=True):
    """The end of one session before its time; kept until the session would have expired."""

    id: str = field(name="_id")
    expires: datetime
    changed: datetime


SESSIONS = Collection("sessions", SessionRecord, (Index(("expires",)), Index(("subject",))))
REVOCATIONS = Collection("revocations", Revocation, (Index(("changed",)), Index(("expires",))))


class Revocations:
    """The sessions ended early, as this process knows them."""

    def __init__(self, store: Store[Revocation], signals: Signals, audit: Audit, now: Now) -> None:
        self._store = store
        self._signals = signals
        self._audit = audit
        self._now = now
        self._ended: dict[str, datetime] = {}
        self.mirror = Mirror(store, self._absorb, now)

    def holds(self, session: str) -> bool:
        """Say whether a session was ended."""
        return session in self._ended

    async def add(self, session: Session, by: str | None = None) -> None:
        """End a session: here at once, in other processes on the signal or their next poll.

        `by` is who ends somebody else's.
        """
        whose = {"person": session.subject} if by else {}
        fact = Fact(
            actor=by or (NOBODY if session.kind == "guest" else session.subject),
            action="session_ended",
            kind="session",
            object=session.id,
            details={"kind": session.kind, **whose},
        )
        await self._audit.record(fact, f"session:{session.id}:ended")
        ended = Revocation(id=session.id, expires=session.expires, changed=self._now())
        await self._store.put(ended)
        self._absorb([ended])
        await self._signals.send(REVOKED)

    async def forget_expired(self) -> None:
        """Drop the revocations of sessions that are over anyway."""
        at = self._now()
        await self._store.delete({"expires": {"$lt": at}})
        self._ended = {session: expires for session, expires in self._ended.items() if expires >= at}

    def _absorb(self, changed: Sequence[Revocation]) -> None:
        at = self._now()
        self._ended.update((ended.id, ended.expires) for ended in changed if ended.expires >= at)


class Sessions:
    """Opens, checks and ends sessions."""

    def __init__(
        self,
        records: Store[SessionRecord],
        revocations: Revocations,
        accounts: WeChatAccounts,
        appointments: Appointments,
        vault: Vault,
        now: Now,
    ) -> None:
        self._records = records
        self._revocations = revocations
        self._accounts = accounts
        self._people = accounts.people
        self._appointments = appointments
        self._vault = vault
        self._now = now

    async def open(self, openid: str, unionid: str | None = None, *, as_staff: bool) -> Session:
        """Open a session for a WeChat account; NotStaff if staff is asked for and no appointment holds."""
        person = await self._accounts.recognise(openid, unionid)
        if as_staff:
            await self._appointments.admit(person, "staff_sign_in", "wechat")
        kind: SessionKind = "staff" if as_staff else "member" if person else "guest"
        subject = person or f"openid:{self._vault.blind('openid', openid)}"
        at = self._now()
        session = Session(new_id(), subject, kind, at + LIFETIMES[kind])
        await self._records.insert(
            SessionRecord(
                id=session.id,
                subject=subject,
                kind=kind,
                openid=self._vault.seal("sessions", session.id, "openid", openid),
                opened=at,
                expires=session.expires,
            )
        )
        return session

    async def open_console(self, person: str) -> Session:
        """Open a console session for a person whose two factors were checked."""
        at = self._now()
        session = Session(new_id(), person, "console", at + LIFETIMES["console"])
        await self._records.insert(
            SessionRecord(id=session.id, subject=person, kind="console", opened=at, expires=session.expires)
        )
        return session

    def check(self, session: Session) -> None:
        """Let a session pass that is neither over nor revoked; SessionExpired otherwise. No database."""
        if session.expires <= self._now() or self._revocations.holds(session.id):
            raise SessionExpired

    async def revoke(self, session: Session) -> None:
        """End a session before its time."""
        await self._revocations.add(session)

    async def list_open(self, person: str) -> list[SessionRecord]:
        """Return a person's sessions that are neither over nor ended, newest first."""
        at, records = self._now(), await self._records.list_({"subject": person})
        held = [one for one in records if one.expires > at and not self._revocations.holds(one.id)]
        return sorted(held, key=lambda one: one.opened, reverse=True)

    async def end_all(self, person: str, by: str) -> int:
        """End a person's sessions in somebody else's name; return how many there were."""
        held = await self.list_open(person)
        for one in held:
            await self._revocations.add(Session(one.id, one.subject, one.kind, one.expires), by)
        return len(held)

    def promote(self, session: Session, person: str) -> Session:
        """Return a guest's session as the member's that the guest turned out to be. No database."""
        return Session(session.id, person, "member", session.expires) if session.kind == "guest" else session

    async def is_outdated(self, session: Session) -> bool:
        """Say whether a guest's session is of somebody who is known by now."""
        return session.kind == "guest" and await self._people.find_by_subject(session.subject) is not None

    async def adopt(self, subject: str, person: str) -> None:
        """Keep the sessions of a WeChat account, opened before it was known whose it is, as that person's."""
        for record in await self._records.list_({"subject": subject}):
            await self._records.change({"_id": record.id}, {"subject": person, "kind": "member"})

    async def get_openid(self, session: Session) -> str:
        """Return the WeChat account behind a session; SessionExpired if nothing is kept of it any more."""
        record = await self._records.find(session.id)
        if record is None:
            raise SessionExpired
        return self._vault.open("sessions", record.id, "openid", record.openid)

    async def forget(self, openid: str) -> None:
        """End all sessions of a WeChat account and remove what is kept of them."""
        person = await self._people.find_by_openid(openid)
        for subject in (f"openid:{self._vault.blind('openid', openid)}", person):
            for record in await self._records.list_({"subject": subject}) if subject else ():
                if self._vault.open("sessions", record.id, "openid", record.openid) == openid:
                    await self.revoke(Session(record.id, record.subject, record.kind, record.expires))
                    await self._records.delete({"_id": record.id})

    async def forget_expired(self) -> int:
        """Remove what is kept of sessions that are over anyway; return of how many."""
        await self._revocations.forget_expired()
        return await self._records.delete({"expires": {"$lt": self._now()}})
