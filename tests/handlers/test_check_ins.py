"""Check-ins through HTTP: by sign, screen and staff; once per window; figures; what is removed when."""

import asyncio
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.check_ins import CheckIn
from models.privacy_notices import CURRENT
from models.screen_codes import screen_code_at
from server.service import Service
from tests.factories import Clock, Factory, Http, Reply, Someone

PLACE = {"longitude": 113.6205, "latitude": 34.7502, "datum": "gcj02"}
NEAR = "/api/v1/stations?longitude=113.62&latitude=34.75&datum=gcj02&radius=50000&limit=100"


def device() -> str:
    return secrets.token_urlsafe(16)


@pytest.fixture
async def stations(http: Http) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await http("GET", NEAR)).json["items"]
    return items


@pytest.fixture
async def code(stations: list[dict[str, Any]]) -> str:
    """A station that never closes."""
    return str(next(one["code"] for one in stations if one["open"]["until"] is None))


async def consent(http: Http, someone: Someone, *, given: bool) -> None:
    body = {"purpose": "movements", "given": given, "version": CURRENT.consent("movements").version}
    assert (await http("PUT", "/api/v1/consents", body, token=someone.token)).status == 200


@pytest.fixture
def movements(service: Service) -> Iterator[set[str]]:
    """The people who consent to movements."""
    consented: set[str] = set()

    async def has_consent(person: str, purpose: str) -> bool:
        return purpose == "movements" and person in consented

    check_ins = service.world.visits.check_ins
    before, check_ins._has_consent = check_ins._has_consent, has_consent
    yield consented
    check_ins._has_consent = before


async def visit(http: Http, code: str, token: str | None = None, **body: Any) -> Reply:
    """A visit from an address of its own."""
    headers = {"X-Forwarded-For": f"2001:db8:{secrets.randbelow(65536):x}:{secrets.randbelow(65536):x}::1"}
    return await http("POST", f"/api/v1/stations/{code}/check-ins", body, token=token, headers=headers)


async def kept(service: Service, code: str, day: str = "2026-07-15") -> list[CheckIn]:
    store = service.world.visits.check_ins._store
    return await store.list_({"day": day, "slot": {"$gt": f"{code}:", "$lt": f"{code};"}}, sort="slot")


async def pair(http: Http, make: Factory, code: str) -> dict[str, Any]:
    """Pair the station's screen; what the tablet got."""
    staff = await make.member(staff=True)
    offer = await http("POST", f"/api/v1/staff/stations/{code}/screen", token=staff.token)
    assert offer.status == 201, offer.body
    body = {"pairingCode": offer.json["pairingCode"]}
    paired = await http("POST", f"/api/v1/stations/{code}/screen/pairings", body)
    assert paired.status == 201, paired.body
    answer: dict[str, Any] = paired.json
    return answer


def shown(service: Service, code: str, at: datetime) -> str:
    """What the station's screen shows at a moment."""
    screen = service.world.visits.screens._known[code]
    keys = {day.day: day.key for day in service.world.visits.screens._keys(screen).days}
    return screen_code_at(keys[(at + timedelta(hours=8)).date().isoformat()], at)


async def test_somebody_without_a_login_checks_in_with_one_tap(http: Http, code: str) -> None:
    reply = await visit(http, code, device=device(), worker="food_delivery")
    assert reply.status == 201
    assert reply.json == {
        "station": code,
        "presence": "sign",
        "at": "2026-07-15T12:00:05+08:00",
        "since": "2026-07-15T12:00:00+08:00",
        "until": "2026-07-15T16:00:00+08:00",
        "again": False,
        "withPerson": False,
        "message": "签到成功",
        "nextStep": "16:00 后可以再次签到",
    }


async def test_a_second_visit_of_a_window_is_the_first_one(http: Http, code: str, clock: Clock) -> None:
    mine = device()
    await visit(http, code, device=mine)
    clock.advance(hours=1)
    again = await visit(http, code.lower(), device=mine)
    assert (again.status, again.json["again"], again.json["at"]) == (201, True, "2026-07-15T12:00:05+08:00")
    assert again.json["message"] == "12:00 已经签到过，不用再签"
    clock.advance(hours=3)
    later = await visit(http, code, device=mine)
    assert (later.json["again"], later.json["since"]) == (False, "2026-07-15T16:00:00+08:00")


