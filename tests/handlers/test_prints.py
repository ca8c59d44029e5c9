"""Printed cards and typed serials: for who has no phone."""

import asyncio
import io
import secrets
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from models.cards import Card
from models.masters import Masters
from models.print_codes import PrintCode, make_print_code, parse_print
from models.prints import Prints, PrintsNotOffered
from server.service import Service
from tests.factories import Clock, Factory, Http, Reply, Someone

PATH = "/api/v1/card/prints"


async def issue(http: Http, someone: Someone, key: str | None = None, body: object = None) -> Reply:
    headers = {"Idempotency-Key": key or secrets.token_hex(8)}
    return await http("POST", PATH, body or {}, token=someone.token, headers=headers)


async def code_of(http: Http, someone: Someone, number: int = 1) -> str:
    picture = await http("GET", f"{PATH}/{number}/qr.png?scale=4", token=someone.token)
    assert (picture.status, picture.headers["Content-Type"]) == (200, "image/png")
    read = zxingcpp.read_barcode(Image.open(io.BytesIO(picture.body)))
    assert read is not None
    return str(read.text)


class Door:
    """Staff who scan one card after another."""

    def __init__(self, http: Http, make: Factory, staff: Someone) -> None:
        self._http = http
        self._make = make
        self.staff = staff

    async def send(self, code: str, **fields: Any) -> Reply:
        return await self._http(
            "POST", "/api/v1/scans", self._make.scan(code, **fields), token=self.staff.token
        )

    async def scan(self, code: str) -> dict[str, Any]:
        verdict: dict[str, Any] = (await self.send(code)).json
        return verdict

    async def batch(self, *scans: dict[str, Any]) -> list[dict[str, Any]]:
        reply = await self._http("POST", "/api/v1/scans/batch", {"scans": scans}, token=self.staff.token)
        items: list[dict[str, Any]] = reply.json["items"]
        return items


@pytest.fixture
async def door(http: Http, make: Factory) -> Door:
    return Door(http, make, await make.member(staff=True))


async def test_prints_are_numbered_from_one_and_listed(http: Http, make: Factory) -> None:
    someone = await make.member()
    for number in (1, 2):
        reply = await issue(http, someone)
        assert (reply.status, reply.json["number"]) == (201, number)
    reply = await http("GET", PATH, token=someone.token)
    assert reply.json["items"] == [
        {"number": number, "state": "issued", "issuedAt": "2026-07-15T12:00:05+08:00", "revokedAt": None}
        for number in (1, 2)
    ]


async def test_a_printed_card_is_accepted_at_any_time_of_day_and_year(
    http: Http, make: Factory, door: Door, clock: Clock
) -> None:
    someone = await make.member(name="王小明")
    await issue(http, someone)
    code = await code_of(http, someone)
    assert len(code) == 32
    assert parse_print(code).serial == (someone.card and someone.card.id)
    for text in (code, code.lower(), f" {code}\n"):
        verdict = await door.scan(text)
        assert (verdict["outcome"], verdict["medium"], verdict["holder"]["name"]) == (
            "accepted",
            "printed",
            "王*明",
        )
    clock.advance(hours=11)
    assert (await door.scan(code))["outcome"] == "accepted"


async def test_one_revoked_print_is_refused_on_the_next_scan_and_the_others_are_not(
    http: Http, make: Factory, door: Door
) -> None:
    someone = await make.member()
    for _ in range(2):
        await issue(http, someone)
    codes = [await code_of(http, someone, number) for number in (1, 2)]
    for _ in range(2):
        reply = await http("DELETE", f"{PATH}/1", token=someone.token)
        assert (reply.status, reply.json["state"]) == (200, "revoked")
        assert reply.json["revokedAt"] == "2026-07-15T12:00:05+08:00"
    verdicts = [await door.scan(code) for code in codes]
    assert [(one["outcome"], one["reason"]) for one in verdicts] == [
        ("refused", "revoked"),
        ("accepted", None),
    ]
    assert (await door.scan(make.code(someone.card).text))["outcome"] == "accepted"
    picture = await http("GET", f"{PATH}/1/qr.png", token=someone.token)
    assert (picture.status, picture.code) == (409, "print_revoked")
    assert (await issue(http, someone)).json["number"] == 3


