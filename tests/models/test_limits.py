"""Limits: who is counted, how often, and what it costs."""

from datetime import UTC, datetime, timedelta

import pytest
from fakeredis import FakeAsyncRedis, FakeServer
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio.client import Pipeline

from models.addresses import Addresses, read_address, read_networks
from models.errors import TooMany
from models.limits import REMEMBERED, Limit, Limits, LocalLimits, PerAddress, PerPerson, SharedLimits


class CountingRedis(FakeAsyncRedis):
    """Counts the calls made together."""

    def __init__(self) -> None:
        super().__init__()
        self.pipelines = 0

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        self.pipelines += 1
        return super().pipeline(transaction, shard_hint)


PROXIES = read_networks("10.0.0.0/8, 2001:db8:ffff::/48")
LIMIT = PerPerson(3, seconds=60)


class Seconds:
    """A clock of seconds that a test sets."""

    def __init__(self) -> None:
        self.at = 1_000_000.0

    def __call__(self) -> float:
        return self.at

    def now(self) -> datetime:
        return datetime(2026, 7, 15, tzinfo=UTC) + timedelta(seconds=self.at - 1_000_000)


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.2.3.4", "203.0.113.9"),
        ("10.0.0.1", "10.9.9.9, 10.2.3.4", "10.9.9.9"),
        ("10.0.0.1", "203.0.113.9, nonsense", "10.0.0.1"),
        ("10.0.0.1", "nonsense, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "nonsense, 10.2.3.4", "10.2.3.4"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("10.0.0.1", "[2001:db8:1:2::3]:4711", "2001:db8:1:2::/64"),
        ("10.0.0.1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:ffff::1", "203.0.113.9", "203.0.113.9"),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", None, "203.0.113.9"),
        ("127.0.0.1", None, ""),
        ("::1", None, ""),
        ("0.0.0.0.0", None, ""),
        ("10.0.0.1", "127.0.0.1", ""),
    ],
)
def test_the_client_is_the_last_hop_that_is_no_trusted_proxy(
    peer: str, forwarded: str | None, client: str
) -> None:
    assert Addresses(PROXIES).of(peer, forwarded) == client


def test_without_trusted_proxies_nobody_s_word_counts() -> None:
    assert Addresses().of("10.0.0.1", "203.0.113.9") == "10.0.0.1"


def test_two_addresses_of_one_ipv6_network_are_one_client() -> None:
    addresses = Addresses()
    assert addresses.of("2001:db8::1", None) == addresses.of("2001:db8::ffff:1", None)
    assert addresses.of("2001:db8::1", None) != addresses.of("2001:db8:0:1::1", None)


@given(st.text(max_size=200), st.text(max_size=60))
def test_no_header_whatever_breaks_the_reading_of_an_address(forwarded: str, peer: str) -> None:
    addresses = Addresses(PROXIES)
    assert isinstance(addresses.of("10.0.0.1", forwarded), str)
    assert isinstance(addresses.of(peer, forwarded), str)


@given(st.lists(st.ip_addresses().map(str), max_size=6))
def test_what_a_caller_writes_before_its_own_address_changes_nothing(invented: list[str]) -> None:
    header = ", ".join([*invented, "203.0.113.9"])
    assert Addresses(PROXIES).of("10.0.0.1", header) == "203.0.113.9"


@pytest.mark.parametrize("text", ["10.0.0.0/33", "proxy", "10.0.0.1/8", "10.0.0.0/8;10.0.0.0/8"])
def test_a_network_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"network|host bits"):
        read_networks(text)


def test_an_address_may_have_a_zone() -> None:
    assert str(read_address("fe80::1%eth0")) == "fe80::1"


def test_so_many_calls_pass_at_once_and_then_one_in_each_interval() -> None:
    seconds = Seconds()
    local = LocalLimits(seconds)
    assert [local.take("a", LIMIT) for _ in range(4)] == [0, 0, 0, 20]
    seconds.at += 19
    assert local.take("a", LIMIT) == 1
    seconds.at += 1
    assert [local.take("a", LIMIT) for _ in range(2)] == [0, 20]
    seconds.at += 600
    assert [local.take("a", LIMIT) for _ in range(4)] == [0, 0, 0, 20]


