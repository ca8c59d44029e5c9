"""What stands before the service: WeChat or the simulator, the address people see, who answers for it all."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from handlers.services import Demo
from miniprogram_api.push import PushGate
from miniprogram_api.simulator import Simulator
from miniprogram_api.simulator_pushes import Target
from miniprogram_api.wechat import WeChat
from models.addresses import Network
from models.privacy_notices import Responsible
from server.platform import Account


class Platform(Struct, frozen=True, kw_only=True):
    """WeChat, or the simulator and the demo that goes with it, whose pushes go to `push_target(our URL)`."""

    wechat: WeChat
    account: Account
    gate: PushGate | None
    demo: Demo | None = None
    simulator: Simulator | None = None
    push_target: Callable[[str], Target] | None = None


class Front(Struct, frozen=True):
    """The address people see, whose forwarded address counts, whether limits hold, who answers for it all.

    `check_files` are what WeChat looks for at that address: names and contents.
    """

    public_url: str
    proxies: tuple[Network, ...] = ()
    has_limits: bool = True
    responsible: Responsible = Responsible("", "")
    check_files: Mapping[str, str] = {}