async def test_a_print_revoked_after_an_offline_scan_was_good_for_that_scan(
    http: Http, make: Factory, door: Door, clock: Clock
) -> None:
    someone = await make.member()
    await issue(http, someone)
    code = await code_of(http, someone)
    before = clock.now().isoformat()
    clock.advance(hours=1)
    await http("DELETE", f"{PATH}/1", token=someone.token)
    clock.advance(hours=1)
    items = await door.batch(
        make.scan(code, scannedAt=before), make.scan(code, scannedAt=clock.now().isoformat())
    )
    assert [item["scan"]["outcome"] for item in items] == ["accepted", "refused"]


async def test_freezing_the_card_ends_its_prints_until_it_is_unfrozen(
    http: Http, make: Factory, door: Door
) -> None:
    someone = await make.member()
    await issue(http, someone)
    code = await code_of(http, someone)
    await http("PUT", "/api/v1/card/state", {"state": "frozen"}, token=someone.token)
    for text in (code, someone.card.id if someone.card else ""):
        verdict = await door.scan(text)
        assert (verdict["outcome"], verdict["reason"]) == ("refused", "blocked")
    for reply in (await issue(http, someone), await http("GET", f"{PATH}/1/qr.png", token=someone.token)):
        assert (reply.status, reply.code) == (409, "card_frozen")
    await http("PUT", "/api/v1/card/state", {"state": "active"}, token=someone.token)
    assert (await door.scan(code))["outcome"] == "accepted"


async def test_the_standing_of_the_membership_decides_for_prints_and_serials_too(
    http: Http, make: Factory, door: Door
) -> None:
    someone = await make.member("left")
    await issue(http, someone)
    for text in (await code_of(http, someone), someone.card.id if someone.card else ""):
        assert (await door.scan(text))["reason"] == "member_expired"


async def test_a_forged_print_is_refused_without_a_word_about_the_card(
    http: Http, make: Factory, door: Door
) -> None:
    someone = await make.member()
    await issue(http, someone)
    right = parse_print(await code_of(http, someone))
    for forged in (
        PrintCode(right.key_id, right.serial, right.number, secrets.token_bytes(10)),
        PrintCode(right.key_id, right.serial, 2, right.mac),
        PrintCode("Z", right.serial, right.number, right.mac),
    ):
        verdict = await door.scan(forged.text)
        assert (verdict["outcome"], verdict["reason"], verdict["holder"]) == (
            "refused",
            "bad_signature",
            None,
        )
    (item,) = await door.batch(make.scan(forged.text, scannedAt="2026-07-15T12:00:00+08:00"))
    assert (item["scan"]["outcome"], item["scan"]["reason"]) == ("review", "bad_signature")


async def test_a_print_that_was_never_issued_does_not_count_though_it_was_made_with_our_key(
    make: Factory, door: Door, service: Service
) -> None:
    someone = await make.member()
    assert someone.card
    master = service.world.prints._masters.current
    code = make_print_code(master.key, master.id, someone.card.id, 7).text
    assert (await door.scan(code))["reason"] == "revoked"


async def test_the_same_request_again_gives_the_same_print(http: Http, make: Factory) -> None:
    someone, other = await make.member(), await make.member()
    first = await issue(http, someone, "key-1")
    assert (await issue(http, someone, "key-1")).json == first.json
    assert (await issue(http, someone, "key-2")).json["number"] == 2
    assert (await issue(http, other, "key-1")).json["number"] == 1
    assert len((await http("GET", PATH, token=someone.token)).json["items"]) == 2


async def test_one_request_twenty_times_at_once_is_one_print(http: Http, make: Factory) -> None:
    someone = await make.member()
    replies = await asyncio.gather(*(issue(http, someone, "key-1") for _ in range(20)))
    assert {reply.body for reply in replies} == {replies[0].body}
    assert len((await http("GET", PATH, token=someone.token)).json["items"]) == 1


async def test_ten_requests_at_once_are_ten_prints_of_ten_numbers(http: Http, make: Factory) -> None:
    someone = await make.member()
    replies = await asyncio.gather(*(issue(http, someone) for _ in range(10)))
    assert sorted(reply.json["number"] for reply in replies) == list(range(1, 11))


