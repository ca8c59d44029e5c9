import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.vault import BrokenSeal, Vault, mask_name

OLD, NEW, INDEX = (bytes([byte]) * 32 for byte in (1, 2, 3))
PLACE = ("vault", "P1", "name")


@given(st.text())
def test_a_sealed_text_opens_in_its_place(text: str) -> None:
    vault = Vault({"1": OLD}, INDEX)
    assert vault.open(*PLACE, vault.seal(*PLACE, text)) == text


@pytest.mark.parametrize(
    "place", [("cards", "P1", "name"), ("vault", "P2", "name"), ("vault", "P1", "phone")]
)
def test_a_sealed_text_does_not_open_elsewhere(place: tuple[str, str, str]) -> None:
    vault = Vault({"1": OLD}, INDEX)
    with pytest.raises(BrokenSeal):
        vault.open(*place, vault.seal(*PLACE, "王小明"))


def test_a_changed_byte_does_not_open() -> None:
    vault = Vault({"1": OLD}, INDEX)
    sealed = vault.seal(*PLACE, "王小明")
    for place in range(1, len(sealed)):
        changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(BrokenSeal):
            vault.open(*PLACE, changed)


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    before = Vault({"1": OLD}, INDEX).seal(*PLACE, "王小明")
    vault = Vault({"1": OLD, "2": NEW}, INDEX)
    assert vault.open(*PLACE, before) == "王小明"
    after = vault.seal(*PLACE, "王小明")
    assert after[:1] == b"2"
    with pytest.raises(BrokenSeal, match="unknown key"):
        Vault({"1": OLD}, INDEX).open(*PLACE, after)


def test_the_same_text_is_sealed_differently_each_time_and_blinded_alike() -> None:
    vault = Vault({"1": OLD}, INDEX)
    assert vault.seal(*PLACE, "x") != vault.seal(*PLACE, "x")
    assert vault.blind("id_document", " 11010119900101123x") == vault.blind(
        "id_document", "11010119900101123X"
    )
    assert vault.blind("id_document", "1") != vault.blind("phone", "1")
    assert vault.blind("phone", "1") != Vault({"1": OLD}, secrets.token_bytes(32)).blind("phone", "1")


@pytest.mark.parametrize(
    ("name", "masked"),
    [("张三", "*三"), ("王小明", "王*明"), ("欧阳小明", "欧**明"), ("李", "*李"), ("", "*")],
)
def test_a_masked_name_shows_no_whole_name(name: str, masked: str) -> None:
    assert mask_name(name) == masked