async def test_fifty_taps_at_once_are_one_visit(http: Http, code: str, service: Service) -> None:
    mine, before = device(), len(await kept(service, code))
    replies = await asyncio.gather(*(visit(http, code, device=mine) for _ in range(50)))
    assert {reply.status for reply in replies} == {201}
    assert sum(not reply.json["again"] for reply in replies) == 1
    assert len(await kept(service, code)) == before + 1


async def test_presence_is_graded_and_a_better_proof_is_entered(
    http: Http, code: str, make: Factory, service: Service, clock: Clock, stations: list[dict[str, Any]]
) -> None:
    await pair(http, make, code)
    position = next(one["position"] for one in stations if one["code"] == code)
    staff, someone = await make.member(staff=True), await make.member()

    async def come(way: str) -> str:
        """Come in some way, and return what the window's one visit says of it."""
        if way == "staff":
            reply = await TestStaff().scan(http, make, staff, code, member=someone)
            return str(reply.json["visit"]["presence"])
        proof = {"near": {"position": position}, "screen": {"screenCode": shown(service, code, clock.now())}}
        return str((await visit(http, code, someone.token, **proof.get(way, {}))).json["presence"])

    before = len(await kept(service, code))
    for way, presence in (
        ("sign", "sign"),
        ("near", "near"),
        ("sign", "near"),
        ("staff", "staff"),
        ("near", "staff"),
        ("screen", "screen"),
        ("staff", "screen"),
        ("near", "screen"),
    ):
        assert await come(way) == presence, way
    assert len(await kept(service, code)) == before + 1


async def test_whoever_is_elsewhere_is_told_how_far(http: Http, code: str) -> None:
    position = {**PLACE, "latitude": 34.9}
    reply = await visit(http, code, device=device(), position=position)
    assert (reply.status, reply.code) == (409, "too_far")
    assert reply.json["details"]["metres"] > 10_000
    assert "屏幕" in reply.json["details"]["nextStep"]


async def test_a_position_that_is_none_is_refused_with_a_hint(http: Http, code: str) -> None:
    swapped = {"longitude": 34.75, "latitude": 113.62, "datum": "wgs84"}
    for position, is_swapped in ((swapped, True), ({**swapped, "longitude": -34.75}, None)):
        reply = await visit(http, code, device=device(), position=position)
        assert (reply.status, reply.code) == (400, "position_outside_country")
        assert reply.json.get("details", {}).get("swapped") is is_swapped
        assert ("写反" in reply.json["message"]) is bool(is_swapped)
    reply = await visit(http, code, device=device(), position={**swapped, "latitude": 180.5})
    assert (reply.status, reply.json["details"]["field"]) == (400, "body.position.latitude")
    reply = await visit(http, code, device=device(), position={"longitude": 113.6, "latitude": 34.7})
    assert (reply.status, reply.json["details"]["field"]) == (400, "body.position.datum")


async def test_a_closed_station_takes_no_check_in_and_says_when_it_opens(
    http: Http, stations: list[dict[str, Any]], clock: Clock, make: Factory
) -> None:
    daytime = next(
        one["code"] for one in stations if one["open"]["until"] and one["hours"].startswith("每天")
    )
    clock.advance(hours=11)
    reply = await visit(http, daytime, device=device())
    assert (reply.status, reply.code) == (409, "station_closed")
    assert reply.json["details"]["opensAt"].startswith("2026-07-16T")
    assert "开门" in reply.json["message"]


async def test_a_visit_of_nobody_known_needs_a_device(http: Http, code: str, make: Factory) -> None:
    for token in (None, await make.guest()):
        reply = await visit(http, code, token)
        assert (reply.status, reply.code) == (400, "device_name_required")
    assert (await visit(http, code, (await make.member()).token)).status == 201


