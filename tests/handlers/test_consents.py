"""Consents through HTTP: each purpose apart, with its words, history and withdrawal."""

import asyncio
import itertools
import secrets
from typing import Any

import pytest

from models.people import Particulars
from models.privacy_notices import CURRENT, Purpose
from models.sessions import SessionRecord
from server.service import Service
from tests.factories import Clock, Factory, Http, Reply
from tests.traces import find_traces

PATH = "/api/v1/consents"
VERSION = CURRENT.version
SENSITIVE: tuple[Purpose, ...] = ("movements", "health", "accounts", "hardship", "under_14")


def item(reply: Reply, purpose: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in reply.json["items"] if one["text"]["purpose"] == purpose)
    return found


async def answer(http: Http, token: str, purpose: Purpose, *, given: bool, version: str = "") -> Reply:
    words = version or CURRENT.consent(purpose).version
    return await http("PUT", PATH, {"purpose": purpose, "given": given, "version": words}, token=token)


async def test_a_newcomer_is_asked_once_and_never_again_after_a_refusal(http: Http, make: Factory) -> None:
    token = await make.guest(agrees=False)
    notice = item(await http("GET", PATH, token=token), "notice")
    assert (notice["given"], notice["mayAsk"], notice["history"]) == (False, True, [])
    refused = item(await answer(http, token, "notice", given=False), "notice")
    assert (refused["given"], refused["mayAsk"]) == (False, False)
    agreed = item(await answer(http, token, "notice", given=True), "notice")
    assert (agreed["given"], agreed["mayAsk"]) == (True, False)


@pytest.mark.parametrize("purpose", SENSITIVE)
async def test_each_sensitive_purpose_is_given_and_withdrawn_by_itself(
    http: Http, make: Factory, service: Service, clock: Clock, purpose: Purpose
) -> None:
    someone, consents = await make.member(), service.world.privacy.consents
    assert not await consents.has_consent(someone.person, purpose)
    given = await answer(http, someone.token, purpose, given=True)
    assert await consents.has_consent(someone.person, purpose)
    others = [one for one in given.json["items"] if one["text"]["purpose"] not in (purpose, "notice")]
    assert [one["given"] for one in others] == [False] * (len(SENSITIVE) - 1)
    clock.advance(minutes=1)
    withdrawn = item(await answer(http, someone.token, purpose, given=False), purpose)
    assert not await consents.has_consent(someone.person, purpose)
    assert [(one["given"], one["version"], one["channel"]) for one in withdrawn["history"]] == [
        (False, CURRENT.consent(purpose).version, "mini_program"),
        (True, CURRENT.consent(purpose).version, "mini_program"),
    ]
    assert withdrawn["history"][1]["at"] == "2026-07-15T12:00:05+08:00"
    assert withdrawn["answeredAt"] == "2026-07-15T12:01:05+08:00"


async def test_the_same_answer_again_is_no_second_entry(http: Http, make: Factory) -> None:
    someone = await make.member()
    for _ in range(3):
        reply = await answer(http, someone.token, "movements", given=True)
    assert len(item(reply, "movements")["history"]) == 1


async def test_words_that_are_not_current_cannot_be_agreed_to_but_withdrawn_from(
    http: Http, make: Factory
) -> None:
    someone = await make.member()
    stale = await answer(http, someone.token, "movements", given=True, version="1999-01-01")
    assert (stale.status, stale.code) == (409, "consent_text_changed")
    assert stale.json["details"] == {"version": CURRENT.consent("movements").version}
    await answer(http, someone.token, "movements", given=True)
    gone = await answer(http, someone.token, "movements", given=False, version="1999-01-01")
    assert (gone.status, item(gone, "movements")["given"]) == (200, False)


async def test_a_stranger_cannot_agree_to_sensitive_purposes(http: Http, make: Factory) -> None:
    reply = await answer(http, await make.guest(), "movements", given=True)
    assert (reply.status, reply.code) == (404, "not_a_member")


