"""For operators and load balancers: is the process alive, and can it serve."""

from typing import Annotated

from msgspec import Meta

from handlers.base import Handler, endpoint
from handlers.wire import Wire
from models.errors import Unavailable


class NotReady(Unavailable):
    """Something that this process stands on does not answer; `details.missing` names it."""

    code = "not_ready"
    message = "服务尚未就绪"


class HealthReply(Wire, frozen=True):
    """What is missing, by name; empty when all is well."""

    status: Annotated[str, Meta(examples=["ok"])]
    missing: Annotated[list[str], Meta(examples=[[]])]


class HealthHandler(Handler):
    """Liveness."""

    public = True
    limits = ()

    @endpoint()
    async def get(self) -> HealthReply:
        """Answer while the process lives."""
        return HealthReply(status="ok", missing=[])


class ReadinessHandler(Handler):
    """Readiness."""

    public = True

    @endpoint(refuses=(NotReady,))
    async def get(self) -> HealthReply:
        """Say whether requests can be served, and what is missing: 503 if anything is."""
        missing = await self.services.missing()
        if missing:
            raise NotReady(missing=missing)
        return HealthReply(status="ok", missing=[])


ROUTES = [("/healthz", HealthHandler), ("/readyz", ReadinessHandler)]
