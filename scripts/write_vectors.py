"""Write `tests/vectors/`: what Python and JavaScript must both derive: codes, stations, questions for them.

    python -m scripts.write_vectors            writes the files
    python -m scripts.write_vectors --check    says whether they are up to date, by its exit status

The derivation below is a third one, line by line as the design writes it and without a word of the program's
own, so that neither implementation is checked against itself. Bytes are base64url without padding.
"""

import base64
import hashlib
import hmac
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scripts.question_vectors import question_vectors
from scripts.station_vectors import vectors

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "vectors"

RFC_4648 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

# Each master is the SHA-256 of a sentence: 32 bytes that are nobody's secret.
CARDS = (
    ("0", "0000000000", 1),
    ("1", "7K3QF2M9XA", 1),
    ("1", "7K3QF2M9XA", 2),
    ("Z", "ZZZZZZZZZZ", 4_294_967_295),
    ("A", "H0J1K2M3N4", 27),
)

PRINTS = (
    ("0", "0000000000", 0),
    ("1", "7K3QF2M9XA", 1),
    ("1", "7K3QF2M9XA", 2),
    ("1", "7K3QF2M9XA", 99),
    ("Z", "ZZZZZZZZZZ", 1023),
    ("A", "H0J1K2M3N4", 32),
)

SCREENS = (
    ("0", "00000000", 1),
    ("1", "4E8M0R2T", 1),
    ("1", "4E8M0R2T", 2),
    ("Z", "ZZZZZZZZ", 4_294_967_295),
)

MOMENTS = (
    ("noon in summer", "2026-07-15T12:00:00+08:00"),
    ("a step in the middle of an hour", "2026-07-15T14:23:45.678+08:00"),
    ("the last step of an hour", "2026-07-15T14:59:30+08:00"),
    ("the last millisecond of an hour", "2026-07-15T14:59:59.999+08:00"),
    ("the first step of an hour", "2026-07-15T15:00:00+08:00"),
    ("the last step of a local day", "2026-07-15T23:59:45+08:00"),
    ("local midnight", "2026-07-16T00:00:00+08:00"),
    ("midnight in UTC is eight in the morning", "2026-07-16T08:00:00+08:00"),
    ("the last step of a year", "2026-12-31T23:59:59+08:00"),
    ("the first step of a year", "2027-01-01T00:00:29+08:00"),
    ("a leap day", "2028-02-29T09:05:30+08:00"),
    ("the last step before the five digits begin again", "2033-10-19T00:31:59+08:00"),
    ("the five digits begin again", "2033-10-19T00:32:00+08:00"),
)


def base64url(octets: bytes) -> str:
    """Return bytes as they travel in JSON."""
    return base64.urlsafe_b64encode(octets).decode("ascii").rstrip("=")


def crockford(octets: bytes) -> str:
    """Return base32 of bytes whose number divides by five, in Crockford's alphabet."""
    return base64.b32encode(octets).decode("ascii").translate(str.maketrans(RFC_4648, CROCKFORD))


def five_digits(number: int) -> str:
    """Return a number below 32^5 in five base32 digits."""
    digits = ""
    for _ in range(5):
        number, digit = divmod(number, 32)
        digits = CROCKFORD[digit] + digits
    return digits


def hmac_sha256(key: bytes, message: str) -> bytes:
    """Return the keyed digest of ASCII text."""
    return hmac.new(key, message.encode("ascii"), hashlib.sha256).digest()


def chain(top: bytes, serial: str) -> list[bytes]:
    """Return link[0] … link[120] of an hour."""
    links = [b""] * 120 + [top]
    for i in reversed(range(120)):
        links[i] = hashlib.sha256(links[i + 1] + serial.encode("ascii") + i.to_bytes(1, "big")).digest()[:10]
    return links


