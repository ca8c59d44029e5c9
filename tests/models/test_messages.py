"""The outbox: each message goes out once, or visibly not at all, whoever works and whoever dies."""

import asyncio
import secrets
from collections.abc import Mapping
from functools import partial
from itertools import count
from typing import Any, cast

import pytest
from fakeredis import FakeAsyncRedis, FakeServer

from models.message_fields import FieldBroken
from models.messages import CLAIM, GRACE, LIFE, MESSAGES, Message, Messages, Outcome, pause_after
from models.signals import Signals
from models.store import Database, Store
from models.subscriptions import SUBSCRIPTIONS, Subscriptions, Template
from models.vault import Vault
from tests.factories import Clock
from tests.models.workers import persevere

VAULT = Vault({"1": b"k" * 32}, b"i" * 32)
TEMPLATE = Template("event_reminder", "T-one")
WORDS = {"thing1": "送清凉", "time2": "15:01"}
ACCEPTED = Outcome("accepted", message="m-1")


class Crash(Exception):
    """The process ended here."""


class Crashing(Store[Any]):
    """A store whose process ends before its n-th write, or right after it."""

    def __init__(self, database: Database, collection: Any, ends_at: int, *, after: bool) -> None:
        super().__init__(database, collection, strict=True)
        self._writes = count()
        self._ends_at = ends_at
        self._after = after

    async def change(self, *args: Any, **options: Any) -> Any:
        number = next(self._writes)
        if number == self._ends_at and not self._after:
            raise Crash
        answer = await super().change(*args, **options)
        if number == self._ends_at:
            raise Crash
        return answer


class Sender:
    """Sends as it is told, counts, and sees whether two go to one account at once."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.sent: list[tuple[str, Mapping[str, str]]] = []
        self.overlapping = 0
        self._outcomes = list(outcomes)
        self._busy: set[str] = set()

    async def send(self, openid: str, template: str, page: str, fields: Mapping[str, str]) -> Outcome:
        self.overlapping += openid in self._busy
        self._busy.add(openid)
        await asyncio.sleep(0)
        self._busy.discard(openid)
        self.sent.append((openid, fields))
        return self._outcomes.pop(0) if self._outcomes else Outcome("accepted", message=secrets.token_hex(4))


class Office:
    """An outbox of a test's own, with a ledger, in the engine under test."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = Clock()
        self.store = cast("Store[Message]", Store(database, MESSAGES, strict=True))
        self.ledger = Store(database, SUBSCRIPTIONS, strict=True)
        self.subscriptions = Subscriptions(self.ledger, (TEMPLATE,), VAULT, self.clock.now)
        self.messages = self.outbox(self.store)
        self.openid = f"o{secrets.token_hex(8)}"
        self.account = self.subscriptions.account_of(self.openid)

    def outbox(self, store: Store[Message]) -> Messages:
        signals = Signals(FakeAsyncRedis(server=FakeServer()))
        return Messages(store, self.subscriptions, VAULT, signals, self.clock.now)

    async def queue(self, *, granted: bool = True, account: str | None = None) -> str:
        """Queue a message, with a consent for it; return its name."""
        name = f"test:{secrets.token_hex(8)}"
        if granted:
            await self.subscriptions.report(self.openid, secrets.token_hex(8), {TEMPLATE.id: "accept"})
        await self.messages.queue(name, account or self.account, TEMPLATE.purpose, "pages/a/b", WORDS)
        return name

    async def get(self, name: str) -> Message:
        found = await self.messages.find(name)
        assert found is not None
        return found

    async def credits(self) -> int:
        return (await self.subscriptions.list_granted(self.openid))[0].credits


@pytest.fixture
async def office(database: Database) -> Office:
    office = Office(database)
    await office.store.create_indexes()
    await office.ledger.create_indexes()
    await office.store.delete({"due": {"$gte": office.clock.at.replace(year=2000)}})
    return office


async def test_a_message_goes_out_once_and_uses_its_credit(office: Office) -> None:
    name, sender = await office.queue(), Sender(ACCEPTED)
    for _ in range(3):
        await office.messages.work(sender)
    assert sender.sent == [(office.openid, WORDS)]
    message = await office.get(name)
    assert (message.state, message.wechat_id, message.due, message.turn) == ("sent", "m-1", None, None)
    assert await office.credits() == 0


