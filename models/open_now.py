"""Whether a station is open now: by its hours, its closure, and what its 站长 and people say of it.

The 站长's word that it is closed holds for the local day. The word that it was opened holds until the hours
say something new: an opening at seven ends neither with the minute nor the opening at nine, and is no word
about the evening. A station that two people doubt is not called open.
"""

from datetime import datetime

from models.clock import LOCAL
from models.evidence import Evidence, Mark, Statement, find_statement, reasons_of
from models.evidence import Reason as SetBack
from models.hours_open import OPEN, Openness, Reason, opened_until, openness, opens_from
from models.stations import Station


def open_now(station: Station, evidence: Evidence | None, at: datetime) -> Openness:
    """Return the openness of a station, all that is known of it considered."""
    return as_said(openness(station.hours, at, station.closure), station, evidence, at)


def as_said(usual: Openness, station: Station, evidence: Evidence | None, at: datetime) -> Openness:
    """Return what becomes of an openness by the hours and the closure."""
    if evidence is None:
        return usual
    if reasons := reasons_of(evidence, at):
        return _set_back(usual, reasons[0], station)
    said = find_statement(evidence, at)
    if said is None or usual.state in OPEN:
        return usual
    until = opened_until(station.hours, said.at, station.closure)
    return usual if until is None or at >= until else as_opened(said.at, until)


def as_opened(said: datetime, until: datetime) -> Openness:
    """Return the openness of a station that its 站长 opened beside its hours, as long as his word holds."""
    return Openness("open", None, None, until, Reason("keeper_opened", _clock(said) + "工作人员说已开门"))


def words_of(said: Mark | Statement) -> str:
    """Return what is told of a mark, or of the 站长's word."""
    if isinstance(said, Mark):
        return said.words
    return _clock(said.at) + ("工作人员说已开门" if said.is_open else "工作人员说今天不开放")


def _clock(at: datetime) -> str:
    return f"{at.astimezone(LOCAL):%H:%M} "


def _set_back(usual: Openness, reason: SetBack, station: Station) -> Openness:
    words = words_of(reason.said)
    if reason.until is None:
        if usual.state not in OPEN:
            return usual
        return Openness("unknown", None, usual.opens_at, usual.changes_at, Reason("doubted", words))
    opens_at = opens_from(station.hours, reason.until, station.closure)
    return Openness("closed", None, opens_at, reason.until, Reason("keeper_closed", words, reason.until))
