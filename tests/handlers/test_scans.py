import asyncio
import secrets
from datetime import timedelta
from typing import Any

import pytest

from models.card_codes import CardCode, card_key, code_at, day_key
from models.clock import local_day
from models.memberships import MembershipState
from models.scans import Scan
from server.service import Service
from tests.factories import Clock, Factory, Http, Reply, Someone


class Door:
    """Staff at a door, who scan."""

    def __init__(self, http: Http, make: Factory, staff: Someone) -> None:
        self._http = http
        self._make = make
        self.staff = staff

    async def scan(self, code: str, **fields: Any) -> Reply:
        return await self.send(self._make.scan(code, **fields))

    async def send(self, body: dict[str, Any]) -> Reply:
        return await self._http("POST", "/api/v1/scans", body, token=self.staff.token)


@pytest.fixture
async def door(http: Http, make: Factory) -> Door:
    return Door(http, make, await make.member(staff=True))


async def stored(service: Service, door: Door, scan_id: str) -> Scan | None:
    return await service.world.scans._store.find(f"{door.staff.person}:{scan_id}")


async def test_a_right_code_is_accepted_with_the_masked_name(door: Door, make: Factory) -> None:
    someone = await make.member(name="欧阳小明")
    reply = await door.scan(make.code(someone.card).text)
    assert reply.status == 201
    assert reply.json["outcome"] == "accepted"
    assert reply.json["reason"] is None
    assert reply.json["holder"] == {"name": "欧**明", "standing": "active"}
    assert reply.json["message"] == "有效"
    assert reply.json["nextStep"] == "请核对姓名后放行"


@pytest.mark.parametrize("seconds", [-30, 0, 30])
async def test_the_steps_beside_the_present_one_pass(
    door: Door, make: Factory, clock: Clock, seconds: int
) -> None:
    someone = await make.member()
    code = make.code(someone.card, at=clock.now() + timedelta(seconds=seconds))
    assert (await door.scan(code.text)).json["outcome"] == "accepted"


@pytest.mark.parametrize("seconds", [-600, -60, 60, 600])
async def test_a_right_code_of_another_moment_is_stale_and_says_by_how_much(
    door: Door, make: Factory, clock: Clock, seconds: int
) -> None:
    someone = await make.member()
    code = make.code(someone.card, at=clock.now() + timedelta(seconds=seconds))
    reply = (await door.scan(code.text)).json
    assert (reply["outcome"], reply["reason"], reply["skewSeconds"]) == ("refused", "code_stale", seconds)


async def test_a_code_older_than_ten_minutes_cannot_be_told_from_a_forgery(
    door: Door, make: Factory, clock: Clock
) -> None:
    someone = await make.member()
    code = make.code(someone.card, at=clock.now() - timedelta(minutes=11))
    assert (await door.scan(code.text)).json["reason"] == "bad_signature"


async def test_a_forged_code_is_refused_without_a_word_about_the_card(door: Door, make: Factory) -> None:
    someone = await make.member()
    right = make.code(someone.card)
    forged = CardCode(right.key_id, right.serial, right.step, secrets.token_bytes(10))
    reply = (await door.scan(forged.text)).json
    assert (reply["outcome"], reply["reason"], reply["holder"]) == ("refused", "bad_signature", None)


async def test_a_code_under_another_key_is_refused(door: Door, make: Factory, clock: Clock) -> None:
    someone = await make.member()
    assert someone.card
    key = card_key(secrets.token_bytes(32), someone.card.id, 1)
    for key_id in ("1", "Z"):
        code = code_at(day_key(key, local_day(clock.now())), key_id, someone.card.id, clock.now())
        assert (await door.scan(code.text)).json["reason"] == "bad_signature"


async def test_a_reissued_card_s_old_codes_are_refused(door: Door, make: Factory) -> None:
    someone = await make.member()
    code = make.code(someone.card, seed_version=2)
    assert (await door.scan(code.text)).json["reason"] == "bad_signature"


async def test_lower_case_and_spaces_around_do_not_matter(door: Door, make: Factory) -> None:
    someone = await make.member()
    reply = await door.scan(f" {make.code(someone.card).text.lower()}\n")
    assert reply.json["outcome"] == "accepted"


@pytest.mark.parametrize("text", ["6212345678901234567", "UC1", "wxp://f2f0AbC", "你好", "UC1" + "U" * 32])
async def test_a_code_that_is_not_ours_is_kept_as_length_and_hash_only(
    door: Door, make: Factory, service: Service, text: str
) -> None:
    body = make.scan(text)
    reply = await door.send(body)
    assert (reply.status, reply.json["reason"]) == (201, "unknown_code")
    scan = await stored(service, door, body["scanId"])
    assert scan is not None
    assert (scan.code_length, scan.serial, scan.person) == (len(text), None, None)
    assert text not in str(scan)


async def test_a_truncated_code_is_unknown(door: Door, make: Factory) -> None:
    someone = await make.member()
    assert (await door.scan(make.code(someone.card).text[:-1])).json["reason"] == "unknown_code"


async def test_a_serial_that_was_never_issued_is_unknown(door: Door, make: Factory) -> None:
    someone = await make.member()
    right = make.code(someone.card)
    reply = await door.scan(CardCode(right.key_id, "ZZZZZZZZZZ", right.step, right.link).text)
    assert reply.json["reason"] == "unknown_code"


