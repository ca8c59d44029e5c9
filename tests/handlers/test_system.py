"""What the system administrator is told of the running system is so, and nobody else is told."""

from miniprogram_api.simulator_control import tap
from models.audit import Fact
from models.migrations import VERSION
from server.service import Service
from tests.factories import Factory, Http
from tests.handlers.waiting import until

SYSTEM = "/api/v1/staff/system"


async def test_a_sound_system_is_told_with_its_engines(http: Http, make: Factory, service: Service) -> None:
    _, headers = await make.console("system_admin")
    reply = await http("GET", SYSTEM, headers=headers)
    assert (reply.status, reply.json["missing"], reply.json["schema"]) == (200, [], VERSION)
    engines = {engine["name"]: engine for engine in reply.json["engines"]}
    assert list(engines) == ["documents", "cache", "wechat"]
    assert {engine["answers"] for engine in engines.values()} == {True}
    assert engines["wechat"]["kind"] == "simulated"
    process = reply.json["process"]
    assert (process["index"], process["processes"], process["requestsRunning"]) == (0, 1, 1)
    assert process["mirrors"].keys() == service.world.mirrors.keys()
    assert all(0 <= age < 60 for age in process["mirrors"].values())


async def test_what_is_counted_goes_up_by_what_is_done(http: Http, make: Factory, service: Service) -> None:
    _, headers = await make.console("system_admin")
    # What WeChat still pushes of other tests would be counted, too.
    assert service.simulator is not None
    await service.simulator.state.pushes.wait_until_idle()
    before = (await http("GET", SYSTEM, headers=headers)).json["process"]
    for _ in range(3):
        await http("GET", "/healthz")
    after = (await http("GET", SYSTEM, headers=headers)).json["process"]
    assert after["requests"]["count"] == before["requests"]["count"] + 4
    assert after["requests"]["meanSeconds"] > 0
    assert after["requests"]["withinSeconds"] > 0
    assert after["engineCalls"]["count"] > before["engineCalls"]["count"]


async def test_what_waits_is_counted_and_gone_once_it_is_worked(
    http: Http, make: Factory, service: Service
) -> None:
    admin, headers = await make.console("system_admin")

    async def queues() -> dict[str, int]:
        found: dict[str, int] = (await http("GET", SYSTEM, headers=headers)).json["queues"]
        return found

    await service.world.auditing.finish()
    assert (await queues())["entries"] == 0
    fact = Fact(actor=admin.person, action="session_ended", kind="session", object="X")
    await service.world.auditing.audit.record(fact)
    assert (await queues())["entries"] == 1
    await service.world.auditing.finish()
    assert service.simulator is not None
    tap(service.simulator.state, admin.openid, {"event_reminder": "accept"})
    await service.simulator.state.pushes.wait_until_idle()
    await until(queues, lambda found: found == {"pushes": 0, "messages": 0, "entries": 0})


async def test_nobody_else_is_told(http: Http, make: Factory) -> None:
    for role in ("officer", "security_admin", "audit_admin"):
        _, headers = await make.console(role)
        reply = await http("GET", SYSTEM, headers=headers)
        assert (reply.status, reply.code) == (403, "staff_not_allowed")
