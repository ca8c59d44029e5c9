"""Reports through HTTP: what one and two people say, floods, photos, tickets and their clock."""

import asyncio
import io
import secrets
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from PIL import Image

from models.evidence import Evidence
from models.evidence_retention import without_minutes
from models.station_reports import StationReport
from server.service import Service
from tests.factories import Clock, Factory, Http, Reply, Someone, change
from tests.handlers import test_check_ins as check_ins
from tests.handlers.test_check_ins import NEAR, code, device, pair, shown, stations, visit
from tests.handlers.waiting import until
from tests.models.hostile_pictures import png

__all__ = ["code", "stations"]

TICKETS = "/api/v1/staff/station-tickets"


def address() -> str:
    return f"2001:db8:{secrets.randbelow(65536):x}:{secrets.randbelow(65536):x}::1"


async def report(
    http: Http, code: str, problem: str = "locked", *, by: str = "", source: str = "", **fields: Any
) -> Reply:
    token = fields.pop("token", None)
    body = {"problem": problem, "device": by or device(), **fields}
    headers = {"X-Forwarded-For": source or address()}
    return await http("POST", f"/api/v1/stations/{code}/reports", body, token=token, headers=headers)


async def marks(http: Http, code: str) -> list[tuple[str, str]]:
    reply = await http("GET", f"/api/v1/stations/{code}")
    return [(mark["problem"], mark["state"]) for mark in reply.json["evidence"]["marks"]]


async def tickets(http: Http, make: Factory, code: str) -> list[dict[str, Any]]:
    staff = await make.member(staff=True)
    reply = await http("GET", f"{TICKETS}?own=false&pageSize=50", token=staff.token)
    return [ticket for ticket in reply.json["list"] if ticket["station"] == code]


@pytest.fixture(autouse=True)
async def _nothing_said(service: Service, code: str) -> None:
    """No test sees what another one's people reported."""
    visits = service.world.visits
    # What other tests' visitors left to be written would answer a report of this one.
    visits.evidence._noted.clear()
    await visits.reports._store.delete({"station": code})
    await visits.evidence._store.delete({"_id": code})
    for state in ("open", "answered"):
        await visits.tickets._store.delete({"state": state})
    visits.evidence._known.clear()
    visits.evidence._told.clear()
    visits.evidence._counts.clear()
    visits.evidence._floors._known.clear()
    visits.evidence._floors._before.clear()
    visits.evidence._floors._now = None
    visits.evidence._floors._words = []
    visits.evidence._floors._last_words.clear()


@pytest.fixture(autouse=True)
async def _no_limits_left(service: Service) -> None:
    """The clock stands still between tests: what one used up of a limit would never come back."""
    limits = service.services.limits
    limits._local._young.clear()
    limits._local._old.clear()
    for key in await limits.shared._redis.keys("limit:reports:*"):
        await limits.shared._redis.delete(key)


async def test_one_report_marks_the_station_at_once(http: Http, code: str, clock: Clock) -> None:
    clock.advance(minutes=40)
    reply = await report(http, code, words="卷帘门拉下来了")
    assert (reply.status, reply.json["mark"]["words"]) == (201, "12:40 有人反映锁门")
    assert reply.json["mark"]["state"] == "reported"
    assert "12351" in reply.json["nextStep"]
    assert await marks(http, code) == [("locked", "reported")]


async def test_the_landing_page_says_so(http: Http, code: str, clock: Clock) -> None:
    await report(http, code)
    assert "12:00 有人反映锁门" in (await http("GET", f"/s/{code}")).body.decode()


async def test_the_same_report_again_is_the_same_report(http: Http, code: str) -> None:
    mine = device()
    first, again = await report(http, code, by=mine), await report(http, code, by=mine)
    assert first.body == again.body
    assert await marks(http, code) == [("locked", "reported")]


async def test_the_same_report_again_within_an_hour_is_the_same_though_the_clock_struck(
    http: Http, code: str, clock: Clock
) -> None:
    clock.advance(minutes=59)
    mine = device()
    first = await report(http, code, by=mine)
    clock.advance(minutes=59)
    assert (await report(http, code, by=mine)).json["report"] == first.json["report"]
    clock.advance(minutes=1)
    later = await report(http, code, by=mine)
    assert later.json["report"] != first.json["report"]
    assert later.json["mark"]["last"] == "2026-07-15T13:59:05+08:00"


