"""Officers show a station in photos; everybody sees them, at addresses that never show anything else."""

import asyncio
import io
import re
import secrets
from typing import Any

import pytest
from PIL import Image

from models.audit import Search
from models.station_photos import MOST_PHOTOS, SETTLED_AFTER
from server.service import Service
from tests.factories import Clock, Factory, Http, Reply
from tests.handlers.test_station_hosts import host
from tests.handlers.test_station_hours import STAFF, Headers, a_station, shown
from tests.handlers.waiting import until
from tests.models.hostile_pictures import png, with_everything

SECRET = b"SECRET-7c1f"


def photo(width: int = 64, height: int = 48) -> bytes:
    """A photo that is nobody else's."""
    content = io.BytesIO()
    Image.frombytes("RGB", (width, height), secrets.token_bytes(3 * width * height)).save(content, "PNG")
    return content.getvalue()


async def add(
    http: Http, headers: Headers, code: str, content: bytes | None = None, subject: str = "entrance"
) -> Reply:
    path = f"{STAFF}/{code}/photos?subject={subject}"
    sent = {**headers, "Content-Type": "image/png"}
    return await http("POST", path, raw=photo() if content is None else content, headers=sent)


async def arrange(http: Http, headers: Headers, album: dict[str, Any], *order: tuple[str, str]) -> Reply:
    placed = [{"photo": name, "subject": subject} for name, subject in order]
    body = {"version": album["version"], "photos": placed}
    return await http("PUT", f"{STAFF}/{album['code']}/album", body, headers=headers)


async def album_of(http: Http, headers: Headers, code: str) -> Any:
    return (await http("GET", f"{STAFF}/{code}/album", headers=headers)).json


def names(reply: Reply) -> list[str]:
    return [one["photo"] for one in reply.json["photos"]]


async def stored(service: Service, name: str) -> Any:
    return await service.world.visits.photos._pictures.find(name)


async def test_an_officer_adds_photos_and_everybody_sees_them_in_their_order(
    http: Http, make: Factory, service: Service
) -> None:
    officer, headers = await make.console("officer")
    code = (await a_station(http, headers))["code"]
    assert (await until(lambda: shown(http, code), lambda one: "photos" in one))["photos"] == []
    first = await add(http, headers, code)
    second = await add(http, headers, code, photo(3000, 40), "inside")
    assert (first.status, second.status) == (201, 201)
    seen = (await shown(http, code))["photos"]
    assert [(one["words"], one["width"], one["height"]) for one in seen] == [
        ("门口", 64, 48),
        ("室内", 1024, 14),
    ]
    assert second.json["photos"] == seen
    assert seen[0]["url"] == f"{service.services.public_url}/api/v1/station-photos/{seen[0]['photo']}"
    page = (await http("GET", f"/s/{code}")).body.decode()
    shows = re.findall(r'<img src="([^"]+)" alt="([^"]+)" width="(\d+)" height="(\d+)" loading="lazy"', page)
    name = (await shown(http, code))["name"]
    assert [one[0] for one in shows] == [f"/api/v1/station-photos/{one['photo']}" for one in seen]
    assert shows[0][1:] == (f"{name}：门口", "64", "48")
    entries = await service.world.auditing.audit.list_page(Search(object=code), 1, 10)
    assert {(one.actor, one.action) for one in entries.rows} == {(officer.person, "station_photo_added")}
    assert {(one.details["photo"], one.details["subject"]) for one in entries.rows} == {
        (one["photo"], one["subject"]) for one in seen
    }