async def test_a_card_has_99_prints_in_its_life(http: Http, make: Factory, service: Service) -> None:
    someone = await make.member()
    await issue(http, someone)
    await service.world.cards._store.change(
        {"person": someone.person},
        {"prints.99": {"key_id": "1", "issued": service.services.now(), "request": "x"}},
    )
    reply = await issue(http, someone)
    assert (reply.status, reply.code) == (409, "prints_exhausted")


async def test_a_request_without_a_key_or_with_a_field_is_refused(http: Http, make: Factory) -> None:
    someone = await make.member()
    for headers in ({}, {"Idempotency-Key": ""}, {"Idempotency-Key": "x" * 129}):
        reply = await http("POST", PATH, {}, token=someone.token, headers=headers)
        assert (reply.status, reply.code) == (400, "idempotency_key_required")
    assert (await issue(http, someone, body={"count": 2})).status == 400


async def test_a_print_that_is_not_there_is_not_found(http: Http, make: Factory) -> None:
    someone = await make.member()
    for method, path in (("DELETE", f"{PATH}/5"), ("GET", f"{PATH}/5/qr.png")):
        reply = await http(method, path, token=someone.token)
        assert (reply.status, reply.code) == (404, "print_not_found")
    for number in ("0", "100", "x"):
        assert (await http("DELETE", f"{PATH}/{number}", token=someone.token)).code == "not_found"


async def test_a_site_without_a_key_for_prints_says_so(make: Factory, service: Service) -> None:
    someone = await make.member()
    prints = Prints(service.world.cards._store, service.world.cards, Masters(()), service.services.now)
    with pytest.raises(PrintsNotOffered):
        await prints.issue(someone.person, "key")


@pytest.mark.parametrize("between", ["", " ", "-"])
async def test_a_typed_serial_always_needs_attention(make: Factory, door: Door, between: str) -> None:
    someone = await make.member(name="王小明")
    serial = someone.card.id.lower() if someone.card else ""
    verdict = await door.scan(f" {serial[:5]}{between}{serial[5:]}")
    assert (verdict["outcome"], verdict["reason"], verdict["medium"]) == (
        "needs_attention",
        "typed_serial",
        "typed",
    )
    assert verdict["holder"]["name"] == "王*明"
    assert "身份证件" in verdict["nextStep"]


async def test_letters_that_look_like_digits_are_read_as_digits(
    door: Door, service: Service, clock: Clock
) -> None:
    serial = "10ABCDE10X"
    holder = service.world.cards._vault.seal("cards", serial, "holder", "李*红")
    await service.world.cards._store.put(
        Card(id=serial, person=secrets.token_hex(8), holder=holder, standing="active", issued=clock.now())
    )
    assert (await door.scan("IOabc delox"))["holder"]["name"] == "李*红"


async def test_a_typed_serial_that_is_nobody_s_is_kept_as_length_and_hash_only(
    make: Factory, door: Door, service: Service
) -> None:
    body = make.scan("6212345678")
    reply = (await door.send(**body)).json
    assert (reply["outcome"], reply["reason"], reply["medium"]) == ("refused", "unknown_code", "typed")
    scan = await service.world.scans._store.find(f"{door.staff.person}:{body['scanId']}")
    assert scan is not None
    assert "6212345678" not in str(scan)


async def test_a_scanner_types_twenty_serials_a_minute_and_a_repetition_costs_nobody_the_answer(
    make: Factory, door: Door, clock: Clock
) -> None:
    someone = await make.member()
    serial = someone.card.id if someone.card else ""
    first = await door.send(serial, scanId="typed-00000001")
    assert [(await door.scan(serial))["outcome"] for _ in range(19)] == ["needs_attention"] * 19
    reply = await door.send(serial)
    assert (reply.status, reply.code) == (429, "too_many_requests")
    assert reply.headers["Retry-After"] == "55"
    assert (await door.send(serial, scanId="typed-00000001")).json == first.json
    assert (await door.scan(make.code(someone.card).text))["outcome"] == "accepted"
    items = await door.batch(
        make.scan(serial), make.scan(make.code(someone.card).text), make.scan(serial, scanId="typed-00000001")
    )
    assert [item["status"] for item in items] == ["rejected", "stored", "stored"]
    assert items[0]["problem"]["code"] == "too_many_requests"
    assert items[0]["problem"]["details"] == {"retryAfter": 55}
    assert items[2]["scan"] == first.json
    clock.advance(seconds=55)
    assert (await door.scan(serial))["outcome"] == "needs_attention"