async def test_a_second_person_within_the_hour_makes_it_doubtful_and_opens_a_ticket(
    http: Http, code: str, clock: Clock, make: Factory
) -> None:
    await report(http, code)
    clock.advance(minutes=59)
    reply = await report(http, code)
    assert reply.json["mark"]["words"] == "12:59 有人反映锁门，待核实"
    assert reply.json["message"] == "谢谢，已通知站长核实"
    (ticket,) = await tickets(http, make, code)
    assert (ticket["tierWords"], ticket["due"]) == ("站长", "2026-07-15T14:59:05+08:00")
    await report(http, code)
    assert len(await tickets(http, make, code)) == 1


async def test_what_is_doubted_or_closed_for_today_is_not_among_the_open(
    http: Http, code: str, make: Factory
) -> None:
    staff = await make.member(staff=True)

    async def open_ones(more: str = "") -> list[str]:
        page = (await http("GET", f"{NEAR}&onlyOpen=true{more}")).json
        return [one["code"] for one in page["items"]]

    async def state(is_open: bool) -> None:
        path = f"/api/v1/staff/stations/{code}/statement"
        assert (await http("PUT", path, {"open": is_open}, token=staff.token)).status == 200

    every = await open_ones()
    assert every[0] == code
    await report(http, code)
    assert await open_ones() == every
    await report(http, code)
    assert await open_ones() == every[1:]
    assert code in await open_ones("&at=2026-07-15T20:00:00")
    await state(True)
    assert await open_ones() == every
    await state(False)
    assert await open_ones() == every[1:]
    whole = (await http("GET", NEAR)).json["items"]
    closed = next(one for one in whole if one["code"] == code)
    assert (closed["mark"]["state"], closed["mark"]["words"]) == ("stated", "12:00 工作人员说今天不开放")
    after = whole[whole.index(closed) + 1 :]
    assert {one["open"]["state"] for one in after} <= {"closed"}
    await state(True)


async def test_whoever_pages_on_sees_each_station_once_whatever_is_reported_meanwhile(
    http: Http, code: str, clock: Clock
) -> None:
    async def walk(path: str) -> list[str]:
        """Turn pages of one, while two people report the station that comes first after the second page."""
        found, after = [], ""
        for number in range(100):
            page = (await http("GET", f"{path}{after}")).json
            found += [one["code"] for one in page["items"]]
            if page["next"] is None:
                return found
            after = f"&after={page['next']}"
            if number == 1 and found[0] == code:
                clock.advance(seconds=1)
                for _ in range(2):
                    await report(http, code)
        raise AssertionError("the pages have no end")

    whole = [one["code"] for one in (await http("GET", NEAR)).json["items"]]
    single = NEAR.replace("limit=100", "limit=1")
    assert whole[0] == code
    assert await walk(single) == whole
    after = [one["code"] for one in (await http("GET", NEAR)).json["items"]]
    assert sorted(after) == sorted(whole)
    assert after[0] != code
    assert await walk(single) == after
    assert await walk(f"{single}&onlyOpen=true") == [
        one["code"] for one in (await http("GET", f"{NEAR}&onlyOpen=true")).json["items"]
    ]


async def test_what_is_doubted_after_the_list_was_begun_is_left_out_of_the_open_and_the_rest_goes_on(
    http: Http, code: str, clock: Clock
) -> None:
    path = f"{NEAR.replace('limit=100', 'limit=1')}&onlyOpen=true"
    every = [one["code"] for one in (await http("GET", f"{NEAR}&onlyOpen=true")).json["items"]]
    first = (await http("GET", path)).json
    clock.advance(seconds=1)
    for _ in range(2):
        await report(http, every[1])
    second = (await http("GET", f"{path}&after={first['next']}")).json
    assert second["items"] == []
    third = (await http("GET", f"{path}&after={second['next']}")).json
    assert [one["code"] for one in third["items"]] == every[2:3]


