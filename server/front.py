"""What stands before the service, and who stands behind it."""

from msgspec import Struct

from models.addresses import Network
from models.privacy_notices import Responsible


class Front(Struct, frozen=True):
    """The address people see, whose forwarded address counts, whether limits hold, who answers for it all."""

    public_url: str
    proxies: tuple[Network, ...] = ()
    has_limits: bool = True
    responsible: Responsible = Responsible("", "")
