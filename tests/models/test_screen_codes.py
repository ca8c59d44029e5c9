"""A screen's code: the vectors that JavaScript shares, and what passes when."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.screen_codes import check_screen, day_key, screen_code_at, screen_key

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "screen_codes.json").read_text("utf-8"))
NOON = datetime(2026, 7, 15, 4, 0, 5, tzinfo=UTC)
KEY = screen_key(bytes(32), "4E8M0R2T", 1)


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def code(at: datetime, key: bytes = KEY) -> str:
    return screen_code_at(day_key(key, (at + timedelta(hours=8)).date().isoformat()), at)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda one: f"{one['version']}-{one['label']}")
def test_the_vectors_hold(vector: dict[str, Any]) -> None:
    at = datetime.fromtimestamp(vector["unixMilliseconds"] / 1000, UTC)
    key = screen_key(unpadded(vector["master"]), vector["station"], vector["version"])
    assert key == unpadded(vector["screenKey"])
    assert day_key(key, vector["day"]) == unpadded(vector["dayKey"])
    assert screen_code_at(unpadded(vector["dayKey"]), at) == vector["code"]
    assert check_screen(vector["code"].lower(), key, at) == "valid"


@given(st.integers(-1300, 1300))
def test_one_step_passes_ten_minutes_are_stale_and_more_is_forged(seconds: int) -> None:
    steps = abs((NOON.timestamp() + seconds) // 30 - NOON.timestamp() // 30)
    verdict = check_screen(code(NOON + timedelta(seconds=seconds)), KEY, NOON)
    assert verdict == ("valid" if steps <= 1 else "stale" if steps <= 20 else "forged")


@given(st.text(max_size=20))
def test_any_other_text_is_forged(text: str) -> None:
    assert check_screen(text, KEY, NOON) == "forged"


def test_another_version_s_or_station_s_code_is_forged() -> None:
    for other in (screen_key(bytes(32), "4E8M0R2T", 2), screen_key(bytes(32), "4E8M0R2S", 1)):
        assert check_screen(code(NOON, other), KEY, NOON) == "forged"


@given(st.integers(0, 14), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_one_wrong_letter_is_forged(place: int, letter: str) -> None:
    right = code(NOON)
    wrong = right[:place] + letter + right[place + 1 :]
    assert check_screen(wrong, KEY, NOON) == ("valid" if wrong == right else "forged")
