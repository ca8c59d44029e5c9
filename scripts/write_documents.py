"""Writes the generated parts of the README: the tree and the table of variables; `--check` only compares."""

import ast
import sys
from pathlib import Path
from typing import get_type_hints

from msgspec import Meta

from server.config import Config

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
FOLDERS = ("server", "handlers", "miniprogram_api", "models", "scripts")


def first_line(path: Path) -> str:
    """Return what a file says of itself: the first line of its docstring or leading comment."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0].rstrip(".")
    comments = (line.strip(" /*#") for line in text.splitlines() if line.strip(" /*#") and line[0] in "#/* ")
    return next((line for line in comments if not line.startswith("!")), "").rstrip(".")


def tree() -> str:
    """Return the tree of the program's files, each with its own first line."""
    lines = ["```"]
    for folder in FOLDERS:
        lines.append(f"{folder}/ — {first_line(ROOT / folder / '__init__.py')}")
        files = [path for path in sorted((ROOT / folder).iterdir()) if path.is_file()]
        shown = [path for path in files if path.suffix in (".py", ".sh", "") and path.name != "__init__.py"]
        lines += [f"  {path.name:22} {first_line(path)}" for path in shown]
    return "\n".join([*lines, "```"])


def variables() -> str:
    """Return the table of configuration variables."""
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    hints = get_type_hints(Config, include_extras=True)
    defaults = dict(zip(Config.__struct_fields__, Config.__struct_defaults__, strict=True))
    for name, default in defaults.items():
        meta = next(one for one in hints[name].__metadata__ if isinstance(one, Meta))
        shown = (
            f"`{str(default).lower() if isinstance(default, bool) else default}`"
            if default not in ("", None)
            else ""
        )
        rows.append(f"| `{name.upper()}` | {shown} | {meta.description} |")
    return "\n".join(rows)


def written(text: str) -> str:
    """Return the README with its generated parts as they ought to be."""
    for name, content in (("tree", tree()), ("variables", variables())):
        start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        head, rest = text.split(start)
        text = f"{head}{start}{content}\n{end}{rest.split(end)[1]}"
    return text


def main() -> int:
    """Write the README, or with `--check` say whether it is stale."""
    before = README.read_text(encoding="utf-8")
    after = written(before)
    if "--check" in sys.argv[1:]:
        if before != after:
            print("README.md is stale: run `python -m scripts.write_documents`")
        return int(before != after)
    README.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
