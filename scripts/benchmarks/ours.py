"""Our server, as the benchmark runs it: the service of production, with its stations put into memory.

`stations near me` makes no driver call, so the stations need not go through the database.
"""

import asyncio
import sys

from msgspec.structs import force_setattr

from handlers.claims import CHINA
from miniprogram_api.wechat import PhoneNumber
from models.clock import utc_now
from scripts.benchmarks.country import make_stations
from scripts.benchmarks.pipes import Parent
from scripts.benchmarks.setting import Ready, Setting, bind
from server.listening import Listening
from server.logs import set_up_logs
from server.service import Service


class Vouching:
    """WeChat as far as a claim asks it, at once: a code of the phone button is the number itself."""

    async def get_phone_number(self, code: str) -> PhoneNumber:
        """Return the number that a code stands for."""
        return PhoneNumber(code, CHINA)


async def main() -> None:
    """Serve until the benchmark is over; the access log goes to standard error, as in production."""
    parent = await Parent.connect()
    setting = await parent.hear(Setting)
    set_up_logs()
    listening = Listening(tuple(bind(setting)))
    service = await Service.open(setting.config, utc_now, sys.stderr, shared=listening)
    world = service.world
    for mirror in (world.organisations.mirror, world.appointments.mirror, world.revocations.mirror):
        await mirror.refresh()
    stations = list(make_stations(setting.stations))
    await world.board._absorb(stations)  # noqa: SLF001  # What its mirror does with stations that were read.
    force_setattr(service.services, "wechat", Vouching())
    if not setting.has_workers:
        await service._workers.stop()  # noqa: SLF001  # Nobody but a benchmark wants a server without them.
    parent.tell(Ready(listening.port))
    await parent.wait_until_gone()
    await service.close()


if __name__ == "__main__":
    asyncio.run(main())