async def test_a_search_shows_the_mark_and_ranks_a_doubted_station_among_the_unknown(
    http: Http, code: str, stations: list[dict[str, Any]]
) -> None:
    async def found() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await http("GET", NEAR)).json["items"]
        return items

    before = await found()
    assert (before[0]["code"], before[0]["mark"]) == (code, None)
    await report(http, code)
    assert [one["code"] for one in await found()] == [one["code"] for one in before]
    assert (await found())[0]["mark"]["words"] == "12:00 有人反映锁门"
    await report(http, code)
    after = await found()
    assert sorted(one["code"] for one in after) == sorted(one["code"] for one in before)
    place = [one["code"] for one in after].index(code)
    assert after[place]["mark"]["state"] == "doubtful"
    assert {one["open"]["state"] for one in after[:place]} <= {"open", "closing", "unknown"}
    assert {one["open"]["state"] for one in after[place + 1 :]} <= {"unknown", "closed"}


async def test_two_people_more_than_an_hour_apart_are_two_single_reports(
    http: Http, code: str, clock: Clock, make: Factory
) -> None:
    await report(http, code)
    clock.advance(minutes=61)
    assert (await report(http, code)).json["mark"]["state"] == "reported"
    assert await tickets(http, make, code) == []


async def test_one_phone_or_one_network_is_one_person(http: Http, code: str, make: Factory) -> None:
    mine, here = device(), address()
    for by, source in ((mine, here), (device(), here), (device(), here), (mine, address())):
        reply = await report(http, code, by=by, source=source)
    # The first phone on another network is still the first phone, but not the second phone's network.
    assert reply.status == 201
    same = [await report(http, code, "other", by=device(), source=here) for _ in range(2)]
    assert {one.status for one in same} <= {201, 429}
    assert ("other", "doubtful") not in await marks(http, code)


async def test_one_phone_on_two_networks_and_one_login_are_one_person_each(
    http: Http, code: str, clock: Clock, make: Factory, service: Service
) -> None:
    mine, someone = device(), await make.member()
    clock.advance(minutes=59)
    first = [await report(http, code, by=mine), await report(http, code, "other", token=someone.token)]
    clock.advance(minutes=2)
    again = [await report(http, code, by=mine), await report(http, code, "other", token=someone.token)]
    assert {reply.status for reply in (*first, *again)} == {201}
    assert [one.json["report"] for one in again] == [one.json["report"] for one in first]
    assert await marks(http, code) == [("locked", "reported"), ("other", "reported")]
    assert await tickets(http, make, code) == []


async def test_two_logins_behind_one_network_are_two_people(http: Http, code: str, make: Factory) -> None:
    here = address()
    for _ in range(2):
        reply = await report(http, code, source=here, token=(await make.member()).token)
    assert reply.json["mark"]["state"] == "doubtful"


async def test_a_flood_from_one_address_ends_in_429_and_marks_nothing_more(http: Http, code: str) -> None:
    here = address()
    replies = [await report(http, code, by=device(), source=here) for _ in range(12)]
    assert [reply.status for reply in replies] == [201] * 5 + [429] * 7
    assert all(int(reply.headers["Retry-After"]) > 0 for reply in replies[5:])
    assert await marks(http, code) == [("locked", "reported")]


async def test_a_flood_from_one_device_ends_in_429(http: Http, stations: list[dict[str, Any]]) -> None:
    mine = device()
    codes = [one["code"] for one in stations][:12]
    statuses = [(await report(http, one, "other", by=mine)).status for one in codes]
    assert statuses == [201] * 10 + [429] * (len(codes) - 10)


async def test_a_flood_at_one_station_ends_in_429_and_mutes_no_other_problem(http: Http, code: str) -> None:
    # Two make the doubt, forty more are heard in the hour; each is of another device on another network.
    statuses = [(await report(http, code, "other")).status for _ in range(45)]
    assert statuses == [201] * 42 + [429] * 3
    for state in ("reported", "doubtful"):
        reply = await report(http, code)
        assert (reply.status, reply.json["mark"]["state"]) == (201, state)


async def test_after_a_flood_a_report_is_heard_as_soon_as_it_would_change_something(
    http: Http, code: str, clock: Clock, make: Factory
) -> None:
    replies = [await report(http, code) for _ in range(43)]
    assert [reply.status for reply in replies] == [201] * 42 + [429]
    assert int(replies[-1].headers["Retry-After"]) > 0
    staff = await make.member(staff=True)
    clock.advance(seconds=1)
    await http("PUT", f"/api/v1/staff/stations/{code}/statement", {"open": True}, token=staff.token)
    clock.advance(seconds=1)
    for state in ("reported", "doubtful"):
        reply = await report(http, code)
        assert (reply.status, reply.json["mark"]["state"]) == (201, state)
    assert (await report(http, code)).status == 429


