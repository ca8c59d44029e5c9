"""Orders to the simulated WeChat, under `/__sim/`: the phone, the console, and whoever breaks things."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, NoReturn, TypeVar

import msgspec
from msgspec import Meta, Struct
from tornado.web import Finish, RequestHandler

from miniprogram_api import simulator_contents, simulator_links, simulator_logins
from miniprogram_api.simulator_messages import Sent, Tap, Template, TemplateId
from miniprogram_api.simulator_platform import PlatformHandler
from miniprogram_api.simulator_pushes import Delivery, Push, Target
from miniprogram_api.simulator_state import Call, Kind, PlannedFault, PlatformError
from miniprogram_api.simulator_world import State

OpenId = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]
T = TypeVar("T")


class CodeOrder(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Who gets a code of which kind; a new person when there is no openid, whose phone number may be set."""

    kind: Kind
    openid: OpenId | None = None
    phone_number: Annotated[str, Meta(pattern="^[0-9]{5,20}$")] | None = None


class ClockOrder(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The distance from the real clock, up to a year either way."""

    offset_seconds: Annotated[float, Meta(ge=-31_536_000, le=31_536_000)]


class UnionidOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether answers carry a unionid."""

    bound: bool


class TapOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """What a person answers for which template."""

    openid: OpenId
    template: TemplateId
    answer: Tap


class PagesOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """The pages of the released version."""

    pages: frozenset[str]


class MessagesAnswer(Struct, frozen=True):
    """The messages that were sent."""

    sent: Sequence[Sent]


class DeliveriesAnswer(Struct, frozen=True):
    """What became of the latest pushes."""

    deliveries: Sequence[Delivery]


class ClockAnswer(Struct, frozen=True):
    """The simulated moment."""

    now: datetime


class JournalAnswer(Struct, frozen=True, rename="camel"):
    """The latest calls, and those of them that leaked the app secret."""

    calls: Sequence[Call]
    secret_leaks: Sequence[Call]


class Problem(Struct, frozen=True):
    """Why an order is refused."""

    error: str


class ControlHandler(RequestHandler):
    """An order to the simulator, which is no part of WeChat."""

    def initialize(self, state: State) -> None:
        """Take what the simulator remembers."""
        self.state = state

    def read(self, kind: type[T]) -> T:
        """Return the order; a malformed one is answered 400 with what is wrong."""
        try:
            return msgspec.json.decode(self.request.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self.refuse(str(error))

    def refuse(self, reason: str) -> NoReturn:
        """Answer 400 and stop."""
        self.reply(Problem(reason), 400)
        raise Finish

    def reply(self, answer: Struct, status: int = 200) -> None:
        """Answer as JSON."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.write(msgspec.json.encode(answer))


class CodesControl(ControlHandler):
    """The phone: makes codes."""

    def post(self) -> None:
        """Make a code."""
        order = self.read(CodeOrder)
        issued = self.state.codes.issue(order.openid, order.kind)
        if order.phone_number:
            self.state.people.phones[issued.openid] = order.phone_number
        self.reply(issued, 201)


class FaultsControl(ControlHandler):
    """The saboteur: plans faults."""

    def post(self) -> None:
        """Plan a fault for a route that exists."""
        order = self.read(PlannedFault)
        if order.route not in dict(PLATFORM_ROUTES):
            self.refuse(f"unknown route {order.route}")
        self.state.faults.plan(order)
        self.reply(order, 201)

    def delete(self) -> None:
        """Forget what is planned."""
        self.state.faults.clear()
        self.set_status(204)


class TemplatesControl(ControlHandler):
    """The templates of the app."""

    def post(self) -> None:
        """Add one."""
        order = self.read(Template)
        self.state.messages.add_template(order)
        self.reply(order, 201)


class TapsControl(ControlHandler):
    """The phone: answers the popup of subscription messages."""

    def post(self) -> None:
        """Tap; the event is pushed."""
        order = self.read(TapOrder)
        try:
            tap(self.state, order.openid, {order.template: order.answer})
        except PlatformError as error:
            self.refuse(str(error))
        self.reply(order, 201)


class MessagesControl(ControlHandler):
    """The phones: the messages that came."""

    def get(self) -> None:
        """Show them."""
        self.reply(MessagesAnswer(self.state.messages.sent))


class PushTargetControl(ControlHandler):
    """The console's page of message pushes."""

    async def post(self) -> None:
        """Verify a server and push there from now on."""
        target = self.read(Target)
        if not await self.state.pushes.aim(target):
            self.refuse("the server did not answer the echostr")
        self.reply(target, 201)


class PushesControl(ControlHandler):
    """The pushes."""

    def get(self) -> None:
        """Show what became of them."""
        self.reply(DeliveriesAnswer(self.state.pushes.deliveries))

    def post(self) -> None:
        """Push a message as it is given."""
        push = self.read(Push)
        self.state.pushes.push(push)
        self.reply(push, 201)


class PagesControl(ControlHandler):
    """The released version."""

    def post(self) -> None:
        """Release these pages."""
        order = self.read(PagesOrder)
        self.state.pages = order.pages
        self.reply(order)


class TokensControl(ControlHandler):
    """The access tokens."""

    def delete(self) -> None:
        """Let all of them die."""
        self.state.tokens.kill()
        self.set_status(204)


class ClockControl(ControlHandler):
    """The clock."""

    def post(self) -> None:
        """Move it."""
        self.state.clock.set_offset(timedelta(seconds=self.read(ClockOrder).offset_seconds))
        self.reply(ClockAnswer(self.state.clock.now()))


class UnionidControl(ControlHandler):
    """The app's bond to an open-platform account."""

    def post(self) -> None:
        """Bind or unbind."""
        order = self.read(UnionidOrder)
        self.state.people.has_unionid = order.bound
        self.reply(order)


class JournalControl(ControlHandler):
    """The journal of WeChat's routes."""

    def get(self) -> None:
        """Show it."""
        journal = self.state.journal
        self.reply(JournalAnswer(journal.list_calls(), journal.list_secret_leaks()))

    def delete(self) -> None:
        """Empty it."""
        self.state.journal.clear()
        self.set_status(204)


def tap(state: State, openid: str, answers: Mapping[str, Tap]) -> None:
    """Let a person answer the popup for some templates at once, and push the event."""
    for template, answer in answers.items():
        state.messages.tap(openid, template, answer)
    entries = [
        {"TemplateId": template, "SubscribeStatusString": answer, "PopupScene": "0"}
        for template, answer in answers.items()
    ]
    state.pushes.push_event("subscribe_msg_popup_event", openid, {}, entries)


PLATFORM_ROUTES: tuple[tuple[str, type[PlatformHandler]], ...] = (
    *simulator_logins.ROUTES,
    *simulator_contents.ROUTES,
    *simulator_links.ROUTES,
)
CONTROL_ROUTES: tuple[tuple[str, type[ControlHandler]], ...] = (
    ("/__sim/codes", CodesControl),
    ("/__sim/templates", TemplatesControl),
    ("/__sim/taps", TapsControl),
    ("/__sim/messages", MessagesControl),
    ("/__sim/push-target", PushTargetControl),
    ("/__sim/pushes", PushesControl),
    ("/__sim/pages", PagesControl),
    ("/__sim/tokens", TokensControl),
    ("/__sim/faults", FaultsControl),
    ("/__sim/clock", ClockControl),
    ("/__sim/unionid", UnionidControl),
    ("/__sim/journal", JournalControl),
)
