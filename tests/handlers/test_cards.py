import asyncio
import base64
import io
from datetime import timedelta

import zxingcpp
from PIL import Image

from models.card_codes import card_key, check, code_at, parse
from server.service import Service
from tests.factories import Clock, Factory, Http


async def test_the_card_brings_the_keys_of_seven_days_and_they_make_right_codes(
    http: Http, make: Factory, clock: Clock, service: Service
) -> None:
    someone = await make.member()
    reply = await http("GET", "/api/v1/card", token=someone.token)
    assert reply.status == 200
    card = reply.json
    assert [one["day"] for one in card["dayKeys"]] == [f"2026-07-{day}" for day in range(15, 22)]
    assert (card["state"], card["seedVersion"], card["serverTime"]) == (
        "active",
        1,
        "2026-07-15T12:00:05+08:00",
    )
    master = service.world.cards._masters.current
    secret = card_key(master.key, card["serial"], 1)
    for ahead, one in enumerate(card["dayKeys"]):
        moment = clock.now() + timedelta(days=ahead)
        key = base64.urlsafe_b64decode(one["key"] + "=")
        code = code_at(key, card["keyId"], card["serial"], moment)
        assert check(parse(code.text), secret, moment).verdict == "valid"


async def test_a_card_is_issued_once_per_person(make: Factory, service: Service) -> None:
    someone = await make.member()
    cards = await asyncio.gather(
        *(service.world.cards.issue(someone.person, "x", "active") for _ in range(20))
    )
    assert {card.id for card in cards} == {someone.card.id if someone.card else ""}


async def test_a_frozen_card_gives_no_keys_and_freezing_twice_changes_nothing(
    http: Http, make: Factory
) -> None:
    someone = await make.member()
    for _ in range(2):
        reply = await http("PUT", "/api/v1/card/state", {"state": "frozen"}, token=someone.token)
        assert (reply.status, reply.json["state"]) == (200, "frozen")
    card = (await http("GET", "/api/v1/card", token=someone.token)).json
    assert (card["state"], card["dayKeys"]) == ("frozen", [])
    picture = await http("GET", "/api/v1/card/qr.png", token=someone.token)
    assert (picture.status, picture.code) == (409, "card_frozen")
    reply = await http("PUT", "/api/v1/card/state", {"state": "active"}, token=someone.token)
    assert reply.json["state"] == "active"
    assert len((await http("GET", "/api/v1/card", token=someone.token)).json["dayKeys"]) == 7


async def test_every_freeze_and_unfreeze_is_in_the_card_s_own_log(
    http: Http, make: Factory, service: Service
) -> None:
    someone = await make.member()
    for state in ("frozen", "frozen", "active"):
        await http("PUT", "/api/v1/card/state", {"state": state}, token=someone.token)
    card = await service.world.cards.get_of(someone.person)
    assert sorted(event.state for event in card.log.values()) == ["active", "frozen"]
    assert {event.by for event in card.log.values()} == {someone.person}


async def test_a_revoked_card_does_not_come_back(http: Http, make: Factory, service: Service) -> None:
    someone = await make.member()
    await service.world.cards._store.change({"person": someone.person}, {"state": "revoked"})
    for state in ("active", "frozen"):
        reply = await http("PUT", "/api/v1/card/state", {"state": state}, token=someone.token)
        assert (reply.status, reply.code) == (409, "card_revoked")
    picture = await http("GET", "/api/v1/card/qr.png", token=someone.token)
    assert (picture.status, picture.code) == (409, "card_revoked")


async def test_a_member_without_a_card_is_told_so(http: Http, make: Factory, service: Service) -> None:
    someone = await make.member()
    await service.world.cards._store.delete({"person": someone.person})
    for method, path, body in (
        ("GET", "/api/v1/card", None),
        ("PUT", "/api/v1/card/state", {"state": "frozen"}),
        ("GET", "/api/v1/card/qr.png", None),
    ):
        reply = await http(method, path, body, token=someone.token)
        assert (reply.status, reply.code) == (404, "no_card")


async def test_the_picture_holds_the_present_code(http: Http, make: Factory) -> None:
    someone = await make.member()
    reply = await http("GET", "/api/v1/card/qr.png?scale=4", token=someone.token)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "image/png")
    picture = Image.open(io.BytesIO(reply.body))
    assert picture.size == (33 * 4, 33 * 4)
    read = zxingcpp.read_barcode(picture)
    assert read is not None
    assert read.text == make.code(someone.card).text


async def test_the_holder_sees_within_the_second_who_scanned_but_no_name(http: Http, make: Factory) -> None:
    someone, staff = await make.member(), await make.member(staff=True, name="扫码人姓名")
    await http("POST", "/api/v1/scans", make.scan(make.code(someone.card).text), token=staff.token)
    reply = await http("GET", "/api/v1/card/scans", token=someone.token)
    assert reply.json["items"] == [
        {
            "at": "2026-07-15T12:00:05+08:00",
            "scannedAt": "2026-07-15T12:00:05+08:00",
            "place": "测试街道工会服务站",
            "post": "驿站工作人员",
            "purpose": "identify",
            "medium": "code",
            "outcome": "accepted",
            "reason": None,
            "undone": None,
            "dayOnly": False,
        }
    ]
    assert "扫码人" not in reply.body.decode()
    assert staff.person not in reply.body.decode()


async def test_scans_come_in_pages_newest_first_and_none_is_lost_between_them(
    http: Http, make: Factory, clock: Clock
) -> None:
    someone, staff = await make.member(), await make.member(staff=True)
    for number in range(7):
        clock.advance(milliseconds=1 if number % 2 else 0)
        await http("POST", "/api/v1/scans", make.scan(make.code(someone.card).text), token=staff.token)
    seen, after = [], ""
    while True:
        page = (await http("GET", f"/api/v1/card/scans?limit=3{after}", token=someone.token)).json
        seen += [item["at"] for item in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert len(seen) == 7
    assert seen == sorted(seen, reverse=True)


async def test_a_guest_has_no_card_and_no_scans(http: Http, make: Factory) -> None:
    token = await make.guest()
    for path in ("/api/v1/card", "/api/v1/card/scans", "/api/v1/card/qr.png"):
        reply = await http("GET", path, token=token)
        assert (reply.status, reply.code) == (404, "not_a_member")