async def test_a_photo_is_drawn_anew_and_kept_by_caches_under_an_address_that_is_its_tag(
    http: Http, make: Factory
) -> None:
    _, headers = await make.console("officer")
    code = (await a_station(http, headers))["code"]
    path = f"/api/v1/station-photos/{names(await add(http, headers, code, with_everything('PNG')))[0]}"
    seen = await http("GET", path)
    assert (seen.status, seen.headers["Content-Type"]) == (200, "image/jpeg")
    assert SECRET not in seen.body
    assert seen.headers["Cache-Control"] == "public, max-age=604800, immutable"
    assert seen.headers["ETag"] == f'"{path[-32:]}"'
    again = await http("GET", path, headers={"If-None-Match": seen.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


async def test_the_same_photo_again_is_the_same_photo_and_another_station_s_is_another(
    http: Http, make: Factory
) -> None:
    _, headers = await make.console("officer")
    one, other = [(await a_station(http, headers))["code"] for _ in range(2)]
    content = photo()
    first, again = await add(http, headers, one, content), await add(http, headers, one, content, "way")
    assert (again.status, again.body) == (201, first.body)
    assert names(await add(http, headers, other, content)) != names(first)


async def test_photos_are_put_in_order_said_anew_and_removed(
    http: Http, make: Factory, service: Service, clock: Clock
) -> None:
    _, headers = await make.console("officer")
    code = (await a_station(http, headers))["code"]
    await until(lambda: shown(http, code), lambda one: "photos" in one)
    for _ in range(3):
        album = (await add(http, headers, code)).json
    one, two, three = (photo["photo"] for photo in album["photos"])
    clock.advance(seconds=1)
    placed = await arrange(http, headers, album, (three, "way"), (one, "entrance"))
    assert [(each["photo"], each["subject"]) for each in placed.json["photos"]] == [
        (three, "way"),
        (one, "entrance"),
    ]
    assert (await shown(http, code))["photos"] == placed.json["photos"]
    gone = await http("GET", f"/api/v1/station-photos/{two}")
    assert (gone.status, gone.code) == (404, "station_photo_not_found")
    assert await stored(service, two) is None
    same = await arrange(http, headers, placed.json, (three, "way"), (one, "entrance"))
    assert same.body == placed.body
    page = await service.world.auditing.audit.list_page(Search(object=code), 1, 1)
    (entry,) = page.rows
    assert page.total == 4
    assert (entry.action, entry.details) == (
        "station_photos_arranged",
        {"1": f"{three} way", "2": f"{one} entrance"},
    )
    stale = await arrange(http, headers, album, (one, "inside"))
    assert (stale.status, stale.code) == (409, "station_changed")
    assert stale.json["details"]["version"] == placed.json["version"]
    unknown = await arrange(http, headers, placed.json, (two, "way"))
    assert (unknown.status, unknown.code) == (404, "station_photo_not_found")
    assert (await album_of(http, headers, code)) == placed.json


async def test_of_ten_photos_at_once_as_many_are_kept_as_a_station_may_have(
    http: Http, make: Factory, service: Service
) -> None:
    _, headers = await make.console("officer")
    code = (await a_station(http, headers))["code"]
    contents = [photo(8, 8) for _ in range(10)]
    replies = await asyncio.gather(*(add(http, headers, code, content) for content in contents))
    refused = [reply for reply in replies if reply.status != 201]
    assert {(reply.status, reply.code) for reply in refused} <= {
        (409, "station_photos_full"),
        (503, "engine_unavailable"),
    }
    for content in contents:
        await add(http, headers, code, content)
    last = await add(http, headers, code)
    assert (last.status, last.json["details"]) == (409, {"most": MOST_PHOTOS})
    album = await album_of(http, headers, code)
    assert len({one["photo"] for one in album["photos"]}) == MOST_PHOTOS
    for one in album["photos"]:
        assert (await http("GET", f"/api/v1/station-photos/{one['photo']}")).status == 200


async def test_what_was_stored_for_a_refused_photo_is_swept(
    http: Http, make: Factory, service: Service, clock: Clock
) -> None:
    _, headers = await make.console("officer")
    code = (await a_station(http, headers))["code"]
    kept = names(await add(http, headers, code))[0]
    photos = service.world.visits.photos
    lost = (await photos._pictures.find(kept)).__replace__  # type: ignore[union-attr]  # it was stored above
    await photos._pictures.insert(lost(id="0" * 32, pending=photos._mark()))
    assert (await http("GET", f"/api/v1/station-photos/{'0' * 32}")).status == 404
    await photos.settle_old()
    assert await stored(service, "0" * 32) is not None
    clock.at += SETTLED_AFTER * 1.01
    await photos.settle_old()
    assert await stored(service, "0" * 32) is None
    assert await stored(service, kept) is not None


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "unreadable_picture"),
        (b"<svg onload=alert(1)>", "unsupported_picture"),
        (png(60_000, 60_000), "picture_too_large"),
        (png(100, 100), "unreadable_picture"),
    ],
)
async def test_a_bomb_or_no_picture_is_refused_as_everywhere(
    http: Http, make: Factory, content: bytes, code: str
) -> None:
    _, headers = await make.console("officer")
    station = (await a_station(http, headers))["code"]
    reply = await add(http, headers, station, content)
    assert (reply.status, reply.code) == (400, code)
    assert (await album_of(http, headers, station))["photos"] == []
    unknown = await add(http, headers, station, subject="people")
    assert (unknown.status, unknown.json["details"]["field"]) == (400, "query.subject")


async def test_only_officers_where_the_station_is_run_may_change_its_photos(
    http: Http, make: Factory
) -> None:
    district, elsewhere = await make.organisation(), await make.organisation()
    street = await make.organisation(district)
    _, above = await make.console("officer", district)
    _, stranger = await make.console("officer", elsewhere)
    _, keeper = await make.console("station_staff", street)
    station = await a_station(http, above)
    code = station["code"]
    assert (await host(http, above, station, street)).status == 200
    album = (await add(http, above, code)).json
    for headers, refusal in ((stranger, "station_of_others"), (keeper, "staff_not_allowed")):
        for reply in (
            await add(http, headers, code),
            await arrange(http, headers, album),
            await http("GET", f"{STAFF}/{code}/album", headers=headers),
        ):
            assert (reply.status, reply.code) == (403, refusal)
    assert (await add(http, {"Cookie": above["Cookie"]}, code)).code == "cross_site_request"
    assert (await album_of(http, above, code)) == album
    missing = await add(http, above, "00000000")
    assert (missing.status, missing.code) == (404, "station_not_found")


async def test_another_process_shows_a_photo_at_once_and_its_list_after_a_look(
    http: Http, make: Factory, service: Service
) -> None:
    _, headers = await make.console("officer")
    code = (await a_station(http, headers))["code"]
    (name,) = names(await add(http, headers, code))
    photos = service.world.visits.photos
    photos._known.pop(code)
    assert (await http("GET", f"/api/v1/station-photos/{name}")).status == 200
    photos.mirror._seen.clear()
    seen = await until(lambda: shown(http, code), lambda one: bool(one["photos"]))
    assert [one["photo"] for one in seen["photos"]] == [name]