async def test_a_fact_is_told_once(office: Office) -> None:
    name, sender = await office.queue(), Sender()
    await office.messages.queue(name, office.account, TEMPLATE.purpose, "", WORDS)
    await office.messages.work(sender)
    await office.messages.queue(name, office.account, TEMPLATE.purpose, "", WORDS)
    await office.messages.work(sender)
    assert len(sender.sent) == 1


async def test_words_and_openids_lie_sealed_and_words_no_longer_than_needed(office: Office) -> None:
    name = await office.queue()
    kept = str(await office.database[MESSAGES.name].find({"_id": name}).to_list())
    assert not any(secret in kept for secret in (office.openid, "送清凉", "15:01"))
    await office.messages.work(Sender())
    assert (await office.get(name)).words is None


async def test_words_that_wechat_refuses_are_a_bug_of_the_writer(office: Office) -> None:
    with pytest.raises(FieldBroken):
        await office.messages.queue("test:1", office.account, "event_reminder", "", {"thing1": "一" * 21})
    with pytest.raises(ValueError, match="name"):
        await office.messages.queue("test.1", office.account, "event_reminder", "", WORDS)


async def test_a_purpose_without_a_template_fails_visibly(office: Office) -> None:
    name = f"test:{secrets.token_hex(8)}"
    await office.messages.queue(name, office.account, "unknown", "", WORDS)
    message = await office.get(name)
    assert (message.state, message.reason) == ("failed", "no_template")


async def test_without_a_consent_nothing_is_sent(office: Office) -> None:
    name, sender = await office.queue(granted=False), Sender()
    await office.messages.work(sender)
    assert sender.sent == []
    assert (await office.get(name)).reason == "not_granted"


@pytest.mark.parametrize(
    ("outcome", "state", "left"),
    [
        (Outcome("accepted", message="x"), "sent", 1),
        (Outcome("not_granted", "not_granted"), "failed", 0),
        (Outcome("refused", "banned"), "failed", 2),
        (Outcome("two_at_once", "two_at_once"), "queued", 1),
        (Outcome("not_sent", "wechat_busy"), "queued", 1),
        (Outcome("unknown", "wechat_busy"), "unknown", 1),
    ],
    ids=lambda value: value.fate if isinstance(value, Outcome) else "",
)
async def test_every_outcome_has_its_state_and_leaves_its_credits(
    office: Office, outcome: Outcome, state: str, left: int
) -> None:
    await office.subscriptions.report(office.openid, "another", {TEMPLATE.id: "accept"})
    name = await office.queue()
    await office.messages.work(Sender(outcome))
    message = await office.get(name)
    assert (message.state, message.turn) == (state, office.account if state == "unknown" else None)
    assert await office.credits() == left


async def test_two_at_once_is_tried_again_after_a_second(office: Office) -> None:
    name, sender = await office.queue(), Sender(Outcome("two_at_once", "two_at_once"), ACCEPTED)
    await office.messages.work(sender)
    await office.messages.work(sender)
    assert len(sender.sent) == 1
    office.clock.advance(seconds=1)
    await office.messages.work(sender)
    assert (await office.get(name)).state == "sent"


async def test_what_was_surely_not_sent_is_tried_later_and_later_and_fails_after_a_day(
    office: Office,
) -> None:
    name, sender = await office.queue(), Sender(*[Outcome("not_sent", "wechat_busy")] * 100)
    for _ in range(60):
        await office.messages.work(sender)
        message = await office.get(name)
        if message.due is None:
            break
        office.clock.at = message.due
    assert (message.state, message.reason) == ("failed", "expired")
    assert 15 < len(sender.sent) < 50
    assert await office.credits() == 1
    assert [pause_after(n).total_seconds() for n in (1, 2, 20)] == [10, 20, 3600]


async def test_messages_to_one_account_go_one_after_the_other(office: Office) -> None:
    names = [await office.queue() for _ in range(5)]
    sender = Sender()
    for _ in range(20):
        await asyncio.gather(*(persevere(partial(office.messages.work, sender)) for _ in range(3)))
        office.clock.advance(seconds=1)
    assert [(await office.get(name)).state for name in names] == ["sent"] * 5
    assert (len(sender.sent), sender.overlapping) == (5, 0)


