"""`scripts/figures` on a data folder whose figures are not what its memberships say."""

from pathlib import Path

import msgspec
import pytest

from models.clock import utc_now
from models.membership_figures import list_movements
from models.memberships import Membership
from models.organisations import Organisation
from scripts.worlds import opened_world
from server.config import Config
from tests.scripts.commands import run_command

pytestmark = pytest.mark.engines


async def test_a_lost_movement_is_printed_and_put_right_only_when_asked(tmp_path: Path) -> None:
    at = utc_now()
    async with opened_world(Config(data_dir=tmp_path)) as world:
        await world.organisations.put(Organisation(id="UNION", name="测试工会", tree="local", changed=at))
        spell = Membership(person="P1", organisation="UNION", state="active", since="2026-07-01", entered=at)
        begun = await world.memberships.begin(spell)
        await world.membership_book.effects._store.change({"_id": "P1"}, {}, without=("pending",))
    [lost] = list_movements(begun)
    for arguments, expected in (((), 1), (("--fix",), 0)):
        status, printed, said = await run_command("scripts.figures", tmp_path, "verify", *arguments)
        [told] = map(msgspec.json.decode, printed.splitlines())
        assert (status, told["kind"], told["movement"]) == (expected, "missing", lost.id)
        assert "1 memberships" in said
    assert (await run_command("scripts.figures", tmp_path, "verify"))[:2] == (0, "")
