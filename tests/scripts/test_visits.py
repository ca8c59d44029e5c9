"""`scripts/visits` on a data folder: what differs is printed, and put right when that is asked for."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from models.check_ins import CheckIn
from models.clock import local_day, utc_now
from models.visit_counts import VisitCount
from scripts.worlds import opened_world
from server.config import Config
from tests.scripts.commands import run_command

pytestmark = pytest.mark.engines
STATION = "4E8M0R2T"


async def run_script(folder: Path, *arguments: str) -> tuple[int | None, list[VisitCount], str]:
    status, out, err = await run_command("scripts.visits", folder, *arguments)
    return status, [msgspec.json.decode(line, type=VisitCount) for line in out.splitlines()], err


async def test_figures_that_differ_from_the_visits_are_printed_and_put_right(tmp_path: Path) -> None:
    at = utc_now() - timedelta(days=2)
    day = local_day(at)
    async with opened_world(Config(data_dir=tmp_path)) as world:
        for number in range(3):
            slot = f"{STATION}:visitor-{number % 2}:{number}"
            visit = CheckIn(
                id=slot,
                slot=slot,
                station=STATION,
                day=day,
                window=at,
                presence="near",
                at=at,
                worker="parcel",
            )
            await world.visits.check_ins._store.insert(visit)
        await world.visits.counts.count_day(day)
        wrong = VisitCount(id=f"{STATION}:{day}", station=STATION, day=day, visits=9, people=9)
        await world.visits.counts._counts.put(wrong)
        gone = VisitCount(id=f"ZZZZZZZZ:{day}", station="ZZZZZZZZ", day=day, visits=1, people=1)
        await world.visits.counts._counts.put(gone)

    status, printed, words = await run_script(tmp_path)
    assert (status, [(one.station, one.visits, one.people) for one in printed]) == (
        1,
        [(STATION, 3, 2), ("ZZZZZZZZ", 0, 0)],
    )
    assert "2 figures differ, as they were" in words
    assert (await run_script(tmp_path, day, "--save"))[0] == 0
    status, printed, words = await run_script(tmp_path, day)
    assert (status, printed) == (0, [])
    assert "1 days, 0 figures differ" in words


async def test_today_is_not_over_and_so_not_counted(tmp_path: Path) -> None:
    status, printed, words = await run_script(tmp_path, local_day(utc_now()))
    assert (status, printed) == (2, [])
    assert "invalid local_date value" in words
