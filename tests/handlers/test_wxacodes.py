"""小程序码 of stations: drawn by WeChat once, kept, and given to anybody."""

import io
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import zxingcpp
from PIL import Image

from miniprogram_api.simulator import Simulator
from miniprogram_api.simulator_state import Fault, PlannedFault
from models.wxacodes import WIDTH
from server.service import Service
from tests.factories import Http

ROUTE = "/wxa/getwxacodeunlimit"


@pytest.fixture
async def wechat(service: Service) -> AsyncIterator[Simulator]:
    """The simulated WeChat, and no code that an earlier test had drawn."""
    assert service.simulator
    wxacodes = service.world.wxacodes._store
    await wxacodes._documents.delete_many({})
    yield service.simulator
    service.simulator.state.faults.clear()


@pytest.fixture
async def code(http: Http) -> str:
    """The code of some station."""
    reply = await http("GET", "/api/v1/stations?longitude=113.62&latitude=34.75&datum=gcj02&limit=1")
    return str(reply.json["items"][0]["code"])


def plan(wechat: Simulator, fault: Fault, **options: Any) -> None:
    order = {"route": ROUTE, "fault": fault, **options}
    wechat.state.faults.plan(msgspec.convert(order, PlannedFault))


def drawn(wechat: Simulator) -> int:
    return sum(call.path == ROUTE for call in wechat.state.journal.list_calls())


def read(picture: bytes) -> Any:
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    return msgspec.json.decode(found.text)


async def test_a_station_s_code_opens_its_page(http: Http, wechat: Simulator, code: str) -> None:
    reply = await http("GET", f"/api/v1/stations/{code.lower()}/wxacode.png")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "image/png")
    assert reply.headers["Cache-Control"] == "public, max-age=86400"
    assert read(reply.body) == {
        "appid": wechat.state.appid,
        "page": "pages/station/index",
        "scene": f"s={code}",
        "env": "release",
    }
    assert Image.open(io.BytesIO(reply.body)).size == (WIDTH, WIDTH)


async def test_a_code_is_drawn_once(http: Http, wechat: Simulator, code: str) -> None:
    before = drawn(wechat)
    first, second = [await http("GET", f"/api/v1/stations/{code}/wxacode.png") for _ in range(2)]
    assert first.body == second.body
    assert drawn(wechat) == before + 1


async def test_a_station_that_is_not_has_no_code(http: Http, wechat: Simulator) -> None:
    before = drawn(wechat)
    reply = await http("GET", "/api/v1/stations/00000000/wxacode.png")
    assert (reply.status, reply.code) == (404, "station_not_found")
    assert drawn(wechat) == before


@pytest.mark.parametrize(
    ("fault", "options", "code_of_refusal"),
    [
        (Fault.ERRCODE, {"errcode": 41030}, "wxacode_not_available"),
        (Fault.ERRCODE, {"errcode": 45009}, "wechat_quota_spent"),
        (Fault.ERRCODE, {"errcode": 48001}, "wechat_misconfigured"),
        (Fault.NOT_JSON, {}, "wechat_busy"),
        (Fault.HALF_BODY, {}, "wechat_busy"),
        (Fault.OTHER_BODY, {"body": "{}"}, "wechat_busy"),
        (Fault.OTHER_BODY, {"body": "GIF89a"}, "wechat_busy"),
    ],
)
async def test_what_is_no_picture_is_not_kept(
    http: Http, wechat: Simulator, code: str, fault: Fault, options: dict[str, Any], code_of_refusal: str
) -> None:
    plan(wechat, fault, **options)
    reply = await http("GET", f"/api/v1/stations/{code}/wxacode.png")
    assert (reply.status, reply.code) == (503, code_of_refusal)
    assert int(reply.headers["Retry-After"]) > 0
    assert (await http("GET", f"/api/v1/stations/{code}/wxacode.png")).status == 200


@pytest.mark.parametrize("fault", [Fault.WRONG_CONTENT_TYPE, Fault.BUSY])
async def test_a_code_is_told_by_its_bytes_and_asked_for_again(
    http: Http, wechat: Simulator, code: str, fault: Fault
) -> None:
    plan(wechat, fault)
    assert (await http("GET", f"/api/v1/stations/{code}/wxacode.png")).status == 200
