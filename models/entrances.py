"""Entrances of stations: where one gets in is at the station, or it was taken in another datum."""

from models.errors import Invalid
from models.positions import Position, metres_between

# An entrance that is farther off was taken in another datum, or at another place.
ENTRANCE_METRES = 500


class EntranceAstray(Invalid):
    """The entrance is not at the station: `details.metres` away, or the station has no position."""

    code = "entrance_astray"
    message = "请先填写驿站的位置，再填写入口"


def require_near(entrance: Position, station: Position | None) -> None:
    """Let an entrance pass that is at its station; EntranceAstray otherwise."""
    if station is None:
        raise EntranceAstray
    metres = round(metres_between(entrance, station))
    if metres > ENTRANCE_METRES:
        raise EntranceAstray(
            f"入口离驿站的位置 {metres} 米，太远了，请检查经纬度和坐标系", metres=metres, most=ENTRANCE_METRES
        )
