"""A landing page's button that opens the mini program from outside WeChat, and the page without WeChat."""

import asyncio
import html
import re
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from miniprogram_api.simulator import Simulator
from miniprogram_api.simulator_outside import LinkParts
from miniprogram_api.simulator_state import Fault, PlannedFault
from models.station_links import LIFE_DAYS, STATION_LINKS, StationLinks
from models.store import EngineUnavailable, Store
from server.config import Links
from server.platform import Account, LinkMaker, link_maker_of
from server.service import Service
from tests.factories import Clock, Http
from tests.handlers.waiting import until

ROUTE = "/wxa/generate_urllink"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Safari/604.1"
)
WECHAT = f"{SAFARI} MicroMessenger/8.0.50(0x18003236) NetType/WIFI Language/zh_CN"


class Counting(Store[Any]):
    """A store that counts how often it is read."""

    reads = 0

    async def find(self, key: str) -> Any:
        self.reads += 1
        return await super().find(key)


class Away(Store[Any]):
    """A store whose database does not answer."""

    async def find(self, key: str) -> Any:
        raise EngineUnavailable(retryAfter=1)


@pytest.fixture
async def wechat(service: Service) -> AsyncIterator[Simulator]:
    """The simulated WeChat, and no link that an earlier test had made."""
    assert service.simulator
    links = service.services.visits.links
    await links._store._documents.delete_many({})
    links._known.clear()
    links._paused_until = None
    yield service.simulator
    service.simulator.state.faults.clear()


@pytest.fixture
async def codes(http: Http) -> list[str]:
    """The codes of some stations."""
    reply = await http("GET", "/api/v1/stations?longitude=113.62&latitude=34.75&datum=gcj02&limit=5")
    return [item["code"] for item in reply.json["items"]]


async def link_on_page(http: Http, code: str, agent: str = SAFARI) -> str | None:
    reply = await http("GET", f"/s/{code}", headers={"User-Agent": agent})
    assert reply.status == 200
    assert reply.headers["Vary"] == "User-Agent"
    found = re.search(
        r'<a [^>]*id="open-mini-program"[^>]* href="([^"]*)">打开小程序</a>', reply.body.decode()
    )
    return html.unescape(found[1]) if found else None


def plan(wechat: Simulator, fault: Fault, **options: Any) -> None:
    wechat.state.faults.plan(msgspec.convert({"route": ROUTE, "fault": fault, **options}, PlannedFault))


def asked(wechat: Simulator) -> int:
    return sum(call.path == ROUTE for call in wechat.state.journal.list_calls())


async def test_the_button_opens_the_station_in_the_mini_program(
    http: Http, wechat: Simulator, codes: list[str]
) -> None:
    link = await link_on_page(http, codes[0].lower())
    assert link
    assert link.startswith("https://wxaurl.cn/")
    assert wechat.state.links.open(link) == LinkParts("pages/station/index", f"s={codes[0]}", "release")


async def test_inside_wechat_there_is_no_button_and_nothing_is_asked(
    http: Http, wechat: Simulator, codes: list[str]
) -> None:
    before = asked(wechat)
    assert await link_on_page(http, codes[0], WECHAT) is None
    assert asked(wechat) == before


async def test_inside_wechat_the_page_says_how_to_find_the_mini_program_and_not_to_open_wechat(
    http: Http, codes: list[str]
) -> None:
    pages = {}
    for agent in (WECHAT, SAFARI):
        pages[agent] = (await http("GET", f"/s/{codes[0]}", headers={"User-Agent": agent})).body.decode()
    assert "输入“工会驿站”，点开小程序" in pages[WECHAT]
    assert "打开微信" not in pages[WECHAT]
    assert "扫一扫" not in pages[WECHAT]
    assert "打开微信，点“发现”里的“扫一扫”" in pages[SAFARI]
    assert "输入“工会驿站”" not in pages[SAFARI]


async def test_a_station_that_is_not_has_no_link(http: Http, wechat: Simulator) -> None:
    before = asked(wechat)
    assert (await http("GET", "/s/00000000", headers={"User-Agent": SAFARI})).status == 404
    assert asked(wechat) == before


async def test_a_link_is_made_once_for_each_station(http: Http, wechat: Simulator, codes: list[str]) -> None:
    before = asked(wechat)
    first, again, other = [await link_on_page(http, code) for code in (codes[0], codes[0], codes[1])]
    assert first == again != other
    assert asked(wechat) == before + 2


async def test_many_visitors_at_once_make_one_call(http: Http, wechat: Simulator, codes: list[str]) -> None:
    before = asked(wechat)
    links = await asyncio.gather(*(link_on_page(http, codes[0]) for _ in range(20)))
    assert asked(wechat) == before + 1
    assert len(set(links) - {None}) == 1