async def test_freezing_acts_on_the_very_next_scan(door: Door, make: Factory, http: Http) -> None:
    someone = await make.member()
    code = make.code(someone.card).text
    await http("PUT", "/api/v1/card/state", {"state": "frozen"}, token=someone.token)
    reply = (await door.scan(code)).json
    assert (reply["outcome"], reply["reason"], reply["message"]) == ("refused", "blocked", "此卡已冻结")
    await http("PUT", "/api/v1/card/state", {"state": "active"}, token=someone.token)
    assert (await door.scan(code)).json["outcome"] == "accepted"


async def test_a_revoked_card_is_refused(door: Door, make: Factory, service: Service) -> None:
    someone = await make.member()
    await service.world.cards._store.change({"person": someone.person}, {"state": "revoked"})
    assert (await door.scan(make.code(someone.card).text)).json["reason"] == "revoked"


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("active", None),
        ("transferring", None),
        ("retained", None),
        ("applied", "pending_approval"),
        ("left", "member_expired"),
        ("expelled", "member_expired"),
        ("refused", "member_expired"),
    ],
)
async def test_the_standing_of_the_membership_decides(
    door: Door, make: Factory, state: MembershipState, reason: str | None
) -> None:
    someone = await make.member(state)
    reply = (await door.scan(make.code(someone.card).text)).json
    assert reply["reason"] == reason
    assert reply["holder"]["standing"] == state


async def test_both_times_are_stored_and_told(door: Door, make: Factory, service: Service) -> None:
    someone = await make.member()
    body = make.scan(
        make.code(someone.card).text, scannedAt="2026-07-15T11:59:58.250+08:00", station="4E8M0R2T"
    )
    reply = (await door.send(body)).json
    assert reply["scannedAt"] == "2026-07-15T11:59:58.250000+08:00"
    assert reply["receivedAt"] == "2026-07-15T12:00:05+08:00"
    scan = await stored(service, door, body["scanId"])
    assert scan is not None
    assert (scan.station, scan.outcome, scan.person) == ("4E8M0R2T", "accepted", someone.person)


async def test_the_same_scan_again_gets_the_first_answer_even_when_the_card_has_changed(
    door: Door, make: Factory, http: Http, clock: Clock
) -> None:
    someone = await make.member()
    body = make.scan(make.code(someone.card).text)
    first = await door.send(body)
    await http("PUT", "/api/v1/card/state", {"state": "frozen"}, token=someone.token)
    clock.advance(minutes=5)
    again = await door.send(body)
    assert (again.status, again.json) == (first.status, first.json)
    scans = (await http("GET", "/api/v1/card/scans", token=someone.token)).json["items"]
    assert len(scans) == 1


async def test_a_refused_scan_again_gets_the_first_answer_too(
    door: Door, make: Factory, clock: Clock
) -> None:
    someone = await make.member()
    body = make.scan(make.code(someone.card, at=clock.now() - timedelta(seconds=90)).text)
    first = await door.send(body)
    clock.advance(minutes=30)
    assert (await door.send(body)).json == first.json


async def test_a_scan_id_with_other_content_is_refused(door: Door, make: Factory) -> None:
    someone, other = await make.member(), await make.member()
    body = make.scan(make.code(someone.card).text)
    await door.send(body)
    reply = await door.send({**body, "code": make.code(other.card).text})
    assert (reply.status, reply.code) == (409, "scan_id_reused")


async def test_two_scanners_may_use_the_same_scan_id(door: Door, make: Factory, http: Http) -> None:
    someone = await make.member()
    second = Door(http, make, await make.member(staff=True))
    body = make.scan(make.code(someone.card).text)
    assert (await door.send(body)).json["outcome"] == "accepted"
    assert (await second.send(body)).json["outcome"] == "accepted"


async def test_one_scan_sent_thirty_times_at_once_is_stored_once_and_answered_alike(
    door: Door, make: Factory, http: Http
) -> None:
    someone = await make.member()
    body = make.scan(make.code(someone.card).text)
    replies = await asyncio.gather(*(door.send(body) for _ in range(30)))
    assert {reply.status for reply in replies} == {201}
    assert len({reply.body for reply in replies}) == 1
    assert len((await http("GET", "/api/v1/card/scans", token=someone.token)).json["items"]) == 1


async def test_a_member_may_not_scan(http: Http, make: Factory) -> None:
    someone = await make.member()
    reply = await http("POST", "/api/v1/scans", make.scan("x"), token=someone.token)
    assert (reply.status, reply.code) == (403, "staff_not_allowed")


async def test_the_fifth_bad_code_of_a_serial_raises_one_alarm(
    door: Door, make: Factory, caplog: pytest.LogCaptureFixture
) -> None:
    someone = await make.member()
    right = make.code(someone.card)
    for _ in range(6):
        await door.scan(CardCode(right.key_id, right.serial, right.step, secrets.token_bytes(10)).text)
    alarms = [record for record in caplog.records if record.message == "card_attack_suspected"]
    assert [vars(record)["serial"] for record in alarms] == [right.serial]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"scanId": "short"}, "body.scanId"),
        ({"purpose": "redeem"}, "body.purpose"),
        ({"code": ""}, "body.code"),
        ({"code": "x" * 513}, "body.code"),
        ({"scannedAt": "2026-07-15 12:00:00"}, "body.scannedAt"),
        ({"scannedAt": "2026-07-15T12:00:00"}, "body.scannedAt"),
        ({"station": "nowhere"}, "body.station"),
        ({"operator": "me"}, "body.operator"),
        ({"code": None}, "body.code"),
    ],
)
async def test_a_scan_that_is_not_well_formed_names_its_field(
    door: Door, make: Factory, change: dict[str, Any], field: str
) -> None:
    reply = await door.send({**make.scan("UC1"), **change})
    assert (reply.status, reply.code) == (400, "invalid_request")
    assert reply.json["details"]["field"] == field
