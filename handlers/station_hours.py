"""Officers set when a station is open: its hours, as a form or in words, and closures with a reason."""

from typing import Annotated, Literal

from msgspec import Meta

from handlers.base import CONSOLE, Handler, endpoint
from handlers.evidence import EvidenceReply, headline_of
from handlers.fields import END, LINE, Moment, StationCode
from handlers.nearby import HoursWords, OpennessReply, StationName
from handlers.wire import Asked, Wire, local
from models.appointments import NotStaff
from models.hours import Closure, Hours, UnreadableHours
from models.hours_forms import HoursForm, WrongHours, form_of, hours_of
from models.hours_open import openness
from models.hours_text import parse_hours
from models.hours_words import words
from models.open_now import open_now
from models.station_changes import StationChanged
from models.station_hours import WrongClosure
from models.stations import NoSuchStation, Station, StationState
from models.versions import version_of

Version = Annotated[
    str, Meta(pattern=rf"^[0-9a-f-]{{1,16}}{END}", examples=["19813f2c5d8"], description="As it was read")
]
HoursText = Annotated[str, Meta(max_length=500, examples=["工作日 08:30-12:00,13:00-17:30；节假日休息"])]
HoursKind = Annotated[Literal["unknown", "days", "weekly", "always"], Meta(examples=["weekly"])]
ClosureReason = Annotated[str, Meta(max_length=60, pattern=LINE, examples=["停电检修"])]


class ClosureReply(Wire, frozen=True):
    """A closure; without an end until further notice."""

    reason: ClosureReason
    since: Moment
    until: Annotated[Moment | None, Meta(examples=["2026-07-22T18:00:00+08:00"])]

    @classmethod
    def of(cls, closure: Closure) -> "ClosureReply":
        """Return a closure with local times."""
        until = local(closure.until) if closure.until else None
        return cls(reason=closure.reason, since=local(closure.since), until=until)


class StationHoursReply(Wire, frozen=True):
    """When a station is open, for the form: `hours` is null where the times are not known.

    `open`, `headline` and `evidence` are what everybody is told now, whatever the hours say.
    """

    code: StationCode
    name: StationName
    version: Version
    state: StationState
    kind: HoursKind
    words: HoursWords
    text: HoursText
    hours: HoursForm | None
    by_officer: Annotated[bool, Meta(examples=[True], description="Set by hand: no import changes them")]
    closure: ClosureReply | None
    open: OpennessReply
    headline: Annotated[str, Meta(examples=["是否开放待核实"])]
    evidence: EvidenceReply
    server_time: Moment


class HoursWordsRequest(Asked, frozen=True):
    """Hours in the words that people write; empty: not known."""

    text: HoursText


class HoursReadReply(Wire, frozen=True):
    """What words were taken to mean, and whether a station with these hours would be open now."""

    kind: HoursKind
    words: HoursWords
    hours: HoursForm | None
    open: OpennessReply
    server_time: Moment


def read_words(text: str) -> Hours:
    """Return the hours that a body's `text` says; WrongHours with what was not understood, and where."""
    try:
        return parse_hours(text)
    except UnreadableHours as error:
        raise WrongHours(str(error), field="body.text", reason=str(error), place=error.place) from error


class HoursRequest(Asked, frozen=True):
    """Other hours: as a form, or in words (empty: not known)."""

    version: Version
    hours: HoursForm | None = None
    text: HoursText | None = None

    def read(self) -> Hours:
        """Return the hours; WrongHours."""
        if (self.hours is None) == (self.text is None):
            raise WrongHours("请填写 hours 或 text 中的一个", field="body.hours")
        if self.hours is not None:
            return hours_of(self.hours, "body.hours")
        return read_words(self.text or "")


class ClosureRequest(Asked, frozen=True):
    """A closure: why, from when (absent: from now) and until when (absent: until further notice)."""

    version: Version
    reason: ClosureReason
    since: Moment | None = None
    until: Moment | None = None


class StationHoursHandler(Handler):
    """One station's hours."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff, NoSuchStation))
    async def get(self, code: str) -> StationHoursReply:
        """Return when a station is open, and the version that a change has to name."""
        return _reply(self, await self.services.station_hours.get(self.session.subject, code))

    @endpoint(refuses=(NotStaff, NoSuchStation, WrongHours, StationChanged))
    async def put(self, code: str, *, body: HoursRequest) -> StationHoursReply:
        """Give a station other hours."""
        hours = body.read()
        text = words(hours) if body.text is None else body.text
        kept = await self.services.station_hours.set_hours(
            self.session.subject, code, body.version, hours, text
        )
        return _reply(self, kept)


class StationHoursChecksHandler(Handler):
    """Trying words."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff, NoSuchStation, WrongHours))
    async def post(self, code: str, *, body: HoursWordsRequest) -> HoursReadReply:
        """Say what words mean, or what of them cannot be understood; nothing is stored."""
        station = await self.services.station_hours.get(self.session.subject, code)
        hours, at = read_words(body.text), self.services.now()
        return HoursReadReply(
            kind=hours.kind,
            words=words(hours),
            hours=form_of(hours),
            open=OpennessReply.of(openness(hours, at, station.closure)),
            server_time=local(at),
        )


class StationClosureHandler(Handler):
    """One station's closure."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff, NoSuchStation, WrongClosure, StationChanged))
    async def put(self, code: str, *, body: ClosureRequest) -> StationHoursReply:
        """Close a station for a time, or change its closure."""
        closure = Closure(body.reason, body.since or self.services.now(), body.until)
        kept = await self.services.station_hours.close(self.session.subject, code, body.version, closure)
        return _reply(self, kept)

    @endpoint(refuses=(NotStaff, NoSuchStation, StationChanged))
    async def delete(self, code: str) -> StationHoursReply:
        """End a station's closure; none is as good as one that was ended."""
        return _reply(self, await self.services.station_hours.reopen(self.session.subject, code))


def _reply(handler: Handler, station: Station) -> StationHoursReply:
    at, closure = handler.services.now(), station.closure
    evidence = handler.services.visits.evidence.find(station.id)
    now = open_now(station, evidence, at)
    return StationHoursReply(
        code=station.id,
        name=station.name,
        version=version_of(station.changed),
        state=station.state,
        kind=station.hours.kind,
        words=words(station.hours),
        text=station.hours_text,
        hours=form_of(station.hours),
        by_officer=station.hours_by is not None,
        closure=ClosureReply.of(closure) if closure else None,
        open=OpennessReply.of(now),
        headline=headline_of(station, now),
        evidence=EvidenceReply.of(evidence, at),
        server_time=local(at),
    )


ROUTES = [
    ("/api/v1/staff/stations/{code}/hours", StationHoursHandler),
    ("/api/v1/staff/stations/{code}/hours/checks", StationHoursChecksHandler),
    ("/api/v1/staff/stations/{code}/closure", StationClosureHandler),
]