async def test_a_link_is_made_anew_shortly_before_it_lapses(
    http: Http, wechat: Simulator, codes: list[str], clock: Clock
) -> None:
    first = await link_on_page(http, codes[0])
    clock.advance(days=LIFE_DAYS - 1, seconds=-1)
    assert await link_on_page(http, codes[0]) == first
    clock.advance(seconds=1)
    second = await link_on_page(http, codes[0])
    assert second not in {None, first}
    assert wechat.state.links.open(str(first))
    assert wechat.state.links.open(str(second))


async def test_another_process_finds_the_link_that_is_kept(
    http: Http, wechat: Simulator, codes: list[str], service: Service, clock: Clock
) -> None:
    link, before = await link_on_page(http, codes[0]), asked(wechat)
    assert await process_of(service, clock).find(codes[0], maker_of(service)) == link
    assert asked(wechat) == before


async def test_of_many_processes_one_asks(
    wechat: Simulator, codes: list[str], service: Service, clock: Clock
) -> None:
    before = asked(wechat)
    processes = [process_of(service, clock) for _ in range(8)]
    found = await asyncio.gather(*(one.find(codes[0], maker_of(service)) for one in processes))
    assert len(set(found) - {None}) == 1
    assert asked(wechat) == before + 1
    clock.advance(seconds=5)
    assert len({await one.find(codes[0], maker_of(service)) for one in processes}) == 1
    clock.advance(days=LIFE_DAYS)
    made = len(wechat.state.links._made)
    await asyncio.gather(*(one.find(codes[0], maker_of(service)) for one in processes))
    assert len(wechat.state.links._made) == made + 1


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        *((Fault.ERRCODE, {"errcode": code}) for code in (40165, 44990, 44993, 45009, 48001, 85079, 85407)),
        (Fault.HTTP_502, {}),
        (Fault.CUT, {}),
        (Fault.HALF_BODY, {}),
        (Fault.NOT_JSON, {}),
        (Fault.OTHER_BODY, {"body": "{}"}),
        (Fault.OTHER_BODY, {"body": '{"errcode": 0, "url_link": "javascript:alert(1)"}'}),
    ],
)
async def test_without_wechat_the_page_comes_without_the_button_and_asks_again_later(
    http: Http, wechat: Simulator, codes: list[str], clock: Clock, fault: Fault, options: dict[str, Any]
) -> None:
    plan(wechat, fault, **options)
    assert await link_on_page(http, codes[0]) is None
    before = asked(wechat)
    assert await link_on_page(http, codes[0]) is None
    assert await link_on_page(http, codes[1]) is None, "what WeChat refuses is not one station"
    clock.advance(seconds=59)
    assert await link_on_page(http, codes[1]) is None
    assert asked(wechat) == before
    clock.advance(seconds=1)
    assert await link_on_page(http, codes[0])
    assert await link_on_page(http, codes[1])


async def test_while_wechat_hangs_one_visitor_waits_a_little_and_nobody_else(
    http: Http, wechat: Simulator, codes: list[str]
) -> None:
    plan(wechat, Fault.HANG)
    before, clock = asked(wechat), asyncio.get_running_loop().time
    begun = clock()
    waiting = asyncio.create_task(link_on_page(http, codes[0]))
    await until(lambda: http("GET", "/healthz"), lambda _: asked(wechat) > before)
    assert await link_on_page(http, codes[0]) is None
    assert not waiting.done()
    assert await waiting is None
    assert clock() - begun < 5
    assert await link_on_page(http, codes[1]) is None
    assert asked(wechat) == before + 1


async def test_without_the_database_the_page_does_without(
    wechat: Simulator, codes: list[str], service: Service, clock: Clock
) -> None:
    before = asked(wechat)
    away = Away(service.services.visits.links._store._documents.database, STATION_LINKS)
    assert await StationLinks(away, clock.now).find(codes[0], maker_of(service)) is None
    assert asked(wechat) == before


async def test_whoever_comes_while_a_link_is_made_reads_no_database(
    wechat: Simulator, codes: list[str], service: Service, clock: Clock
) -> None:
    store = Counting(service.services.visits.links._store._documents.database, STATION_LINKS)
    links, maker = StationLinks(store, clock.now), maker_of(service)
    found = await asyncio.gather(*(links.find(codes[0], maker) for _ in range(9)))
    assert len(set(found) - {None}) == 1
    assert await links.find(codes[0], maker) in found
    assert store.reads == 1


async def test_an_account_has_the_links_that_it_is_configured_for(
    wechat: Simulator, codes: list[str], service: Service, clock: Clock
) -> None:
    client = service.services.wechat
    assert link_maker_of(client, Account()) is None
    scheme = LinkMaker(client, Account(links=Links.SCHEME))
    link = await process_of(service, clock).find(codes[0], scheme)
    assert link
    assert link.startswith("weixin://dl/business/?t=")
    assert wechat.state.links.open(link) == LinkParts("pages/station/index", f"s={codes[0]}", "release")


def process_of(service: Service, clock: Clock) -> StationLinks:
    """The links as another process over the same database has them."""
    return StationLinks(service.services.visits.links._store, clock.now)


def maker_of(service: Service) -> Any:
    return service.services.link_maker