async def test_a_single_report_fades_after_two_hours(http: Http, code: str, clock: Clock) -> None:
    await report(http, code)
    clock.advance(hours=2)
    assert await marks(http, code) == []


async def test_a_report_says_which_facilities_do_not_work(
    http: Http, code: str, clock: Clock, make: Factory
) -> None:
    listed = (await http("GET", f"/api/v1/stations/{code}")).json["facilities"]
    one, other = listed[0], listed[-1]
    mine = device()
    first = await report(http, code, "facility_broken", by=mine, facility=other)
    words = first.json["mark"]["words"]
    assert (first.status, first.json["mark"]["facilities"]) == (201, [other])
    again = await report(http, code, "facility_broken", by=mine, facility=other)
    assert again.body == first.body
    clock.advance(minutes=1)
    both = (await report(http, code, "facility_broken", by=mine, facility=one)).json["mark"]
    assert (both["state"], both["facilities"]) == ("reported", [one, other])
    unnamed = (await report(http, code, "facility_broken")).json["mark"]
    assert (unnamed["state"], unnamed["facilities"]) == ("doubtful", [one, other])
    staff = await make.member(staff=True)
    told = (await http("GET", f"/api/v1/staff/stations/{code}/reports", token=staff.token)).json["items"]
    assert sorted(str(line["facility"]) for line in told) == sorted(["None", one, other])
    names = {line["facility"]: line["facilityWords"] for line in told}
    assert words == f"12:00 有人反映{names[other]}不能用"
    assert unnamed["words"] == f"12:01 有人反映{names[one]}、{names[other]}不能用，待核实"
    assert names[None] is None


@pytest.mark.parametrize(
    ("problem", "facility", "refusal"),
    [
        ("locked", "water", "invalid_request"),
        ("facility_broken", "aed", "facility_not_there"),
        ("facility_broken", "sauna", "invalid_request"),
    ],
)
async def test_a_facility_that_is_not_there_or_not_asked_for_is_refused(
    http: Http, code: str, problem: str, facility: str, refusal: str
) -> None:
    reply = await report(http, code, problem, facility=facility)
    assert (reply.status, reply.code) == (400, refusal)
    assert await marks(http, code) == []


async def test_a_visit_proved_inside_answers_a_locked_door_and_one_by_the_sign_does_not(
    http: Http, code: str, clock: Clock, make: Factory, service: Service
) -> None:
    await pair(http, make, code)
    await report(http, code)
    await report(http, code)
    clock.advance(minutes=1)
    evidence = service.world.visits.evidence
    await visit(http, code, device=device())
    await evidence.work()
    assert await marks(http, code) == [("locked", "doubtful")]
    await visit(http, code, device=device(), screenCode=shown(service, code, clock.now()))
    await evidence.work()
    # The service's own worker may have taken what was noted.
    await until(lambda: marks(http, code), lambda found: found == [])
    told = (await http("GET", f"/api/v1/stations/{code}")).json["evidence"]
    assert told["lastInside"] == told["lastVisit"] == "2026-07-15T12:01:05+08:00"
    clock.advance(minutes=1)
    assert (await report(http, code)).json["mark"]["state"] == "reported"


async def test_a_card_that_staff_scanned_inside_answers_a_locked_door(
    http: Http, code: str, clock: Clock, make: Factory, service: Service
) -> None:
    staff = await make.member(staff=True)
    await report(http, code)
    await report(http, code)
    clock.advance(minutes=1)
    assert (await check_ins.TestStaff().scan(http, make, staff, code)).json["visit"]["presence"] == "staff"
    await service.world.visits.evidence.work()
    # The service's own worker may have taken what was noted.
    await until(lambda: marks(http, code), lambda found: found == [])
    assert (await http("GET", f"/api/v1/stations/{code}")).json["evidence"]["lastInside"] == (
        "2026-07-15T12:01:05+08:00"
    )


