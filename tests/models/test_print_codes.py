"""The code of a printed card: the shared vectors, and what holds for every code."""

import base64
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.ids import ALPHABET
from models.print_codes import NotAPrintCode, PrintCode, is_right, make_print_code, parse_print

MASTER = b"m" * 32
SERIAL = "7K3QF2M9XA"

serials = st.text(ALPHABET, min_size=10, max_size=10)
numbers = st.integers(0, 1023)


class Vector(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    key_id: str
    master: str
    serial: str
    number: int
    mac: str
    code: str


VECTORS = msgspec.json.decode(
    (Path(__file__).resolve().parents[1] / "vectors/print_codes.json").read_bytes(), type=list[Vector]
)


def octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda one: one.code)
def test_a_print_s_code_is_what_the_vectors_say(vector: Vector) -> None:
    code = make_print_code(octets(vector.master), vector.key_id, vector.serial, vector.number)
    assert (code.text, code.mac) == (vector.code, octets(vector.mac))
    assert parse_print(vector.code) == code
    assert is_right(code, octets(vector.master))


@given(serials, numbers, st.sampled_from(ALPHABET))
def test_a_code_is_32_characters_and_reads_back(serial: str, number: int, key_id: str) -> None:
    code = make_print_code(MASTER, key_id, serial, number)
    assert len(code.text) == 32
    assert parse_print(f" {code.text.lower()}\n") == code


@given(st.integers(3, 31), st.sampled_from(ALPHABET))
def test_no_changed_code_is_right(place: int, letter: str) -> None:
    code = make_print_code(MASTER, "1", SERIAL, 7)
    changed = parse_print(code.text[:place] + letter + code.text[place + 1 :])
    # The key id says which master is asked, and is not in the code's own digest.
    assert is_right(changed, MASTER) == (changed == code or place == 3)


@pytest.mark.parametrize(
    "text",
    ["", "UCP", "UC1" + "0" * 29, "UCP" + "0" * 28, "UCP" + "0" * 30, "UCP" + "U" * 29, "UCP１" + "0" * 28],
)
def test_other_texts_are_no_print(text: str) -> None:
    with pytest.raises(NotAPrintCode):
        parse_print(text)


def test_another_key_or_a_rotating_code_s_key_makes_another_code() -> None:
    code = PrintCode("1", SERIAL, 1, make_print_code(b"n" * 32, "1", SERIAL, 1).mac)
    assert not is_right(code, MASTER)
