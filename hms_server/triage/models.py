"""The rows of vital signs and alerts, and who an alert is shown to."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from hms_server.contract.triage import (
    AlertRaised,
    AlertRow,
    Consciousness,
    Measured,
    VitalSet,
    VitalSigns,
)
from hms_server.contract.values import (
    AlertId,
    BirthPrecision,
    EncounterId,
    PatientHeader,
    PatientId,
    Person,
    Sex,
    StaffId,
)
from hms_server.permissions import Permission
from hms_server.triage.rules import Circle, circle_of

AUDIENCES = {
    Circle.PRACTITIONER: Permission.ALERTS,
    Circle.DOCTORS: Permission.CHART_WRITE,
    Circle.EVERYBODY: Permission.ALERTS,
}
"""Of those who are alerted only doctors may write into the chart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom the vital signs are of, on the day they are recorded."""

    patient_id: PatientId
    patient_name: str
    age_months: int | None
    practitioner_id: StaffId | None
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSet:
    """A set of vital signs without its values."""

    id: int
    encounter_id: EncounterId
    recorded_at: datetime
    recorded_by: StaffId | None
    recorded_by_name: str | None
    consciousness: str | None
    on_oxygen: bool | None
    spo2_scale: int
    pregnant: bool | None
    complaint: str
    news2_total: int | None
    news2_state: str
    risk: str | None

    def with_values(self, measured: list[Measured]) -> VitalSet:
        signs = VitalSigns(
            measured=measured,
            consciousness=Consciousness(self.consciousness) if self.consciousness else None,
            on_oxygen=self.on_oxygen,
            spo2_scale=self.spo2_scale,
            pregnant=self.pregnant,
            complaint=self.complaint,
        )
        return VitalSet(
            id=self.id,
            encounter_id=self.encounter_id,
            recorded_at=self.recorded_at,
            recorded_by=_person(self.recorded_by, self.recorded_by_name),
            signs=signs,
            news2_total=self.news2_total,
            news2_state=self.news2_state,
            risk=self.risk,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredValue:
    """One value of a set."""

    vital_signs_id: int
    code: str
    value: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAlert:
    """An alert with its patient and the people on both ends."""

    id: AlertId
    encounter_id: EncounterId
    title: str
    detail: str
    critical: bool
    raised_at: datetime
    escalates_at: datetime | None
    level: int
    acknowledged_at: datetime | None
    practitioner_id: StaffId | None
    practitioner_name: str | None
    acknowledged_by: StaffId | None
    acknowledged_by_name: str | None
    patient_id: PatientId
    number: str
    name: str
    sex: str
    birth_date: date | None
    birth_precision: str
    deceased: bool

    def row(self) -> AlertRow:
        return AlertRow(
            id=self.id,
            patient=self._patient(),
            encounter_id=self.encounter_id,
            title=self.title,
            detail=self.detail,
            critical=self.critical,
            raised_at=self.raised_at,
            escalates_at=self.escalates_at,
            level=self.level,
            practitioner=_person(self.practitioner_id, self.practitioner_name),
            acknowledged_at=self.acknowledged_at,
            acknowledged_by=_person(self.acknowledged_by, self.acknowledged_by_name),
        )

    def _patient(self) -> PatientHeader:
        return PatientHeader(
            id=self.patient_id,
            number=self.number,
            name=self.name,
            sex=Sex(self.sex),
            birth_date=self.birth_date,
            birth_precision=BirthPrecision(self.birth_precision),
            deceased=self.deceased,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An alert that was raised or moved on, and who is told."""

    event: AlertRaised
    audience: Permission
    staff_id: StaffId | None


def told(alert_id: AlertId, level: int, *, practitioner_id: StaffId | None) -> Told:
    """Who learns of the alert at this level."""
    circle = circle_of(level, addressed=practitioner_id is not None)
    return Told(
        event=AlertRaised(alert_id=alert_id, level=level, practitioner_id=practitioner_id),
        audience=AUDIENCES[circle],
        staff_id=practitioner_id if circle is Circle.PRACTITIONER else None,
    )


def _person(staff_id: StaffId | None, name: str | None) -> Person | None:
    return None if staff_id is None else Person(staff_id, name or "")
