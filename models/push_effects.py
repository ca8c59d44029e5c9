"""What follows from what WeChat pushes: consents, outcomes of messages, verdicts on pictures, forgetting."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from models.media_checks import MediaChecks
from models.messages import Messages
from models.pushes import Event
from models.subscriptions import Subscriptions

Forget = Callable[[str], Awaitable[None]]
Effect = Callable[[str, Event], Awaitable[str | None]]

log = logging.getLogger("union.pushes")


class Suggested(Struct, frozen=True):
    """What WeChat suggests to do with a picture."""

    suggest: Literal["pass", "review", "risky"]


class Judged(Struct, frozen=True):
    """The event `wxa_media_check`: whose check it answers, and how; numbers may be texts."""

    trace_id: Annotated[str, Meta(min_length=1, max_length=128)]
    errcode: int = 0
    result: Suggested | None = None


class PushEffects:
    """Does what an event asks for. Each effect may run twice under the same push."""

    def __init__(
        self,
        appid: str,
        subscriptions: Subscriptions,
        messages: Messages,
        forgetting: Sequence[Forget],
        media_checks: MediaChecks,
    ) -> None:
        self._appid = appid
        self._subscriptions = subscriptions
        self._messages = messages
        self._forgetting = forgetting
        self._media_checks = media_checks
        self._effects: Mapping[str, Effect] = {
            "subscribe_msg_popup_event": self._confirm,
            "subscribe_msg_change_event": self._withdraw,
            "subscribe_msg_sent_event": self._settle,
            # 撤回授权、注销: PIPL art. 15 and 47 oblige us to forget what came with the authorisation.
            "user_authorization_revoke": self._forget,
            "user_authorization_cancellation": self._forget,
            "wxa_media_check": self._judge,
            "wxa_punish_event": self._report,
        }

    async def apply(self, push: str, event: Event) -> str | None:
        """Do what follows from an event; None when it has to wait for something of ours."""
        if event.appid and event.appid != self._appid:
            return "other_app"
        effect = self._effects.get(event.kind)
        if effect is None:
            log.info("push_not_used", extra={"kind": event.kind})
            return "not_used"
        return await effect(push, event)

    async def _confirm(self, push: str, event: Event) -> str:
        for entry in event.entries:
            if entry.status == "accept":
                await self._subscriptions.confirm(event.openid, entry.template, push)
        return "confirmed"

    async def _withdraw(self, _push: str, event: Event) -> str:
        for entry in event.entries:
            if entry.status == "reject":
                await self._subscriptions.withdraw(event.openid, entry.template)
        return "withdrawn"

    async def _settle(self, _push: str, event: Event) -> str | None:
        account = self._subscriptions.account_of(event.openid)
        settled = [
            await self._messages.settle(account, entry.template, entry.message, entry.error)
            for entry in event.entries
        ]
        return "settled" if all(settled) else None

    async def _forget(self, _push: str, event: Event) -> str:
        """Forget all that came with an account; last its identity, by which a repetition finds the rest."""
        for forget in self._forgetting:
            await forget(event.openid)
        return "forgotten"

    async def _judge(self, _push: str, event: Event) -> str:
        """Write down what WeChat thinks of a picture; an error of its own says that it could not read it."""
        try:
            judged = msgspec.convert(event.content, Judged, strict=False)
        except msgspec.ValidationError:
            log.warning("media_check_unreadable")
            return "unreadable"
        verdict = judged.result.suggest if judged.result and judged.errcode == 0 else "not_read"
        await self._media_checks.settle(judged.trace_id, verdict)
        return "judged"

    async def _report(self, _push: str, _event: Event) -> str:
        """Tell the operators that WeChat punished the mini program itself."""
        log.error("mini_program_punished")
        return "reported"
