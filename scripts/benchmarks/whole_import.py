"""A roster from end to end: uploaded on the console of a demo, checked, imported, and the same file again.

Over HTTP on loopback, as an officer does it. Seconds and the server's peak of memory are printed by stage;
what became of the rows, the figures of members, and whether the file is gone decide whether it failed.
"""

from pathlib import Path
from time import perf_counter

from models.roster_jobs import IMPORT_PARTS
from models.store import Store
from scripts.benchmarks.consoles import Console, WrongOutcome
from scripts.benchmarks.demos import Demo, opened_demo
from scripts.benchmarks.engine import Engine, opened_engine
from scripts.benchmarks.roster import make_roster
from server.demo import NEXT_STREET
from server.engines import open_documents

UNION = "演示东街道工会服务站"
"""The name of `NEXT_STREET`."""


class Stages:
    """Prints each stage: its seconds, the peak of memory until then, what became of the rows."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self._begun = perf_counter()
        print(f"{'stage':<20}{'seconds':>10}{'peak MB':>10}  rows")

    def end(self, name: str, counts: dict[str, int]) -> None:
        """Print a stage that is over and begin the next."""
        taken, peak = perf_counter() - self._begun, self._demo.peak_megabytes
        rows = ", ".join(f"{outcome} {count}" for outcome, count in counts.items())
        print(f"{name:<20}{taken:>10.1f}{peak:>10.0f}  {rows}", flush=True)
        self._begun = perf_counter()


async def run(folder: Path, rows: int) -> None:
    """Import so many rows twice and print each stage; WrongOutcome, ChildFailed."""
    content = make_roster(rows, UNION)
    async with opened_engine(folder) as engine, opened_demo(engine, folder) as demo:
        print(f"{rows} rows ({len(content) / 1e6:.1f} MB), on {engine.name}\n", flush=True)
        console = Console(demo.url)
        try:
            await console.sign_in()
            before, stages = await console.count(NEXT_STREET), Stages(demo)
            await _import(console, content, stages, ("checked", "imported"), {"created": rows})
            again = ("checked again", "imported again")
            await _import(console, content, stages, again, {"unchanged": rows})
            _expect("members in the figures", await console.count(NEXT_STREET) - before, rows)
        finally:
            console.close()
        _expect("parts of files left", await _count_parts(engine, folder), 0)


async def _import(
    console: Console, content: bytes, stages: Stages, names: tuple[str, str], expected: dict[str, int]
) -> None:
    """Check a file and let it run; WrongOutcome if rows came out otherwise, or the file is still there."""
    job = (await console.upload(content)).id
    checked = await console.settled(job, "checked")
    stages.end(names[0], checked.counts)
    _expect("rows checked", checked.counts, expected)
    await console.run(job)
    ended = await console.erased(job)
    stages.end(names[1], ended.counts)
    _expect("rows imported", (ended.state, ended.counts), ("done", expected))
    _expect("the file is still there", ended.has_file, expected=False)


def _expect(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise WrongOutcome(f"{what}: {found} instead of {expected}")


async def _count_parts(engine: Engine, folder: Path) -> int:
    documents = await open_documents(engine.uri, folder)
    try:
        return len(await Store(documents.client[engine.database], IMPORT_PARTS).list_({}))
    finally:
        await documents.close()
