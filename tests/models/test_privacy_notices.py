"""The privacy notice: complete, true to the code, and never edited once it was published."""

import hashlib
from datetime import timedelta
from typing import get_args

import pytest

from models.attempts import LOCKED_FOR
from models.media_checks import KEPT as MEDIA_CHECKS_KEPT
from models.messages import KEPT as MESSAGES_KEPT
from models.privacy_notices import (
    CURRENT,
    FOLDER,
    NOTICES,
    NoSuchNotice,
    Notice,
    PrivacyNotices,
    Purpose,
    Responsible,
    kept,
)
from models.pushes import KEPT as PUSHES_KEPT
from models.sessions import LIFETIMES
from models.station_ratings import NAMED_FOR
from models.station_reports import KEPT as REPORTS_KEPT
from models.subscriptions import REMEMBERED
from models.visit_counts import KEPT_DAYS

PUBLISHED = {
    "2026-11-22": "f1f4f26b10705b17c34e9c5030c6d4a46c951df1f6678dd07748f57716d085b0",
    "2026-11-23": "8cc6a03d7194c5757f93f597051c720fe24c1faeb291b509326e2c974f9aca90",
    "2026-11-24": "76355e7e74cecf17ab6c33ad5ec64b87d9cde68708d09eaa988db9f5fd92a8fa",
}
"""Each published file's SHA-256. Whoever changes a word makes a new file with a new version instead."""

every_version = pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: notice.version)


def test_a_published_notice_is_never_edited() -> None:
    digests = {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.glob("*.json")}
    assert digests == PUBLISHED


@every_version
def test_a_notice_says_all_that_the_law_asks_for(notice: Notice) -> None:
    assert f"{notice.version}.json" in {path.name for path in FOLDER.iterdir()}
    assert [text.purpose for text in notice.consents] == list(get_args(Purpose))
    assert all(one.purpose and one.how and one.kinds and one.basis for one in notice.processing)
    assert all(text.why and text.kinds and text.impact and text.without for text in notice.consents)
    assert {"查看和复制", "更正和补充", "撤回同意", "删除和注销"} <= {right.title for right in notice.rights}
    assert all(one.name and one.purpose and one.kinds for one in notice.recipients)


@every_version
def test_every_purpose_says_how_long_and_every_rule_belongs_to_something(notice: Notice) -> None:
    kinds = [rule.kind for rule in notice.retention]
    assert len(kinds) == len(set(kinds))
    named = {kind for one in notice.processing for kind in one.kept}
    assert named <= set(kinds)
    assert set(kinds) - named == {"subscription_entries", "consents", "erasures"}
    for rule in notice.retention:
        assert bool(rule.period) != bool(rule.term)
        assert rule.words


def test_the_code_keeps_what_the_notice_says() -> None:
    assert {
        "guest": kept("sessions"),
        "member": kept("sessions"),
        "staff": kept("staff_sessions"),
        "device": kept("sessions"),
        "console": kept("staff_sessions"),
    } == LIFETIMES
    assert kept("messages") == MESSAGES_KEPT
    assert kept("pushes") == PUSHES_KEPT
    assert kept("media_checks") == MEDIA_CHECKS_KEPT
    assert kept("subscription_entries") == REMEMBERED
    assert kept("sign_in_attempts") == LOCKED_FOR
    assert kept("scans") == timedelta(days=30)
    assert kept("check_ins") == timedelta(days=KEPT_DAYS)
    assert kept("station_ratings") == NAMED_FOR
    assert kept("station_reports") == REPORTS_KEPT


def test_a_mere_term_is_no_period() -> None:
    with pytest.raises(ValueError, match="audit"):
        kept("audit")


def test_periods_are_told_in_words() -> None:
    assert CURRENT.rule("scans").words == "扫码后 30 天"
    assert CURRENT.rule("staff_sessions").words == "登录后 12 小时"
    assert CURRENT.rule("sign_in_attempts").words == "最后一次后 15 分钟"
    assert "注销" in CURRENT.rule("particulars").words


def test_an_earlier_version_can_be_read_and_an_unknown_one_is_refused() -> None:
    notices = PrivacyNotices(Responsible("某市总工会", "12351"))
    assert notices.get() is CURRENT
    assert notices.get(CURRENT.version) is CURRENT
    assert notices.list_versions()[0] == CURRENT.version
    with pytest.raises(NoSuchNotice):
        notices.get("1999-01-01")
