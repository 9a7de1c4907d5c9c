"""Charts, notes and vital signs that tests and pictures of the doctor's desk share."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from hms_server.contract.consultations import (
    AllergyStatus,
    Banner,
    Chart,
    ConditionRow,
    Criticality,
    Diagnosis,
    NoteText,
    NoteVersion,
    PastEncounter,
)
from hms_server.contract.prescribing import MedicationRequestRow
from hms_server.contract.priority import QueuePriority
from hms_server.contract.triage import Measured, Reading, VitalSet, VitalsHistory, VitalSigns
from hms_server.contract.values import ConditionId, EncounterId, Person, StaffId
from hms_server.contract.visits import DOCTOR, TicketRow, TicketState
from hms_server.contract.vitals import SIGNS, VitalSign
from tests.desktop.prescribing.medicines import signed
from tests.desktop.samples import LONG_NAME, NOW, allergy, problem, sample_banner
from tests.desktop.visits.tickets import ticket

DOCTOR_EZE = Person(id=StaffId(1), name="Dr Ngozi Eze")
DOCTOR_MENSAH = Person(id=StaffId(2), name="Dr Kwame Mensah")
PNEUMONIA = Diagnosis(code="J18.9", display="Pneumonia, unspecified organism")
DIABETES = Diagnosis(code="E11.9", display="Type 2 diabetes mellitus without complications")
LONG_DIAGNOSIS = Diagnosis(
    code="V97.33",
    display="Sucked into jet engine, initial encounter, with displaced fracture of the shaft of the left "
    "femur and unspecified intracranial injury",
)
TEXT = NoteText(
    subjective="3 days of fever, productive cough, pleuritic chest pain on the right. No travel.",
    objective="Crackles right base, dull to percussion. Not confused.",
    assessment="Community-acquired pneumonia.",
    plan="Chest X-ray, FBC, glucose. Start treatment. Review with results today.",
)


def doctor_ticket(number: int = 14, name: str = "Adaeze Okonkwo") -> TicketRow:
    return ticket(
        number,
        name,
        service=DOCTOR,
        state=TicketState.CALLED,
        priority=QueuePriority.VERY_URGENT,
        note="NEWS2 10",
        room="Room 2",
        minutes=4,
    )


TICKET = doctor_ticket()
OTHER = doctor_ticket(15, LONG_NAME)


def note(
    version: int = 1, text: NoteText = TEXT, *, by: Person = DOCTOR_EZE, reason: str = ""
) -> NoteVersion:
    signed_at = NOW + timedelta(minutes=version - 1)
    return NoteVersion(version=version, text=text, signed_at=signed_at, signed_by=by, reason=reason)


def banner_of(row: TicketRow, *, status: AllergyStatus = AllergyStatus.RECORDED) -> Banner:
    recorded = [
        allergy(1, "Penicillin", "anaphylaxis, 2023", Criticality.HIGH),
        allergy(2, "Sulfonamides", "rash", Criticality.LOW),
    ]
    made = sample_banner(
        row.patient.name,
        status=status,
        allergies=recorded if status is AllergyStatus.RECORDED else (),
        problems=[problem(1, "Type 2 diabetes"), problem(2, "Hypertension")],
    )
    return _with_id(made, row)


def _with_id(banner: Banner, row: TicketRow) -> Banner:
    return Banner(
        **{name: getattr(banner, name) for name in Banner.__struct_fields__} | {"patient_id": row.patient.id}
    )


def condition(number: int, diagnosis: Diagnosis) -> ConditionRow:
    return ConditionRow(
        id=ConditionId(number),
        code=diagnosis.code,
        display=diagnosis.display,
        encounter_id=EncounterId(114),
        onset=None,
        recorded_at=NOW,
        active=True,
    )


def past(number: int) -> PastEncounter:
    return PastEncounter(
        id=EncounterId(number),
        started_at=NOW - timedelta(days=number * 30),
        kind="ambulatory",
        reason="Fever",
        diagnoses=["Malaria, unspecified"] if number % 2 else [],
        practitioner=DOCTOR_MENSAH,
    )


def chart(
    row: TicketRow = TICKET,
    *,
    notes: Sequence[NoteVersion] = (),
    diagnoses: Sequence[Diagnosis] = (),
    prescriptions: Sequence[MedicationRequestRow] = (),
    history: Sequence[PastEncounter] = (),
    history_total: int = 0,
    status: AllergyStatus = AllergyStatus.RECORDED,
    finished: bool | None = None,
) -> Chart:
    return Chart(
        banner=banner_of(row, status=status),
        encounter_id=row.encounter_id,
        started_at=NOW,
        reason="Fever and cough",
        finished=bool(notes) if finished is None else finished,
        notes=list(notes),
        diagnoses=[condition(number, each) for number, each in enumerate(diagnoses)],
        prescriptions=list(prescriptions),
        earlier_prescriptions=[signed(7, "Metformin 500 mg tablet", "Take 1 tablet by mouth twice a day")],
        history=list(history),
        history_total=history_total or len(history),
    )


_COURSE = {
    VitalSign.PULSE: ("88", "93", "97", "106", "121"),
    VitalSign.RESPIRATION_RATE: ("18", "18", "20", "22", "25"),
    VitalSign.SPO2: ("96", "95", "95", "94", "93"),
    VitalSign.TEMPERATURE: ("36.9", "37.1", "37.9", "38.6", "39.2"),
    VitalSign.SYSTOLIC: ("112", "111", "110", "107", "104"),
    VitalSign.WEIGHT: ("71.5",),
}
VITALS = VitalsHistory(
    sets=[
        VitalSet(
            id=1,
            encounter_id=TICKET.encounter_id,
            recorded_at=NOW - timedelta(minutes=4),
            recorded_by=Person(id=StaffId(5), name="Nurse Ama Serwaa"),
            signs=VitalSigns(
                measured=[Measured(code=VitalSign.PULSE, value=Decimal(121))],
                complaint="Fever and cough for three days",
                on_oxygen=True,
            ),
            news2_total=10,
            news2_state="complete",
            risk="high",
        )
    ],
    readings=[
        Reading(
            code=sign,
            value=Decimal(value),
            unit=SIGNS[sign].unit,
            at=NOW - timedelta(hours=5 - hour),
        )
        for sign, values in _COURSE.items()
        for hour, value in enumerate(values)
    ],
)