async def test_the_keeper_s_word_answers_reports_and_opens_the_station(
    http: Http, code: str, make: Factory, clock: Clock
) -> None:
    staff = await make.member(staff=True)
    await report(http, code)
    await report(http, code)
    clock.advance(minutes=5)
    path = f"/api/v1/staff/stations/{code}/statement"
    said = await http("PUT", path, {"open": True}, token=staff.token)
    assert (said.status, said.json["open"]) == (200, True)
    assert await marks(http, code) == []
    assert await tickets(http, make, code) == []
    await http("PUT", path, {"open": False}, token=staff.token)
    assert (await visit(http, code, device=device())).code == "station_closed"
    told = (await http("GET", f"/api/v1/stations/{code}")).json["evidence"]["statement"]
    assert told == {"open": False, "at": "2026-07-15T12:05:05+08:00"}
    clock.advance(days=1)
    assert (await visit(http, code, device=device())).status == 201


async def test_a_station_that_its_keeper_opened_takes_visits_outside_its_hours(
    http: Http, make: Factory, clock: Clock, stations: list[dict[str, Any]], service: Service
) -> None:
    daytime = next(
        one["code"] for one in stations if one["open"]["until"] and one["hours"].startswith("每天")
    )
    clock.advance(hours=11)
    staff = await make.member(staff=True)
    assert (await visit(http, daytime, device=device())).code == "station_closed"
    await http("PUT", f"/api/v1/staff/stations/{daytime}/statement", {"open": True}, token=staff.token)
    assert (await visit(http, daytime, device=device())).status == 201
    evidence = service.world.visits.evidence
    await evidence._store.delete({"_id": daytime})
    del evidence._known[daytime]


async def test_a_ticket_goes_to_the_street_then_the_district_and_stays_until_it_is_answered(
    http: Http, code: str, make: Factory, clock: Clock, service: Service
) -> None:
    await report(http, code, "facility_broken")
    await report(http, code, "facility_broken")
    work = service.world.visits.tickets.escalate
    clock.advance(hours=1, minutes=59)
    await work()
    assert (await tickets(http, make, code))[0]["tier"] == "keeper"
    clock.advance(minutes=1)
    await asyncio.gather(work(), work())
    (ticket,) = await tickets(http, make, code)
    assert (ticket["tierWords"], ticket["due"]) == ("街道", "2026-07-16T14:00:05+08:00")
    clock.advance(days=1)
    await asyncio.gather(work(), work())
    (ticket,) = await tickets(http, make, code)
    assert (ticket["tierWords"], ticket["due"]) == ("区县", "2026-07-17T14:00:05+08:00")
    clock.advance(days=1)
    await work()
    (ticket,) = await tickets(http, make, code)
    assert (ticket["due"], ticket["state"]) == (None, "open")
    assert await marks(http, code) == [("facility_broken", "doubtful")]
    staff = await make.member(staff=True)
    path = f"/api/v1/staff/station-tickets/{ticket['ticket']}"
    for _ in range(2):
        answered = await http("PUT", path, {"answer": "fixed"}, token=staff.token)
        assert (answered.status, answered.json["state"]) == (200, "answered")
    other = await http("PUT", path, {"answer": "not_so"}, token=staff.token)
    assert (other.status, other.code, other.json["details"]) == (409, "ticket_answered", {"answer": "fixed"})
    assert await marks(http, code) == []
    gone = await http(
        "PUT", f"/api/v1/staff/station-tickets/{code}-locked-19813f2c", {"answer": "fixed"}, token=staff.token
    )
    assert gone.code == "ticket_not_found"


async def test_thirty_people_at_once_make_one_doubt_and_one_ticket(
    http: Http, code: str, make: Factory, service: Service
) -> None:
    replies = await asyncio.gather(*(report(http, code) for _ in range(30)))
    assert {reply.status for reply in replies} == {201}
    assert await marks(http, code) == [("locked", "doubtful")]
    assert len(await tickets(http, make, code)) == 1


async def test_what_a_process_that_ended_left_is_derived_by_the_worker(
    http: Http, code: str, make: Factory, service: Service
) -> None:
    reports = service.world.visits.reports
    await report(http, code, "nothing_works")
    kept: list[StationReport] = await reports._store.list_({"station": code}, sort="-at")
    await reports._store.change({"_id": kept[0].id}, {"pending": "x", "reporter": "another", "source": "far"})
    await report(http, code, "nothing_works")
    await service.world.visits.evidence._store.put(
        Evidence(id=code, changed=(await service.world.visits.evidence._store.find(code)).changed)  # type: ignore[union-attr]  # it is there
    )
    for ticket in await tickets(http, make, code):
        await service.world.visits.tickets._store.delete({"_id": ticket["ticket"]})
    await reports.work()
    assert await marks(http, code) == [("nothing_works", "doubtful")]
    assert len(await tickets(http, make, code)) == 1
    await reports.work()
    assert len(await tickets(http, make, code)) == 1


