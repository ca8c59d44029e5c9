"""Scans in number: what a scanner kept without a network, in any order, some of it broken."""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.card_codes import CardCode
from models.cards import Card
from models.clock import LOCAL
from models.scans import Scan
from server.service import Service
from tests.factories import Clock, Factory, Http, Reply, Someone

PATH = "/api/v1/scans/batch"


class Door:
    """Staff at a door without a network: scans are kept, and sent later."""

    def __init__(self, http: Http, make: Factory, clock: Clock, staff: Someone) -> None:
        self._http = http
        self._make = make
        self._clock = clock
        self.staff = staff

    def kept(
        self, card: Card | None, *, minutes_ago: float = 60, device: float = 0, **fields: Any
    ) -> dict[str, Any]:
        """A scan of the code shown then; `device` is by how many seconds the device's clock was ahead."""
        at = self._clock.now() - timedelta(minutes=minutes_ago)
        code = self._make.code(card, at=at).text
        told = (at + timedelta(seconds=device)).astimezone(LOCAL).isoformat()
        return self._make.scan(code, **{"scannedAt": told, **fields})

    async def send(self, scans: Sequence[object], **fields: Any) -> Reply:
        return await self._http("POST", PATH, {"scans": scans, **fields}, token=self.staff.token)

    async def items(self, scans: Sequence[object], **fields: Any) -> list[dict[str, Any]]:
        reply = await self.send(scans, **fields)
        assert reply.status == 200, reply.body
        items: list[dict[str, Any]] = reply.json["items"]
        return items


@pytest.fixture
async def door(http: Http, make: Factory, clock: Clock) -> Door:
    return Door(http, make, clock, await make.member(staff=True))


async def stored(service: Service, door: Door, scans: Sequence[dict[str, Any]]) -> list[Scan]:
    keys = [f"{door.staff.person}:{scan['scanId']}" for scan in scans]
    return await service.world.scans._store.list_({"_id": {"$in": keys}})


def verdict(item: dict[str, Any]) -> tuple[str, str | None]:
    return item["scan"]["outcome"], item["scan"]["reason"]


async def test_each_scan_gets_its_result_in_the_order_sent(door: Door, make: Factory) -> None:
    people = [await make.member(name=name) for name in ("王小明", "李小红", "赵小刚")]
    scans = [door.kept(one.card, minutes_ago=ago) for one, ago in zip(people, (5, 90, 30), strict=True)]
    items = await door.items(scans)
    assert [item["scanId"] for item in items] == [scan["scanId"] for scan in scans]
    assert [item["scan"]["holder"]["name"] for item in items] == ["王*明", "李*红", "赵*刚"]
    assert {item["status"] for item in items} == {"stored"}
    assert {verdict(item) for item in items} == {("accepted", None)}
    assert all("problem" not in item for item in items)


async def test_a_scan_of_hours_ago_is_accepted_and_the_holder_sees_when_it_was(
    door: Door, make: Factory, http: Http
) -> None:
    someone = await make.member()
    (item,) = await door.items([door.kept(someone.card, minutes_ago=600)])
    assert verdict(item) == ("accepted", None)
    (seen,) = (await http("GET", "/api/v1/card/scans", token=someone.token)).json["items"]
    assert (seen["at"], seen["scannedAt"]) == ("2026-07-15T12:00:05+08:00", "2026-07-15T02:00:05+08:00")


BROKEN: list[tuple[Any, str, str | None]] = [
    (
        {"scanId": "broken-0001", "code": "X", "purpose": "identify", "operator": "me"},
        "operator",
        "broken-0001",
    ),
    ({"scanId": "broken-0002", "code": 5, "purpose": "identify"}, "code", "broken-0002"),
    ({"scanId": "broken-0003", "code": "X", "purpose": "redeem"}, "purpose", "broken-0003"),
    (
        {"scanId": "broken-0004", "code": "X", "purpose": "identify", "scannedAt": "x"},
        "scannedAt",
        "broken-0004",
    ),
    (
        {"scanId": "broken-05", "code": "X", "purpose": "identify", "scannedAt": "0001-01-01T00:00:00+08:00"},
        "scannedAt",
        "broken-05",
    ),
    ({"code": "X", "purpose": "identify"}, "scanId", None),
    ({"scanId": 7, "code": "X", "purpose": "identify"}, "scanId", None),
    ({"scanId": "s", "code": "X", "purpose": "identify"}, "scanId", "s"),
    (None, "", None),
    ([], "", None),
    ("UC1", "", None),
]


