"""Subscription messages' ledger: what each WeChat account has granted, one consent for one message.

Invariants: one document per account and template; a consent is counted once as reported by the mini program
and once as confirmed by WeChat's event, and the larger of the two counts is what was granted, so that neither
a lost event nor a lost report takes a message away, and both together give only one. A credit is spent under
the message's own name, by a write on condition of `version`: twice is once. The account is the openid's blind
index; the openid lies here sealed, and nowhere else for longer than a session.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import asdict, replace

from models.clock import Now
from models.errors import Invalid
from models.filters import Index
from models.privacy_notices import kept
from models.store import Collection, Duplicate, EngineUnavailable, Store
from models.vault import Vault

ATTEMPTS = 8
REMEMBERED = kept("subscription_entries")
"""How long an entry is kept to recognise its repetition."""

Answer = Literal["accept", "reject", "ban", "filter"]
Source = Literal["reported", "confirmed", "used"]


class UnknownTemplate(Invalid):
    """The template is none of this mini program's; `details.templateId` names it."""

    code = "template_not_found"
    message = "没有这个消息模板"


class Template(Struct, frozen=True):
    """A template of the mini program: its purpose, its id, and whether one consent lasts (长期订阅)."""

    purpose: str
    id: str
    is_standing: bool = False


class Entry(Struct, frozen=True):
    """One consent or one message."""

    source: Source
    at: datetime


class Subscription(Struct, frozen=True, kw_only=True):
    """What one account granted for one template: counts, a standing consent, and the entries behind them."""

    id: str = field(name="_id")
    account: str
    template: str
    openid: bytes
    reported: int = 0
    confirmed: int = 0
    used: int = 0
    is_standing: bool = False
    version: int = 0
    log: dict[str, Entry] = field(default_factory=dict)
    changed: datetime

    @property
    def credits(self) -> int:
        """How many messages may still be sent."""
        return max(0, max(self.reported, self.confirmed) - self.used)


class Granted(Struct, frozen=True):
    """What an account grants for a template now."""

    template: Template
    credits: int
    is_standing: bool


SUBSCRIPTIONS = Collection("subscriptions", Subscription, (Index(("account",)), Index(("changed",))))

Step = Callable[[Subscription], Subscription]


def with_entry(ledger: Subscription, name: str, source: Source, at: datetime) -> Subscription:
    """Return the ledger with one more consent or message; the same if it has that entry."""
    if name in ledger.log:
        return ledger
    log = {key: entry for key, entry in ledger.log.items() if entry.at > at - REMEMBERED}
    counted = {source: getattr(ledger, source) + 1}
    return replace(ledger, log={**log, name: Entry(source, at)}, **counted)


def without_entry(ledger: Subscription, name: str) -> Subscription:
    """Return the ledger without a message that was surely not sent; the same if it has no such entry."""
    if name not in ledger.log:
        return ledger
    log = {key: entry for key, entry in ledger.log.items() if key != name}
    return replace(ledger, log=log, used=ledger.used - 1)


def exhausted(ledger: Subscription) -> Subscription:
    """Return the ledger without credits and without a standing consent: WeChat knows of none."""
    return replace(ledger, used=max(ledger.reported, ledger.confirmed, ledger.used), is_standing=False)


class Subscriptions:
    """Keeps the ledger."""

    def __init__(
        self, store: Store[Subscription], templates: Sequence[Template], vault: Vault, now: Now
    ) -> None:
        self._store = store
        self._templates = {template.id: template for template in templates}
        self._vault = vault
        self._now = now

    def account_of(self, openid: str) -> str:
        """Return the name under which an openid is kept."""
        return self._vault.blind("openid", openid)

    def find_template(self, purpose: str) -> Template | None:
        """Return the template for a purpose, or None where the account's category has none."""
        return next((one for one in self._templates.values() if one.purpose == purpose), None)

    async def list_granted(self, openid: str) -> list[Granted]:
        """Return every template and what the account grants for it."""
        kept = await self._store.list_({"account": self.account_of(openid)})
        known = {ledger.template: ledger for ledger in kept}
        return [
            Granted(template, ledger.credits if ledger else 0, bool(ledger and ledger.is_standing))
            for template in self._templates.values()
            for ledger in (known.get(template.id),)
        ]

    async def report(self, openid: str, report: str, answers: Mapping[str, Answer]) -> None:
        """Take what the mini program was answered in the popup; the same report again changes nothing."""
        for template in answers:
            if template not in self._templates:
                raise UnknownTemplate(templateId=template)
        for template, answer in answers.items():
            if answer == "accept":
                await self._grant(openid, template, f"report:{report}", "reported")

    async def confirm(self, openid: str, template: str, push: str) -> None:
        """Take an accepted popup from WeChat's own event."""
        if template in self._templates:
            await self._grant(openid, template, f"push:{push}", "confirmed")

    async def withdraw(self, openid: str, template: str) -> None:
        """Take it that the account wants no more of a template's messages."""
        await self._change(self.account_of(openid), template, exhausted)

    async def spend(self, account: str, template: str, message: str) -> str | None:
        """Spend a credit on a message and return the openid to send to; None when nothing is granted."""
        name, at = f"message:{message}", self._now()

        def step(ledger: Subscription) -> Subscription:
            may = ledger.credits > 0 or ledger.is_standing
            return with_entry(ledger, name, "used", at) if may else ledger

        ledger = await self._change(account, template, step)
        if ledger is None or name not in ledger.log:
            return None
        return self._vault.open("subscriptions", ledger.id, "openid", ledger.openid)

    async def restore(self, account: str, template: str, message: str) -> None:
        """Give the credit of a message back that was surely not sent."""
        await self._change(account, template, lambda ledger: without_entry(ledger, f"message:{message}"))

    async def exhaust(self, account: str, template: str) -> None:
        """Take WeChat's word that the account grants nothing more."""
        await self._change(account, template, exhausted)

    async def forget(self, openid: str) -> None:
        """Remove all that is kept of an account."""
        await self._store.delete({"account": self.account_of(openid)})

    async def _grant(self, openid: str, template: str, name: str, source: Source) -> None:
        account, at = self.account_of(openid), self._now()
        key = f"{account}:{template}"
        sealed = self._vault.seal("subscriptions", key, "openid", openid)
        empty = Subscription(id=key, account=account, template=template, openid=sealed, changed=at)
        lasts = self._templates[template].is_standing

        def step(ledger: Subscription) -> Subscription:
            granted = with_entry(ledger, name, source, at)
            return granted if granted is ledger else replace(granted, is_standing=lasts)

        await self._change(account, template, step, empty)

    async def _change(
        self, account: str, template: str, step: Step, empty: Subscription | None = None
    ) -> Subscription | None:
        """Take a ledger one step on, whoever else does so at the same time; None when there is none."""
        key = f"{account}:{template}"
        for _ in range(ATTEMPTS):
            ledger = await self._store.find(key)
            if ledger is None and empty is None:
                return None
            before = ledger or empty
            if before is None or (after := step(before)) is before:
                return before
            after = replace(after, version=before.version + 1, changed=self._now())
            if await self._write(ledger, after):
                return after
        raise EngineUnavailable(retryAfter=1)

    async def _write(self, before: Subscription | None, after: Subscription) -> bool:
        if before is None:
            try:
                await self._store.insert(after)
            except Duplicate:
                return False
            return True
        values = {name: value for name, value in asdict(after).items() if name not in ("id", "account")}
        written = await self._store.change({"_id": before.id, "version": before.version}, values)
        return written is not None
