from tests.factories import Factory, Http


async def test_a_member_sees_the_own_record_with_the_name_masked(http: Http, make: Factory) -> None:
    someone = await make.member("retained", name="李四")
    reply = await http("GET", "/api/v1/members/me", token=someone.token)
    assert reply.status == 200
    assert reply.json == {
        "id": someone.person,
        "name": "*四",
        "membership": {
            "organisationId": "TESTSTREET000001",
            "organisationName": "测试街道工会服务站",
            "state": "retained",
            "since": "2026-07-15",
            "joined": "2026-07-15",
            "targetName": "",
            "lastEvent": "enter",
            "reason": None,
            "reviewBy": None,
        },
    }


async def test_nobody_sees_a_record_without_logging_in(http: Http) -> None:
    reply = await http("GET", "/api/v1/members/me")
    assert (reply.status, reply.code) == (401, "login_required")
    assert reply.json["message"] == "请先登录"