@pytest.mark.parametrize(("broken", "field", "name"), BROKEN)
async def test_a_broken_scan_is_rejected_by_itself_and_names_its_field(
    door: Door, make: Factory, broken: object, field: str, name: str | None
) -> None:
    someone = await make.member()
    good = [door.kept(someone.card) for _ in range(2)]
    items = await door.items([good[0], broken, good[1]])
    assert [item["status"] for item in items] == ["stored", "rejected", "stored"]
    problem = items[1]["problem"]
    assert (items[1]["scanId"], problem["code"]) == (name, "invalid_request")
    assert problem["details"]["field"] == "body.scans[1]" + (f".{field}" if field else "")
    assert "scan" not in items[1]


async def test_a_broken_one_among_499_harms_none(door: Door, make: Factory, service: Service) -> None:
    people = [await make.member() for _ in range(5)]
    scans = [door.kept(people[place % 5].card, minutes_ago=5 + place) for place in range(499)]
    items = await door.items([*scans[:250], {"scanId": "broken-0000"}, *scans[250:]])
    assert [item["status"] for item in items].count("stored") == 499
    assert items[250]["status"] == "rejected"
    assert len(await stored(service, door, scans)) == 499
    again = await door.items([*scans[:250], {"scanId": "broken-0000"}, *scans[250:]])
    assert again == items


@pytest.mark.parametrize(
    ("scans", "field"),
    [([], "body.scans"), ([{}] * 501, "body.scans"), ({}, "body.scans"), (None, "body.scans")],
)
async def test_a_batch_is_one_to_500_scans(door: Door, scans: Any, field: str) -> None:
    reply = await door.send(scans)
    assert (reply.status, reply.code, reply.json["details"]["field"]) == (400, "invalid_request", field)


@pytest.mark.parametrize("offset", [1e10, -1e10, "5", None])
async def test_a_clock_offset_is_a_number_of_seconds(door: Door, make: Factory, offset: Any) -> None:
    reply = await door.send([make.scan("UC1")], clockOffsetSeconds=offset)
    assert (reply.status, reply.json["details"]["field"]) == (400, "body.clockOffsetSeconds")


async def test_text_that_is_not_utf_8_breaks_its_own_scan_alone_or_the_body(
    door: Door, http: Http, make: Factory
) -> None:
    for text in (b'"\xff\xfe"', b'"\\ud800"'):
        raw = b'{"scans":[{"scanId":"raw-00001","code":' + text + b',"purpose":"identify"}]}'
        reply = await http("POST", PATH, raw=raw, token=door.staff.token)
        assert reply.status in (200, 400)
        if reply.status == 200:
            assert reply.json["items"][0]["status"] == "rejected"


async def test_the_same_scan_twice_in_a_batch_is_one_scan(
    door: Door, make: Factory, service: Service
) -> None:
    someone = await make.member()
    scan = door.kept(someone.card)
    items = await door.items([scan, scan])
    assert items[0] == items[1]
    assert len(await stored(service, door, [scan])) == 1


async def test_an_id_used_for_two_scans_of_a_batch_stays_with_the_first(door: Door, make: Factory) -> None:
    someone, other = await make.member(), await make.member()
    scan = door.kept(someone.card)
    items = await door.items([scan, door.kept(other.card, scanId=scan["scanId"])])
    assert verdict(items[0]) == ("accepted", None)
    assert (items[1]["status"], items[1]["problem"]["code"]) == ("rejected", "scan_id_reused")
    (again,) = await door.items([door.kept(other.card, scanId=scan["scanId"])])
    assert again["problem"]["code"] == "scan_id_reused"


async def test_a_batch_sent_again_after_the_card_was_frozen_gets_the_same_results(
    door: Door, make: Factory, http: Http, clock: Clock
) -> None:
    someone = await make.member()
    scans = [door.kept(someone.card, minutes_ago=ago) for ago in (3, 2, 1)]
    first = await door.items(scans)
    await http("PUT", "/api/v1/card/state", {"state": "frozen"}, token=someone.token)
    clock.advance(minutes=30)
    assert await door.items(scans) == first
    fresh = await make.member()
    assert (await door.items([*scans, door.kept(fresh.card)]))[:3] == first