@pytest.mark.parametrize(
    "text", ["short", "with a space in the name", "x" * 65, "路人甲乙丙丁戊己庚辛壬癸子丑寅卯"]
)
async def test_a_device_s_name_has_a_form(http: Http, code: str, text: str) -> None:
    reply = await visit(http, code, device=text)
    assert (reply.status, reply.json["details"]["field"]) == (400, "body.device")


async def test_members_see_their_own_visits_page_by_page_and_nobody_else_s(
    http: Http, code: str, stations: list[dict[str, Any]], make: Factory, clock: Clock
) -> None:
    me, other = await make.member(), await make.member()
    for someone in (me, other):
        await consent(http, someone, given=True)
    path = "/api/v1/check-ins"
    assert (await http("GET", path, token=me.token)).json == {"items": [], "next": None}
    for _ in range(3):
        await visit(http, code, me.token)
        clock.advance(hours=4)
    await visit(http, code, other.token)
    first = (await http("GET", f"{path}?limit=2", token=me.token)).json
    assert [one["at"] for one in first["items"]] == ["2026-07-15T20:00:05+08:00", "2026-07-15T16:00:05+08:00"]
    rest = (await http("GET", f"{path}?limit=2&after={first['next']}", token=me.token)).json
    name = next(one["name"] for one in stations if one["code"] == code)
    assert rest == {
        "items": [
            {
                "station": code,
                "name": name,
                "day": "2026-07-15",
                "at": "2026-07-15T12:00:05+08:00",
                "presence": "sign",
            }
        ],
        "next": None,
    }
    await consent(http, me, given=False)
    assert (await http("GET", path, token=me.token)).json["items"] == []
    assert (await http("GET", path, token=await make.guest())).code == "not_a_member"


async def test_withdrawing_the_consent_to_movements_takes_the_name_off_earlier_visits(
    http: Http, code: str, make: Factory, service: Service, clock: Clock
) -> None:
    me, other = await make.member(), await make.member()
    for someone in (me, other):
        await consent(http, someone, given=True)
        assert (await visit(http, code, someone.token)).json["withPerson"] is True
    store = service.world.visits.check_ins._store
    (named,) = await store.list_({"person": me.person})
    await consent(http, me, given=False)
    assert await store.list_({"person": me.person}) == []
    assert len(await store.list_({"person": other.person})) == 1
    unnamed = await store.find(named.id)
    assert unnamed is not None
    assert (unnamed.person, unnamed.at, unnamed.presence) == (None, named.at, named.presence)

    # Somebody who read the consent before it was withdrawn writes it down now; and it is given anew.
    await store.change({"_id": named.id}, {"person": me.person})
    clock.advance(seconds=30)
    await consent(http, me, given=True)
    clock.advance(hours=4)
    await visit(http, code, me.token)
    await service.world.privacy.withdrawals.work()
    (later,) = await store.list_({"person": me.person})
    assert later.at == clock.now()
    kept = await service.world.privacy.consents._store.find(f"{me.person}:movements")
    assert kept is not None
    assert (kept.given, kept.withdrawn, kept.due) == (True, None, None)


async def test_a_member_is_kept_with_the_visit_only_with_the_consent_to_movements(
    http: Http, code: str, make: Factory, service: Service, movements: set[str]
) -> None:
    silent, open_hearted = await make.member(), await make.member()
    movements.add(open_hearted.person)
    assert (await visit(http, code, silent.token, device=device())).json["withPerson"] is False
    assert (await visit(http, code, open_hearted.token)).json["withPerson"] is True
    assert (await visit(http, code, open_hearted.token, device=device())).json["again"] is True
    people = [one.person for one in await kept(service, code)]
    assert open_hearted.person in people
    assert silent.person not in people


