"""`scripts/ratings` on a data folder: what differs is printed, and put right when that is asked for."""

from pathlib import Path

import msgspec
import pytest

from models.clock import utc_now
from models.station_ratings import Rating, Score
from scripts.worlds import opened_world
from server.config import Config
from tests.scripts.commands import run_command

pytestmark = pytest.mark.engines
STATION = "4E8M0R2T"


async def run_script(folder: Path, *arguments: str) -> tuple[int | None, list[tuple[str, int, int]], str]:
    status, out, err = await run_command("scripts.ratings", folder, *arguments)
    found = [msgspec.json.decode(line, type=Score) for line in out.splitlines()]
    return status, [(one.id, one.number, one.total) for one in found], err


async def test_scores_that_differ_from_the_ratings_are_printed_and_put_right(tmp_path: Path) -> None:
    at = utc_now()
    async with opened_world(Config(data_dir=tmp_path)) as world:
        ratings = world.visits.ratings
        for number, stars in enumerate((5, 5, 2)):
            rating = Rating(id=f"{STATION}:rater-{number}", station=STATION, stars=stars, at=at)
            await ratings._ratings.insert(rating)
        await ratings._scores.insert(Score(id="ZZZZZZZZ", number=3, total=9, changed=at))
    differing = [(STATION, 3, 12), ("ZZZZZZZZ", 0, 0)]
    status, printed, words = await run_script(tmp_path)
    assert (status, printed) == (1, differing)
    assert "2 scores differ, as they were" in words
    assert (await run_script(tmp_path, "--save"))[:2] == (0, differing)
    assert (await run_script(tmp_path))[:2] == (0, [])
