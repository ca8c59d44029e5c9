"""Erasure (注销): a person goes, the ledgers stay under the pseudonym (PIPL art. 47; 条例 art. 24).

    running ── every stage done ──▶ settling ── ten minutes later, every stage again ──▶ done

Invariants: the document is written first, and is the promise; the request works it at once, and whoever comes
after a crash works it from the first stage that is not noted as done. The order matters: without identities
nobody comes in as this person again. What was under way in another process meanwhile (a login, a notice, a
card's copy) may have written after its step: the second pass removes that. The accounts stand in the document
only until the first pass is through. An id is random and never used again.
"""

import logging
from datetime import datetime, timedelta
from typing import Any, Literal

from msgspec import Struct, field

from models.appointments import Appointments
from models.clock import Now
from models.erasure_steps import ErasureSteps
from models.errors import Conflict
from models.exports import Holder, find_holder
from models.filters import Index
from models.ids import new_id
from models.people import People
from models.store import Collection, Duplicate, Store

CONFIRMATION = "注销"
LEASE = timedelta(seconds=30)
SETTLING = timedelta(minutes=10)
BATCH = 20

DESTROYED = (
    "姓名、证件号、手机号",
    "微信账号标识和全部登录",
    "消息订阅和通知",
    "未办结的更正申请",
    "组织联系人中您的姓名和电话",
)
KEPT = (
    "会籍经过、扫码记录、审计记录、同意记录：只剩随机编号，再也对不上您本人",
    "到期的处理方式见个人信息处理规则",
)

log = logging.getLogger("union.erasures")


class ErasureNotConfirmed(Conflict):
    """Erasing cannot be undone, so it takes the word; `details` say it, and what is destroyed and kept."""

    code = "erasure_not_confirmed"
    message = "注销后不能恢复，会籍和互助服务卡同时终止。请输入“注销”确认"


class HoldsAppointment(Conflict):
    """Who acts for the union hands that over first; `details.posts` says how many."""

    code = "holds_appointment"
    message = "您仍有工作人员授权，请先联系上级工会解除，再注销"


class Erasure(Struct, frozen=True, kw_only=True):
    """One erasure: of a person, or of WeChat accounts that nobody is known by.

    `done` says when each stage was done in this pass; `due` is there while something is to be done.
    """

    id: str = field(name="_id")
    person: str | None = None
    accounts: tuple[str, ...] = ()
    state: Literal["running", "settling", "done"] = "running"
    asked: datetime
    due: datetime | None = None
    done: dict[str, datetime] = field(default_factory=dict)
    finished: datetime | None = None


ERASURES = Collection("erasures", Erasure, (Index(("due",)), Index(("finished",))))


class Erasures:
    """Erases, at once and whatever happens."""

    def __init__(
        self,
        store: Store[Erasure],
        steps: ErasureSteps,
        people: People,
        appointments: Appointments,
        now: Now,
    ) -> None:
        self._store = store
        self.steps = steps
        self._people = people
        self._appointments = appointments
        self._now = now

    async def erase(self, subject: str, confirmation: str | None) -> Erasure:
        """Erase whoever a session belongs to. ErasureNotConfirmed, HoldsAppointment."""
        if confirmation != CONFIRMATION:
            raise ErasureNotConfirmed(word=CONFIRMATION, destroyed=list(DESTROYED), kept=list(KEPT))
        holder = await find_holder(self._people, subject)
        if holder.person and (held := self._appointments.list_of(holder.person)):
            raise HoldsAppointment(posts=len(held))
        at = self._now()
        asked = Erasure(
            id=holder.person or new_id(),
            person=holder.person,
            accounts=holder.accounts,
            asked=at,
            due=at + LEASE,
        )
        try:
            await self._store.insert(asked)
        except Duplicate:
            asked = await self._store.find(asked.id) or asked
        await self._run(asked)
        return asked

    async def work(self) -> None:
        """Finish what was begun: after a crash, and the second pass of each; any number of workers may."""
        for one in await self._store.list_({"due": {"$lte": self._now()}}, sort="due", limit=BATCH):
            where = {"_id": one.id, "due": one.due}
            mine = await self._store.change(where, {"due": self._now() + LEASE})
            if mine is not None:
                await self._run(mine)

    async def count_due(self) -> int:
        """Return how many erasures wait for their next step."""
        return await self._store.count({"due": {"$lte": self._now()}})

    async def _run(self, erasure: Erasure) -> None:
        """Do what is left of a pass, and note its end."""
        holder = Holder(erasure.person, erasure.accounts)
        seen = {"_id": erasure.id, "state": erasure.state}
        for name, stage in self.steps.stages.items():
            if name not in erasure.done:
                for step in stage.values():
                    await step(holder)
                await self._store.change(seen, {f"done.{name}": self._now()})
        at = self._now()
        ended: dict[str, Any] = {"state": "done", "due": None, "finished": at}
        if erasure.state == "running":
            ended = {"state": "settling", "due": at + SETTLING, "accounts": (), "done": {}}
        if erasure.state != "done":
            await self._store.change(seen, ended)
            log.info("person_erased" if erasure.state == "running" else "erasure_settled")
