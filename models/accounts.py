"""Accounts of the console: a name, a password and an authenticator's secret, for one person.

Invariants: one account per person and per name. Whoever runs the machine issues an account with a one-time
enrolment code; the person sets the password with that code and a first code of the authenticator, after which
the enrolment code is gone. A code of the authenticator counts once: `last_step` only grows, in the write that
accepts it.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from msgspec import Struct, field

from models.attempts import AttemptLimit, Attempts
from models.audit import NOBODY, Action, Audit, Fact
from models.clock import Now
from models.errors import Conflict, Invalid, Unauthenticated
from models.filters import Index
from models.ids import new_id
from models.one_time_codes import SECRET_BYTES, find_step, provisioning_uri
from models.passwords import Passwords
from models.store import Collection, Duplicate, Store
from models.vault import Vault

ISSUER = "工会驿站"
SHORTEST_PASSWORD = 12
ENROLMENT_LASTS = timedelta(hours=24)
MOST_FAILURES = 100


class SignInRefused(Unauthenticated):
    """The account, the password or the code is wrong; which, is not told."""

    code = "sign_in_refused"
    message = "账号、密码或动态码不正确"


class EnrolmentRefused(Unauthenticated):
    """The enrolment code or the authenticator's code is wrong, or the enrolment is over."""

    code = "enrolment_refused"
    message = "账号、启用码或动态码不正确，或启用码已过期"


class WeakPassword(Invalid):
    """The password is too short, or has the account's name in it."""

    code = "weak_password"
    message = "密码至少 12 位，且不能包含账号"


class AccountTaken(Conflict):
    """The name belongs to somebody else, or the person has an account of another name."""

    code = "account_taken"
    message = "账号名已被使用，或此人已有另一个账号"


class Account(Struct, frozen=True, kw_only=True):
    """One account; `totp` is sealed, `password` as `models/passwords.py` keeps it, once it is set."""

    id: str = field(name="_id")
    person: str
    totp: bytes
    password: str | None = None
    last_step: int = 0
    enrolment: str | None = None
    enrolment_until: datetime
    issued: datetime


class Issued(Struct, frozen=True):
    """What is handed to the person once: the enrolment code, and the link for the authenticator."""

    enrolment: str
    uri: str


class Failures(Struct, frozen=True, kw_only=True):
    """Failed attempts on one name; the account is None where there is none of that name."""

    attempts: Attempts
    account: Account | None


ACCOUNTS = Collection("accounts", Account, (Index(("person",), unique=True),))


def is_strong(password: str, account: str) -> bool:
    """Say whether a password will do."""
    return len(password) >= SHORTEST_PASSWORD and account not in password.lower()


def digest(code: str) -> str:
    """Return what is kept of a one-time code."""
    return hashlib.sha256(code.encode()).hexdigest()


class Accounts:
    """Issues accounts and checks who signs in to one."""

    def __init__(
        self,
        store: Store[Account],
        limit: AttemptLimit,
        passwords: Passwords,
        vault: Vault,
        audit: Audit,
        now: Now,
    ) -> None:
        self._store = store
        self._limit = limit
        self._passwords = passwords
        self._vault = vault
        self._audit = audit
        self._now = now

    async def issue(self, account: str, person: str, by: str) -> Issued:
        """Give a person an account, or the same one anew with everything reset; AccountTaken."""
        name = account.lower()
        found = await self._store.find(name)
        if found and found.person != person:
            raise AccountTaken
        secret, enrolment = secrets.token_bytes(SECRET_BYTES), new_id()
        at = self._now()
        await self._enter("account_issued", by, person)
        issued = Account(
            id=name,
            person=person,
            totp=self._vault.seal("accounts", name, "totp", secret.hex()),
            enrolment=digest(enrolment),
            enrolment_until=at + ENROLMENT_LASTS,
            issued=at,
        )
        try:
            await self._store.put(issued)
        except Duplicate as error:
            raise AccountTaken from error
        return Issued(enrolment, provisioning_uri(secret, name, ISSUER))

    async def enrol(self, account: str, enrolment: str, password: str, code: str) -> None:
        """Set the first password; EnrolmentRefused, WeakPassword, SignInLocked."""
        name = account.lower()
        if not is_strong(password, name):
            raise WeakPassword
        await self._limit.count(self._key(name))
        found, at = await self._store.find(name), self._now()
        if found is None or not _is_open(found, enrolment, at):
            raise EnrolmentRefused
        step = find_step(self._secret(found), code, at)
        if step is None:
            raise EnrolmentRefused
        kept = await self._passwords.keep(password)
        await self._enter("account_enrolled", found.person, found.person)
        set_up = await self._store.change(
            {"_id": name, "enrolment": found.enrolment},
            {"password": kept, "last_step": step},
            without=("enrolment",),
        )
        if set_up is None:
            raise EnrolmentRefused
        await self._limit.forget(self._key(name))

    async def check(self, account: str, password: str, code: str) -> str:
        """Return whose account it is; SignInRefused, audited, or SignInLocked."""
        name = account.lower()
        key = self._key(name)
        await self._limit.count(key)
        found = await self._store.find(name)
        if found is None or not await self._is_right(found, password, code):
            if found is None:
                await self._passwords.matches(None, password)
            await self._enter_failure(key, found)
            raise SignInRefused
        await self._limit.forget(key)
        return found.person

    async def list_failures(self) -> list[Failures]:
        """Return the latest failed attempts by account, newest first; `MOST_FAILURES` at most."""
        recent = await self._limit.list_recent(MOST_FAILURES)
        accounts = await self._store.list_({}, sort="_id") if recent else []
        known = {self._key(one.id): one for one in accounts}
        return [Failures(attempts=one, account=known.get(one.id)) for one in recent]

    async def _is_right(self, account: Account, password: str, code: str) -> bool:
        """Say whether both factors are right, and use the code up."""
        if not await self._passwords.matches(account.password, password):
            return False
        step = find_step(self._secret(account), code, self._now())
        if step is None:
            return False
        used = await self._store.change(
            {"_id": account.id, "last_step": {"$lt": step}, "issued": account.issued}, {"last_step": step}
        )
        return used is not None

    def _secret(self, account: Account) -> bytes:
        return bytes.fromhex(self._vault.open("accounts", account.id, "totp", account.totp))

    def _key(self, name: str) -> str:
        return self._vault.blind("account", name)

    async def _enter(self, action: Action, by: str, person: str) -> None:
        await self._audit.record(Fact(actor=by, action=action, kind="person", object=person))

    async def _enter_failure(self, key: str, account: Account | None) -> None:
        await self._audit.record(
            Fact(
                actor=account.person if account else NOBODY,
                action="console_sign_in",
                kind="person" if account else "account",
                object=account.person if account else key,
                outcome="refused",
                details={"way": "password", "reason": SignInRefused.code},
            )
        )


def _is_open(account: Account, enrolment: str, at: datetime) -> bool:
    """Say whether an account waits for this enrolment code."""
    kept = account.enrolment or ""
    return hmac.compare_digest(kept, digest(enrolment)) and at < account.enrolment_until
