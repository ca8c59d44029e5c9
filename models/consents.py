"""Consents: what each person agreed to, for which purpose, to which words, when and how; and withdrawals.

Invariants (PIPL art. 14–16, 29; 条例 art. 22): one document per subject and purpose, whose `log` keeps every
answer; withdrawing is the same call as giving, and counts with the write; a consent counts only to the words
that are current; whoever answered the current words, either way, is not asked again. A WeChat account that
nobody is known by may agree to the notice alone; once a person is known, the person's later answer counts.
What stood on a consent that is withdrawn goes at once, and `due` is there until that is settled.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct, field

from models.clock import Now
from models.errors import Conflict, Forbidden, Unavailable
from models.filters import Index
from models.members import NotAMember
from models.people import OPENID, People
from models.privacy_notices import CURRENT, ConsentText, Purpose
from models.store import Collection, Duplicate, Store

TRIES = 8
# So long somebody who read the consent before it was withdrawn may still write something down.
SETTLING = timedelta(minutes=1)
# Something that names the person stands on these, and goes with the consent.
FOLLOWED: frozenset[Purpose] = frozenset({"movements"})
LONGEST_LOG = 1000

Channel = Literal["mini_program", "demo"]


class NoticeNotAgreed(Forbidden):
    """Something would be kept of somebody who has not agreed to the notice; `details.version` is current."""

    code = "privacy_notice_not_agreed"
    message = "请先阅读并同意个人信息处理规则"


class ConsentTextChanged(Conflict):
    """The words that were answered are not the current ones; `details.version` is."""

    code = "consent_text_changed"
    message = "内容已更新，请重新阅读后再选择"


class ConsentBusy(Unavailable):
    """The same person answered elsewhere at every try."""

    code = "consent_busy"
    message = "系统繁忙，请稍后再试"


class Answer(Struct, frozen=True, kw_only=True):
    """One answer: yes or no, to which words (`digest` is their SHA-256), through which channel, when."""

    given: bool
    version: str
    digest: str
    channel: Channel
    at: datetime


class Consent(Struct, frozen=True, kw_only=True):
    """A subject's answers for one purpose: the standing one on top, all of them in `log`, by number.

    The subject is a person's id, or the identity of a WeChat account; `_id` is `subject:purpose`. `withdrawn`
    and `due` are there while something that stood on the consent may still be kept from before.
    """

    id: str = field(name="_id")
    subject: str
    purpose: Purpose
    given: bool
    version: str
    at: datetime
    answers: int
    withdrawn: datetime | None = None
    due: datetime | None = None
    log: dict[str, Answer] = field(default_factory=dict)


class Asked(Struct, frozen=True):
    """A purpose as it is shown: its words, the standing answer, and whether one may be asked for."""

    text: ConsentText
    consent: Consent | None

    @property
    def is_given(self) -> bool:
        """Whether the consent counts now."""
        return counts(self.consent, self.text)

    @property
    def may_ask(self) -> bool:
        """Whether a page may ask by itself: nobody answered these words yet."""
        return self.consent is None or self.consent.version != self.text.version


CONSENTS = Collection("consents", Consent, (Index(("subject",)), Index(("due",))))

Follow = Callable[[Consent], Awaitable[None]]


def counts(consent: Consent | None, text: ConsentText) -> bool:
    """Say whether a consent holds for the current words."""
    return consent is not None and consent.given and consent.version == text.version


def latest(consents: Sequence[Consent]) -> Consent | None:
    """Return the consent that was answered last."""
    return max(consents, key=lambda one: one.at, default=None)


class Consents:
    """Takes answers, and says what they are; `follow` removes what stood on a consent that is withdrawn."""

    def __init__(self, store: Store[Consent], people: People, follow: Follow, now: Now) -> None:
        self._store = store
        self._people = people
        self._follow = follow
        self._now = now

    async def has_consent(self, person: str, purpose: Purpose) -> bool:
        """Say whether a person agrees to a purpose now. One read, never remembered: a withdrawal counts."""
        return counts(await self._store.find(f"{person}:{purpose}"), CURRENT.consent(purpose))

    async def require_notice(self, subject: str) -> None:
        """Let a session's subject pass that has agreed to the current notice; NoticeNotAgreed otherwise."""
        text = CURRENT.consent("notice")
        if counts(await self._find(subject, "notice"), text):
            return
        if not counts(latest(await self._list_notices(subject)), text):
            raise NoticeNotAgreed(version=text.version)

    async def list_of(self, subject: str) -> list[Asked]:
        """Return every purpose with the subject's standing answer."""
        person = await self._people.find_by_subject(subject)
        held = {one.purpose: one for one in await self._store.list_({"subject": person or subject})}
        notice = latest(await self._list_notices(subject))
        found = {**held, "notice": notice} if notice else held
        return [Asked(text, found.get(text.purpose)) for text in CURRENT.consents]

    async def answer(
        self, subject: str, purpose: Purpose, version: str, channel: Channel, *, given: bool
    ) -> None:
        """Take an answer, at once; the standing one again changes nothing. ConsentTextChanged, NotAMember.

        A withdrawal counts whatever words it names: nobody has to read first in order to say no.
        """
        text = CURRENT.consent(purpose)
        if given and version != text.version:
            raise ConsentTextChanged(version=text.version)
        subject = await self._people.find_by_subject(subject) or subject
        if text.is_sensitive and subject.startswith(OPENID):
            raise NotAMember
        for _ in range(TRIES):
            standing = await self._find(subject, purpose)
            if standing and (standing.given, standing.version) == (given, text.version):
                return
            answered = self._next(standing, subject, text, channel, given=given)
            if await self._write(standing, answered):
                await self._follow(answered)
                return
        raise ConsentBusy(retryAfter=1)

    async def forget(self, openid: str) -> None:
        """Remove what a WeChat account answered while nobody was known by it."""
        await self._store.delete({"subject": self._people.subject_of(openid)})

    async def list_history(self, subjects: Sequence[str]) -> list[Consent]:
        """Return all that some subjects ever answered."""
        return [one for subject in subjects for one in await self._store.list_({"subject": subject})]

    def _next(
        self, standing: Consent | None, subject: str, text: ConsentText, channel: Channel, *, given: bool
    ) -> Consent:
        at, number = self._now(), standing.answers + 1 if standing else 1
        answer = Answer(given=given, version=text.version, digest=text.digest, channel=channel, at=at)
        log = {**(standing.log if standing else {}), str(number): answer}
        log.pop(str(number - LONGEST_LOG), None)
        withdrawn, due = (standing.withdrawn, standing.due) if standing else (None, None)
        if standing and not given and text.purpose in FOLLOWED:
            withdrawn, due = at, at + SETTLING
        return Consent(
            id=f"{subject}:{text.purpose}",
            subject=subject,
            purpose=text.purpose,
            given=given,
            version=text.version,
            at=at,
            answers=number,
            withdrawn=withdrawn,
            due=due,
            log=log,
        )

    async def _write(self, before: Consent | None, after: Consent) -> bool:
        if before is None:
            try:
                await self._store.insert(after)
            except Duplicate:
                return False
            return True
        values = {
            "given": after.given,
            "version": after.version,
            "at": after.at,
            "answers": after.answers,
            "withdrawn": after.withdrawn,
            "due": after.due,
            "log": after.log,
        }
        return await self._store.change({"_id": before.id, "answers": before.answers}, values) is not None

    async def _find(self, subject: str, purpose: Purpose) -> Consent | None:
        return await self._store.find(f"{subject}:{purpose}")

    async def _list_notices(self, subject: str) -> list[Consent]:
        """Return a subject's answers to the notice: the person's, and those of the person's accounts."""
        person = await self._people.find_by_subject(subject)
        accounts = await self._people.list_accounts(person) if person else []
        subjects = {subject, *([person] if person else []), *(f"{OPENID}{one}" for one in accounts)}
        return await self._store.list_({"_id": {"$in": [f"{one}:notice" for one in sorted(subjects)]}})
