"""The parts of the console, wired: accounts, sign-ins with two factors, and what officers see."""

from typing import Any

from msgspec import Struct

from models.accounts import ACCOUNTS, Accounts
from models.appointments import Appointments
from models.attempts import ATTEMPTS, AttemptLimit
from models.audit import Audit
from models.clock import Now
from models.passwords import Passwords
from models.sessions import Sessions
from models.sign_ins import SIGN_INS, SignIns
from models.store import Collection, Store
from models.vault import Vault

COLLECTIONS: tuple[Collection[Any], ...] = (ACCOUNTS, ATTEMPTS, SIGN_INS)


class Console(Struct, frozen=True):
    """Who may enter the console, and how."""

    accounts: Accounts
    sign_ins: SignIns
    limit: AttemptLimit

    async def forget_old(self) -> int:
        """Remove attempts and pending sign-ins that are over; return how many."""
        return await self.limit.forget_old() + await self.sign_ins.forget_expired()


def build_console(
    stores: dict[str, Store[Any]],
    vault: Vault,
    audit: Audit,
    appointments: Appointments,
    sessions: Sessions,
    now: Now,
) -> Console:
    """Return the console's parts over stores by name."""
    limit = AttemptLimit(stores[ATTEMPTS.name], now)
    accounts = Accounts(stores[ACCOUNTS.name], limit, Passwords(), vault, audit, now)
    return Console(accounts, SignIns(stores[SIGN_INS.name], accounts, sessions, appointments, now), limit)