async def test_many_workers_send_each_message_once(office: Office) -> None:
    others = [Office(office.database) for _ in range(10)]
    names = [await other.queue() for other in others]
    sender = Sender()
    await asyncio.gather(*(persevere(partial(other.messages.work, sender)) for other in others))
    assert sorted(openid for openid, _ in sender.sent) == sorted(other.openid for other in others)
    assert {(await office.get(name)).state for name in names} == {"sent"}


@pytest.mark.parametrize("after", [False, True], ids=["before the write", "after the write"])
@pytest.mark.parametrize("write", range(3))
async def test_a_worker_that_dies_anywhere_leaves_nothing_sent_twice_or_lost(
    office: Office, write: int, after: bool
) -> None:
    name, sender = await office.queue(), Sender()
    dying = office.outbox(Crashing(office.database, MESSAGES, write, after=after))
    with pytest.raises(Crash):
        await dying.work(sender)
    for _ in range(5):
        office.clock.advance(seconds=max(CLAIM, GRACE).total_seconds() + 1)
        await office.messages.work(sender)
    message = await office.get(name)
    assert (message.due, message.turn) == (None, None)
    if message.state == "sent":
        assert len(sender.sent) == 1
    else:
        assert (message.state, message.reason) == ("failed", "outcome_unknown")
        assert len(sender.sent) <= 1
    assert await office.credits() == 0


async def test_wechat_s_event_settles_a_message(office: Office) -> None:
    for error, state in (("0", "delivered"), ("1", "failed")):
        name = await office.queue()
        await office.messages.work(Sender(Outcome("accepted", message=f"m-{name}")))
        assert await office.messages.settle(office.account, TEMPLATE.id, f"m-{name}", error)
        assert (await office.get(name)).state == state


async def test_an_event_settles_a_message_of_unknown_fate(office: Office) -> None:
    name = await office.queue()
    await office.messages.work(Sender(Outcome("unknown", "wechat_busy")))
    assert await office.messages.settle(office.account, TEMPLATE.id, "m-9", "0")
    message = await office.get(name)
    assert (message.state, message.wechat_id, message.due) == ("delivered", "m-9", None)


async def test_while_a_fate_is_unknown_nothing_else_goes_to_the_account(office: Office) -> None:
    """Of two such messages WeChat's event would not say which it means."""
    first, second = await office.queue(), await office.queue()
    sender = Sender(Outcome("unknown", "wechat_busy"), ACCEPTED)
    for _ in range(3):
        await office.messages.work(sender)
        office.clock.advance(seconds=2)
    assert len(sender.sent) == 1
    told = {(await office.get(name)).state: name for name in (first, second)}
    assert set(told) == {"unknown", "queued"}
    assert await office.messages.settle(office.account, TEMPLATE.id, "m-8", "0")
    await office.messages.work(sender)
    assert (await office.get(told["unknown"])).state == "delivered"
    assert (await office.get(told["queued"])).state == "sent"


async def test_an_event_waits_for_a_sender_that_is_still_writing(office: Office) -> None:
    name = await office.queue()
    heard: list[bool] = []

    class Early(Sender):
        async def send(self, openid: str, template: str, page: str, fields: Mapping[str, str]) -> Outcome:
            heard.append(await office.messages.settle(office.account, TEMPLATE.id, "m-7", "0"))
            return Outcome("accepted", message="m-7")

    await office.messages.work(Early())
    assert heard == [False]
    assert await office.messages.settle(office.account, TEMPLATE.id, "m-7", "0")
    assert (await office.get(name)).state == "delivered"


async def test_an_unknown_fate_without_an_event_fails_after_a_while(office: Office) -> None:
    name, sender = await office.queue(), Sender(Outcome("unknown", "wechat_busy"))
    await office.messages.work(sender)
    office.clock.advance(seconds=GRACE.total_seconds())
    await office.messages.work(sender)
    message = await office.get(name)
    assert (message.state, message.reason) == ("failed", "outcome_unknown")
    assert len(sender.sent) == 1


async def test_an_event_about_nothing_of_ours_changes_nothing(office: Office) -> None:
    assert await office.messages.settle(office.account, TEMPLATE.id, "m-unheard-of", "0")


async def test_states_are_counted_and_old_messages_removed(office: Office) -> None:
    name = await office.queue(granted=False)
    await office.messages.work(Sender())
    assert await office.messages.count("failed") >= 1
    office.clock.advance(days=31)
    await office.messages.forget_old()
    assert await office.messages.find(name) is None
    assert LIFE.days == 1
