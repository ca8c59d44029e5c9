"""What is stored of a person, in words: one struct in, one row of Chinese labels and texts out.

Pure rules. No row names another person: whoever scanned or decided appears by the post or as 工作人员.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from models.accounts import Account
from models.appointments import POSTS, Appointment
from models.audit import Entry as AuditEntry
from models.cards import Card
from models.check_ins import CheckIn
from models.claim_reviews import ClaimReview
from models.clock import LOCAL, local_day
from models.consents import Consent
from models.contact_traces import Trace
from models.corrections import Correction
from models.export_words import word
from models.memberships import Entry, Membership
from models.messages import Message
from models.people import Identity, Particulars, Person
from models.presence import WORKERS, Presence
from models.privacy_notices import CURRENT
from models.pushes import Push
from models.scans import Scan
from models.sessions import SessionRecord
from models.station_ratings import Rating
from models.subscriptions import Subscription

PRESENCES: Mapping[Presence, str] = MappingProxyType(
    {
        "screen": "扫驿站屏幕上的码",
        "staff": "工作人员扫卡",
        "near": "扫驿站的牌子，手机在附近",
        "sign": "扫驿站的牌子",
    }
)

Row = dict[str, str]
NameOf = Callable[[str], str]


def _at(moment: datetime | None) -> str:
    return moment.astimezone(LOCAL).strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def filled(row: Row) -> Row:
    """Return a row without the labels that have nothing to say."""
    return {label: text for label, text in row.items() if text}


def row_of_person(person: Person) -> Row:
    """Return who somebody is to us, without what names them."""
    return {
        "编号": person.id,
        "状态": word(person.state),
        "实名依据": word(person.evidence),
        "登记时间": _at(person.created),
    }


def row_of_particulars(who: Particulars) -> Row:
    """Return what names somebody, opened."""
    return {"姓名": who.name, "证件号码": who.id_document, "手机号": who.phone}


def row_of_identity(identity: Identity) -> Row:
    """Return by what somebody is recognised."""
    return {"类型": word(identity.id.partition(":")[0]), "保存形式": "只存不能还原的索引"}


def rows_of_membership(membership: Membership, name_of: NameOf) -> Iterator[Row]:
    """Return the membership as it is, then what happened, the latest first."""
    yield filled(
        {
            "事项": "现在",
            "所在工会": name_of(membership.organisation),
            "状态": word(membership.state),
            "自": membership.since,
            "转往": name_of(membership.target or ""),
            "用工形式": word(membership.worker_form),
            "工种": word(membership.gig_kind),
        }
    )
    for number in sorted(membership.log, key=int, reverse=True):
        yield _row_of_entry(number, membership.log[number], membership.person, name_of)


def _row_of_entry(number: str, entry: Entry, person: str, name_of: NameOf) -> Row:
    undone = f"第 {entry.corrects} 条不算" if entry.cancels else f"第 {entry.corrects} 条改为上述生效日期"
    return filled(
        {
            "第几条": number,
            "事项": word(entry.event),
            "更正": undone if entry.corrects else "",
            "所在工会": name_of(entry.after.organisation),
            "转往": name_of(entry.after.target or ""),
            "状态": word(entry.after.state),
            "生效日期": entry.valid,
            "登记时间": _at(entry.entered),
            "经办": "本人" if entry.actor == person else "工会",
            "原因": word(entry.reason),
            "办理期限": _at(entry.due),
        }
    )


def row_of_claim(one: ClaimReview) -> Row:
    """Return a claim that an officer accepted; what was claimed is in the person's own particulars."""
    return filled(
        {
            "事项": "您的认领",
            "状态": word(one.state),
            "次数": str(one.tries),
            "相符的内容": "、".join(word(part) for part in one.matched),
            "申请时间": _at(one.first),
            "办结时间": _at(one.decided),
        }
    )


def row_of_others_claim(one: ClaimReview) -> Row:
    """Return that somebody else claimed the person's record: when, never who or what they said."""
    return filled(
        {
            "事项": "别人认领您的登记",
            "状态": word(one.state),
            "次数": str(one.tries),
            "第一次": _at(one.first),
            "最近一次": _at(one.last),
            "办结时间": _at(one.decided),
        }
    )


def row_of_correction(one: Correction, wanted: str) -> Row:
    """Return a request for correction, with what is wanted while it is kept."""
    return filled(
        {
            "更正": "姓名" if one.corrects == "name" else "证件",
            "改为": wanted,
            "状态": word(one.state),
            "原因": word(one.reason),
            "申请时间": _at(one.asked),
            "办结时间": _at(one.decided),
        }
    )


