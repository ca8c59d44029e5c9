"""Scans taken back: by their own scanner, within ten minutes, with a reason, and once."""

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from models.scans import Scan
from server.service import Service
from tests.factories import Clock, Factory, Http, Reply, Someone

REASON = "扫错人"


async def undo(http: Http, staff: Someone, scan_id: str, reason: str = REASON) -> Reply:
    return await http("DELETE", f"/api/v1/scans/{scan_id}?reason={quote(reason)}", token=staff.token)


async def scanned(http: Http, make: Factory, staff: Someone, someone: Someone) -> dict[str, Any]:
    body = make.scan(make.code(someone.card).text)
    assert (await http("POST", "/api/v1/scans", body, token=staff.token)).status == 201
    return body


@pytest.fixture
async def staff(make: Factory) -> Someone:
    return await make.member(staff=True, name="扫码人姓名")


async def stored(service: Service, staff: Someone, scan_id: str) -> Scan:
    scan = await service.world.scans._store.find(f"{staff.person}:{scan_id}")
    assert scan is not None
    return scan


async def test_a_scan_is_taken_back_and_keeps_who_when_and_why(
    http: Http, make: Factory, staff: Someone, service: Service, clock: Clock
) -> None:
    someone = await make.member(name="王小明")
    body = await scanned(http, make, staff, someone)
    clock.advance(minutes=9, seconds=59)
    reply = await undo(http, staff, body["scanId"])
    assert reply.status == 200
    assert (reply.json["outcome"], reply.json["holder"]["name"]) == ("accepted", "王*明")
    assert reply.json["undone"] == {"at": "2026-07-15T12:10:04+08:00", "reason": REASON}
    undone = (await stored(service, staff, body["scanId"])).undone
    assert undone
    assert (undone.by, undone.at, undone.reason) == (staff.person, clock.now(), REASON)


async def test_the_holder_sees_that_it_was_taken_back_but_not_by_whom(
    http: Http, make: Factory, staff: Someone
) -> None:
    someone = await make.member()
    body = await scanned(http, make, staff, someone)
    await undo(http, staff, body["scanId"])
    reply = await http("GET", "/api/v1/card/scans", token=someone.token)
    (seen,) = reply.json["items"]
    assert seen["undone"] == {"at": "2026-07-15T12:00:05+08:00", "reason": REASON}
    assert staff.person not in reply.body.decode()


async def test_taken_back_again_it_gives_the_same_answer_however_late(
    http: Http, make: Factory, staff: Someone, clock: Clock
) -> None:
    body = await scanned(http, make, staff, await make.member())
    first = await undo(http, staff, body["scanId"])
    clock.advance(hours=1)
    again = await undo(http, staff, body["scanId"], "另一个原因")
    assert (again.status, again.json) == (first.status, first.json)


async def test_twenty_at_once_are_one_undoing(http: Http, make: Factory, staff: Someone) -> None:
    body = await scanned(http, make, staff, await make.member())
    replies = await asyncio.gather(
        *(undo(http, staff, body["scanId"], f"原因{number}") for number in range(20))
    )
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1


async def test_after_ten_minutes_it_is_too_late(
    http: Http, make: Factory, staff: Someone, service: Service, clock: Clock
) -> None:
    body = await scanned(http, make, staff, await make.member())
    clock.advance(minutes=10)
    reply = await undo(http, staff, body["scanId"])
    assert (reply.status, reply.code) == (409, "undo_too_late")
    assert reply.json["details"] == {"until": "2026-07-15T12:10:05+08:00"}
    assert (await stored(service, staff, body["scanId"])).undone is None


async def test_another_s_scan_does_not_exist(http: Http, make: Factory, staff: Someone) -> None:
    other = await make.member(staff=True)
    body = await scanned(http, make, staff, await make.member())
    for scan_id in (body["scanId"], "never-sent-00"):
        reply = await undo(http, other, scan_id)
        assert (reply.status, reply.code) == (404, "scan_not_found")


async def test_the_scan_sent_again_gets_its_first_answer_and_stays_undone(
    http: Http, make: Factory, staff: Someone, service: Service
) -> None:
    someone = await make.member()
    body = make.scan(make.code(someone.card).text)
    first = await http("POST", "/api/v1/scans", body, token=staff.token)
    await undo(http, staff, body["scanId"])
    assert (await http("POST", "/api/v1/scans", body, token=staff.token)).json == first.json
    assert (await stored(service, staff, body["scanId"])).undone is not None


async def test_a_scan_of_a_batch_is_taken_back_within_ten_minutes_of_its_arrival(
    http: Http, make: Factory, staff: Someone, clock: Clock
) -> None:
    someone = await make.member()
    body = make.scan(make.code(someone.card).text, scannedAt=clock.now().isoformat())
    clock.advance(hours=5)
    await http("POST", "/api/v1/scans/batch", {"scans": [body]}, token=staff.token)
    clock.advance(minutes=9)
    assert (await undo(http, staff, body["scanId"])).status == 200


@pytest.mark.parametrize("query", ["", "?reason=", "?reason=" + "x" * 61, "?reason=a&other=b"])
async def test_a_reason_is_asked_for(http: Http, make: Factory, staff: Someone, query: str) -> None:
    body = await scanned(http, make, staff, await make.member())
    reply = await http("DELETE", f"/api/v1/scans/{body['scanId']}{query}", token=staff.token)
    assert (reply.status, reply.code) == (400, "invalid_request")


async def test_a_member_may_not_take_a_scan_back(http: Http, make: Factory, staff: Someone) -> None:
    someone = await make.member()
    body = await scanned(http, make, staff, someone)
    reply = await undo(http, someone, body["scanId"])
    assert (reply.status, reply.code) == (403, "staff_not_allowed")