class TestWords:
    """What people write."""

    async def test_words_are_for_staff_and_sealed(
        self, http: Http, code: str, make: Factory, service: Service
    ) -> None:
        await report(http, code, words="门口停了一辆车，进不去")
        staff = await make.member(staff=True)
        reply = await http("GET", f"/api/v1/staff/stations/{code}/reports", token=staff.token)
        assert [(one["problemWords"], one["words"], one["held"]) for one in reply.json["items"]] == [
            ("锁门", "门口停了一辆车，进不去", True)
        ]
        stored = await service.world.visits.reports._store._documents.find({}).to_list()
        assert "门口停了" not in str(stored)
        assert "门口停了" not in (await http("GET", f"/s/{code}")).body.decode()

    async def test_wechat_judges_the_words_of_who_is_logged_in(
        self, http: Http, code: str, make: Factory
    ) -> None:
        someone = await make.member()
        assert (await report(http, code, words="没人开门", token=someone.token)).status == 201
        risky = await report(http, code, "other", words="[risky]", token=someone.token)
        assert (risky.status, risky.code) == (400, "text_not_allowed")
        staff = await make.member(staff=True)
        reply = await http("GET", f"/api/v1/staff/stations/{code}/reports", token=staff.token)
        assert [one["held"] for one in reply.json["items"]] == [False]

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"problem": "haunted"}, "body.problem"),
            ({"words": "x" * 201}, "body.words"),
            ({"words": "一行\n两行"}, "body.words"),
            ({"device": "short"}, "body.device"),
            ({"name": "张三"}, "body.name"),
        ],
    )
    async def test_bad_reports_are_refused_by_field(
        self, http: Http, code: str, body: dict[str, str], field: str
    ) -> None:
        good = {"problem": "locked", "device": device()}
        reply = await http("POST", f"/api/v1/stations/{code}/reports", good | body)
        assert (reply.status, reply.json["details"]["field"]) == (400, field)


def photo() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (64, 48), "grey").save(content, "JPEG", exif=b"Exif\0\0secret-place")
    return content.getvalue()


async def keeper(make: Factory, service: Service, code: str) -> Someone:
    """Staff of the organisation that runs the station."""
    host = service.world.board.get(code).organisation
    assert host
    someone = await make.member(staff=True)
    await make.appoint(someone.person, organisation=host)
    return someone