def row_of_appointment(appointment: Appointment, name_of: NameOf) -> Row:
    """Return a post that somebody holds or held."""
    return filled(
        {
            "职务": POSTS[appointment.role],
            "组织": name_of(appointment.organisation),
            "起": _at(appointment.since),
            "止": _at(appointment.until),
        }
    )


def row_of_session(session: SessionRecord) -> Row:
    """Return a login."""
    return {
        "类型": word(session.kind),
        "登录时间": _at(session.opened),
        "到期": _at(session.expires),
        "微信账号": "加密保存" if session.openid else "无",
    }


def rows_of_card(card: Card) -> Iterator[Row]:
    """Return the card, its changes, its prints."""
    state = "可用" if card.state == "active" else word(card.state)
    yield {"事项": "卡", "卡号": card.id, "状态": state, "时间": _at(card.issued)}
    for event in sorted(card.log.values(), key=lambda one: one.at):
        state = "解冻" if event.state == "active" else word(event.state)
        yield filled(
            {
                "事项": "变动",
                "状态": "换发" if event.seed_version else state,
                "原因": word(event.reason),
                "经办": "本人" if event.by == card.person else "工会",
                "时间": _at(event.at),
            }
        )
    for number in sorted(card.prints, key=int):
        printed = card.prints[number]
        row = {"事项": f"实体卡第 {number} 张", "时间": _at(printed.issued), "作废时间": _at(printed.revoked)}
        yield filled(row)


def row_of_scan(scan: Scan, place: str, station: str) -> Row:
    """Return a scan of the card: where, by which post, for what; never by whom."""
    return filled(
        {
            "时间": local_day(scan.received_at) if scan.day_only else _at(scan.received_at),
            "扫码时间": _at(scan.judged_at),
            "地点": place,
            "驿站": station,
            "谁扫的": scan.post,
            "用途": word(scan.purpose),
            "结果": word(scan.outcome),
            "原因": word(scan.reason),
            "撤销时间": _at(scan.undone.at if scan.undone else None),
            "撤销原因": scan.undone.reason if scan.undone else "",
        }
    )


def row_of_check_in(visit: CheckIn, station: str) -> Row:
    """Return a visit to a station that bears the person, by consent."""
    worker = WORKERS[visit.worker] if visit.worker else ""
    row = {"驿站": station, "时间": _at(visit.at), "怎样签到": PRESENCES[visit.presence], "职业": worker}
    return filled(row)


def row_of_rating(rating: Rating, station: str) -> Row:
    """Return a rating of a station while it bears the person."""
    return {"驿站": station, "评分": f"{rating.stars} 分", "时间": _at(rating.at)}


def row_of_subscription(one: Subscription) -> Row:
    """Return what a WeChat account grants for one template."""
    return {
        "消息模板": one.template,
        "还可发送": "长期" if one.is_standing else str(one.credits),
        "已发送": str(one.used),
        "最后变动": _at(one.changed),
    }


def row_of_message(message: Message, words: str) -> Row:
    """Return a message, with its words while they are kept."""
    return filled(
        {
            "消息模板": message.template,
            "状态": word(message.state),
            "时间": _at(message.queued),
            "内容": words,
        }
    )


def row_of_contact(trace: Trace, name_of: NameOf) -> Row:
    """Return what an organisation's contacts say of somebody."""
    labels = {"chair": "主席", "contact": "联系人", "phone": "联系电话"}
    said = {label: trace.said.get(field, "") for field, label in labels.items()}
    return filled({"组织": name_of(trace.organisation), **said})


def row_of_push(push: Push) -> Row:
    """Return an event that WeChat told us about the account."""
    return {"事件": push.kind, "收到时间": _at(push.received), "处理": push.outcome or "待处理"}


def row_of_account(account: Account) -> Row:
    """Return an account of the console; never its password or secret."""
    return {"账号": account.id, "开通时间": _at(account.issued)}


def row_of_audit(entry: AuditEntry, person: str) -> Row:
    """Return what somebody did, or what was done about them."""
    by = "本人" if entry.actor == person else "工作人员或系统"
    return {"时间": _at(entry.at), "事项": word(entry.action), "由谁": by, "结果": word(entry.outcome)}


def rows_of_consent(consent: Consent) -> Iterator[Row]:
    """Return all answers for one purpose, the latest first."""
    title = CURRENT.consent(consent.purpose).title
    for number in sorted(consent.log, key=int, reverse=True):
        answer = consent.log[number]
        yield {
            "事项": title,
            "选择": "同意" if answer.given else "不同意或撤回",
            "文本版本": answer.version,
            "途径": word(answer.channel),
            "时间": _at(answer.at),
        }
