"""The console's pages: who sees which, and how nobody in particular is led to the sign-in."""

import re

import pytest

from handlers.console import PAGES, ROUTES
from models.appointments import CONSOLE, Role
from tests.factories import Factory, Http

OPEN = ["/console/sign-in", "/console/enrolment"]


@pytest.mark.parametrize("path", [path for path, _ in PAGES])
async def test_who_is_not_signed_in_is_led_to_the_sign_in(http: Http, make: Factory, path: str) -> None:
    member = await make.member(staff=True)
    for headers in ({}, {"Cookie": "console=x"}, {"Cookie": f"console={member.token}"}):
        reply = await http("GET", path, headers=headers)
        assert (reply.status, reply.headers["Location"]) == (302, "/console/sign-in")
    assert (await http("GET", path, token=member.token)).status == 302


@pytest.mark.parametrize("role", sorted(CONSOLE))
async def test_each_role_sees_its_own_pages_and_links_to_them_alone(
    http: Http, make: Factory, role: Role
) -> None:
    _, headers = await make.console(role)
    for path, page in PAGES:
        reply = await http("GET", path, headers=headers)
        assert reply.status == (200 if role in page.roles else 403)
        text = reply.body.decode()
        shown = {link for link, other in PAGES if f'href="{link}"' in text and other.title}
        assert shown == {link for link, other in PAGES if role in other.roles and other.title}
        assert ("没有权限" in text) == (role not in page.roles)


async def test_no_page_has_a_script_or_a_style_of_its_own(http: Http, make: Factory) -> None:
    pages = []
    for role in sorted(CONSOLE):
        _, headers = await make.console(role)
        pages += [
            await http("GET", path.replace("{code}", "4E8M0R2T"), headers=headers) for path, _ in ROUTES
        ]
    for reply in pages:
        policy = reply.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert reply.headers["Cache-Control"] == "no-store"
        text = reply.body.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text)


async def test_the_pages_before_the_sign_in_are_open(http: Http) -> None:
    for path in OPEN:
        assert (await http("GET", path)).status == 200
