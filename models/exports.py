"""The export of my data (PIPL art. 45): everything that is stored of a person, by collection, in words.

Invariant: every collection of the service either has a part here or stands in `NOT_HERE` with its reason; a
test walks them all, so that a later collection cannot be forgotten. The export is entered in the audit before
it is made.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from models.appointments import Appointments
from models.audit import NOBODY, Audit, Fact
from models.clock import LOCAL, Now
from models.consents import Consents
from models.contact_traces import ContactTraces
from models.export_rows import (
    Row,
    row_of_account,
    row_of_appointment,
    row_of_audit,
    row_of_check_in,
    row_of_claim,
    row_of_contact,
    row_of_correction,
    row_of_identity,
    row_of_message,
    row_of_others_claim,
    row_of_particulars,
    row_of_person,
    row_of_push,
    row_of_rating,
    row_of_scan,
    row_of_session,
    row_of_subscription,
    rows_of_card,
    rows_of_consent,
    rows_of_membership,
)
from models.organisations import Organisations
from models.people import OPENID, People
from models.privacy_notices import CURRENT
from models.store import Store
from models.vault import Vault

MOST_AUDIT_ENTRIES = 1000

NOT_HERE: Mapping[str, str] = MappingProxyType(
    {
        "organisations": "工会组织的资料，不是个人信息",
        "reorganisations": "组织撤并的办理记录，经办人只有编号",
        "roster_imports": "会员名册导入的进度，经办人只有编号",
        "roster_parts": "正在导入的会员名册，整份加密，导入结束即删除；导入后的内容在您的个人信息里",
        "roster_problems": "会员名册里有问题的行号和列名，不含填写的内容",
        "devices": "扫码设备，属于组织；经办人只有编号",
        "visit_counts": "驿站的人次，只有数目",
        "visit_days": "哪天已经统计",
        "screens": "驿站的屏幕，不是个人信息",
        "evidence": "驿站是否开放的依据，不含个人信息",
        "station_reports": "驿站问题的反映，反映人只有当天有效、不能还原的索引，三十天后删除",
        "report_photos": "反映问题的照片，不与个人相连，三十天后删除",
        "station_albums": "驿站公开照片的顺序，不是个人信息",
        "station_links": "打开小程序的链接，每个驿站一条，不与个人相连",
        "station_pictures": "驿站公开的照片，由工作人员上传，不与个人相连",
        "station_scores": "驿站评分的个数和总分，只有数目",
        "station_tickets": "驿站的整改单，经办人只有编号",
        "stations": "驿站的资料，不是个人信息",
        "wxacodes": "驿站的小程序码图片",
        "retention_days": "每天按期删除了多少条，只有数目",
        "meta": "数据库自身的版本号",
        "leases": "后台任务的分工",
        "audit_blocks": "审计记录的封存摘要，不含个人信息",
        "erasures": "注销的办理记录：有它的人已经注销，只剩随机编号",
        "revocations": "已退出登录的编号，保存到该登录到期，不含姓名和账号",
        "media_checks": "图片检查的编号和结论，不与个人相连",
        "membership_movements": "由会籍经过算出的统计行，只有编号；会籍经过已列出",
        "sign_ins": "管理后台扫码登录的等待记录，两分钟后失效并删除",
        "sign_in_attempts": "后台账号登录失败的次数，只有不能还原的索引，十五分钟后删除",
    }
)
"""Collections without a part, and why: nothing of a person is in them that is not listed elsewhere."""


class Holder(Struct, frozen=True):
    """Whose data: the person if one is known, and the WeChat accounts, by the names they are kept under."""

    person: str | None
    accounts: tuple[str, ...]

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects of this holder's sessions and consents."""
        own = (self.person,) if self.person else ()
        return (*own, *(f"{OPENID}{account}" for account in self.accounts))


class Part(Struct, frozen=True):
    """What one collection holds of somebody."""

    collection: str
    title: str
    rows: list[Row]


class Export(Struct, frozen=True):
    """Everything, as of a moment, and the version of the notice that says why it is kept."""

    made: datetime
    notice_version: str
    parts: list[Part]


