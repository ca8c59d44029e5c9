"""The shape of the tree: sizes, nouns, and pages of the README that stay true."""

import re
from pathlib import Path

import pytest

from scripts.write_documents import README, written

ROOT = Path(__file__).parent.parent
FOLDERS = ("server", "handlers", "models", "miniprogram_api", "scripts")
LONGEST_MODULE = 300

MODULES = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
SCRIPTS = sorted((ROOT / "miniprogram_api" / "client").glob("*.js"))


@pytest.mark.parametrize("path", [*MODULES, *SCRIPTS], ids=lambda path: path.name)
def test_a_module_stays_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE


def test_a_handler_s_noun_is_a_model_s_too() -> None:
    own = {
        "assets",
        "base",
        "contracts",
        "cookies",
        "district_files",
        "district_replies",
        "fast_path",
        "fields",
        "finished",
        "heads",
        "idempotency",
        "media",
        "nearby",
        "pictures",
        "refuse",
        "routes",
        "services",
        "tokens",
        "traffic",
        "uploads",
        "wire",
    }
    served = {"check_files", "console", "console_doors", "demo", "health", "openapi"}
    nouns = {path.stem for path in (ROOT / "handlers").glob("*.py")} - own - served - {"__init__"}
    models = {path.stem for path in (ROOT / "models").glob("*.py")}
    assert nouns <= models


def test_the_generated_parts_of_the_readme_are_fresh() -> None:
    text = README.read_text(encoding="utf-8")
    assert written(text) == text


def test_every_file_that_the_readme_names_is_there() -> None:
    text = README.read_text(encoding="utf-8")
    named = re.findall(r"`((?:server|handlers|models|miniprogram_api|scripts|tests)/[\w./]+)`", text)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_dependency_has_its_reason_in_the_readme() -> None:
    setup = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    listed = setup.partition("install_requires =")[2].partition("[options.packages.find]")[0]
    names = re.findall(r"^ {4}([\w-]+)", listed, re.MULTILINE)
    text = README.read_text(encoding="utf-8")
    assert [name for name in names if name not in text] == []
