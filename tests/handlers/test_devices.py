"""Scanning devices: registered by an officer, enrolled by a one-time code, limited to places, revoked."""

import asyncio
import secrets
from typing import Any

import pytest

from models.devices import Devices
from models.sessions import SessionExpired
from models.stations import Station
from server.service import Service
from tests.factories import Clock, Factory, Http, Reply

DESK = "/api/v1/staff/devices"
PUBLIC = "/api/v1/devices"


class Desk:
    """An officer who registers devices, and devices that enrol."""

    def __init__(self, http: Http, person: str, headers: dict[str, str], city: str) -> None:
        self._http = http
        self.person = person
        self.headers = headers
        self.city = city

    async def ask(self, method: str, path: str = "", body: object = None, key: str = "") -> Reply:
        headers = {**self.headers, "Idempotency-Key": key or secrets.token_hex(8)}
        return await self._http(method, DESK + path, body, headers=headers)

    async def register(self, *stations: str, **more: Any) -> dict[str, Any]:
        body = {"name": "东门一号", "organisation": self.city, "stations": stations, **more}
        reply = await self.ask("POST", "", body)
        assert reply.status == 201, reply.body
        made: dict[str, Any] = reply.json
        return made

    async def redeem(self, code: str, installation: str = "") -> Reply:
        body = {"code": code, "installation": installation or secrets.token_hex(16)}
        address = f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1"  # With limits of its own.
        return await self._http("POST", PUBLIC, body, headers={"X-Forwarded-For": address})

    async def enrol(self, *stations: str, **more: Any) -> tuple[str, str]:
        """Return a device's id and token."""
        made = await self.register(*stations, **more)
        reply = await self.redeem(made["code"])
        assert reply.status == 201, reply.body
        return made["device"]["id"], reply.json["token"]


@pytest.fixture
async def desk(http: Http, make: Factory) -> Desk:
    city = await make.organisation()
    someone, headers = await make.console("officer", city)
    return Desk(http, someone.person, headers, city)


@pytest.fixture
async def stations(service: Service) -> list[str]:
    made = [
        Station(id=code, name=f"测试驿站{code}", address="", district="设备区", source="test")
        for code in ("DEV00001", "DEV00002")
    ]
    await service.world.stations.save_import(made)
    await service.world.board.mirror.refresh()
    return [one.id for one in made]


async def test_a_device_enrols_scans_at_its_place_and_the_scan_says_so(
    http: Http, make: Factory, service: Service, desk: Desk, stations: list[str]
) -> None:
    device, token = await desk.enrol(stations[0])
    me = (await http("GET", f"{PUBLIC}/current", token=token)).json
    assert (me["id"], me["name"]) == (device, "东门一号")
    assert me["stations"] == [{"code": stations[0], "name": f"测试驿站{stations[0]}"}]
    member = await make.member(name="王小明")
    scan = make.scan(make.code(member.card).text)
    reply = await http("POST", "/api/v1/scans", scan, token=token)
    assert (reply.status, reply.json["outcome"]) == (201, "accepted"), reply.body
    assert reply.json["holder"]["name"] == "王*明"
    kept = await service.world.scans._store.find(f"{device}:{scan['scanId']}")
    assert kept
    assert (kept.device, kept.station, kept.organisation) == (device, stations[0], desk.city)
    (seen,) = (await http("GET", "/api/v1/card/scans", token=member.token)).json["items"]
    assert seen["post"] == "扫码设备"
    undone = await http("DELETE", f"/api/v1/scans/{scan['scanId']}?reason=%E6%89%AB%E9%94%99", token=token)
    assert undone.status == 200, undone.body
    await service.world.auditing.work()
    entries = await service.world.auditing.audit._store.list_({"object": device}, sort="order")
    assert [(entry.action, entry.actor) for entry in entries] == [("device_made", desk.person)]


async def test_a_device_scans_at_its_places_only(
    http: Http, make: Factory, desk: Desk, stations: list[str]
) -> None:
    _, token = await desk.enrol(*stations)
    member = await make.member()
    code = make.code(member.card).text
    unsaid = await http("POST", "/api/v1/scans", make.scan(code), token=token)
    assert (unsaid.status, unsaid.code) == (400, "place_required")
    wrong = await http("POST", "/api/v1/scans", make.scan(code, station="4E8M0R2T"), token=token)
    assert (wrong.status, wrong.code) == (403, "place_not_allowed")
    assert wrong.json["details"]["stations"] == stations
    scans = [make.scan(code, station=place) for place in (stations[1], "4E8M0R2T", stations[0])]
    batch = await http("POST", "/api/v1/scans/batch", {"scans": scans}, token=token)
    assert [item["status"] for item in batch.json["items"]] == ["stored", "rejected", "stored"]
    assert batch.json["items"][1]["problem"]["code"] == "place_not_allowed"


async def test_a_device_without_places_scans_anywhere(http: Http, make: Factory, desk: Desk) -> None:
    _, token = await desk.enrol()
    member = await make.member()
    scan = make.scan(make.code(member.card).text, station="4E8M0R2T")
    assert (await http("POST", "/api/v1/scans", scan, token=token)).status == 201


async def test_a_device_does_nothing_but_scan(http: Http, desk: Desk) -> None:
    _, token = await desk.enrol()
    for method, path, body in (
        ("GET", "/api/v1/card", None),
        ("GET", "/api/v1/members/me", None),
        ("GET", "/api/v1/sessions/current", None),
        ("POST", "/api/v1/memberships", {}),
        ("GET", "/api/v1/staff/members", None),
        ("GET", DESK, None),
    ):
        reply = await http(method, path, body, token=token)
        assert (reply.status, reply.code) == (403, "device_only_scans"), path


