"""A member's own visits: those that bear the person, by the consent to movements, of the last thirty days."""

from collections.abc import Sequence

from msgspec import Struct

from models.check_ins import CheckIn
from models.station_board import StationBoard
from models.stations import NoSuchStation
from models.store import Store


class OwnVisit(Struct, frozen=True):
    """A visit and the station's name; `mark` is its place in the list, newest first."""

    check_in: CheckIn
    name: str

    @property
    def mark(self) -> str:
        """Return when and where: marks are in the order of time, and no two are the same."""
        return mark_of(self.check_in)


def mark_of(visit: CheckIn) -> str:
    """Return a visit's place among a person's: the millisecond in hexadecimal, and the station."""
    return f"{int(visit.at.timestamp() * 1000):x}-{visit.station}"


class OwnVisits:
    """Lists them. One read, of as many as a person can make in thirty days."""

    def __init__(self, store: Store[CheckIn], board: StationBoard) -> None:
        self._store = store
        self._board = board

    async def list_of(self, person: str, after: str | None, limit: int) -> Sequence[OwnVisit]:
        """Return a person's visits, newest first, those that come after a mark if one is given."""
        found = await self._store.list_({"person": person})
        newest = sorted(found, key=mark_of, reverse=True)
        shown = [one for one in newest if after is None or mark_of(one) < after][:limit]
        return [OwnVisit(one, self._name(one.station)) for one in shown]

    def _name(self, station: str) -> str:
        try:
            return self._board.get(station).name
        except NoSuchStation:
            return station