def test_everybody_is_counted_apart() -> None:
    local = LocalLimits(Seconds())
    assert [local.take(name, LIMIT) for name in "abcabcabc"] == [0] * 9


@pytest.mark.parametrize("most", [1, 7, 60, 600, 1200, 9999])
def test_exactly_so_many_pass_at_once_however_the_numbers_round(most: int) -> None:
    local = LocalLimits(lambda: 1_784_088_005.123)
    limit = PerAddress(most)
    assert [local.take("a", limit) for _ in range(most)] == [0] * most
    assert local.take("a", limit) >= 1


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    seconds = Seconds()
    local = LocalLimits(seconds)
    for _ in range(3):
        local.take("a", LIMIT)
    seconds.at -= 86_400
    assert local.take("a", LIMIT) == 0


def test_memory_is_bounded_and_who_called_lately_is_still_known() -> None:
    local = LocalLimits(Seconds())
    for _ in range(3):
        local.take("greedy", LIMIT)
    for number in range(REMEMBERED):
        local.take(f"one of many {number}", LIMIT)
    assert local.take("greedy", LIMIT) > 0
    for number in range(5 * REMEMBERED):
        local.take(f"one of more {number}", LIMIT)
    assert len(local) <= 2 * REMEMBERED


async def test_shared_limits_hold_over_processes_until_the_window_ends() -> None:
    server, seconds = FakeServer(), Seconds()
    seconds.at += 10
    processes = [SharedLimits(FakeAsyncRedis(server=server), seconds.now) for _ in range(2)]
    taken = [await processes[turn % 2].take("logins:a", LIMIT) for turn in range(4)]
    assert [one.calls for one in taken] == [1, 1, 1, 0]
    assert taken[-1].retry_after == 50
    seconds.at += 50
    assert (await processes[0].take("logins:a", LIMIT)).calls == 1


async def test_of_many_calls_asked_for_the_first_are_granted() -> None:
    shared = SharedLimits(FakeAsyncRedis(), Seconds().now)
    assert [(await shared.take("a", LIMIT, calls)).calls for calls in (2, 5, 1)] == [2, 1, 0]


async def test_a_shared_counter_ends_by_itself() -> None:
    redis = FakeAsyncRedis()
    await SharedLimits(redis, Seconds().now).take("a", LIMIT)
    (key,) = await redis.keys("limit:a:*")
    assert 60 <= await redis.ttl(key) <= 65


async def test_several_shared_limits_are_one_call_of_redis() -> None:
    redis = CountingRedis()
    limits = Limits(LocalLimits(Seconds()), SharedLimits(redis, Seconds().now))
    both = (PerPerson(2, shared=True), PerAddress(5, shared=True))
    admitted = limits.admit("a", both, "person", lambda: "203.0.113.9")
    assert admitted is not None
    await admitted
    assert redis.pipelines == 1
    assert len(await redis.keys("limit:a:*")) == 2


async def test_who_is_refused_uses_up_nothing_of_an_address_that_others_share() -> None:
    shared = SharedLimits(FakeAsyncRedis(), Seconds().now)
    greedy = [("a:greedy", PerPerson(2, seconds=3600)), ("a:address", PerAddress(4))]
    waits = [await shared.take_each(greedy) for _ in range(5)]
    assert [wait > 0 for wait in waits] == [False, False, True, True, True]
    others = [("a:other", PerPerson(2, seconds=3600)), ("a:address", PerAddress(4))]
    assert [await shared.take_each(others) for _ in range(2)] == [0, 0]
    assert await shared.take_each(others[1:]) > 0


async def test_without_redis_each_process_counts_for_itself_and_it_is_told_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = FakeServer()
    processes = [SharedLimits(FakeAsyncRedis(server=server), Seconds().now) for _ in range(2)]
    server.connected = False
    for shared in processes:
        taken = [await shared.take("logins:203.0.113.9", LIMIT) for _ in range(5)]
        assert [one.calls for one in taken] == [1, 1, 1, 0, 0]
        assert taken[-1].retry_after == 20
        assert shared.lost == 5
    assert {record.message for record in caplog.records} == {"limit_not_shared"}
    assert {vars(record)["limit"] for record in caplog.records} == {"logins"}


