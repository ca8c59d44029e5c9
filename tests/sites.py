"""A database with a life in it, and as many processes over it as a test starts."""

import asyncio
import secrets
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from models.accounts import Account
from models.card_codes import Master
from models.corrections import Wanted
from models.ids import new_id, new_ordered_id
from models.memberships import Membership
from models.organisation_contacts import Contacts, seal_contacts
from models.people import Particulars
from models.privacy_notices import CURRENT, kept
from models.pushes import Event
from models.scans import Scan, Undo
from models.store import Database
from models.subscriptions import Template
from models.vault import Vault, mask_name
from server.app import World, build_world
from server.engines import Engines
from server.keys import Keys
from server.platform import NO_ACCOUNT
from tests.factories import Clock
from tests.mortal import Life, MortalDatabase
from tests.traces import invent_name

MASTERS = (Master("1", b"m" * 32),)
KEYS = Keys({1: b"s" * 32}, {"1": b"k" * 32}, b"i" * 32, MASTERS, MASTERS)
VAULT = Vault(KEYS.vault, KEYS.vault_index)
TEMPLATE = Template("event_reminder", "T-one")


class Site:
    """A database, and as many processes as a test starts."""

    def __init__(self, engines: Engines, database: Database) -> None:
        self.clock = Clock()
        self.database = database
        self._engines = engines

    def start(self, life: Life | None = None) -> World:
        database: Any = MortalDatabase(self.database, life or Life())
        account = replace(NO_ACCOUNT, templates=(TEMPLATE,))
        return build_world(self._engines, database, KEYS, self.clock.now, account=account, strict=True)

    async def live(self, world: World) -> tuple[str, Particulars]:
        """Somebody of whom something lies wherever it can."""
        at, mark = self.clock.at, secrets.token_hex(6)
        who = Particulars(
            name=invent_name(), id_document=f"D-{mark}", phone=f"139-{mark}", openid=f"o-{mark}"
        )
        openid, notice = who.openid or "", CURRENT.version
        guest = await world.sessions.open(openid, as_staff=False)
        await world.privacy.consents.answer(guest.subject, "notice", notice, "mini_program", given=True)
        person = await world.people.register(who)
        membership = Membership(
            person=person, organisation="ORG", state="active", since="2026-07-01", entered=at
        )
        card = await world.cards.issue(person, mask_name(who.name), "active")
        scan = Scan(
            id=f"{new_id()}:{mark}",
            scanner=new_id(),
            organisation="ORG",
            post="驿站工作人员",
            purpose="identify",
            serial=card.id,
            person=person,
            outcome="accepted",
            code_length=35,
            code_hash="",
            content_hash="",
            scanned_at=at,
            received_at=at,
            order=new_ordered_id(at),
            undone=Undo(new_id(), at, f"{who.name} 说扫错了"),
            cut_at=at + kept("scans"),
        )
        account = Account(id=f"ouyang.{mark}", person=person, totp=b"", enrolment_until=at, issued=at)
        words = {"thing1": "夏送清凉", "time2": "15:01"}
        told = world.subscriptions.account_of(openid)
        stores = world.privacy.erasures.steps._stores
        await asyncio.gather(
            world.sessions.open(openid, as_staff=False),
            world.memberships.begin(membership),
            world.prints.issue(person, mark),
            world.privacy.consents.answer(person, "movements", notice, "mini_program", given=True),
            world.subscriptions.report(openid, mark, {TEMPLATE.id: "accept"}),
            world.messages.queue(f"test:{mark}", told, TEMPLATE.purpose, "pages/a", words),
            world.pushes.keep(mark, Event(kind="unused", openid=openid)),
            stores["accounts"].insert(account),
            stores["scans"].insert(scan),
            stores["organisation_contacts"].insert(
                seal_contacts(VAULT, new_id(), Contacts(contact=who.name, phone=who.phone), at)
            ),
        )
        await world.privacy.corrections.ask(person, Wanted("name", f"{who.name}改", mark))
        return person, who

    async def move(self, span: timedelta) -> None:
        """Let time pass, whole milliseconds of it."""
        self.clock.at += span

    async def pass_time(self, world: World, seconds: float) -> None:
        self.clock.advance(seconds=seconds)
        while await world.privacy.erasures.count_due():
            await world.privacy.erasures.work()
