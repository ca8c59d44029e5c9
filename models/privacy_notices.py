"""The privacy notice (个人信息处理规则): who processes what, why, how, for how long, and everybody's rights.

Each version is one file in `notices/`, named by the day from which it counts; the last one is current. It is
written after PIPL art. 17 and 30 and 网络数据安全管理条例 art. 21 (lists, the necessity of sensitive data,
what happens at the end of a period). The periods in it are the ones that the program keeps: every module that
removes something asks `kept`, so that the notice cannot promise another time than the code. A file that was
published is never edited: a test holds its digest.
"""

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from models.errors import Missing

FOLDER = Path(__file__).parent / "notices"

Purpose = Literal["notice", "movements", "health", "accounts", "hardship", "under_14"]


class NoSuchNotice(Missing):
    """No notice of this version was ever published."""

    code = "privacy_notice_not_found"
    message = "没有这个版本的个人信息处理规则"


class Processing(Struct, frozen=True, forbid_unknown_fields=True):
    """One purpose of processing: how, which kinds of data, on what legal basis, kept by which rules."""

    purpose: str
    how: str
    kinds: tuple[str, ...]
    basis: str
    kept: tuple[str, ...]


class ConsentText(Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody agrees to or not; `version` changes with these words alone, and then it is asked again.

    `impact` is what the processing may mean for the person, `without` what happens if it is refused.
    """

    purpose: Purpose
    version: str
    title: str
    is_sensitive: bool
    why: str
    kinds: tuple[str, ...]
    impact: str
    without: str

    @property
    def digest(self) -> str:
        """The SHA-256 of these words: the proof of what was agreed to."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()


class Retention(Struct, frozen=True, forbid_unknown_fields=True):
    """How long a kind of data is kept, from when, and what is done then; a `term` where no number says it."""

    kind: str
    what: str
    then: str
    days: int = 0
    hours: int = 0
    minutes: int = 0
    begins: str = ""
    term: str = ""

    @property
    def period(self) -> timedelta:
        """The time that the program keeps; zero for a term."""
        return timedelta(days=self.days, hours=self.hours, minutes=self.minutes)

    @property
    def words(self) -> str:
        """The time in words, such as `扫码后 30 天`."""
        if self.term:
            return self.term
        for number, unit in ((self.days, "天"), (self.hours, "小时"), (self.minutes, "分钟")):
            if number:
                return f"{self.begins}后 {number} {unit}"
        return f"{self.begins}后立即"


class Recipient(Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody else who gets data: what for, how, and which kinds."""

    name: str
    purpose: str
    how: str
    kinds: tuple[str, ...]


class Right(Struct, frozen=True, forbid_unknown_fields=True):
    """A right, and how to use it."""

    title: str
    how: str


class Notice(Struct, frozen=True, forbid_unknown_fields=True):
    """One version of the notice."""

    version: str
    title: str
    introduction: str
    processing: tuple[Processing, ...]
    consents: tuple[ConsentText, ...]
    retention: tuple[Retention, ...]
    recipients: tuple[Recipient, ...]
    rights: tuple[Right, ...]
    safety: str
    changes: str

    def rule(self, kind: str) -> Retention:
        """Return how long a kind of data is kept."""
        return next(one for one in self.retention if one.kind == kind)

    def consent(self, purpose: Purpose) -> ConsentText:
        """Return the words of a consent."""
        return next(one for one in self.consents if one.purpose == purpose)


class Responsible(Struct, frozen=True):
    """Who answers for the processing, and how to reach them."""

    name: str
    contact: str


def _read(path: Path) -> Notice:
    return msgspec.json.decode(path.read_bytes(), type=Notice)


NOTICES = tuple(_read(path) for path in sorted(FOLDER.glob("*.json")))
CURRENT = NOTICES[-1]


def kept(kind: str) -> timedelta:
    """Return how long the current notice lets a kind of data be kept; an error for a mere term."""
    period = CURRENT.rule(kind).period
    if not period:
        raise ValueError(f"the notice has no period for {kind}")
    return period


class PrivacyNotices:
    """The versions of the notice, as this site publishes them."""

    def __init__(self, responsible: Responsible) -> None:
        self.responsible = responsible

    def get(self, version: str | None = None) -> Notice:
        """Return a version, the current one if none is given; NoSuchNotice."""
        if version is None:
            return CURRENT
        found = next((one for one in NOTICES if one.version == version), None)
        if found is None:
            raise NoSuchNotice
        return found

    def list_versions(self) -> list[str]:
        """Return the versions, the current one first."""
        return [one.version for one in reversed(NOTICES)]