async def test_without_redis_the_first_of_many_calls_are_granted_too() -> None:
    server = FakeServer()
    server.connected = False
    shared = SharedLimits(FakeAsyncRedis(server=server), Seconds().now)
    assert [(await shared.take("a", LIMIT, calls)).calls for calls in (2, 5, 1)] == [2, 1, 0]


async def test_a_person_and_an_address_are_counted_apart_and_who_is_unknown_not_at_all() -> None:
    limits = Limits(LocalLimits(Seconds()), SharedLimits(FakeAsyncRedis(), Seconds().now))
    both = (PerPerson(2), PerAddress(1))
    assert limits.admit("a", both, "", lambda: "") is None
    assert limits.admit("a", both, "person", lambda: "203.0.113.9") is None
    with pytest.raises(TooMany):
        limits.admit("a", both, "person", lambda: "203.0.113.9")
    assert limits.admit("b", both, "person", lambda: "203.0.113.9") is None


async def test_limits_that_are_off_count_nothing() -> None:
    limits = Limits(LocalLimits(Seconds()), SharedLimits(FakeAsyncRedis(), Seconds().now), is_on=False)
    assert [limits.admit("a", (PerPerson(1),), "person", str) for _ in range(9)] == [None] * 9


FLOOD = Limit(5, seconds=3600, shared=True)
VISITS = Limit(10, seconds=3600, shared=True, spared=3)


class Processes:
    """The limits of two processes over one Redis, and how many calls of one subject pass at one of them."""

    def __init__(self) -> None:
        self.seconds = Seconds()
        self.server = FakeServer()
        self.redis = FakeAsyncRedis(server=self.server)
        self.one, self.other = (
            Limits(
                LocalLimits(self.seconds),
                SharedLimits(FakeAsyncRedis(server=self.server), self.seconds.now),
            )
            for _ in range(2)
        )

    async def passing(self, limits: Limits, limit: Limit, calls: int = 20, subject: str = "x") -> int:
        passed = 0
        for _ in range(calls):
            try:
                await limits.count("reports:A", limit, lambda: subject)
            except TooMany:
                continue
            passed += 1
        return passed


async def test_processes_count_a_flood_together() -> None:
    both = Processes()
    assert await both.passing(both.one, FLOOD, 3) == 3
    assert await both.passing(both.other, FLOOD) == 2
    assert await both.passing(both.one, FLOOD) == 0
    assert await both.passing(both.other, FLOOD, subject="y") == 5


async def test_a_flood_in_one_process_asks_redis_no_more_than_is_allowed() -> None:
    both = Processes()
    assert await both.passing(both.one, FLOOD, 50) == 5
    (key,) = await both.redis.keys()
    assert await both.redis.get(key) == b"5"


async def test_the_first_of_a_process_ask_no_redis_and_are_all_that_more_processes_add() -> None:
    both = Processes()
    assert await both.passing(both.one, VISITS, VISITS.spared) == VISITS.spared
    assert await both.redis.keys() == []
    assert await both.passing(both.one, VISITS) == VISITS.most - VISITS.spared
    assert await both.passing(both.other, VISITS) == VISITS.spared


async def test_without_redis_a_flood_is_counted_by_each_process() -> None:
    both = Processes()
    both.server.connected = False
    assert await both.passing(both.one, FLOOD) == 5
    assert await both.passing(both.other, VISITS) == VISITS.most


async def test_a_shared_count_names_neither_device_nor_address() -> None:
    both = Processes()
    await both.passing(both.one, FLOOD, 1, "203.0.113.9")
    (key,) = await both.redis.keys()
    assert "limit:reports:" in str(key)
    assert "203.0.113.9" not in str(key)
    assert 3600 <= await both.redis.ttl(key) <= 3605


async def test_a_count_that_is_not_shared_asks_no_redis() -> None:
    both = Processes()
    assert await both.passing(both.one, Limit(5)) == 5
    assert await both.redis.keys() == []


async def test_limits_that_are_off_count_no_flood() -> None:
    both = Processes()
    off = Limits(LocalLimits(both.seconds), both.one.shared, is_on=False)
    assert await both.passing(off, FLOOD) == 20