async def test_a_person_is_no_device(http: Http, make: Factory) -> None:
    someone = await make.member(staff=True)
    reply = await http("GET", f"{PUBLIC}/current", token=someone.token)
    assert (reply.status, reply.code) == (403, "device_required")


async def test_a_code_counts_once_and_for_one_hour(http: Http, desk: Desk, clock: Clock) -> None:
    made = await desk.register()
    typed = made["code"].lower().replace("-", " ")
    replies = await asyncio.gather(*(desk.redeem(typed, f"{mark}" * 16) for mark in "abcd"))
    assert sorted(reply.status for reply in replies) == [201, 401, 401, 401]
    winner = "abcd"[[reply.status for reply in replies].index(201)] * 16
    again = await desk.redeem(made["code"], winner)
    assert again.status == 201
    late = await desk.register()
    clock.advance(hours=1)
    for code, installation in ((late["code"], ""), (made["code"], winner), ("0000-0000-0000", "")):
        reply = await desk.redeem(code, installation)
        assert (reply.status, reply.code) == (401, "device_code_refused")


async def test_a_revoked_device_is_refused_at_once_in_every_process(
    http: Http, make: Factory, service: Service, desk: Desk, clock: Clock
) -> None:
    device, token = await desk.enrol()
    here = service.world.trees.devices
    other = Devices(here._store, service.world.appointments, service.world.signals, clock.now)
    await other.mirror.refresh()
    session = service.services.tokens.read(token)
    other.check(session)
    revoked = await asyncio.gather(*(desk.ask("DELETE", f"/{device}") for _ in range(3)))
    assert {(reply.status, reply.json["state"]) for reply in revoked} == {(200, "revoked")}
    assert (await http("GET", f"{PUBLIC}/current", token=token)).code == "session_expired"
    scan = make.scan(make.code((await make.member()).card).text)
    assert (await http("POST", "/api/v1/scans", scan, token=token)).code == "session_expired"
    await other.mirror.refresh()
    with pytest.raises(SessionExpired):
        other.check(session)
    assert (await desk.ask("POST", f"/{device}/codes", {})).code == "device_revoked"
    await service.world.auditing.work()
    entries = await service.world.auditing.audit._store.list_({"object": device}, sort="order")
    assert sorted(entry.action for entry in entries) == ["device_made", "device_revoked"]


async def test_a_new_code_ends_what_the_device_held(http: Http, desk: Desk) -> None:
    device, token = await desk.enrol()
    coded = await desk.ask("POST", f"/{device}/codes", {})
    assert (coded.status, coded.json["device"]["state"]) == (201, "waiting")
    assert (await http("GET", f"{PUBLIC}/current", token=token)).code == "session_expired"
    fresh = await desk.redeem(coded.json["code"])
    assert (await http("GET", f"{PUBLIC}/current", token=fresh.json["token"])).status == 200


async def test_a_device_ends_with_its_day_and_renews_its_token_before(
    http: Http, desk: Desk, clock: Clock
) -> None:
    day = (clock.now().date()).isoformat()
    past = {"name": "x", "organisation": desk.city, "until": day}
    assert (await desk.ask("POST", "", past)).code == "wrong_device_end"
    _, token = await desk.enrol(until="2026-08-20")
    clock.advance(days=20)
    renewed = await http("POST", f"{PUBLIC}/current/tokens", token=token)
    assert (renewed.status, renewed.json["expiresAt"]) == (201, "2026-08-20T00:00:00+08:00")
    clock.advance(days=12)
    assert (await http("GET", f"{PUBLIC}/current", token=token)).code == "session_expired"
    assert (await http("GET", f"{PUBLIC}/current", token=renewed.json["token"])).status == 200
    clock.advance(days=10)
    assert (await http("GET", f"{PUBLIC}/current", token=renewed.json["token"])).code == "session_expired"


async def test_a_registration_sent_again_is_the_same_device(desk: Desk) -> None:
    body = {"name": "东门二号", "organisation": desk.city}
    first, second = [await desk.ask("POST", "", body, key="same") for _ in range(2)]
    assert first.json["device"]["id"] == second.json["device"]["id"]
    assert (await desk.redeem(first.json["code"])).status == 401
    assert (await desk.redeem(second.json["code"])).status == 201
    third = await desk.ask("POST", "", body, key="same")
    assert (third.status, third.json["code"], third.json["device"]["state"]) == (201, None, "enrolled")
    other = await desk.ask("POST", "", {**body, "name": "别的"}, key="same")
    assert (other.status, other.code) == (409, "idempotency_key_reused")


async def test_what_is_elsewhere_looks_like_what_is_not_there(make: Factory, http: Http, desk: Desk) -> None:
    device, _ = await desk.enrol()
    _, theirs = await make.console("officer", await make.organisation())
    stranger = Desk(http, "", theirs, desk.city)
    for method, path, body in (
        ("GET", "/{}", None),
        ("DELETE", "/{}", None),
        ("POST", "/{}/codes", {}),
    ):
        one = await stranger.ask(method, path.format(device), body)
        other = await stranger.ask(method, path.format("0000000000000000"), body)
        assert (one.status, one.code) == (other.status, other.code) == (404, "device_not_found")
    made = await stranger.ask("POST", "", {"name": "x", "organisation": desk.city})
    assert (made.status, made.code) == (404, "organisation_not_found")
    nowhere = await desk.ask("POST", "", {"name": "x", "organisation": desk.city, "stations": ["00000000"]})
    assert (nowhere.status, nowhere.code) == (404, "station_not_found")
    assert (await stranger.ask("GET")).json["total"] == 0
    assert [row["id"] for row in (await desk.ask("GET")).json["list"]] == [device]
