"""The refusals of the membership book: why a change may not follow, in words for whoever asked for it."""

from models.errors import Conflict, Forbidden, Invalid


class NotTheState(Conflict):
    """The membership is not in a state for this; `details` say in which it is, since when, by what."""

    code = "membership_state_conflict"
    message = "当前会籍状态不能办理这项业务"


class AlreadyMember(NotTheState):
    """Whoever has a membership does not join again: it is transferred or resumed."""

    code = "already_member"
    message = "您已有会籍，不能重复入会；换单位请办理会籍接转"


class ApplicationPending(NotTheState):
    """An application is under review already."""

    code = "application_pending"
    message = "您的入会申请正在审批中"


class ApplicationDecided(NotTheState):
    """There is no application to decide or withdraw: `details.event` is what became of it."""

    code = "application_not_pending"
    message = "这项申请已办结或已撤回"


class TransferPending(NotTheState):
    """A transfer is going on already."""

    code = "transfer_pending"
    message = "会籍正在接转中"


class TransferDecided(NotTheState):
    """There is no transfer going on: `details.event` is what became of it."""

    code = "transfer_not_pending"
    message = "没有正在办理的会籍接转，或已办结"


class NotReleased(NotTheState):
    """The releasing union has not filled its part."""

    code = "transfer_not_released"
    message = "转出工会尚未办理转出，暂不能接收"


class AlreadyReleased(NotTheState):
    """The releasing union has filled its part."""

    code = "transfer_released"
    message = "转出工会已经办理转出"


class ToItself(Invalid):
    """A transfer goes to another organisation."""

    code = "transfer_to_itself"
    message = "会籍已在该工会，无需接转"


class DayOutOfRange(Invalid):
    """The day is not between `details.earliest` and `details.latest`."""

    code = "valid_day_out_of_range"
    message = "日期超出可填范围"


class ReasonRequired(Invalid):
    """The event needs a reason, one of `details.allowed`."""

    code = "reason_required"
    message = "请选择事由"


class NothingToCorrect(Conflict):
    """No entry of this number counts, or this one cannot be cancelled."""

    code = "entry_not_correctable"
    message = "这条会籍记录不能更正"


class TooManyEntries(Conflict):
    """The membership has changed more often than any membership does."""

    code = "too_many_membership_entries"
    message = "会籍变动次数过多，请到所在工会办理"


class OwnMembership(Forbidden):
    """Nobody decides on the own membership."""

    code = "own_membership"
    message = "不能办理本人的会籍，请由其他工作人员办理"


class DocumentHeldByAnother(Conflict):
    """The applicant's ID document is registered for another person: an officer finds out whose it is."""

    code = "document_held_by_another"
    message = "该证件号码已登记在另一位会员名下，不能通过。请先在“认领核实”中核对身份，再驳回这项申请"


class OrganisationNotOpen(Conflict):
    """The organisation takes nobody: it was merged or closed, or there is none of this id."""

    code = "organisation_not_open"
    message = "该工会不存在或已撤并，请重新选择"


class WrongReviewer(Forbidden):
    """The officer is of the other side of the transfer."""

    code = "wrong_side_of_transfer"
    message = "这一步须由接转的另一方工会办理"


class KeyReused(Conflict):
    """The same Idempotency-Key came with another body before."""

    code = "idempotency_key_reused"
    message = "同一个 Idempotency-Key 已用于另一份内容"


class GigKindRequired(Invalid):
    """A gig worker says which kind of work it is, and nobody else does."""

    code = "gig_kind_required"
    message = "新就业形态劳动者请选择职业类别，其他用工形式不用选择"


class NotALocalUnion(Invalid):
    """A gap between two unions is bridged by one of the 地方 tree, where the person lives."""

    code = "local_union_required"
    message = "新单位没有工会的，请选择居住地的街道（乡镇）、社区工会"
