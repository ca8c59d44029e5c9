"""Ratings through HTTP: by whom, once, shown from three on; erased, withdrawn and exported as visits are."""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from msgspec.structs import replace

from models.station_ratings import NAMED_FOR, RATED_WITHIN, Rating, Score
from server.service import Service
from tests.factories import Clock, Factory, Http, Reply, Someone
from tests.handlers.test_check_ins import code, consent, stations, visit
from tests.handlers.test_exports import rows
from tests.handlers.test_station_hours import shown
from tests.models.workers import persevere

__all__ = ["code", "stations"]


@pytest.fixture(autouse=True)
async def _no_ratings(service: Service, code: str) -> None:
    """No test sees what another one's people rated."""
    ratings = service.world.visits.ratings
    await ratings._ratings.delete({"station": code})
    await ratings.count(code)


async def rate(http: Http, code: str, someone: Someone, stars: object = 4) -> Reply:
    return await http("PUT", f"/api/v1/stations/{code}/ratings/mine", {"stars": stars}, token=someone.token)


async def visitor(http: Http, make: Factory, code: str) -> Someone:
    """A member who consents to movements and was at the station just now."""
    someone = await make.member()
    await consent(http, someone, given=True)
    assert (await visit(http, code, someone.token)).json["withPerson"] is True
    return someone


async def kept(service: Service, code: str) -> list[Rating]:
    return await service.world.visits.ratings._ratings.list_({"station": code})


async def score(http: Http, service: Service, code: str) -> Any:
    """What everybody is told, once the ratings are counted."""
    await service.world.visits.ratings.work()
    return (await shown(http, code))["rating"]


async def test_who_was_there_by_name_rates_it_and_a_later_rating_replaces_the_first(
    http: Http, code: str, make: Factory, service: Service, clock: Clock
) -> None:
    someone = await visitor(http, make, code)
    reply = await rate(http, code.lower(), someone, 2)
    assert (reply.status, reply.json) == (
        200,
        {"station": code, "stars": 2, "at": "2026-07-15T12:00:05+08:00", "message": "谢谢，已评 2 分"},
    )
    clock.advance(hours=1)
    assert (await rate(http, code, someone, 5)).status == 200
    (one,) = await kept(service, code)
    assert (one.stars, one.person, one.at) == (5, someone.person, clock.at)
    assert someone.person not in one.id


async def test_the_average_and_the_number_are_public_from_three_ratings_on(
    http: Http, code: str, make: Factory, service: Service
) -> None:
    _, headers = await make.console("officer")
    page, console = f"/s/{code}", f"/console/stations/{code}"
    people = [await visitor(http, make, code) for _ in range(3)]
    for someone, stars in zip(people, (5, 4, 4), strict=True):
        assert await score(http, service, code) is None
        assert "评分" not in (await http("GET", page)).body.decode()
        assert "评分不足 3 个" in (await http("GET", console, headers=headers)).body.decode()
        await rate(http, code, someone, stars)
    assert await score(http, service, code) == {"average": 4.3, "number": 3}
    assert "<strong>4.3</strong>（3 人" in (await http("GET", page)).body.decode()
    assert "<strong>4.3</strong> 分（3 人" in (await http("GET", console, headers=headers)).body.decode()
    await rate(http, code, people[0], 1)
    assert await score(http, service, code) == {"average": 3.0, "number": 3}


async def test_without_a_visit_by_name_within_seven_days_nobody_rates(
    http: Http, code: str, make: Factory, service: Service, clock: Clock, stations: list[dict[str, Any]]
) -> None:
    nameless = await make.member()
    await visit(http, code, nameless.token)
    someone = await visitor(http, make, code)
    elsewhere = next(one["code"] for one in stations if one["code"] != code)
    for who, where in ((nameless, code), (someone, elsewhere)):
        reply = await rate(http, where, who)
        assert (reply.status, reply.code) == (409, "visit_required")
        assert "签到" in reply.json["details"]["nextStep"]
    clock.at += RATED_WITHIN - timedelta(seconds=1)
    assert (await rate(http, code, someone)).status == 200
    clock.advance(seconds=1)
    assert (await rate(http, code, someone)).code == "visit_required"
    assert len(await kept(service, code)) == 1


@pytest.mark.parametrize("stars", [0, 6, 4.5, "4", None, True])
async def test_a_rating_is_one_to_five_and_nothing_else(
    http: Http, code: str, make: Factory, service: Service, stars: object
) -> None:
    someone = await visitor(http, make, code)
    reply = await rate(http, code, someone, stars)
    assert (reply.status, reply.json["details"]["field"]) == (400, "body.stars")
    words = await http(
        "PUT",
        f"/api/v1/stations/{code}/ratings/mine",
        {"stars": 4, "words": "好"},
        token=someone.token,
    )
    assert (words.status, words.json["details"]["field"]) == (400, "body.words")
    assert await kept(service, code) == []


async def test_strangers_are_told_to_log_in_and_guests_to_become_members(
    http: Http, code: str, make: Factory
) -> None:
    path = f"/api/v1/stations/{code}/ratings/mine"
    assert (await http("PUT", path, {"stars": 4})).code == "login_required"
    guest = (await make.login("guest-who-rates")).json["token"]
    reply = await http("PUT", path, {"stars": 4}, token=guest)
    assert (reply.status, reply.code) == (404, "not_a_member")
    someone = await make.member()
    missing = await http("PUT", "/api/v1/stations/00000000/ratings/mine", {"stars": 4}, token=someone.token)
    assert (missing.status, missing.code) == (404, "station_not_found")


