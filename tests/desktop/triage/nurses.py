"""Patients, earlier values and a whole station that tests and pictures of triage share."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.drafts import KEY_BYTES, Autosaver, DraftStore
from hms_desktop.session import Session
from hms_desktop.triage.alerts import AlertsState
from hms_desktop.triage.panel import TriagePanel
from hms_server.contract.accounts import Nothing
from hms_server.contract.consultations import Criticality, GetBanner
from hms_server.contract.priority import QueuePriority, SpecialNeed
from hms_server.contract.triage import (
    AcknowledgeAlert,
    Alerts,
    Consciousness,
    GetVitals,
    ListAlerts,
    Measured,
    Reading,
    RecordVitals,
    VitalSet,
    VitalsHistory,
    VitalSigns,
    VitalsRecorded,
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
    TicketId,
)
from hms_server.contract.visits import DOCTOR, ListPractitioners, Practitioners, TicketRow, TicketState
from hms_server.contract.vitals import SIGNS, VitalSign
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import ALERTS, NOW, ZONE, allergy, problem, sample_banner

NURSE = StaffId(7)
EZE = Person(id=StaffId(2), name="Dr Ngozi Eze")
ILL = {
    VitalSign.TEMPERATURE: "39.2",
    VitalSign.PULSE: "121",
    VitalSign.RESPIRATION_RATE: "25",
    VitalSign.SPO2: "93",
    VitalSign.SYSTOLIC: "104",
    VitalSign.DIASTOLIC: "66",
}


def ticket(
    number: int = 20,
    name: str = "Adaeze Okonkwo",
    *,
    service: str = "T",
    born: date | None = date(1980, 3, 12),
    sex: Sex = Sex.FEMALE,
    practitioner: Person | None = None,
) -> TicketRow:
    header = PatientHeader(
        id=PatientId(number),
        number=f"P00044{number}-1",
        name=name,
        sex=sex,
        birth_date=born,
        birth_precision=BirthPrecision.DAY,
    )
    return TicketRow(
        id=TicketId(number),
        code=f"{service}-{number:03d}",
        service=service,
        state=TicketState.CALLED,
        priority=QueuePriority.ROUTINE,
        special_need=SpecialNeed.NONE,
        note="",
        patient=header,
        encounter_id=EncounterId(number + 100),
        queued_at=NOW - timedelta(minutes=9),
        called_at=NOW,
        room="Triage",
        practitioner=practitioner,
        version=1,
    )


ADA = ticket(20)
KWAME = ticket(21, "Kwame Mensah", sex=Sex.MALE)
BABY = ticket(22, "Baby Yusuf", born=date(2026, 3, 1))


def vital_set(total: int | None = 4, *, encounter_id: int = 3, scale: int = 1) -> VitalSet:
    return VitalSet(
        id=1,
        encounter_id=EncounterId(encounter_id),
        recorded_at=NOW - timedelta(days=1),
        recorded_by=Person(id=NURSE, name="Ama Serwaa"),
        signs=VitalSigns(measured=[], spo2_scale=scale),
        news2_total=total,
        news2_state="incomplete" if total is None else "complete",
        risk=None,
    )


def history(*sets: VitalSet) -> VitalsHistory:
    courses = {
        VitalSign.PULSE: ("92", "96", "99", "104", "121"),
        VitalSign.TEMPERATURE: ("37.4", "37.6", "38.2", "38.7", "39.2"),
        VitalSign.SYSTOLIC: ("112", "111", "109", "106", "104"),
        VitalSign.RESPIRATION_RATE: ("16", "18", "25"),
        VitalSign.SPO2: ("97", "95", "93"),
        VitalSign.GLUCOSE: ("5.6", "14.1"),
    }
    readings = [
        Reading(
            code=sign.value, value=Decimal(value), unit=SIGNS[sign].unit, at=NOW - timedelta(hours=9 - hour)
        )
        for sign, values in courses.items()
        for hour, value in enumerate(values)
    ]
    return VitalsHistory(sets=list(sets), readings=readings)


def recorded(*, moved_to: TicketRow | None, alerted: bool = False) -> VitalsRecorded:
    signs = VitalSigns(
        measured=[Measured(code=VitalSign.PULSE.value, value=Decimal(121))], consciousness=Consciousness.ALERT
    )
    stored = VitalSet(
        id=9,
        encounter_id=EncounterId(120),
        recorded_at=NOW,
        recorded_by=None,
        signs=signs,
        news2_total=10,
        news2_state="complete",
        risk="high",
    )
    return VitalsRecorded(vitals=stored, ticket=moved_to, alert_id=AlertId(1) if alerted else None)


def answer_all(connection: FakeConnection) -> None:
    """A server that knows one patient with a history, two alerts and one doctor."""
    banner = sample_banner(
        allergies=[allergy(1, "Penicillin", "rash", Criticality.HIGH)],
        problems=[problem(1, "Hypertension"), problem(2, "Type 2 diabetes")],
    )
    connection.answer(GetBanner, banner)
    connection.answer(GetVitals, history(vital_set()))
    connection.answer(ListPractitioners, Practitioners([EZE]))
    connection.answer(ListAlerts, Alerts(ALERTS))
    connection.answer(AcknowledgeAlert, Nothing())
    moved = ticket(30, service=DOCTOR)
    connection.answer(RecordVitals, recorded(moved_to=moved, alerted=True))


def autosaver(folder: Path, parent: QObject) -> Autosaver:
    return Autosaver(DraftStore(folder, b"k" * KEY_BYTES, clock=lambda: NOW), parent)


def station(session: Session, drafts: Autosaver) -> TriagePanel:
    """A nurse's station as the workspace builds it."""
    alerts = AlertsState(session, session)
    alerts.reload()
    return TriagePanel(
        session,
        alerts=alerts,
        autosaver=drafts,
        staff_id=NURSE,
        clock=lambda: NOW,
        zone=ZONE,
    )


def open_patient(panel: TriagePanel, qtbot: QtBot, patient: TicketRow = ADA) -> None:
    panel.open_ticket(patient)
    qtbot.waitUntil(lambda: panel.banner.isVisible() and bool(panel.trends.charts()))


def write(panel: TriagePanel, values: dict[VitalSign, str]) -> None:
    for sign, text in values.items():
        editor = panel.form.signs[sign].editor
        editor.setFocus()
        editor.clear()
        QTest.keyClicks(editor, text)


def press(panel: TriagePanel, sign: VitalSign, key: Qt.Key) -> None:
    QTest.keyClick(panel.form.signs[sign].editor, key)


def alert_and_on_air(panel: TriagePanel) -> None:
    """By arrow keys, as a nurse chooses."""
    QTest.keyClick(panel.form.consciousness.editor, Qt.Key.Key_Down)
    QTest.keyClick(panel.form.oxygen.editor, Qt.Key.Key_Down)


def sent(connection: FakeConnection) -> list[RecordVitals]:
    return connection.requests(RecordVitals)
