"""Screens through HTTP: who may pair, what a pairing code is worth, what ends a pairing."""

import asyncio
import secrets
from typing import Any

from server.service import Service
from tests.factories import Clock, Factory, Http, Reply
from tests.handlers.test_check_ins import code, pair, stations

__all__ = ["code", "stations"]


def from_elsewhere() -> dict[str, str]:
    return {"X-Forwarded-For": f"2001:db8:{secrets.randbelow(65536):x}:{secrets.randbelow(65536):x}::1"}


async def offer(http: Http, make: Factory, code: str) -> str:
    staff = await make.member(staff=True)
    made = await http("POST", f"/api/v1/staff/stations/{code}/screen", token=staff.token)
    assert made.json["kioskUrl"].endswith(f"/kiosk/{code}")
    return str(made.json["pairingCode"])


async def attempt(http: Http, code: str, digits: str) -> Reply:
    path, body = f"/api/v1/stations/{code}/screen/pairings", {"pairingCode": digits}
    return await http("POST", path, body, headers=from_elsewhere())


async def keys(http: Http, code: str, token: str) -> Reply:
    path = f"/api/v1/stations/{code}/screen/keys"
    return await http("POST", path, {"token": token}, headers=from_elsewhere())


def wrong(digits: str) -> str:
    return str((int(digits) + 1) % 10**8).zfill(8)


async def test_a_paired_tablet_gets_the_keys_of_eight_days(http: Http, make: Factory, code: str) -> None:
    paired = await pair(http, make, code)
    assert paired["link"].endswith(f"/s/{code}")
    assert [one["day"] for one in paired["dayKeys"]] == [f"2026-07-{day}" for day in range(15, 23)]
    again = await keys(http, code, paired["token"])
    assert (again.status, again.json["dayKeys"]) == (200, paired["dayKeys"])


async def test_a_pairing_code_counts_once_and_ten_at_once_pair_one(
    http: Http, make: Factory, code: str
) -> None:
    digits = await offer(http, make, code)
    replies = await asyncio.gather(*(attempt(http, code, digits) for _ in range(10)))
    assert sorted(reply.status for reply in replies) == [201] + [403] * 9
    assert (await attempt(http, code, digits)).code == "pairing_refused"


async def test_five_wrong_codes_end_a_pairing_code(http: Http, make: Factory, code: str) -> None:
    digits = await offer(http, make, code)
    for _ in range(5):
        assert (await attempt(http, code, wrong(digits))).code == "pairing_refused"
    assert (await attempt(http, code, digits)).code == "pairing_refused"


async def test_a_pairing_code_lasts_ten_minutes(http: Http, make: Factory, code: str, clock: Clock) -> None:
    digits = await offer(http, make, code)
    clock.advance(minutes=10)
    assert (await attempt(http, code, digits)).code == "pairing_refused"


async def test_a_new_pairing_ends_the_one_before(http: Http, make: Factory, code: str) -> None:
    first = await pair(http, make, code)
    second = await pair(http, make, code)
    lost = await keys(http, code, first["token"])
    assert (lost.status, lost.code) == (403, "screen_not_paired")
    assert "配对码" in lost.json["message"]
    assert (await keys(http, code, second["token"])).status == 200


async def test_a_revoked_screen_gets_no_keys_and_is_shown_as_not_paired(
    http: Http, make: Factory, code: str, service: Service
) -> None:
    paired = await pair(http, make, code)
    officer, headers = await make.console("officer")
    path = f"/api/v1/staff/stations/{code}/screen"
    assert (await http("GET", path, headers=headers)).json["paired"] is not None
    for _ in range(2):
        assert (await http("DELETE", path, headers=headers)).json["paired"] is None
    assert (await keys(http, code, paired["token"])).code == "screen_not_paired"
    entries = await service.world.auditing.audit._store.list_({"actor": officer.person}, sort="order")
    assert [(entry.action, entry.object) for entry in entries] == [("screen_revoked", code)]


async def test_a_tablet_that_was_never_paired_gets_nothing(
    http: Http, stations: list[dict[str, Any]]
) -> None:
    code = stations[-1]["code"]
    assert (await keys(http, code, "x" * 32)).code == "screen_not_paired"
    assert (await attempt(http, code, "12345678")).code == "pairing_refused"
    assert (await attempt(http, code, "1234567a")).json["details"]["field"] == "body.pairingCode"
    assert (await keys(http, "ZZZZZZZZ", "x" * 32)).code == "station_not_found"


async def test_only_staff_and_officers_pair(http: Http, make: Factory, code: str) -> None:
    path = f"/api/v1/staff/stations/{code}/screen"
    member = await make.member()
    for method in ("GET", "POST", "DELETE"):
        assert (await http(method, path, token=member.token)).code == "staff_not_allowed"
    _, headers = await make.console("audit_admin")
    assert (await http("POST", path, headers=headers)).code == "staff_not_allowed"


async def test_guessing_from_one_address_ends_in_429(http: Http, code: str) -> None:
    headers = from_elsewhere()
    path, body = f"/api/v1/stations/{code}/screen/pairings", {"pairingCode": "00000000"}
    statuses = [(await http("POST", path, body, headers=headers)).status for _ in range(12)]
    assert statuses == [403] * 10 + [429] * 2


async def test_the_page_names_the_station_and_brings_its_library(http: Http, code: str) -> None:
    page = await http("GET", f"/kiosk/{code.lower()}")
    assert (page.status, f'data-station="{code}"' in page.body.decode()) == (200, True)
    assert (await http("GET", "/kiosk/ZZZZZZZZ")).code == "station_not_found"
    library = await http("GET", "/kiosk/client.js")
    assert library.headers["Content-Type"].startswith("text/javascript")
    assert b"screenLinkAt" in library.body
    worker = await http("GET", "/kiosk/worker.js")
    assert worker.headers["Content-Type"].startswith("text/javascript")
    assert worker.headers["Content-Security-Policy"] == "default-src 'none'; connect-src 'self'"
    assert b"caches.open" in worker.body
