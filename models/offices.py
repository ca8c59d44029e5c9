"""What acts in the union's name need: who may act, the audit, and word to the other processes."""

from msgspec import Struct

from models.appointments import Appointments
from models.audit import Audit
from models.signals import Signals


class Office(Struct, frozen=True):
    """The three together."""

    appointments: Appointments
    audit: Audit
    signals: Signals
