"""The running system as its administrator sees it in the console."""

from typing import Annotated

from msgspec import Meta

from handlers.base import CONSOLE, Handler, endpoint
from handlers.fields import Moment
from handlers.wire import Wire, local
from models.appointments import NotStaff
from models.system import Engine, EngineKind, EngineName, Queues, Running, Timing

Count = Annotated[int, Meta(examples=[3])]
Seconds = Annotated[float, Meta(examples=[0.012])]
Word = Annotated[str, Meta(examples=["documents"])]


class EngineReply(Wire, frozen=True):
    """Something that the service stands on; `problem` is what it refuses, where that is known."""

    name: Annotated[EngineName, Meta(examples=["documents"])]
    kind: Annotated[EngineKind, Meta(examples=["configured"])]
    answers: bool
    problem: Annotated[str | None, Meta(examples=["40125 INVALID_APP_SECRET"])]

    @classmethod
    def of(cls, engine: Engine) -> "EngineReply":
        """Return an engine as it goes on the wire."""
        return cls(name=engine.name, kind=engine.kind, answers=engine.answers, problem=engine.problem)


class TimingReply(Wire, frozen=True):
    """How often something was done since the start, how often it failed, its mean time.

    `withinSeconds` is a bound that 99 of 100 kept; null when there were none, or slower ones.
    """

    count: Count
    failed: Count
    mean_seconds: Seconds
    within_seconds: Annotated[float | None, Meta(examples=[0.025])]

    @classmethod
    def of(cls, timing: Timing) -> "TimingReply":
        """Return a timing as it goes on the wire."""
        return cls(
            count=timing.count,
            failed=timing.failed,
            mean_seconds=timing.mean_seconds,
            within_seconds=timing.within,
        )


class QueuesReply(Wire, frozen=True):
    """What is due and not worked yet, in the whole system."""

    pushes: Count
    messages: Count
    entries: Annotated[int, Meta(examples=[3], description="Entries of the audit that no block seals yet")]

    @classmethod
    def of(cls, queues: Queues) -> "QueuesReply":
        """Return the queues as they go on the wire."""
        return cls(pushes=queues.pushes, messages=queues.messages, entries=queues.entries)


class ProcessReply(Wire, frozen=True):
    """The process that answered, one of `processes`, and what it counted since its start."""

    index: Annotated[int, Meta(examples=[0])]
    processes: Annotated[int, Meta(examples=[1])]
    pid: Annotated[int, Meta(examples=[4711])]
    uptime_seconds: Seconds
    requests_running: Count
    engine_restarts: Annotated[int, Meta(examples=[0])]
    mirrors: Annotated[dict[str, float | None], Meta(examples=[{"stations": 0.4}])]
    requests: TimingReply
    engine_calls: TimingReply
    wechat_calls: TimingReply
    loop_lag: TimingReply
    events: Annotated[dict[str, int], Meta(examples=[{"work_postponed": 2}])]


class SystemReply(Wire, frozen=True):
    """The running system: `missing` does not answer; `queues` is null while the documents do not."""

    version: Annotated[str, Meta(examples=["0.1.0"])]
    schema: Annotated[int, Meta(examples=[1])]
    missing: list[Word]
    engines: list[EngineReply]
    queues: QueuesReply | None
    process: ProcessReply
    server_time: Moment


class SystemHandler(Handler):
    """The running system."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff,))
    async def get(self) -> SystemReply:
        """Return how the system is, as the process sees it that answers."""
        running, queues = await self.services.system_desk.look(self.session.subject)
        return SystemReply(
            version=running.version,
            schema=running.schema,
            missing=running.missing,
            engines=[EngineReply.of(engine) for engine in running.engines],
            queues=QueuesReply.of(queues) if queues else None,
            process=_process(running, self.services.traffic.running),
            server_time=local(self.services.now()),
        )


def _process(running: Running, requests: int) -> ProcessReply:
    return ProcessReply(
        index=running.index,
        processes=running.processes,
        pid=running.pid,
        uptime_seconds=running.uptime_seconds,
        requests_running=requests,
        engine_restarts=running.engine_restarts,
        mirrors=dict(running.mirrors),
        requests=TimingReply.of(running.requests),
        engine_calls=TimingReply.of(running.engine_calls),
        wechat_calls=TimingReply.of(running.wechat_calls),
        loop_lag=TimingReply.of(running.loop_lag),
        events=dict(running.events),
    )


ROUTES = [("/api/v1/staff/system", SystemHandler)]