async def test_answers_at_once_are_all_kept(http: Http, make: Factory) -> None:
    someone = await make.member()
    replies = await asyncio.gather(
        *(answer(http, someone.token, "health", given=number % 2 == 0) for number in range(8))
    )
    assert {reply.status for reply in replies} <= {200, 503}
    history = item(await http("GET", PATH, token=someone.token), "health")["history"]
    answers = [one["given"] for one in history]
    assert answers
    assert all(one != other for one, other in itertools.pairwise(answers))


async def test_of_a_silent_login_only_the_session_is_kept(
    http: Http, make: Factory, service: Service
) -> None:
    world, openid = service.world, f"guest-{secrets.token_hex(8)}"
    token = (await make.login(openid, agrees=False)).json["token"]
    marks = {openid, world.subscriptions.account_of(openid)}
    vault = world.privacy.erasures.steps._basis.vault
    places = await find_traces(world.stores[0]._documents.database, vault, marks)
    assert set(places) == {"sessions.subject", "sessions.openid"}
    assert set(SessionRecord.__struct_fields__) == {"id", "subject", "kind", "openid", "opened", "expires"}
    report = {
        "reportId": f"popup-{secrets.token_hex(8)}",
        "answers": [{"templateId": "event_reminder", "answer": "accept"}],
    }
    refused = await http("POST", "/api/v1/subscriptions", report, token=token)
    assert (refused.status, refused.code) == (403, "privacy_notice_not_agreed")
    assert refused.json["details"] == {"version": VERSION}
    await answer(http, token, "notice", given=True)
    assert (await http("POST", "/api/v1/subscriptions", report, token=token)).status == 200
    await answer(http, token, "notice", given=False)
    assert (await http("POST", "/api/v1/subscriptions", report, token=token)).status == 403


async def test_what_a_guest_agreed_to_counts_for_the_member_that_the_guest_becomes(
    http: Http, make: Factory, service: Service
) -> None:
    openid = f"test-{secrets.token_hex(8)}"
    first = (await make.login(openid, agrees=False)).json["token"]
    await answer(http, first, "notice", given=True)
    who = Particulars(name="新会员", id_document=f"TEST-{openid}", phone=openid, openid=openid)
    await service.world.people.register(who)
    later = (await make.login(openid, agrees=False)).json["token"]
    for token in (first, later):
        assert item(await http("GET", PATH, token=token), "notice")["given"] is True
    withdrawn = await answer(http, later, "notice", given=False)
    assert item(withdrawn, "notice")["given"] is False
    assert item(await http("GET", PATH, token=first), "notice")["given"] is False


async def test_the_notice_is_public_and_says_who_and_for_how_long(http: Http) -> None:
    reply = await http("GET", "/api/v1/privacy-notice")
    assert (reply.status, reply.json["version"], reply.json["versions"]) == (
        200,
        VERSION,
        [VERSION, "2026-11-23", "2026-11-22"],
    )
    assert (reply.json["responsible"], reply.json["contact"]) == ("本地总工会", "12351（工会服务热线）")
    scans = next(one for one in reply.json["retention"] if one["kind"] == "scans")
    assert (scans["kept"], scans["seconds"]) == ("扫码后 30 天", 30 * 86400)
    assert reply.json["rights"]
    same = await http("GET", f"/api/v1/privacy-notice?version={VERSION}")
    assert same.json == reply.json
    absent = await http("GET", "/api/v1/privacy-notice?version=1999-01-01")
    assert (absent.status, absent.code) == (404, "privacy_notice_not_found")


async def test_the_notice_is_a_page_that_anybody_can_read(http: Http) -> None:
    reply = await http("GET", "/privacy")
    text = reply.body.decode()
    assert reply.status == 200
    for words in ("个人信息处理规则", "本地总工会", "扫码后 30 天", "撤回同意", "行踪轨迹"):
        assert words in text