class ExportBasis(Struct, frozen=True, kw_only=True):
    """What an export reads besides the collections themselves."""

    people: People
    organisations: Organisations
    appointments: Appointments
    consents: Consents
    contacts: ContactTraces
    vault: Vault


Source = Callable[[Holder], Awaitable[list[Row]]]


async def find_holder(people: People, subject: str) -> Holder:
    """Return whose data a session's subject may see and erase."""
    person = await people.find_by_subject(subject)
    accounts = set(await people.list_accounts(person)) if person else set()
    if subject.startswith(OPENID):
        accounts.add(subject.removeprefix(OPENID))
    return Holder(person, tuple(sorted(accounts)))


class Exports:
    """Makes exports."""

    def __init__(self, stores: Mapping[str, Store[Any]], basis: ExportBasis, audit: Audit, now: Now) -> None:
        self._stores = stores
        self._basis = basis
        self._audit = audit
        self._now = now
        self.sources: Mapping[str, tuple[str, Source]] = {
            "people": ("登记", self._person),
            "vault": ("姓名、证件、手机号", self._particulars),
            "identities": ("您的账号和证件怎样识别", self._identities),
            "corrections": ("更正申请", self._corrections),
            "memberships": ("会籍和经过", self._membership),
            "appointments": ("职务", self._appointments),
            "cards": ("互助服务卡", self._card),
            "scans": ("谁扫过我的卡", self._scans),
            "check_ins": ("驿站签到", partial(self._at_stations, "check_ins", row_of_check_in)),
            "station_ratings": ("给驿站的评分", partial(self._at_stations, "station_ratings", row_of_rating)),
            "claim_reviews": ("认领核实（已通过的；没有通过的不列，以免透露别人是否登记过）", self._claims),
            "organisation_contacts": ("作为组织的主席或联系人", self._contacts),
            "consents": ("同意和撤回", self._consents),
            "sessions": ("登录", self._sessions),
            "subscriptions": ("消息订阅", self._subscriptions),
            "messages": ("发给您的通知", self._messages),
            "pushes": ("微信发来的事件", self._pushes),
            "accounts": ("管理后台账号", self._accounts),
            "audit_entries": (f"审计记录（最近 {MOST_AUDIT_ENTRIES} 条）", self._audit_entries),
        }

    async def make(self, subject: str) -> Export:
        """Return all that is stored of a session's subject, once it is entered who took it."""
        holder = await find_holder(self._basis.people, subject)
        about = holder.person or NOBODY
        await self._audit.record(
            Fact(actor=about, action="personal_data_exported", kind="person", object=about)
        )
        parts = [Part(name, title, await source(holder)) for name, (title, source) in self.sources.items()]
        return Export(self._now().astimezone(LOCAL), CURRENT.version, parts)

    async def _all(self, name: str, field: str, values: tuple[str, ...]) -> list[Any]:
        """Return the documents of a collection whose field is one of some values."""
        return [one for value in values for one in await self._stores[name].list_({field: value})]

    @staticmethod
    def _own(holder: Holder) -> tuple[str, ...]:
        return (holder.person,) if holder.person else ()

    async def _person(self, holder: Holder) -> list[Row]:
        return [row_of_person(one) for one in await self._all("people", "_id", self._own(holder))]

    async def _particulars(self, holder: Holder) -> list[Row]:
        who = await self._basis.people.find_particulars(holder.person) if holder.person else None
        return [row_of_particulars(who)] if who else []

    async def _identities(self, holder: Holder) -> list[Row]:
        found = await self._all("identities", "person", self._own(holder))
        return [row_of_identity(one) for one in found]

    async def _corrections(self, holder: Holder) -> list[Row]:
        found = await self._all("corrections", "person", self._own(holder))
        opened = self._basis.vault.open
        return [
            row_of_correction(one, opened("corrections", one.id, "wanted", one.wanted) if one.wanted else "")
            for one in found
        ]

    async def _membership(self, holder: Holder) -> list[Row]:
        found = await self._all("memberships", "_id", self._own(holder))
        return [row for one in found for row in rows_of_membership(one, self._basis.organisations.get_name)]

    async def _appointments(self, holder: Holder) -> list[Row]:
        held = self._basis.appointments.list_ever_of(holder.person) if holder.person else []
        return [row_of_appointment(one, self._basis.organisations.get_name) for one in held]

    async def _card(self, holder: Holder) -> list[Row]:
        found = await self._all("cards", "person", self._own(holder))
        return [row for one in found for row in rows_of_card(one)]

    async def _scans(self, holder: Holder) -> list[Row]:
        found = await self._all("scans", "person", self._own(holder))
        newest = sorted(found, key=lambda one: str(one.order), reverse=True)
        named = await self._names_of_stations(one.station for one in newest)
        name_of = self._basis.organisations.get_name
        return [
            row_of_scan(one, name_of(one.organisation), named.get(one.station, one.station or ""))
            for one in newest
        ]

    async def _at_stations(self, name: str, row_of: Callable[[Any, str], Row], holder: Holder) -> list[Row]:
        """Return what a collection says of somebody at stations, the latest first."""
        found = await self._all(name, "person", self._own(holder))
        named = await self._names_of_stations(one.station for one in found)
        newest = sorted(found, key=lambda one: one.at, reverse=True)
        return [row_of(one, named.get(one.station, one.station)) for one in newest]

    async def _claims(self, holder: Holder) -> list[Row]:
        """Return what came of my claims, and that others claimed my record.

        A claim that was not accepted is told to nobody who made it: that it waits, or is there at all, would
        say that the record exists, which no wrong guess may learn.
        """
        made = await self._all("claim_reviews", "account", holder.subjects)
        met = await self._all("claim_reviews", "person", self._own(holder))
        others = [one for one in met if one.account not in holder.subjects]
        return [
            *(row_of_claim(one) for one in made if one.state == "accepted"),
            *(row_of_others_claim(one) for one in others),
        ]

    async def _names_of_stations(self, codes: Iterable[str | None]) -> dict[str, str]:
        """Return how stations are named to people, by code."""
        wanted = sorted({code for code in codes if code})
        found = await self._stores["stations"].list_({"_id": {"$in": wanted}}) if wanted else []
        return {one.id: f"{one.name}（{one.id}）" for one in found}

    async def _contacts(self, holder: Holder) -> list[Row]:
        who = await self._basis.people.find_particulars(holder.person) if holder.person else None
        traces = await self._basis.contacts.list_of(holder.person, who) if holder.person and who else []
        return [row_of_contact(one, self._basis.organisations.get_own_name) for one in traces]

    async def _consents(self, holder: Holder) -> list[Row]:
        found = await self._basis.consents.list_history(holder.subjects)
        return [row for one in found for row in rows_of_consent(one)]

    async def _sessions(self, holder: Holder) -> list[Row]:
        return [row_of_session(one) for one in await self._all("sessions", "subject", holder.subjects)]

    async def _subscriptions(self, holder: Holder) -> list[Row]:
        return [
            row_of_subscription(one) for one in await self._all("subscriptions", "account", holder.accounts)
        ]

    async def _messages(self, holder: Holder) -> list[Row]:
        found = await self._all("messages", "account", holder.accounts)
        opened = self._basis.vault.open
        return [
            row_of_message(one, opened("messages", one.id, "words", one.words) if one.words else "")
            for one in found
        ]

    async def _pushes(self, holder: Holder) -> list[Row]:
        return [row_of_push(one) for one in await self._all("pushes", "account", holder.accounts)]

    async def _accounts(self, holder: Holder) -> list[Row]:
        return [row_of_account(one) for one in await self._all("accounts", "person", self._own(holder))]

    async def _audit_entries(self, holder: Holder) -> list[Row]:
        if holder.person is None:
            return []
        found: dict[str, Any] = {}
        for role in ("actor", "object"):
            where = {role: holder.person}
            newest = await self._stores["audit_entries"].list_(where, "-order", MOST_AUDIT_ENTRIES)
            found |= {one.id: one for one in newest}
        ordered = sorted(found.values(), key=lambda one: str(one.order), reverse=True)
        return [row_of_audit(one, holder.person) for one in ordered[:MOST_AUDIT_ENTRIES]]