def vector(card: tuple[str, str, int], label: str, moment: str) -> dict[str, str | int]:
    """Return everything that follows from one card at one moment."""
    key_id, serial, seed_version = card
    master = hashlib.sha256(f"union station vector {key_id}".encode("ascii")).digest()
    at = datetime.fromisoformat(moment)
    # Whole microseconds, because a floating-point timestamp could fall on the wrong side of a step.
    unix_milliseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    full_step = unix_milliseconds // 30_000
    first_second = datetime(1970, 1, 1) + timedelta(seconds=full_step * 30, hours=8)  # noqa: DTZ001 - local by hand
    place = (first_second.minute * 60 + first_second.second) // 30
    card_key = hmac_sha256(master, "UC1:" + serial + ":" + str(seed_version))
    day = first_second.strftime("%Y-%m-%d")
    day_key = hmac_sha256(card_key, day)
    links = chain(hmac_sha256(day_key, first_second.strftime("%H"))[:10], serial)
    step = full_step % 32**5
    return {
        "label": label,
        "at": moment,
        "unixMilliseconds": unix_milliseconds,
        "keyId": key_id,
        "master": base64url(master),
        "serial": serial,
        "seedVersion": seed_version,
        "cardKey": base64url(card_key),
        "day": day,
        "hour": first_second.hour,
        "dayKey": base64url(day_key),
        "top": base64url(links[120]),
        "anchor": base64url(links[0]),
        "step": step,
        "place": place,
        "link": base64url(links[place + 1]),
        "code": "UC1" + key_id + serial + five_digits(step) + crockford(links[place + 1]),
    }


def print_vector(key_id: str, serial: str, number: int) -> dict[str, str | int]:
    """Return everything that follows from one print of a card."""
    master = hashlib.sha256(f"union station print vector {key_id}".encode("ascii")).digest()
    mac = hmac_sha256(master, "UCP:" + serial + ":" + str(number))[:10]
    digits = CROCKFORD[number // 32] + CROCKFORD[number % 32]
    return {
        "keyId": key_id,
        "master": base64url(master),
        "serial": serial,
        "number": number,
        "mac": base64url(mac),
        "code": "UCP" + key_id + serial + digits + crockford(mac),
    }


def screen_vector(key_id: str, station: str, version: int, label: str, moment: str) -> dict[str, str | int]:
    """Return everything that follows from one station's screen at one moment."""
    master = hashlib.sha256(f"union station vector {key_id}".encode("ascii")).digest()
    at = datetime.fromisoformat(moment)
    unix_milliseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    full_step = unix_milliseconds // 30_000
    first_second = datetime(1970, 1, 1) + timedelta(seconds=full_step * 30, hours=8)  # noqa: DTZ001 - local by hand
    screen_key = hmac_sha256(master, "UCS:" + station + ":" + str(version))
    day = first_second.strftime("%Y-%m-%d")
    day_key = hmac_sha256(screen_key, day)
    step = five_digits(full_step % 32**5)
    return {
        "label": label,
        "at": moment,
        "unixMilliseconds": unix_milliseconds,
        "master": base64url(master),
        "station": station,
        "version": version,
        "screenKey": base64url(screen_key),
        "day": day,
        "dayKey": base64url(day_key),
        "code": step + crockford(hmac_sha256(day_key, step)[:10])[:10],
    }


def files() -> dict[Path, str]:
    """Return each file's whole text."""
    rows = {
        "card_codes.json": [vector(card, label, moment) for card in CARDS for label, moment in MOMENTS],
        "print_codes.json": [print_vector(*one) for one in PRINTS],
        "screen_codes.json": [
            screen_vector(*screen, label, moment) for screen in SCREENS for label, moment in MOMENTS
        ],
    }
    texts = {FOLDER / name: json.dumps(found, indent=1, ensure_ascii=False) for name, found in rows.items()}
    texts[FOLDER / "district_stations.json"] = in_lines(vectors())
    texts[FOLDER / "station_questions.json"] = in_lines(question_vectors())
    return {path: text + "\n" for path, text in texts.items()}


def in_lines(found: dict[str, Any]) -> str:
    """Return an object as JSON, with each item of its lists on a line."""
    parts = []
    for name, value in found.items():
        items = value if isinstance(value, list) else [value]
        lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in items)
        parts.append(f'"{name}": ' + (f"[\n{lines}\n]" if isinstance(value, list) else lines))
    return "{\n" + ",\n".join(parts) + "\n}"


def main(arguments: list[str]) -> int:
    """Write the files, or with `--check` return 1 when one of them differs."""
    texts = files()
    if arguments == ["--check"]:
        stale = [path.name for path, text in texts.items() if not _holds(path, text)]
        for name in stale:
            print(f"{name} is stale: run python -m scripts.write_vectors")
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
        print(f"{path.name} written")
    return 0


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