async def test_the_right_of_a_late_scan_is_that_of_the_day_of_use_and_follows_its_correction(
    make: Factory, http: Http, clock: Clock, service: Service
) -> None:
    someone = await make.member()  # From the 15th.
    clock.advance(days=4)
    door = Door(http, make, clock, await make.member(staff=True))
    _, officer = await make.console("officer")

    async def verdicts() -> dict[str, tuple[str, str | None]]:
        """What becomes of scans of noon of each day, all uploaded now."""
        await service.world.membership_book.effects.work()
        scans = [door.kept(someone.card, minutes_ago=1 + days * 24 * 60) for days in range(5)]
        items = await door.items(scans)
        return {scan["scannedAt"][8:10]: verdict(item) for scan, item in zip(scans, items, strict=True)}

    async def correct(**body: Any) -> None:
        path = f"/api/v1/staff/memberships/{someone.person}/corrections"
        headers = {**officer, "Idempotency-Key": secrets.token_hex(8)}
        assert (await http("POST", path, {"number": 2, **body}, headers=headers)).status == 201

    yes, no = ("accepted", None), ("refused", "member_expired")
    assert set((await verdicts()).values()) == {yes}
    left = await http("DELETE", "/api/v1/memberships/current", token=someone.token)
    assert (left.status, left.json["since"]) == (200, "2026-07-19")
    assert await verdicts() == {"15": yes, "16": yes, "17": yes, "18": yes, "19": no}
    await correct(validOn="2026-07-17")
    assert await verdicts() == {"15": yes, "16": yes, "17": no, "18": no, "19": no}
    await correct(validOn="2026-07-18")
    assert await verdicts() == {"15": yes, "16": yes, "17": yes, "18": no, "19": no}
    await correct(cancels=True)
    assert set((await verdicts()).values()) == {yes}


async def test_a_scan_that_timed_out_online_is_the_same_scan_in_a_batch(
    door: Door, make: Factory, http: Http, clock: Clock
) -> None:
    someone = await make.member()
    scan = door.kept(someone.card, minutes_ago=0)
    online = (await http("POST", "/api/v1/scans", scan, token=door.staff.token)).json
    clock.advance(hours=2)
    (item,) = await door.items([scan], clockOffsetSeconds=-3)
    assert item["scan"] == online


async def test_a_frozen_card_s_scan_from_before_the_freeze_stands_and_one_from_after_is_blocked(
    door: Door, make: Factory, http: Http, clock: Clock
) -> None:
    someone = await make.member()
    before = door.kept(someone.card, minutes_ago=1)
    await http("PUT", "/api/v1/card/state", {"state": "frozen"}, token=someone.token)
    clock.advance(hours=3)
    after = door.kept(someone.card, minutes_ago=30)
    items = await door.items([after, before])
    assert [verdict(item) for item in items] == [("refused", "blocked"), ("accepted", None)]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (60, ("accepted", None)),
        (-60, ("accepted", None)),
        (90, ("refused", "code_stale")),
        (-90, ("refused", "code_stale")),
        (600, ("refused", "code_stale")),
        (3600, ("review", "clock_doubtful")),
    ],
)
async def test_two_steps_pass_either_way_of_the_scanner_s_clock(
    door: Door, make: Factory, seconds: float, expected: tuple[str, str | None]
) -> None:
    someone = await make.member()
    (item,) = await door.items([door.kept(someone.card, device=seconds)])
    assert verdict(item) == expected
    (item,) = await door.items([door.kept(someone.card, device=seconds)], clockOffsetSeconds=-seconds)
    assert verdict(item) == ("accepted", None)


@pytest.mark.parametrize(
    ("minutes_ago", "expected"),
    [
        (7 * 24 * 60, ("accepted", None)),
        (7 * 24 * 60 + 1, ("review", "clock_doubtful")),
        (-1, ("accepted", None)),
        (-2, ("review", "clock_doubtful")),
        (-60 * 24 * 3, ("review", "clock_doubtful")),
    ],
)
async def test_a_time_of_the_future_or_of_last_week_is_for_review_and_never_refused(
    door: Door, make: Factory, minutes_ago: float, expected: tuple[str, str | None]
) -> None:
    someone = await make.member(name="王小明")
    (item,) = await door.items([door.kept(someone.card, minutes_ago=minutes_ago)])
    assert verdict(item) == expected
    assert item["scan"]["holder"]["name"] == "王*明"


async def test_a_device_that_woke_up_in_1970_can_still_upload(door: Door, make: Factory) -> None:
    someone = await make.member()
    scan = door.kept(someone.card, scannedAt="1970-01-01T08:00:00+08:00")
    (item,) = await door.items([scan])
    assert verdict(item) == ("review", "clock_doubtful")


