"""小程序码: round codes that WeChat itself scans, for posters that must look official."""

from handlers.base import Handler, endpoint
from handlers.media import Png
from miniprogram_api.errors import (
    CodeNotDrawn,
    WeChatBusy,
    WeChatMisconfigured,
    WeChatQuotaSpent,
    WeChatRateLimited,
)
from models.photos import PhotosBusy
from models.stations import NoSuchStation

CACHE_SECONDS = 86_400


class StationWxacodeHandler(Handler):
    """The code that opens a station's page in WeChat."""

    public = True

    @endpoint(
        refuses=(
            NoSuchStation,
            CodeNotDrawn,
            WeChatBusy,
            WeChatMisconfigured,
            WeChatQuotaSpent,
            WeChatRateLimited,
            PhotosBusy,
        )
    )
    async def get(self, code: str) -> Png:
        """Return the code as PNG; WeChat draws it once."""
        station = self.services.stations.get(code)
        picture = await self.services.wxacodes.get_of_station(station.id, self.services.drawer)
        self.set_header("Cache-Control", f"public, max-age={CACHE_SECONDS}")
        return Png(picture)


ROUTES = [("/api/v1/stations/{code}/wxacode.png", StationWxacodeHandler)]
