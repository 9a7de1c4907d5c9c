"""People, links and alerts that tests and pictures of the desktop share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hms_desktop.widgets.tokens import Kind
from hms_server.contract import consultations as chart
from hms_server.contract.triage import AlertRow
from hms_server.contract.values import (
    AlertId,
    AllergyId,
    BirthPrecision,
    ConditionId,
    EncounterId,
    PatientHeader,
    PatientId,
    Person,
    Sex,
    StaffId,
)

NOW = datetime(2026, 11, 20, 9, 42, 7, tzinfo=UTC)
ZONE = ZoneInfo("Africa/Lagos")
LONG_NAME = "Oluwafunmilayo Adébáyọ̀-Ogunlesi Chukwuemeka"


@dataclass(frozen=True, kw_only=True)
class SampleLink:
    connected: bool = True
    round_trip_ms: float | None = 3.2
    server: str = "clinic-server"


@dataclass(frozen=True)
class Waiting:
    """A row as a queue would show it."""

    ticket: str
    name: str
    wait: str
    priority: str
    kind: Kind


WAITING = [
    Waiting("T-020", LONG_NAME, "9 min", "Very urgent", Kind.DANGER),
    Waiting("T-021", "Kwame Mensah", "22 min", "Urgent", Kind.WARNING),
    Waiting("T-022", "Baby Yusuf", "1 h 11", "Under 5", Kind.INFO),
    Waiting("T-023", "Chidi Obi", "9 min", "Routine", Kind.NEUTRAL),
]


def allergy(number: int, substance: str, reaction: str, criticality: chart.Criticality) -> chart.AllergyRow:
    return chart.AllergyRow(
        id=AllergyId(number),
        substance=substance,
        allergen=None,
        criticality=criticality,
        reaction=reaction,
        recorded_at=NOW,
    )


def problem(number: int, display: str) -> chart.ConditionRow:
    return chart.ConditionRow(
        id=ConditionId(number),
        code=None,
        display=display,
        encounter_id=None,
        onset=None,
        recorded_at=NOW,
        active=True,
    )


def sample_banner(
    name: str = "Adaeze Okonkwo",
    *,
    status: chart.AllergyStatus = chart.AllergyStatus.RECORDED,
    allergies: Sequence[chart.AllergyRow] = (),
    problems: Sequence[chart.ConditionRow] = (),
) -> chart.Banner:
    return chart.Banner(
        patient_id=PatientId(1),
        number="P000447-1",
        name=name,
        sex=Sex.FEMALE,
        birth_date=date(1980, 3, 12),
        birth_precision=BirthPrecision.DAY,
        phone="0803 555 0182",
        deceased_at=None,
        allergy_status=status,
        allergies=list(allergies),
        problems=list(problems),
    )


def sample_alert(number: int, title: str, name: str, *, seen_by: str = "") -> AlertRow:
    header = PatientHeader(
        id=PatientId(number),
        number=f"P00044{number}-1",
        name=name,
        sex=Sex.FEMALE,
        birth_date=date(1980, 3, 12),
        birth_precision=BirthPrecision.DAY,
    )
    return AlertRow(
        id=AlertId(number),
        patient=header,
        encounter_id=EncounterId(1),
        title=title,
        detail="Pulse 121, breaths 25, SpO₂ 93 % on air",
        critical=True,
        raised_at=NOW,
        escalates_at=NOW + timedelta(seconds=220),
        level=0,
        practitioner=None,
        acknowledged_at=NOW if seen_by else None,
        acknowledged_by=Person(id=StaffId(2), name=seen_by) if seen_by else None,
    )


ALERTS = [
    sample_alert(1, "NEWS2 10", "Adaeze Okonkwo"),
    sample_alert(2, "NEWS2 7", LONG_NAME, seen_by="Dr Ngozi Eze"),
]