async def test_a_wrong_link_of_a_known_serial_is_for_review_without_a_name_and_the_holder_sees_it(
    door: Door, make: Factory, http: Http
) -> None:
    someone = await make.member()
    right = make.code(someone.card)
    forged = CardCode(right.key_id, right.serial, right.step, secrets.token_bytes(10)).text
    body = make.scan(forged, scannedAt="2026-07-15T12:00:00+08:00")
    for _ in range(2):
        (item,) = await door.items([body])
        assert verdict(item) == ("review", "bad_signature")
        assert item["scan"]["holder"] is None
    (seen,) = (await http("GET", "/api/v1/card/scans", token=someone.token)).json["items"]
    assert (seen["outcome"], seen["reason"]) == ("review", "bad_signature")


async def test_a_scan_without_a_time_is_judged_as_it_arrives(door: Door, make: Factory, clock: Clock) -> None:
    someone = await make.member()
    now = make.scan(make.code(someone.card).text)
    old = make.scan(make.code(someone.card, at=clock.now() - timedelta(minutes=1)).text)
    items = await door.items([now, old])
    assert [verdict(item) for item in items] == [("accepted", None), ("refused", "code_stale")]


async def test_the_fifth_bad_code_of_a_serial_in_a_batch_raises_one_alarm(
    door: Door, make: Factory, caplog: pytest.LogCaptureFixture
) -> None:
    someone = await make.member()
    right = make.code(someone.card)
    scans = [
        make.scan(CardCode(right.key_id, right.serial, right.step, secrets.token_bytes(10)).text)
        for _ in range(7)
    ]
    await door.items(scans[:3])
    await door.items(scans)
    alarms = [record for record in caplog.records if record.message == "card_attack_suspected"]
    assert [vars(record)["serial"] for record in alarms] == [right.serial]


async def test_the_same_batch_ten_times_at_once_is_stored_once_and_answered_alike(
    door: Door, make: Factory, service: Service
) -> None:
    people = [await make.member() for _ in range(3)]
    scans = [door.kept(people[place % 3].card, minutes_ago=place) for place in range(60)]
    scans += [make.scan("wxp://f2f0AbC"), make.scan("6212345678901234567")]
    replies = await asyncio.gather(*(door.items(scans) for _ in range(10)))
    assert all(items == replies[0] for items in replies)
    assert {item["status"] for item in replies[0]} == {"stored"}
    assert len(await stored(service, door, scans)) == len(scans)


async def test_overlapping_batches_at_once_store_each_scan_once(
    door: Door, make: Factory, service: Service
) -> None:
    someone = await make.member()
    scans = [door.kept(someone.card, minutes_ago=place) for place in range(40)]
    parts = [scans[start : start + 20] for start in (0, 5, 10, 15, 20)]
    replies = await asyncio.gather(*(door.items(part) for part in parts))
    answers: dict[str, Any] = {}
    for item in (item for items in replies for item in items):
        assert answers.setdefault(item["scanId"], item) == item
    assert len(await stored(service, door, scans)) == 40


async def test_a_member_may_not_send_a_batch(http: Http, make: Factory) -> None:
    someone = await make.member()
    reply = await http("POST", PATH, {"scans": [make.scan("x")]}, token=someone.token)
    assert (reply.status, reply.code) == (403, "staff_not_allowed")


def essence(scan: Scan) -> tuple[Any, ...]:
    """Everything of a scan but who sent it and when it arrived."""
    return (
        scan.id.partition(":")[2], scan.outcome, scan.reason, scan.medium, scan.serial, scan.person,
        scan.standing, scan.skew_seconds, scan.scanned_at, scan.judged_at, scan.content_hash,
    )  # fmt: skip


@given(choice=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
async def test_any_order_and_any_partition_leave_the_same_scans(
    http: Http, make: Factory, clock: Clock, service: Service, choice: st.DataObject
) -> None:
    someone, frozen = await make.member(), await make.member("left")
    first = Door(http, make, clock, await make.member(staff=True))
    right = make.code(someone.card)
    scans = [
        *(
            first.kept(someone.card, minutes_ago=ago, device=device)
            for ago in (1, 50)
            for device in (0, 75, 4000)
        ),
        first.kept(frozen.card),
        make.scan(
            CardCode(right.key_id, right.serial, right.step, bytes(10)).text, scannedAt="2026-07-15T12:00:00Z"
        ),
        make.scan("6212345678901234567"),
        make.scan(right.text),
    ]
    await first.items(scans)
    second = Door(http, make, clock, await make.member(staff=True))
    order = choice.draw(st.permutations(scans))
    while order:
        size = choice.draw(st.integers(1, len(order)))
        await second.items(order[:size])
        order = order[size:]
    left, right_ = await stored(service, first, scans), await stored(service, second, scans)
    assert sorted(map(essence, left), key=str) == sorted(map(essence, right_), key=str)
    assert len(left) == len(scans)