class TestPhotos:
    """A photo of the locked door."""

    async def put(self, http: Http, made: Reply, by: str, content: bytes, token: str | None = None) -> Reply:
        path = f"/api/v1/reports/{made.json['report']}/photo?device={by}"
        return await http("PUT", path, raw=content, token=token, headers={"Content-Type": "image/jpeg"})

    async def test_a_reporter_adds_a_photo_that_staff_see_without_what_came_with_it(
        self, http: Http, code: str, make: Factory, service: Service
    ) -> None:
        mine = device()
        made = await report(http, code, by=mine)
        assert (await self.put(http, made, mine, photo())).status == 200
        staff = await keeper(make, service, code)
        path = f"/api/v1/staff/reports/{made.json['report']}/photo"
        seen = await http("GET", path, token=staff.token)
        assert (seen.status, seen.headers["Content-Type"]) == (200, "image/jpeg")
        assert Image.open(io.BytesIO(seen.body)).size == (64, 48)
        assert b"secret-place" not in seen.body
        assert (await http("GET", path)).status == 401

    async def test_those_see_it_who_run_the_station(
        self, http: Http, code: str, make: Factory, service: Service
    ) -> None:
        host = service.world.board.get(code).organisation
        mine, street = device(), await make.organisation()
        below, elsewhere = await make.organisation(street), await make.organisation()
        made = await report(http, code, by=mine)
        without = await report(http, code, "other")
        assert (await self.put(http, made, mine, photo())).status == 200
        path = f"/api/v1/staff/reports/{made.json['report']}/photo"

        async def seen(organisation: str) -> tuple[int, dict[str, bool]]:
            _, headers = await make.console("officer", organisation)
            listed = (await http("GET", f"/api/v1/staff/stations/{code}/reports", headers=headers)).json
            reply = await http("GET", path, headers=headers)
            return reply.status, {one["report"]: one["hasPhoto"] for one in listed["items"]}

        shown, hidden = ({made.json["report"]: has, without.json["report"]: False} for has in (True, False))
        await change(service, code, organisation=below)
        assert await seen(street) == (200, shown)
        assert await seen(below) == (200, shown)
        assert await seen(elsewhere) == (403, hidden)
        await change(service, code, organisation=None)
        assert await seen(elsewhere) == (200, shown)
        await change(service, code, organisation=host)

    async def test_a_photo_that_is_not_there_is_not_found(
        self, http: Http, code: str, make: Factory, service: Service
    ) -> None:
        made, staff = await report(http, code), await keeper(make, service, code)
        for name in (made.json["report"], "0" * 32):
            reply = await http("GET", f"/api/v1/staff/reports/{name}/photo", token=staff.token)
            assert reply.code == "photo_not_found"

    async def test_nobody_else_adds_one_and_nobody_later(self, http: Http, code: str, clock: Clock) -> None:
        mine = device()
        made = await report(http, code, by=mine)
        assert (await self.put(http, made, device(), photo())).code == "report_not_found"
        clock.advance(hours=1)
        assert (await self.put(http, made, mine, photo())).code == "photo_too_late"

    async def test_a_bomb_and_what_is_no_picture_are_refused(self, http: Http, code: str) -> None:
        mine = device()
        made = await report(http, code, by=mine)
        assert (await self.put(http, made, mine, b"no picture")).code == "unsupported_picture"
        refused = await self.put(http, made, mine, png(50_000, 50_000))
        assert refused.status == 400, refused.body

    async def test_wechat_judges_the_photo_of_who_is_logged_in(
        self, http: Http, code: str, make: Factory, service: Service, clock: Clock
    ) -> None:
        someone, mine = await make.member(), device()
        made = await report(http, code, by=mine, token=someone.token)
        assert (await self.put(http, made, mine, photo(), someone.token)).status == 200
        kept = await service.world.visits.report_photos._store.find(made.json["report"])
        assert kept
        assert kept.check
        path = f"/api/v1/report-photos/{kept.key}"
        assert (await http("GET", path)).body == kept.picture
        await service.world.media_checks.settle(kept.check, "risky")
        staff = await keeper(make, service, code)
        refused = await http("GET", f"/api/v1/staff/reports/{kept.id}/photo", token=staff.token)
        clock.advance(hours=1)
        assert (await http("GET", path)).code == "photo_not_found"
        verdict = await service.world.media_checks.find_verdict(kept.check)
        assert (refused.code, verdict) == ("photo_not_allowed", "risky")


async def test_after_thirty_days_reports_and_photos_are_gone(
    http: Http, code: str, clock: Clock, service: Service
) -> None:
    mine = device()
    made = await report(http, code, by=mine)
    await TestPhotos().put(http, made, mine, photo())
    clock.advance(days=30, seconds=1)
    visits = service.world.visits
    await visits.reports.work()
    await visits.report_photos.forget_old()
    assert await visits.reports._store.find(made.json["report"]) is None
    assert await visits.report_photos._store.find(made.json["report"]) is None


async def test_a_visit_of_a_month_ago_is_told_by_its_day_alone(
    http: Http, code: str, clock: Clock, service: Service
) -> None:
    then = clock.now() - timedelta(days=29, hours=23)

    async def visited(seen: Evidence) -> Evidence:
        return replace(seen, visited=then)

    async def retained(seen: Evidence) -> Evidence:
        return without_minutes(seen, clock.now() + timedelta(hours=1))

    async def page() -> str:
        return (await http("GET", f"/s/{code}")).body.decode()

    evidence = service.world.visits.evidence
    await evidence.change(code, visited)
    assert "最近一次签到 6月15日 13:00</p>" in await page()
    await evidence.change(code, retained)
    assert "最近一次签到 6月15日</p>" in await page()
    told = (await http("GET", f"/api/v1/stations/{code}")).json["evidence"]["lastVisit"]
    assert told == "2026-06-15T00:00:00+08:00"