async def test_a_member_is_counted_once_by_sign_and_card_whatever_is_consented_to(
    http: Http, code: str, make: Factory, service: Service, movements: set[str]
) -> None:
    staff = await make.member(staff=True)
    for first in ("sign", "card"):
        someone, before = await make.member(), len(await kept(service, code))

        async def tap(someone: Someone = someone) -> Reply:
            return await visit(http, code, someone.token, device=device())

        async def show(someone: Someone = someone) -> Reply:
            return await TestStaff().scan(http, make, staff, code, member=someone)

        for act in (tap, show, tap) if first == "sign" else (show, tap, show):
            assert (await act()).status == 201
        # The consent given in the same window makes no second visit, and names nobody on the first.
        movements.add(someone.person)
        for again in ((await tap()).json, (await show()).json["visit"]):
            assert again["again"] is True
        visits = await kept(service, code)
        assert len(visits) == before + 1
        assert someone.person not in {one.person for one in visits}
        # Nor does its withdrawal.
        movements.discard(someone.person)
        assert (await tap()).json["again"] is True
        assert len(await kept(service, code)) == before + 1


async def test_whoever_is_not_logged_in_cannot_be_known_again_after_a_login(
    http: Http, code: str, make: Factory, service: Service
) -> None:
    someone, mine, before = await make.member(), device(), len(await kept(service, code))
    for token in (None, someone.token):
        assert (await visit(http, code, token, device=mine)).json["again"] is False
    assert len(await kept(service, code)) == before + 2


async def test_nothing_of_the_device_and_the_position_is_kept(
    http: Http, code: str, service: Service, stations: list[dict[str, Any]]
) -> None:
    position = next(one["position"] for one in stations if one["code"] == code)
    mine = device()
    await visit(http, code, device=mine, position=position)
    text = str(await service.world.visits.check_ins._store._documents.find({}).to_list())
    assert mine not in text
    assert str(position["longitude"]) not in text


async def test_visitors_cannot_be_followed_from_day_to_day_or_station_to_station(
    http: Http, service: Service, clock: Clock, stations: list[dict[str, Any]]
) -> None:
    first, second = [one["code"] for one in stations if one["open"]["state"] in ("open", "unknown")][:2]
    mine, made = device(), []
    for code, day in ((first, "2026-07-15"), (second, "2026-07-15"), (first, "2026-07-16")):
        clock.at = datetime.fromisoformat(f"{day}T12:00:05+08:00")
        before = {one.id for one in await kept(service, code, day)}
        assert (await visit(http, code, device=mine)).status == 201
        made += [one for one in await kept(service, code, day) if one.id not in before]
    blinds = [one.id.split(":")[1] for one in made]
    assert len(blinds) == len(set(blinds)) == 3


async def test_a_login_that_is_over_is_refused_and_a_guest_s_counts_as_nobody(
    http: Http, code: str, make: Factory
) -> None:
    assert (await visit(http, code, "nonsense", device=device())).code == "login_required"
    reply = await visit(http, code, await make.guest(), device=device())
    assert (reply.status, reply.json["withPerson"]) == (201, False)


async def test_a_station_that_is_not_there_is_404(http: Http) -> None:
    assert (await visit(http, "ZZZZZZZZ", device=device())).code == "station_not_found"


async def test_the_61st_visit_to_a_station_from_one_address_must_wait(http: Http, code: str) -> None:
    headers = {"X-Forwarded-For": f"2001:db8:77:{secrets.randbelow(65536):x}::1"}
    path = f"/api/v1/stations/{code}/check-ins"
    statuses = [(await http("POST", path, {"device": device()}, headers=headers)).status for _ in range(61)]
    assert statuses == [201] * 60 + [429]


