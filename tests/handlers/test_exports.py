"""The export: everything that is stored of me, whatever collection it lies in."""

import secrets
from typing import Any

from models.audit import Search
from models.erasure_steps import UNTOUCHED
from models.exports import NOT_HERE
from server.app import COLLECTIONS
from server.service import Service
from tests.factories import Clock, Factory, Http, Reply, Someone
from tests.traces import invent_name

PATH = "/api/v1/members/me/export"


def rows(reply: Reply, collection: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = next(
        part["rows"] for part in reply.json["parts"] if part["collection"] == collection
    )
    return found


async def live(http: Http, make: Factory, service: Service) -> Someone:
    """Somebody of whom something lies wherever it can."""
    mark = secrets.token_hex(8)
    someone = await make.member(name=invent_name(), phone=f"139{mark}")
    staff = await make.member(staff=True, name="站长本人")
    await http("POST", "/api/v1/scans", make.scan(make.code(someone.card).text), token=staff.token)
    report = {
        "reportId": f"popup-{secrets.token_hex(8)}",
        "answers": [{"templateId": "event_reminder", "answer": "accept"}],
    }
    assert (await http("POST", "/api/v1/subscriptions", report, token=someone.token)).status == 200
    key = {"Idempotency-Key": secrets.token_hex(8)}
    assert (await http("POST", "/api/v1/card/prints", {}, token=someone.token, headers=key)).status == 201
    await http("PUT", "/api/v1/card/state", {"state": "frozen"}, token=someone.token)
    await make.agree(someone.person, "movements")
    world = service.world
    account = world.subscriptions.account_of(someone.openid)
    words = {"thing1": "夏送清凉", "time2": "2026年7月15日 15:01", "thing3": "请带互助服务卡"}
    await world.messages.queue(f"test:{secrets.token_hex(8)}", account, "event_reminder", "pages/a", words)
    await world.console.accounts.issue(f"ouyang.{secrets.token_hex(4)}", someone.person, "operator")
    await world.auditing.work()
    return someone


def test_every_collection_is_in_the_export_or_says_why_not(service: Service) -> None:
    names, exported = {one.name for one in COLLECTIONS}, set(service.world.privacy.exports.sources)
    assert not exported & set(NOT_HERE)
    missing = names - exported - set(NOT_HERE)
    assert not missing, f"add a source to models/exports.py, or a reason to NOT_HERE, for {missing}"
    assert not (exported | set(NOT_HERE)) - names


def test_every_collection_that_is_exported_is_thought_of_when_somebody_is_erased(service: Service) -> None:
    stages = service.world.privacy.erasures.steps.stages
    thought_of = {name for stage in stages.values() for name in stage} | set(UNTOUCHED)
    assert thought_of == set(service.world.privacy.exports.sources)


async def test_whatever_mentions_me_is_in_my_export(http: Http, make: Factory, service: Service) -> None:
    someone = await live(http, make, service)
    reply = await http("GET", PATH, token=someone.token)
    account = service.world.subscriptions.account_of(someone.openid)
    for collection in COLLECTIONS:
        documents: Any = service.world.stores[COLLECTIONS.index(collection)]._documents
        every = await documents.find({}).to_list()
        mine = [one for one in every if someone.person in str(one) or account in str(one)]
        if mine and collection.name not in NOT_HERE:
            assert rows(reply, collection.name), collection.name


async def test_the_export_says_everything_in_words(http: Http, make: Factory, service: Service) -> None:
    someone = await live(http, make, service)
    reply = await http("GET", PATH, token=someone.token)
    assert (reply.status, reply.json["madeAt"][:10]) == (200, "2026-07-15")
    particulars = rows(reply, "vault")[0]
    assert (particulars["姓名"], particulars["手机号"][:3]) == (someone.name, "139")
    assert particulars["证件号码"].startswith("TEST-")
    assert {row["类型"] for row in rows(reply, "identities")} == {"微信账号", "身份证件"}
    assert rows(reply, "memberships")[0] == {
        "事项": "现在",
        "所在工会": "测试街道工会服务站",
        "状态": "有效",
        "自": "2026-07-15",
    }
    assert rows(reply, "memberships")[1]["经办"] == "工会"
    assert [row["事项"] for row in rows(reply, "cards")] == ["卡", "变动", "实体卡第 1 张"]
    (scan,) = rows(reply, "scans")
    assert scan["谁扫的"] == "驿站工作人员"
    assert scan["地点"] == "测试街道工会服务站"
    assert "站长本人" not in reply.body.decode()
    assert {row["事项"] for row in rows(reply, "consents")} >= {
        "同意个人信息处理规则",
        "驿站签到留名（行踪轨迹）",
    }
    assert "冻结卡" in {row["事项"] for row in rows(reply, "audit_entries")}
    for secret in ("totp", "password", someone.openid, someone.token):
        assert secret not in reply.body.decode()


async def test_the_export_is_a_page_too_with_the_same_facts(
    http: Http, make: Factory, service: Service
) -> None:
    someone = await live(http, make, service)
    page = (await http("GET", f"{PATH}.html", token=someone.token)).body.decode()
    for words in (someone.name, "驿站工作人员", "消息模板", "实体卡第 1 张"):
        assert words in page
    assert "<script" not in page


async def test_an_export_is_audited_before_it_is_shown(http: Http, make: Factory, service: Service) -> None:
    someone = await make.member()
    reply = await http("GET", PATH, token=someone.token)
    found = await service.world.auditing.audit.list_page(Search(object=someone.person), 1, 10)
    assert [(one.action, one.actor) for one in found.rows] == [("personal_data_exported", someone.person)]
    assert rows(reply, "audit_entries")[0]["由谁"] == "本人"


async def test_five_exports_a_day_and_then_tomorrow(http: Http, make: Factory, clock: Clock) -> None:
    someone = await make.member()
    statuses = [(await http("GET", PATH, token=someone.token)).status for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    clock.advance(days=1)
    assert (await http("GET", PATH, token=someone.token)).status == 200


async def test_a_stranger_exports_the_session_and_the_answers(http: Http, make: Factory) -> None:
    reply = await http("GET", PATH, token=await make.guest())
    assert reply.status == 200
    held = {part["collection"] for part in reply.json["parts"] if part["rows"]}
    assert held == {"sessions", "consents"}
