"""What WeChat pushes to us: answered at once, worked later."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from handlers.base import Handler, endpoint
from handlers.fields import END
from handlers.media import Text
from miniprogram_api.push import PushGate, PushRefused, Signed
from models.errors import Missing
from models.pushes import Event

Signature = Annotated[
    str, Meta(pattern=rf"^[0-9a-f]{{40}}{END}", examples=["f464b24fc39322e44b38aa78f5edd27bd1441696"])
]
Timestamp = Annotated[str, Meta(pattern=rf"^[0-9]{{1,12}}{END}", examples=["1714036504"])]
Nonce = Annotated[str, Meta(pattern=rf"^[!-~]{{1,64}}{END}", examples=["1514711492"])]


class PushesOff(Missing):
    """This site takes no pushes: WECHAT_PUSH_TOKEN is not set."""

    code = "pushes_off"
    message = "本站未启用微信消息推送"


class EchoQuery(Struct, frozen=True, kw_only=True):
    """How WeChat tries our address; what else it sends is let pass."""

    timestamp: Timestamp
    nonce: Nonce
    signature: Signature
    echostr: Annotated[str, Meta(pattern=rf"^[!-~]{{1,128}}{END}", examples=["4375120948345356249"])]


class PushQuery(Struct, frozen=True, kw_only=True):
    """How WeChat signs a push: `signature` in plain mode, `msg_signature` in safe mode."""

    timestamp: Timestamp
    nonce: Nonce
    signature: Annotated[str, Meta(max_length=64, examples=["6c5c811b55cc85e0e1b54100749188c20beb3f5d"])] = ""
    msg_signature: Annotated[
        str, Meta(max_length=64, examples=["046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"])
    ] = ""


class PushHandler(Handler):
    """WeChat's door."""

    public = True

    @endpoint(refuses=(PushesOff, PushRefused))
    async def get(self, *, query: EchoQuery) -> Text:
        """Answer WeChat's trial of the address with its own text."""
        signed = msgspec.convert(query, Signed, from_attributes=True)
        return Text(self._gate().check_echo(signed, query.echostr))

    @endpoint(refuses=(PushesOff, PushRefused))
    async def post(self, *, query: PushQuery) -> Text:
        """Take a message or event, JSON or XML; `success` says that it is kept, not that it is worked."""
        signed = msgspec.convert(query, Signed, from_attributes=True)
        pushed = self._gate().read(signed, self.request.body)
        event = msgspec.convert(pushed, Event, from_attributes=True)
        await self.services.pushes.keep(pushed.key, event)
        return Text("success")

    def _gate(self) -> PushGate:
        if self.services.gate is None:
            raise PushesOff
        return self.services.gate


ROUTES = [("/wechat/push", PushHandler)]
