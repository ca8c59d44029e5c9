"""Words in stations' records, against looking at every record."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from models.station_details import StationDetails
from models.station_search import StationTexts
from models.stations import Station, folded
from tests.models.test_finder import NOON, make_station

letters = st.text("东风Aa1１ ", max_size=4)
stations_found = st.lists(
    st.builds(
        lambda number, name, aliases, address, district, minutes: replace(
            make_station(number),
            name=name,
            details=StationDetails(aliases=tuple(aliases)),
            address=address,
            district=district,
            changed=NOON + timedelta(minutes=minutes),
        ),
        st.integers(0, 99),
        letters,
        st.lists(letters, max_size=2),
        letters,
        letters,
        st.integers(0, 3),
    ),
    max_size=20,
    unique_by=lambda station: station.id,
)


@settings(max_examples=200, deadline=None)
@given(stations_found, st.lists(st.text("东风a1１", min_size=1, max_size=3), max_size=3))
def test_every_word_is_in_one_field_of_each_record_found(stations: list[Station], words: list[str]) -> None:
    def holds(station: Station) -> bool:
        names = (station.id, station.name, *station.details.aliases, station.address, station.district)
        fields = [folded(text) for text in names]
        return all(any(folded(word) in text for text in fields) for word in words)

    expected = sorted(filter(holds, stations), key=lambda one: (one.changed, one.id), reverse=True)
    assert StationTexts(stations).find(" ".join(words), lambda _: True) == expected


def test_a_record_that_is_not_admitted_is_not_found() -> None:
    stations = [make_station(number) for number in range(3)]
    found = StationTexts(stations).find("站", lambda station: station is stations[1])
    assert found == stations[1:2]
