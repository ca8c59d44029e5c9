"""The browser script: one registry, relative requires only, and it runs where Node's own names are absent."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from miniprogram_api.bundle import SOURCES, bundle

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "card_codes.json"

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed: JavaScript is not run")

# A context of its own has the language and nothing else: no require, no Buffer, no fetch, no timers.
RUN = """
const vm = require("node:vm");
const [script, program, globals] = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const context = vm.createContext(vm.runInNewContext(globals));
vm.runInContext(script, context);
Promise.resolve(vm.runInContext(`(async () => { ${program} })()`, context))
  .then((result) => console.log(JSON.stringify(result)));
"""


def run(program: str, context: str = "({ window: {} })") -> Any:
    """Return what a program gives that sees the bundle and the given globals only."""
    assert NODE is not None
    given = json.dumps([bundle(), program, context])
    finished = subprocess.run(
        [NODE, "-e", RUN], input=given, capture_output=True, text=True, timeout=60, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def test_bundle_holds_every_file_once_and_can_stand_in_a_page() -> None:
    script = bundle()
    for path in SOURCES.glob("*.js"):
        assert script.count(f'files["{path.name}"] = ') == 1
    assert "</script" not in script
    assert bundle() == script


@pytest.mark.parametrize("required", ["node:fs", "lodash", "../card.js", "./absent.js", "./card"])
def test_file_that_requires_no_neighbour_is_refused(tmp_path: Path, required: str) -> None:
    (tmp_path / "card.js").write_text("module.exports = {};\n")
    (tmp_path / "index.js").write_text(f'module.exports = require("{required}");\n')
    with pytest.raises(ValueError, match=f"index.js requires {required}"):
        bundle(tmp_path)


@needs_node
def test_bundle_exports_what_the_library_exports() -> None:
    assert NODE is not None
    listing = f"console.log(JSON.stringify(Object.keys(require({json.dumps(str(SOURCES / 'index.js'))}))))"
    listed = subprocess.run([NODE, "-e", listing], capture_output=True, text=True, check=True)
    assert run("return Object.keys(window.UnionStation);") == json.loads(listed.stdout)


@needs_node
def test_bundle_makes_and_draws_a_code_where_only_the_language_is() -> None:
    vector = json.loads(VECTORS.read_text())[0]
    card = {
        "keyId": vector["keyId"],
        "serial": vector["serial"],
        "dayKeys": [{"day": vector["day"], "key": vector["dayKey"]}],
        "now": vector["unixMilliseconds"],
    }
    text, rows, svg = run(
        f"""const {{ codeAt, drawQr, toSvg }} = window.UnionStation;
        const {{ text }} = codeAt({json.dumps(card)});
        const matrix = drawQr(text);
        return [text, matrix.length, toSvg(matrix).slice(0, 4)];"""
    )
    assert (text, rows, svg) == (vector["code"], 25, "<svg")


@needs_node
def test_client_runs_on_nothing_but_wx() -> None:
    mini_program = """
    (() => {
      const texts = {};
      const answer = ({ url }) =>
        url.endsWith("/sessions") ? { token: "t" } : { serial: "S", state: "frozen", dayKeys: [], url };
      return {
        window: {},
        wx: {
          getStorageSync: (key) => texts[key] || "",
          setStorageSync: (key, text) => { texts[key] = text; },
          removeStorageSync: (key) => { delete texts[key]; },
          request: (options) => options.success(
            { statusCode: 200, header: {}, data: JSON.stringify(answer(options)) }),
        },
      };
    })()
    """
    state, url, kept = run(
        """const client = window.UnionStation.createClient({ baseUrl: "https://h", login: async () => "c" });
        const { state, url } = await client.card();
        return [state, url, wx.getStorageSync("unionStation.token")];""",
        mini_program,
    )
    assert (state, url, kept) == ("frozen", "https://h/api/v1/card", '"t"')


@needs_node
def test_client_runs_where_the_browser_forbids_storage_and_waits_by_its_timers() -> None:
    page = """
    (() => {
      const pauses = [];
      return {
        window: {},
        pauses,
        setTimeout: (go, pause) => { pauses.push(pause); go(); },
        get localStorage() { throw new Error("SecurityError"); },
      };
    })()
    """
    code, pauses = run(
        """const transport = async () => { throw new Error("cut"); };
        const client = window.UnionStation.createClient({ baseUrl: "https://h", login: null, transport });
        return client.stationsNear({}).catch(({ code }) => [code, pauses]);""",
        page,
    )
    assert (code, pauses) == ("network_failed", [500, 2000])


@needs_node
def test_client_without_any_network_says_what_to_pass() -> None:
    message = run(
        """try {
          window.UnionStation.createClient({ baseUrl: "https://h", login: async () => "c" });
        } catch (error) {
          return error.message;
        }"""
    )
    assert message == "neither wx.request nor fetch is here: pass a transport"
