"""A station's photos after a process died at any write: what an album names is there, and nothing else."""

import io
from collections.abc import Awaitable, Callable, Mapping

import pytest
from PIL import Image

from models.photos import Photos
from models.station_photos import (
    SETTLED_AFTER,
    Album,
    Shelves,
    StationPhotos,
    StationPicture,
    Subject,
)
from models.store import Database
from server.app import World
from server.engines import Engines
from tests.station_sites import StationSite, died_at_each_write

Happens = Callable[[], Awaitable[None]]


def picture(colour: str) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (4, 3), colour).save(content, "PNG")
    return content.getvalue()


RED, BLUE = picture("red"), picture("blue")


class Site(StationSite):
    """A database with stations and their photos."""

    async def add(self, world: World, code: str, content: bytes) -> Album:
        return await world.visits.photos.add(self.officer, code, "inside", content, Photos())

    async def arrange(self, world: World, code: str, *photos: str) -> None:
        album = await world.visits.photos.get(self.officer, code)
        wanted: list[tuple[str, Subject]] = [(photo, "inside") for photo in photos]
        await world.visits.photos.arrange(self.officer, code, album.version, wanted)

    def photos_of(self, world: World, pictures: "HeldPictures") -> StationPhotos:
        """A process's photos over pictures that a test holds back."""
        shelves = Shelves(world.visits.photos._albums, pictures)  # type: ignore[arg-type]  # a fake of the store
        return StationPhotos(shelves, world.station_book.hosts, world.station_book.office, self.clock.now)

    async def check(self, code: str) -> list[str]:
        """Return what a station shows, once a worker came by: all of it is there, and nothing else is."""
        self.clock.at += SETTLED_AFTER * 1.01
        world = await self.begin()
        await world.visits.photos.settle_old()
        album = await world.visits.photos.get(self.officer, code)
        named = [one.photo for one in album.photos]
        stored = [await world.visits.photos._pictures.find(photo) for photo in named]
        assert all(one and one.pending is None for one in stored)
        assert await world.visits.photos._pictures.list_({"pending": {"$gt": ""}}) == []
        there = await self.database["station_pictures"].count_documents({"station": code})
        assert there == len(named)
        return named


@pytest.fixture
async def site(engines: Engines, database: Database) -> Site:
    return await Site(engines, database).open()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("repeats", [False, True], ids=["unasked", "sent-again"])
async def test_a_photo_is_shown_whole_or_not_at_all_wherever_its_process_died(
    site: Site, *, repeats: bool, after: bool
) -> None:
    async def prepare(code: str) -> None:
        await site.add(await site.begin(), code, RED)

    async def act(world: World, code: str) -> None:
        await site.add(world, code, BLUE)

    async def check(code: str) -> None:
        if repeats:
            await act(await site.begin(), code)
        named = await site.check(code)
        assert len(named) == 2 or (not repeats and len(named) == 1)

    assert await died_at_each_write(site, prepare, act, check, after=after) >= 4


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_photo_is_removed_whole_or_not_at_all_wherever_its_process_died(
    site: Site, *, after: bool
) -> None:
    async def prepare(code: str) -> None:
        for content in (RED, BLUE):
            await site.add(await site.begin(), code, content)

    async def act(world: World, code: str) -> None:
        album = await world.visits.photos.get(site.officer, code)
        await site.arrange(world, code, album.photos[-1].photo)

    async def check(code: str) -> None:
        assert len(await site.check(code)) in (1, 2)
        album = await site.reader.visits.photos.get(site.officer, code)
        await site.arrange(await site.begin(), code, album.photos[-1].photo)
        assert len(await site.check(code)) == 1

    assert await died_at_each_write(site, prepare, act, check, after=after) >= 4


async def test_a_photo_that_is_added_while_it_is_removed_is_there_if_its_album_names_it(site: Site) -> None:
    code = await site.make_station()
    first, second = await site.begin(), await site.begin()
    album = await site.add(first, code, RED)

    async def add_again() -> None:
        await site.add(second, code, RED)

    remover = site.photos_of(first, HeldPictures(first, before_removal=add_again))
    await remover.arrange(site.officer, code, album.version, [])
    assert len(await site.check(code)) == 1


async def test_a_photo_that_two_add_while_a_third_removes_it_is_there_if_its_album_names_it(
    site: Site,
) -> None:
    code = await site.make_station()
    first, second = await site.begin(), await site.begin()

    async def add_and_remove() -> None:
        album = await site.add(second, code, RED)
        await second.visits.photos.arrange(site.officer, code, album.version, [])

    adder = site.photos_of(first, HeldPictures(first, after_storing=add_and_remove))
    await adder.add(site.officer, code, "inside", RED, Photos())
    assert len(await site.check(code)) == 1


class HeldPictures:
    """The store of pictures, with what happens once beside one of its writes."""

    def __init__(
        self, world: World, *, before_removal: Happens | None = None, after_storing: Happens | None = None
    ) -> None:
        self._store = world.visits.photos._pictures
        self._before_removal = before_removal
        self._after_storing = after_storing

    async def delete(self, where: Mapping[str, str]) -> int:
        if self._before_removal:
            await self._before_removal()
        return await self._store.delete(where)

    async def put(self, picture: StationPicture) -> None:
        await self._store.put(picture)
        happens, self._after_storing = self._after_storing, None
        if happens:
            await happens()

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)