async def test_twenty_ratings_at_once_of_one_person_are_one_and_the_sums_are_exact(
    http: Http, code: str, make: Factory, service: Service
) -> None:
    someone, *others = [await visitor(http, make, code) for _ in range(3)]
    for other in others:
        await rate(http, code, other, 3)
    ratings = service.world.visits.ratings
    replies = await asyncio.gather(
        *(rate(http, code, someone, number % 5 + 1) for number in range(20)),
        *(persevere(ratings.work) for _ in range(3)),
    )
    assert {200} <= {reply.status for reply in replies if reply} <= {200, 503}
    found = await kept(service, code)
    assert len(found) == 3
    mine = next(one.stars for one in found if one.person == someone.person)
    shown = await score(http, service, code)
    assert (shown["number"], shown["average"]) == (3, round((6 + mine) / 3, 1))
    assert await ratings.list_differences() == []


async def test_with_the_consent_withdrawn_the_rating_counts_on_without_the_person(
    http: Http, code: str, make: Factory, service: Service, clock: Clock
) -> None:
    someone = await visitor(http, make, code)
    await rate(http, code, someone, 5)
    clock.advance(seconds=1)
    await consent(http, someone, given=False)
    (one,) = await kept(service, code)
    assert (one.stars, one.person, one.cut_at) == (5, None, None)
    assert (await rate(http, code, someone, 1)).code == "visit_required"
    await consent(http, someone, given=True)
    assert (await rate(http, code, someone, 1)).code == "visit_required"
    clock.advance(hours=4)
    await visit(http, code, someone.token)
    assert (await rate(http, code, someone, 1)).status == 200
    withdrawals = service.world.privacy.withdrawals
    anew = await withdrawals._consents.find(f"{someone.person}:movements")
    assert anew is not None
    await withdrawals.follow(replace(anew, withdrawn=clock.at - timedelta(hours=4)))
    (one,) = await kept(service, code)
    assert (one.stars, one.person) == (1, someone.person)


async def test_a_withdrawal_counts_at_once_though_the_visits_still_bear_the_name(
    http: Http, code: str, make: Factory, service: Service
) -> None:
    someone = await visitor(http, make, code)
    visits = service.world.visits.check_ins._store
    (made,) = await visits.list_({"person": someone.person})
    await consent(http, someone, given=False)
    await visits.change({"_id": made.id}, {"person": someone.person})
    assert (await rate(http, code, someone)).code == "visit_required"


async def test_a_rating_that_was_under_way_when_the_consent_was_withdrawn_loses_its_person_soon(
    http: Http, code: str, make: Factory, service: Service, clock: Clock
) -> None:
    someone = await visitor(http, make, code)
    await rate(http, code, someone)
    await consent(http, someone, given=False)
    (one,) = await kept(service, code)
    store = service.world.visits.ratings._ratings
    await store.change({"_id": one.id}, {"person": someone.person, "cut_at": clock.at + NAMED_FOR})
    clock.advance(minutes=2)
    await service.world.privacy.withdrawals.work()
    assert [each.person for each in await kept(service, code)] == [None]


async def test_an_erased_person_is_on_no_rating_and_the_rating_counts_on(
    http: Http, code: str, make: Factory, service: Service
) -> None:
    someone = await visitor(http, make, code)
    await rate(http, code, someone, 5)
    reply = await http("DELETE", f"/api/v1/members/me?confirm={quote('注销')}", token=someone.token)
    assert reply.status == 200
    (one,) = await kept(service, code)
    assert (one.stars, one.person, one.cut_at) == (5, None, None)


async def test_my_export_lists_my_ratings_while_they_bear_me_which_is_thirty_days(
    http: Http, code: str, make: Factory, service: Service, clock: Clock
) -> None:
    someone = await visitor(http, make, code)
    await rate(http, code, someone, 5)
    path, retention = "/api/v1/members/me/export", service.world.privacy.retention
    (row,) = rows(await http("GET", path, token=someone.token), "station_ratings")
    assert (row["评分"], row["时间"]) == ("5 分", "2026-07-15 12:00:05")
    assert code in row["驿站"]
    clock.at += NAMED_FOR - timedelta(seconds=1)
    await retention.rules["station_ratings"]()
    assert [one.person for one in await kept(service, code)] == [someone.person]
    clock.advance(seconds=1)
    assert await retention.rules["station_ratings"]() == 1
    (one,) = await kept(service, code)
    assert (one.stars, one.person, one.cut_at) == (5, None, None)


async def test_scores_that_are_not_what_the_ratings_say_are_found_and_counted_anew(
    http: Http, code: str, make: Factory, service: Service
) -> None:
    for stars in (5, 4, 1):
        await rate(http, code, await visitor(http, make, code), stars)
    await score(http, service, code)
    ratings = service.world.visits.ratings
    await ratings._scores.change({"_id": code}, {"number": 9, "total": 9})
    await ratings._scores.put(wrong_score("00000000", service))
    found = await ratings.list_differences()
    assert [(one.id, one.number, one.total) for one in found] == sorted([("00000000", 0, 0), (code, 3, 10)])
    for one in found:
        await ratings.count(one.id)
    assert await ratings.list_differences() == []
    assert await score(http, service, code) == {"average": 3.3, "number": 3}


def wrong_score(station: str, service: Service) -> Any:
    """A score that no rating gave."""
    return Score(id=station, number=7, total=30, changed=service.services.now())
