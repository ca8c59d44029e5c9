"""The client library as one browser script, so that pages use it without a build step.

The files in `client/` are CommonJS, which mini programs and Node load as they are and a browser does not.
Each becomes a function in a registry, a small `require` runs it on first use, and `window.UnionStation` is
what `client/index.js` exports.
"""

import re
from pathlib import Path

SOURCES = Path(__file__).with_name("client")

_REQUIRE = re.compile(r"""\brequire\(\s*(["'])(.+?)\1\s*\)""")

_HEAD = """\
window.UnionStation = (function () {
  "use strict";
  var files = {};
  var loaded = {};
  function require(path) {
    var name = path.slice(2);
    if (!(name in loaded)) {
      loaded[name] = { exports: {} };
      files[name](loaded[name], loaded[name].exports, require);
    }
    return loaded[name].exports;
  }
"""

_TAIL = """\
  return require("./index.js");
})();
"""


def bundle(sources: Path = SOURCES) -> str:
    """Return the script; ValueError if a file requires anything but a neighbour, such as `./card.js`."""
    files = {path.name: path.read_text(encoding="utf-8") for path in sorted(sources.glob("*.js"))}
    for name, source in files.items():
        _refuse_foreign(name, source, set(files))
    return _HEAD + "".join(_wrapped(name, source) for name, source in files.items()) + _TAIL


def _refuse_foreign(name: str, source: str, known: set[str]) -> None:
    required = {match[2] for match in _REQUIRE.finditer(source)}
    foreign = required - {f"./{neighbour}" for neighbour in known}
    if foreign:
        raise ValueError(f"{name} requires {', '.join(sorted(foreign))}, which is not beside it")


def _wrapped(name: str, source: str) -> str:
    return f'  files["{name}"] = function (module, exports, require) {{\n{source}  }};\n'
