import secrets
from datetime import timedelta

from models.sessions import SESSIONS, Revocations
from models.signals import Signals
from server.service import Service
from tests.factories import Clock, Factory, Http


async def test_a_member_logs_in_silently_and_is_recognised(http: Http, make: Factory) -> None:
    someone = await make.member(name="王小明")
    reply = await make.login(someone.openid)
    assert reply.status == 201
    assert reply.json["kind"] == "member"
    assert reply.json["expiresAt"] == "2026-08-14T12:00:05+08:00"
    assert reply.json["member"]["name"] == "王*明"
    assert reply.json["member"]["membership"]["organisationName"] == "测试街道工会服务站"


async def test_a_stranger_gets_a_guest_session_and_no_member(http: Http, make: Factory) -> None:
    reply = await make.login(f"nobody-{secrets.token_hex(8)}")
    assert (reply.status, reply.json["kind"], reply.json["member"]) == (201, "guest", None)
    refused = await http("GET", "/api/v1/members/me", token=reply.json["token"])
    assert (refused.status, refused.code) == (404, "not_a_member")


async def test_staff_get_a_session_of_twelve_hours_and_others_get_none(make: Factory) -> None:
    staff = await make.member(staff=True)
    reply = await make.login(staff.openid, staff=True)
    assert (reply.json["kind"], reply.json["expiresAt"]) == ("staff", "2026-07-16T00:00:05+08:00")
    member = await make.member()
    refused = await make.login(member.openid, staff=True)
    assert (refused.status, refused.code) == (403, "staff_not_allowed")


async def test_a_login_code_used_twice_is_refused(http: Http, make: Factory, service: Service) -> None:
    assert service.services.demo
    code = service.services.demo.new_login_code("twice")
    assert (await http("POST", "/api/v1/sessions", {"code": code})).status == 201
    again = await http("POST", "/api/v1/sessions", {"code": code})
    assert (again.status, again.code) == (400, "login_code_invalid")
    assert again.json["message"] == "登录凭证已失效，请重新登录"


async def test_a_login_code_nobody_gave_is_refused(http: Http) -> None:
    reply = await http("POST", "/api/v1/sessions", {"code": "made-up"})
    assert (reply.status, reply.code) == (400, "login_code_invalid")


async def test_the_current_session_is_told_to_its_owner(http: Http, make: Factory) -> None:
    someone = await make.member()
    reply = await http("GET", "/api/v1/sessions/current", token=someone.token)
    assert reply.status == 200
    assert (reply.json["kind"], reply.json["roles"]) == ("member", [])
    assert reply.json["serverTime"] == "2026-07-15T12:00:05+08:00"
    _, headers = await make.console("officer")
    assert (await http("GET", "/api/v1/sessions/current", headers=headers)).json["roles"] == ["officer"]


async def test_logging_out_ends_the_session_at_once(http: Http, make: Factory) -> None:
    someone = await make.member()
    assert (await http("DELETE", "/api/v1/sessions/current", token=someone.token)).status == 204
    reply = await http("GET", "/api/v1/sessions/current", token=someone.token)
    assert (reply.status, reply.code) == (401, "session_expired")


async def test_a_revocation_reaches_another_process_with_its_next_poll(
    http: Http, make: Factory, service: Service, clock: Clock
) -> None:
    world = service.world
    elsewhere = Revocations(
        world.revocations._store, Signals(world.signals._redis), world.auditing.audit, clock.now
    )
    await elsewhere.mirror.refresh()
    someone = await make.member()
    session = service.services.tokens.read(someone.token)
    clock.advance(seconds=1)
    await http("DELETE", "/api/v1/sessions/current", token=someone.token)
    assert not elsewhere.holds(session.id)
    await elsewhere.mirror.refresh()
    assert elsewhere.holds(session.id)


async def test_a_session_ends_after_its_time(http: Http, make: Factory, clock: Clock) -> None:
    someone = await make.member()
    clock.advance(days=30)
    reply = await http("GET", "/api/v1/members/me", token=someone.token)
    assert (reply.status, reply.code) == (401, "session_expired")


async def test_a_token_that_was_altered_or_made_up_is_refused(http: Http, make: Factory) -> None:
    someone = await make.member()
    for token in (someone.token[:-4] + "AAAA", "x", "", "a" * 600, "é".encode().hex(), "|:|"):
        reply = await http("GET", "/api/v1/members/me", token=token)
        assert (reply.status, reply.code) == (401, "login_required"), token


async def test_an_appointment_that_ended_ends_the_right_to_scan_but_not_the_session(
    http: Http, make: Factory, clock: Clock
) -> None:
    member = await make.member()
    await make.appoint(member.person, until=clock.now() + timedelta(hours=1))
    token = (await make.login(member.openid, staff=True)).json["token"]
    clock.advance(hours=2)
    reply = await http("POST", "/api/v1/scans", make.scan("x"), token=token)
    assert (reply.status, reply.code) == (403, "staff_not_allowed")
    assert (await http("GET", "/api/v1/sessions/current", token=token)).status == 200


async def test_an_openid_is_kept_only_sealed(make: Factory, service: Service) -> None:
    openid = f"plain-{secrets.token_hex(8)}"
    await make.login(openid)
    records = next(store for store in service.world.stores if store._documents.name == SESSIONS.name)
    kept = await records.list_({"subject": {"$gte": ""}})
    assert kept
    assert all(openid.encode() not in record.openid and openid not in record.subject for record in kept)


async def test_what_is_over_is_swept_away(service: Service, make: Factory, http: Http, clock: Clock) -> None:
    someone = await make.member()
    session = service.services.tokens.read(someone.token)
    await http("DELETE", "/api/v1/sessions/current", token=someone.token)
    clock.advance(days=31)
    await service.world.sessions.forget_expired()
    assert not service.world.revocations.holds(session.id)
    records = next(store for store in service.world.stores if store._documents.name == SESSIONS.name)
    assert await records.find(session.id) is None
