"""Vital signs, the score that follows from them, and the alerts that somebody must acknowledge."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from hms_server.contract.accounts import Nothing
from hms_server.contract.envelope import Event, Request
from hms_server.contract.priority import QueuePriority
from hms_server.contract.values import (
    AlertId,
    EncounterId,
    PatientHeader,
    PatientId,
    Person,
    StaffId,
    TicketId,
)
from hms_server.contract.visits import TicketRow


class Consciousness(StrEnum):
    """ACVPU, as NEWS2 asks for it."""

    ALERT = "alert"
    CONFUSED = "confused"
    VOICE = "voice"
    PAIN = "pain"
    UNRESPONSIVE = "unresponsive"


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One value as the nurse typed it: LOINC code and number in the unit of `vitals.SIGNS`."""

    code: str
    value: Decimal


class VitalSigns(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured together; what was not measured is not in `measured`."""

    measured: list[Measured]
    consciousness: Consciousness | None = None
    on_oxygen: bool | None = None
    spo2_scale: int = 1
    pregnant: bool | None = None
    complaint: str = ""


class VitalSet(msgspec.Struct, frozen=True, kw_only=True):
    """A stored set with its score; `news2_total` is None unless the score is complete."""

    id: int
    encounter_id: EncounterId
    recorded_at: datetime
    recorded_by: Person | None
    signs: VitalSigns
    news2_total: int | None
    news2_state: str
    risk: str | None


class VitalsRecorded(msgspec.Struct, frozen=True, kw_only=True):
    """`ticket` is where the patient waits now, `alert_id` is set when score or nurse raised an alert."""

    vitals: VitalSet
    ticket: TicketRow | None
    alert_id: AlertId | None


class RecordVitals(Request[VitalsRecorded], frozen=True, kw_only=True):
    """Stores a set and, with `send_to`, moves the patient from this ticket to that service.

    `confirmed` names the codes whose unusual values the nurse has looked at twice (soft limits). `urgency` is
    the nurse's own judgement: it raises and never lowers what the score says, also where there is no score,
    and from VERY_URGENT on it alerts a doctor. With it a set may be empty: some cannot wait for numbers.
    """

    encounter_id: EncounterId
    ticket_id: TicketId | None
    signs: VitalSigns
    confirmed: list[str] = []
    send_to: str | None = None
    practitioner_id: StaffId | None = None
    urgency: QueuePriority | None = None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One value in a trend, exactly as recorded or imported."""

    code: str
    value: Decimal
    unit: str
    at: datetime


class VitalsHistory(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first; readings come from every source, also from imported records."""

    sets: list[VitalSet]
    readings: list[Reading]


class GetVitals(Request[VitalsHistory], frozen=True, kw_only=True):
    patient_id: PatientId
    limit: int = 12


class AlertRow(msgspec.Struct, frozen=True, kw_only=True):
    """`escalates_at` is when it moves on to the next person if nobody acknowledges it."""

    id: AlertId
    patient: PatientHeader
    encounter_id: EncounterId
    title: str
    detail: str
    critical: bool
    raised_at: datetime
    escalates_at: datetime | None
    level: int
    practitioner: Person | None
    acknowledged_at: datetime | None
    acknowledged_by: Person | None


class Alerts(msgspec.Struct, frozen=True):
    """Open ones first, then those acknowledged in the last hours."""

    alerts: list[AlertRow]


class ListAlerts(Request[Alerts], frozen=True, kw_only=True):
    pass


class AcknowledgeAlert(Request[Nothing], frozen=True, kw_only=True):
    alert_id: AlertId


class VitalSignsRecorded(Event, frozen=True, kw_only=True):
    patient_id: PatientId
    encounter_id: EncounterId


class AlertRaised(Event, frozen=True, kw_only=True):
    """Also sent when an alert moves on to the next person; ids only, the screen fetches the rest."""

    alert_id: AlertId
    level: int
    practitioner_id: StaffId | None


class AlertAcknowledged(Event, frozen=True, kw_only=True):
    alert_id: AlertId
