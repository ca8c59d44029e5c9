"""The client library, run by Node: its own tests, its syntax, and its QR codes read by others."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest
import zxingcpp
from qrcode.constants import ERROR_CORRECT_L, ERROR_CORRECT_M
from qrcode.main import QRCode
from qrcode.util import lost_point

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "miniprogram_api" / "client"
TESTS = ROOT / "tests" / "miniprogram_api" / "client"
VECTORS = ROOT / "tests" / "vectors" / "card_codes.json"

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed: JavaScript is not tested")

MASKS = range(8)
QUIET_MODULES = 4
PIXELS_PER_MODULE = 4

DRAW = """
const [library, name, texts] = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const draw = require(library)[name];
const masks = [0, 1, 2, 3, 4, 5, 6, 7];
console.log(JSON.stringify(texts.map((text) => (
  { text, chosen: draw(text), masked: masks.map((mask) => draw(text, mask)) }))));
"""
LINKS = (
    "https://station.example.org/s/4E8M0R2T?k=0A1B2C3D4E5F6G7",
    "http://127.0.0.1:8888/s/ZZZZZZZZ?k=ZZZZZZZZZZZZZZZ",
    "x",
    "~" * 106,
)

# Node brings a parser of its own, which can be told the year of the language.
PARSE = """
let parse;
try {
  parse = require("internal/deps/acorn/acorn/dist/acorn").parse;
} catch (absent) {
  process.exit(77);
}
for (const path of process.argv.slice(1)) {
  try {
    parse(require("fs").readFileSync(path, "utf8"), { ecmaVersion: 2017, sourceType: "script" });
  } catch (error) {
    console.log(`${path}: ${error.message}`);
  }
}
"""

Matrix = list[list[bool]]


class Drawn(msgspec.Struct, frozen=True):
    """One text as the library draws it: by its own choice, and with each mask."""

    text: str
    chosen: Matrix
    masked: list[Matrix]


def node(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    assert NODE is not None
    return subprocess.run(
        [NODE, *arguments], input=given, capture_output=True, text=True, timeout=100, check=False, cwd=ROOT
    )


@pytest.fixture(scope="module")
def drawings() -> list[Drawn]:
    codes = [row["code"] for row in json.loads(VECTORS.read_text())][::5]
    return draw("drawQr", [*codes, "A" * 38, "Z", "AB $%*+-./:"])


def draw(name: str, texts: Sequence[str]) -> list[Drawn]:
    finished = node("-e", DRAW, given=json.dumps([str(LIBRARY / "qr.js"), name, texts]))
    assert finished.returncode == 0, finished.stderr
    return msgspec.json.decode(finished.stdout, type=list[Drawn])


def test_librarys_own_tests_pass() -> None:
    finished = node("--test", "--test-reporter=tap", *sorted(map(str, TESTS.glob("*.test.js"))))
    assert finished.returncode == 0, finished.stdout
    assert "\n# pass 0\n" not in finished.stdout


def test_library_is_written_in_the_language_of_2017() -> None:
    finished = node("--expose-internals", "-e", PARSE, *map(str, LIBRARY.glob("*.js")))
    if finished.returncode == 77:
        pytest.skip("this node hides its parser: the year of the syntax is not checked")
    assert (finished.returncode, finished.stdout) == (0, ""), finished.stderr


def test_drawn_code_is_read_back_by_a_scanner(drawings: list[Drawn]) -> None:
    for drawn in drawings:
        (read,) = zxingcpp.read_barcodes(picture(drawn.chosen))
        assert read.text == drawn.text
        assert read.format == zxingcpp.BarcodeFormat.QRCode


def test_every_mask_equals_that_of_another_library(drawings: list[Drawn]) -> None:
    for drawn in drawings:
        for mask in MASKS:
            assert drawn.masked[mask] == reference(drawn.text, mask)


def test_mask_is_the_first_with_the_lowest_penalty(drawings: list[Drawn]) -> None:
    for drawn in drawings:
        penalties = [lost_point([[*row] for row in matrix]) for matrix in drawn.masked]
        assert drawn.chosen == drawn.masked[penalties.index(min(penalties))]


def test_a_link_is_drawn_as_another_library_does_and_is_read_back() -> None:
    for drawn in draw("drawLinkQr", LINKS):
        (read,) = zxingcpp.read_barcodes(picture(drawn.chosen))
        assert read.text == drawn.text
        for mask in MASKS:
            assert drawn.masked[mask] == reference(drawn.text, mask, 5, ERROR_CORRECT_L)


def reference(text: str, mask: int, version: int = 2, level: int = ERROR_CORRECT_M) -> Matrix:
    code = QRCode(version=version, error_correction=level, mask_pattern=mask, border=0)
    code.add_data(text, optimize=0)
    code.make(fit=False)
    return [[bool(module) for module in row] for row in code.modules]


def picture(matrix: Matrix) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    light = np.pad(~np.array(matrix), QUIET_MODULES, constant_values=True)
    return np.kron(light.astype(np.uint8) * 255, np.ones((PIXELS_PER_MODULE,) * 2, np.uint8)).astype(np.uint8)
