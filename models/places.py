"""Named places, from what the stations' own records say: a district, a station, a part of an address.

A station goes by its aliases, too. There is no gazetteer here, and none is asked: a name that no station
bears is not found, and one that fits several districts is answered with the candidates. A place made of
several stations is where the middle one of them is, which is a point that somebody can walk to.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate
from statistics import median
from typing import Literal

from msgspec import Struct

from models.errors import Invalid, Missing
from models.positions import Position, metres_between
from models.stations import Station, folded

PlaceKind = Literal["district", "station", "address"]

CANDIDATES = 10
# A text that so many stations bear says nothing of where; more are not looked at.
MATCHES = 5_000
# People leave these away: 金水 is 金水区.
SUFFIXES = ("区", "县", "市")
BREAK = "\n"


class Place(Struct, frozen=True):
    """What a name stands for; `district` tells places of one name apart."""

    name: str
    kind: PlaceKind
    district: str
    position: Position


class NoSuchPlace(Missing):
    """No station's name, address or district holds this; `details.stations` are there without a position."""

    code = "place_not_found"
    message = "没有找到这个地方，请换个写法，或直接用位置查找"


class SeveralPlaces(Invalid):
    """The name fits several places: `details.candidates` are some, `more` says if there are others."""

    code = "place_ambiguous"
    message = "有几个地方都叫这个名字，请选一个"


class Places:
    """The named places of some stations; making one belongs off the loop, and so does asking."""

    def __init__(self, stations: Iterable[Station]) -> None:
        known = [station for station in stations if station.state != "retired"]
        shown = (station for station in known if station.position)
        self._stations: Sequence[Station] = sorted(shown, key=lambda station: station.id)
        self._unplaced = Counter(folded(one.district) for one in known if one.position is None)
        self._by_district: dict[str, list[Station]] = {}
        self._by_name: dict[str, list[Station]] = {}
        lines = []
        for station in self._stations:
            name = folded(station.name)
            self._by_district.setdefault(folded(station.district), []).append(station)
            names = dict.fromkeys([name, *map(folded, station.details.aliases)])
            for one in names:
                self._by_name.setdefault(one, []).append(station)
            lines.append(f"{' '.join(names)} {folded(station.address)}{BREAK}")
        self._text = "".join(lines)
        self._ends = list(accumulate(map(len, lines)))

    def find(self, name: str) -> tuple[list[Place], bool]:
        """Return at most `CANDIDATES` places of a name, the likeliest first, and whether there are more."""
        asked = folded(name)
        if not asked:
            return [], False
        for word in (asked, *(asked + suffix for suffix in SUFFIXES)):
            if word in self._by_district:
                there = self._by_district[word]
                return [Place(there[0].district, "district", there[0].district, _middle(there))], False
        if asked in self._by_name:
            return self._listed(self._by_name[asked])
        matches = self._bearing(asked)
        if len(matches) == 1:
            return self._listed(matches)
        by_district: dict[str, list[Station]] = {}
        for station in matches:
            by_district.setdefault(station.district, []).append(station)
        most = sorted(by_district.items(), key=lambda item: (-len(item[1]), item[0]))
        places = [Place(name, "address", district, _middle(there)) for district, there in most[:CANDIDATES]]
        return places, len(most) > CANDIDATES

    def count_unplaced(self, name: str) -> int:
        """Return how many stations of a district have no published position."""
        asked = folded(name)
        return max(self._unplaced[word] for word in (asked, *(asked + suffix for suffix in SUFFIXES)))

    def _listed(self, stations: Sequence[Station]) -> tuple[list[Place], bool]:
        places = [
            Place(station.name, "station", station.district, station.position)
            for station in stations[:CANDIDATES]
            if station.position
        ]
        return places, len(stations) > CANDIDATES

    def _bearing(self, asked: str) -> list[Station]:
        """Return the stations whose names or address hold a text, each once, at most `MATCHES`."""
        found: list[Station] = []
        place = self._text.find(asked)
        while place >= 0 and len(found) < MATCHES:
            row = bisect_right(self._ends, place)
            found.append(self._stations[row])
            place = self._text.find(asked, self._ends[row])
        return found


def the_place(found: tuple[list[Place], bool], here: Position | None = None) -> Place:
    """Return the one place of a name, or that nearest to a position if all are known; else a refusal.

    NoSuchPlace, SeveralPlaces.
    """
    places, more = found
    if not places:
        raise NoSuchPlace
    if len(places) > 1 and here is not None and not more:
        return min(places, key=lambda place: metres_between(place.position, here))
    if len(places) > 1:
        candidates = [
            {
                "name": place.name,
                "kind": place.kind,
                "district": place.district,
                "longitude": place.position.longitude,
                "latitude": place.position.latitude,
                "datum": "gcj02",
            }
            for place in places
        ]
        raise SeveralPlaces(candidates=candidates, more=more)
    return places[0]


def _middle(stations: Sequence[Station]) -> Position:
    """Return where that one of some stations is that is nearest to the middle of them all."""
    places = [station.position for station in stations if station.position]
    east, north = (place.longitude for place in places), (place.latitude for place in places)
    middle = Position(median(east), median(north))
    return min(places, key=lambda place: metres_between(place, middle))
