"""The ledger of consents: one consent is one message, however it is heard of and however often."""

import asyncio
import secrets
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.store import Database, Store
from models.subscriptions import (
    REMEMBERED,
    SUBSCRIPTIONS,
    Subscription,
    Subscriptions,
    Template,
    UnknownTemplate,
    exhausted,
    with_entry,
    without_entry,
)
from models.vault import Vault
from tests.factories import NOON, Clock

ONE, LASTING = Template("event_reminder", "T-one"), Template("duty", "T-lasting", is_standing=True)
VAULT = Vault({"1": b"k" * 32}, b"i" * 32)
EMPTY = Subscription(id="a:T", account="a", template="T", openid=b"", changed=NOON)


def make_subscriptions(database: Database, clock: Clock | None = None) -> Subscriptions:
    store = Store(database, SUBSCRIPTIONS, strict=True)
    return Subscriptions(store, (ONE, LASTING), VAULT, (clock or Clock()).now)


def make_openid() -> str:
    return f"o{secrets.token_hex(8)}"


async def credits_of(subscriptions: Subscriptions, openid: str) -> int:
    return (await subscriptions.list_granted(openid))[0].credits


async def test_a_report_and_the_event_of_one_tap_are_one_credit_in_either_order(database: Database) -> None:
    subscriptions = make_subscriptions(database)
    one, other = make_openid(), make_openid()
    await subscriptions.report(one, "report-1", {ONE.id: "accept"})
    await subscriptions.confirm(one, ONE.id, "push-1")
    await subscriptions.confirm(other, ONE.id, "push-1")
    await subscriptions.report(other, "report-1", {ONE.id: "accept"})
    assert [await credits_of(subscriptions, who) for who in (one, other)] == [1, 1]


async def test_the_same_report_or_push_again_changes_nothing(database: Database) -> None:
    subscriptions, openid = make_subscriptions(database), make_openid()
    for _ in range(3):
        await subscriptions.report(openid, "report-1", {ONE.id: "accept"})
        await subscriptions.confirm(openid, ONE.id, "push-1")
    assert await credits_of(subscriptions, openid) == 1
    await subscriptions.report(openid, "report-2", {ONE.id: "accept"})
    assert await credits_of(subscriptions, openid) == 2


@pytest.mark.parametrize("answer", ["reject", "ban", "filter"])
async def test_another_answer_than_accept_grants_nothing(database: Database, answer: str) -> None:
    subscriptions, openid = make_subscriptions(database), make_openid()
    await subscriptions.report(openid, "report-1", {ONE.id: answer})  # type: ignore[dict-item]  # parametrised
    assert await credits_of(subscriptions, openid) == 0


async def test_a_template_of_nobody_is_refused_and_nothing_of_the_report_counts(database: Database) -> None:
    subscriptions, openid = make_subscriptions(database), make_openid()
    with pytest.raises(UnknownTemplate):
        await subscriptions.report(openid, "report-1", {ONE.id: "accept", "T-none": "accept"})
    assert await credits_of(subscriptions, openid) == 0


async def test_of_many_messages_at_once_as_many_go_as_were_granted(database: Database) -> None:
    subscriptions, openid = make_subscriptions(database), make_openid()
    account = subscriptions.account_of(openid)
    for number in range(3):
        await subscriptions.report(openid, f"report-{number}", {ONE.id: "accept"})
    spent = await asyncio.gather(*(subscriptions.spend(account, ONE.id, f"m{n}") for n in range(6)))
    assert sorted(spent, key=str) == [None] * 3 + [openid] * 3
    assert await credits_of(subscriptions, openid) == 0


async def test_a_message_spends_one_credit_however_often_it_is_tried(database: Database) -> None:
    subscriptions, openid = make_subscriptions(database), make_openid()
    account = subscriptions.account_of(openid)
    await subscriptions.report(openid, "report-1", {ONE.id: "accept"})
    assert [await subscriptions.spend(account, ONE.id, "m1") for _ in range(3)] == [openid] * 3
    assert await subscriptions.spend(account, ONE.id, "m2") is None
    for _ in range(2):
        await subscriptions.restore(account, ONE.id, "m1")
    assert await credits_of(subscriptions, openid) == 1
    assert await subscriptions.spend(account, ONE.id, "m2") == openid


async def test_a_lasting_consent_is_not_used_up_until_it_is_withdrawn(database: Database) -> None:
    subscriptions, openid = make_subscriptions(database), make_openid()
    account = subscriptions.account_of(openid)
    assert await subscriptions.spend(account, LASTING.id, "m0") is None
    await subscriptions.confirm(openid, LASTING.id, "push-1")
    assert [await subscriptions.spend(account, LASTING.id, f"m{n}") for n in range(1, 4)] == [openid] * 3
    await subscriptions.withdraw(openid, LASTING.id)
    assert await subscriptions.spend(account, LASTING.id, "m4") is None


async def test_an_account_that_is_forgotten_leaves_nothing(database: Database) -> None:
    subscriptions, openid, other = make_subscriptions(database), make_openid(), make_openid()
    for who in (openid, other):
        await subscriptions.report(who, "report-1", {ONE.id: "accept", LASTING.id: "accept"})
    await subscriptions.forget(openid)
    assert await Store(database, SUBSCRIPTIONS).list_({"account": subscriptions.account_of(openid)}) == []
    assert await credits_of(subscriptions, other) == 1


async def test_openids_lie_sealed(database: Database) -> None:
    subscriptions, openid = make_subscriptions(database), make_openid()
    await subscriptions.report(openid, "report-1", {ONE.id: "accept"})
    text = str(await database[SUBSCRIPTIONS.name].find().to_list())
    assert openid not in text
    assert subscriptions.account_of(openid) in text


async def test_old_entries_are_dropped_and_their_credits_stay(database: Database) -> None:
    clock = Clock()
    subscriptions, openid = make_subscriptions(database, clock), make_openid()
    await subscriptions.report(openid, "report-1", {ONE.id: "accept"})
    clock.advance(seconds=REMEMBERED.total_seconds())
    await subscriptions.report(openid, "report-2", {ONE.id: "accept"})
    kept = await Store(database, SUBSCRIPTIONS).list_({"account": subscriptions.account_of(openid)})
    assert kept[0].log.keys() == {"report:report-2"}
    assert kept[0].credits == 2


@given(st.lists(st.sampled_from(["tap", "lost report", "lost event", "send", "refused"]), max_size=30))
def test_never_more_is_sent_than_was_granted(steps: list[str]) -> None:
    """Whatever is lost on the way, credits never exceed taps minus messages that used one at WeChat."""
    ledger, left = EMPTY, 0
    for number, step in enumerate(steps):
        at = NOON + timedelta(minutes=number)
        if step in ("tap", "lost event"):
            ledger = with_entry(ledger, f"report:{number}", "reported", at)
        if step in ("tap", "lost report"):
            ledger = with_entry(ledger, f"push:{number}", "confirmed", at)
        left += step not in ("send", "refused")
        if step in ("send", "refused") and ledger.credits:
            ledger = with_entry(ledger, f"message:{number}", "used", at)
            if step == "refused":
                ledger = without_entry(ledger, f"message:{number}")
            else:
                left -= 1
        assert 0 <= ledger.credits <= left


def test_an_exhausted_ledger_counts_from_there() -> None:
    ledger = with_entry(EMPTY, "report:1", "reported", NOON)
    ledger = exhausted(ledger)
    assert ledger.credits == 0
    assert with_entry(ledger, "report:2", "reported", NOON).credits == 1
