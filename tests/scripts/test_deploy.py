"""The ready-made files for production: each is read by the tool that knows its form, where that is there."""

import re
import shutil
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from server.config import Config
from server.service import DRAIN_SECONDS, IDLE_SECONDS

DEPLOY = Path(__file__).parent.parent.parent / "scripts" / "deploy"
EXPOSURE = 2.0
"""The most that `systemd-analyze security` may find, of ten."""


def tool(name: str) -> str:
    """The path of a tool, from the environment that runs the tests or the system; skipped without it."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not on this machine")
    return found


def passes(*command: str | Path) -> None:
    """Run a tool that says what is wrong, and let it have nothing to say."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def text(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that this machine has: `verify` looks for it."""
    path = tmp_path / "union-station.service"
    path.write_text(text(path.name).replace("/opt/union-station/.venv/bin/python", "/bin/true"))
    return path


@pytest.mark.engines
def test_systemd_takes_the_unit(unit: Path) -> None:
    passes(tool("systemd-analyze"), "verify", "--man=no", unit)


@pytest.mark.engines
def test_systemd_finds_the_unit_hardened(unit: Path) -> None:
    passes(tool("systemd-analyze"), "security", "--offline=true", f"--threshold={EXPOSURE * 10:.0f}", unit)


def test_unit_leaves_the_service_the_time_to_finish_and_signals_the_parent_alone() -> None:
    found = re.search(r"^TimeoutStopSec=(\d+)$", text("union-station.service"), re.MULTILINE)
    assert found
    assert int(found[1]) > DRAIN_SECONDS
    assert "KillMode=mixed" in text("union-station.service")
    assert "stop_grace_period: 20s" in text("compose.yaml")


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "station.example.org")])
    since = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(since)
        .not_valid_after(since + timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "fullchain.pem", folder / "privkey.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, private


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@pytest.mark.engines
def test_nginx_takes_the_site(tmp_path: Path) -> None:
    nginx = tool("nginx")
    chain, private = make_certificate(tmp_path)
    site = text("nginx.conf")
    for known, here in (
        ("/etc/ssl/union-station/fullchain.pem", str(chain)),
        ("/etc/ssl/union-station/privkey.pem", str(private)),
        ("/var/log/nginx/union-station.log", str(tmp_path / "site.log")),
        ("listen 80;", f"listen 127.0.0.1:{free_port()};"),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{free_port()} ssl http2;"),
    ):
        assert known in site
        site = site.replace(known, here)
    site = re.sub(r"\n *listen \[::\][^\n]*", "", site)
    scratch = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = f"pid {tmp_path}/nginx.pid;\nevents {{}}\nhttp {{\n{scratch}access_log off;\n{site}}}\n"
    (tmp_path / "nginx.conf").write_text(whole)
    log = tmp_path / "error.log"
    passes(nginx, "-t", "-q", "-p", tmp_path, "-e", log, "-c", tmp_path / "nginx.conf")


def test_nginx_hides_the_metrics_and_sets_what_a_client_says_of_itself() -> None:
    site = text("nginx.conf")
    assert re.search(r"location = /metrics \{\s+return 404;", site)
    assert "X-Forwarded-For $remote_addr;" in site
    assert "$proxy_add_x_forwarded_for" not in site
    kept = re.search(r"keepalive_timeout (\d+)s;", site)
    assert kept
    assert int(kept[1]) < IDLE_SECONDS


def test_nginx_leaves_wechat_s_check_files_to_the_service() -> None:
    assert ".txt" not in text("nginx.conf")


@pytest.mark.engines
def test_compose_file_has_the_form_of_its_specification() -> None:
    passes(tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml")


@pytest.mark.engines
def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    passes(tool("hadolint"), DEPLOY / "Dockerfile")


@pytest.mark.engines
@pytest.mark.parametrize("script", ["mongodb-user.js", "mongodb-health.js"])
def test_scripts_for_mongodb_are_javascript(script: str) -> None:
    passes(tool("node"), "--check", DEPLOY / script)


def test_image_runs_as_nobody_of_importance() -> None:
    stages = text("Dockerfile").split("\nFROM ")
    assert re.search(r"^USER [1-9]\d+$", stages[-1], re.MULTILINE)
    assert "COPY . " not in text("Dockerfile")


def test_only_the_service_is_published_and_only_to_this_machine() -> None:
    published = re.findall(r"^ +ports: (.*)$", text("compose.yaml"), re.MULTILINE)
    assert published == ['["127.0.0.1:8888:8888"]']
    assert re.search(r"engines:\n +internal: true", text("compose.yaml"))


def test_every_variable_of_the_ready_made_files_is_one_that_the_service_reads() -> None:
    known = {name.upper() for name in Config.__struct_fields__}
    example = set(re.findall(r"^([A-Z_]+)=", text("environment.example"), re.MULTILINE))
    assert example <= known
    served = text("compose.yaml").partition("  mongodb:\n    image")[0]
    assert set(re.findall(r"^ {6}([A-Z_]+):", served, re.MULTILINE)) <= known
    image = set(re.findall(r"^ {4}([A-Z_]+)=|^ENV ([A-Z_]+)=", text("Dockerfile"), re.MULTILINE))
    names = {one or other for one, other in image} - {"PATH"}
    assert {name for name in names if not name.startswith("PYTHON")} <= known


def test_every_variable_that_compose_asks_for_is_in_its_example() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)", text("compose.yaml")))
    assert asked == set(re.findall(r"^([A-Z_]+)=", text("compose.env.example"), re.MULTILINE))