class TestScreen:
    """The code on the station's own screen."""

    async def test_any_number_of_people_read_the_same_code(
        self, http: Http, code: str, make: Factory, service: Service, clock: Clock
    ) -> None:
        await pair(http, make, code)
        text = shown(service, code, clock.now())
        for _ in range(3):
            reply = await visit(http, code, device=device(), screenCode=text.lower())
            assert (reply.status, reply.json["presence"]) == (201, "screen")

    async def test_a_code_that_is_read_far_away_is_a_picture_of_it(
        self, http: Http, code: str, make: Factory, service: Service, clock: Clock
    ) -> None:
        await pair(http, make, code)
        station = service.world.board.get(code).position
        assert station is not None
        for north, status in ((0.04, 201), (0.06, 409)):
            there = {"longitude": station.longitude, "latitude": station.latitude + north, "datum": "gcj02"}
            text = shown(service, code, clock.now())
            reply = await visit(http, code, device=device(), screenCode=text, position=there)
            assert reply.status == status
        assert (reply.code, reply.json["details"]["reachMetres"]) == ("too_far", 5_000)

    async def test_an_old_code_is_stale_and_a_foreign_one_wrong(
        self, http: Http, code: str, make: Factory, service: Service, clock: Clock
    ) -> None:
        await pair(http, make, code)
        text = shown(service, code, clock.now())
        clock.advance(seconds=30)
        assert (await visit(http, code, device=device(), screenCode=text)).status == 201
        clock.advance(seconds=60)
        stale = await visit(http, code, device=device(), screenCode=text)
        assert (stale.status, stale.code) == (409, "screen_code_stale")
        clock.advance(minutes=10)
        wrong = await visit(http, code, device=device(), screenCode=text)
        assert (wrong.status, wrong.code) == (400, "screen_code_wrong")

    async def test_a_code_of_another_station_is_wrong(
        self,
        http: Http,
        make: Factory,
        service: Service,
        clock: Clock,
        stations: list[dict[str, Any]],
    ) -> None:
        one, other = [item["code"] for item in stations if item["open"]["state"] == "open"][:2]
        await pair(http, make, one)
        await pair(http, make, other)
        text = shown(service, one, clock.now())
        assert (await visit(http, other, device=device(), screenCode=text)).code == "screen_code_wrong"

    async def test_the_codes_end_with_the_pairing(
        self, http: Http, code: str, make: Factory, service: Service, clock: Clock
    ) -> None:
        await pair(http, make, code)
        text = shown(service, code, clock.now())
        await pair(http, make, code)
        assert (await visit(http, code, device=device(), screenCode=text)).code == "screen_code_wrong"
        text = shown(service, code, clock.now())
        staff = await make.member(staff=True)
        assert (
            await http("DELETE", f"/api/v1/staff/stations/{code}/screen", token=staff.token)
        ).status == 200
        assert (await visit(http, code, device=device(), screenCode=text)).code == "screen_code_wrong"


class TestStaff:
    """Staff scan a member's card at the station."""

    async def scan(self, http: Http, make: Factory, staff: Someone, code: str | None, **fields: Any) -> Reply:
        member = fields.pop("member", None) or await make.member()
        body = make.scan(make.code(member.card).text, purpose="check_in", **fields)
        if code:
            body["station"] = code
        return await http("POST", "/api/v1/scans", body, token=staff.token)

    async def test_a_scan_is_a_visit(self, http: Http, make: Factory, code: str, service: Service) -> None:
        staff, member = await make.member(staff=True), await make.member()
        before = {one.id for one in await kept(service, code)}
        body = make.scan(make.code(member.card).text, purpose="check_in", station=code)
        first = await http("POST", "/api/v1/scans", body, token=staff.token)
        again = await http("POST", "/api/v1/scans", body, token=staff.token)
        assert (first.status, first.json["outcome"]) == (201, "accepted")
        assert (first.json["visit"]["presence"], first.json["visit"]["again"]) == ("staff", False)
        assert first.body == again.body
        another = await self.scan(http, make, staff, code, member=member)
        assert another.json["visit"]["again"] is True
        made = [one for one in await kept(service, code) if one.id not in before]
        assert [(one.person, one.presence) for one in made] == [(None, "staff")]

    async def test_a_check_in_needs_a_station(self, http: Http, make: Factory) -> None:
        staff = await make.member(staff=True)
        assert (await self.scan(http, make, staff, None)).code == "station_required"
        assert (await self.scan(http, make, staff, "ZZZZZZZZ")).code == "station_not_found"

    async def test_a_refused_card_is_no_visit(self, http: Http, make: Factory, code: str) -> None:
        staff, left = await make.member(staff=True), await make.member("left")
        reply = await self.scan(http, make, staff, code, member=left)
        assert (reply.json["outcome"], "visit" in reply.json) == ("refused", False)

    async def test_an_undone_scan_takes_its_visit_back(
        self, http: Http, make: Factory, code: str, service: Service
    ) -> None:
        staff, before = await make.member(staff=True), len(await kept(service, code))
        reply = await self.scan(http, make, staff, code)
        assert len(await kept(service, code)) == before + 1
        path = f"/api/v1/scans/{reply.json['scanId']}?reason=%E6%89%AB%E9%94%99"
        for _ in range(2):
            assert (await http("DELETE", path, token=staff.token)).status == 200
        assert len(await kept(service, code)) == before

    async def test_a_late_batch_counts_on_its_own_day(
        self, http: Http, make: Factory, code: str, service: Service, clock: Clock
    ) -> None:
        staff, member = await make.member(staff=True), await make.member()
        scan = make.scan(make.code(member.card).text, purpose="check_in", station=code)
        scan["scannedAt"] = "2026-07-15T12:00:05+08:00"
        homeless = make.scan(make.code(member.card).text, purpose="check_in")
        clock.advance(days=2)
        await service.world.visits.counts.work()
        fresh = (await make.login(staff.openid, staff=True)).json["token"]
        reply = await http("POST", "/api/v1/scans/batch", {"scans": [scan, homeless]}, token=fresh)
        first, second = reply.json["items"]
        assert first["scan"]["visit"]["since"] == "2026-07-15T12:00:00+08:00"
        assert (second["status"], second["problem"]["code"]) == ("rejected", "station_required")
        counts = service.world.visits.counts
        assert [count.station for count in await counts.difference("2026-07-15")] == [code]
        await counts.work()
        assert await counts.difference("2026-07-15") == []


