"""Every code that an export may meet has its words."""

from typing import Any, get_args

import pytest

from models.audit import Action, Outcome
from models.cards import CardReason, CardState
from models.claim_reviews import ReviewState as ClaimState
from models.consents import Channel
from models.corrections import Corrected, CorrectionState, Refused
from models.export_words import WORDS, word
from models.judgements import Purpose, Reason, ScanOutcome
from models.membership_rules import Reason as MembershipReason
from models.memberships import Event, GigKind, MembershipState, WorkerForm
from models.messages import State
from models.people import Evidence, PersonState
from models.sessions import SessionKind

CODES: tuple[Any, ...] = (
    Action, Outcome, CardState, CardReason, ClaimState, Channel, Corrected, CorrectionState, Refused,
    Purpose, Reason, ScanOutcome, MembershipReason, Event, GigKind, MembershipState, WorkerForm, State,
    Evidence, PersonState, SessionKind,
)  # fmt: skip


@pytest.mark.parametrize("codes", CODES, ids=lambda codes: str(get_args(codes)[0]))
def test_every_code_has_its_words(codes: Any) -> None:
    missing = [code for code in get_args(codes) if code not in WORDS]
    assert not missing, f"add words to models/export_words.py for {missing}"


def test_a_code_without_words_is_told_as_it_is() -> None:
    assert (word("new_code"), word(None)) == ("new_code", "")
