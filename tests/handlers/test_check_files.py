"""The files by which WeChat checks that our links are ours."""

import pytest

from tests.factories import Http

CONTENT = b"5d41402abc4b2a76b9719d911017c592"


@pytest.mark.parametrize("folder", ["/", "/s/", "/e/"])
async def test_wechat_finds_its_check_file_wherever_it_looks(http: Http, folder: str) -> None:
    reply = await http("GET", f"{folder}k3JxQ0a9Zp.txt")
    assert (reply.status, reply.body) == (200, CONTENT)
    assert reply.headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert (await http("GET", f"{folder}MP_verify_aB3.txt")).body == b"aB3="


@pytest.mark.parametrize(
    "path",
    [
        "/unknown.txt", "/s/unknown.txt", "/e/unknown.txt", "/s/k3jxq0a9zp.txt", "/k3JxQ0a9Zp.txtx",
        "/api/v1/k3JxQ0a9Zp.txt", "/s/k3JxQ0a9Zp", "/s/..%2Fk3JxQ0a9Zp.txt",
    ],
)  # fmt: skip
async def test_a_file_that_is_not_configured_is_not_there(http: Http, path: str) -> None:
    reply = await http("GET", path)
    assert (reply.status, reply.code) == (404, "not_found")


async def test_a_check_file_leaves_stations_alone(http: Http) -> None:
    found = await http("GET", "/api/v1/stations?longitude=113.62&latitude=34.75&datum=gcj02&limit=1")
    assert (await http("GET", f"/s/{found.json['items'][0]['code']}")).status == 200