class TestFigures:
    """Visits and people per station and day."""

    async def figures(self, http: Http, make: Factory, code: str) -> list[dict[str, Any]]:
        staff = await make.member(staff=True)
        reply = await http("GET", f"/api/v1/staff/stations/{code}/visits", token=staff.token)
        assert reply.status == 200, reply.body
        items: list[dict[str, Any]] = reply.json["items"]
        return items

    async def test_figures_tell_visits_from_people(
        self, http: Http, make: Factory, service: Service, clock: Clock, stations: list[dict[str, Any]]
    ) -> None:
        await service.world.visits.counts.reopen("2026-07-15")
        code = next(one["code"] for one in reversed(stations) if one["open"]["state"] == "unknown")
        one, other = device(), device()
        await visit(http, code, device=one, worker="parcel")
        await visit(http, code, device=other)
        clock.advance(hours=4)
        await visit(http, code, device=one, worker="parcel")
        today = {
            "day": "2026-07-15",
            "visits": 3,
            "people": 2,
            "presence": {"sign": 3},
            "workers": {"parcel": 2},
        }
        assert await self.figures(http, make, code) == [today]
        clock.advance(hours=9)
        assert await self.figures(http, make, code) == []
        await service.world.visits.counts.work()
        assert await self.figures(http, make, code) == [today]

    async def test_after_thirty_days_only_figures_are_left_and_the_audit_says_so(
        self, http: Http, make: Factory, code: str, service: Service, clock: Clock
    ) -> None:
        clock.advance(days=100)
        day = clock.now().date().isoformat()
        await visit(http, code, device=device())
        clock.advance(days=30)
        await service.world.visits.counts.work()
        assert len(await kept(service, code, day)) == 1
        clock.advance(days=1)
        await service.world.visits.counts.work()
        await service.world.visits.counts.work()
        assert await kept(service, code, day) == []
        counts = service.world.visits.counts
        figures = [count for count in await counts.list_of(code, 60) if count.day == day]
        assert [count.visits for count in figures] == [1]
        assert await counts.count_day(day) == 0
        assert [count for count in await counts.list_of(code, 60) if count.day == day] == figures
        entries = await service.world.auditing.audit._store.list_({"object": day}, sort="order")
        assert [entry.action for entry in entries] == ["visits_removed"]
        assert entries[0].details == {"day": day, "visits": "1"}

    async def test_two_workers_count_a_day_once(self, service: Service, clock: Clock) -> None:
        clock.at = datetime(2026, 7, 20, 4, 0, 5, tzinfo=UTC)
        counts = service.world.visits.counts
        await asyncio.gather(*(counts.count_day("2026-07-15") for _ in range(3)))
        assert await counts.difference("2026-07-15") == []
