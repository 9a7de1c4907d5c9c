"""What the record says of one patient, each statement with the mark of the row that it comes from."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from hms_server.assistant.functions import Arguments, Case, Found
from hms_server.assistant.rules import age_words, ago_words, day_words
from hms_server.contract.consultations import AllergyStatus, Banner, Chart, GetBanner, GetChart
from hms_server.contract.prescribing import MedicationRequestRow
from hms_server.contract.triage import GetVitals, VitalSet
from hms_server.contract.values import EncounterId, PatientId
from hms_server.contract.vitals import SIGNS, VitalSign
from hms_server.permissions import Permission
from hms_server.work import Work

MAX_VISITS = 8
MAX_VITALS = 3
MAX_MEDICINES = 30
MAX_TEXT = 2000
ALLERGY_WORDS = {
    AllergyStatus.NOT_ASKED: "Allergies: nobody has asked.",
    AllergyStatus.NONE_KNOWN: "Allergies: none known.",
}


@dataclass
class Record:
    """`data` for the model and `lines` for a person grow together."""

    case: Case
    patient_id: PatientId
    data: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def add(self, group: str, statement: dict[str, Any], line: str, mark: str) -> None:
        self.data.setdefault(group, []).append(statement | {"source": mark})
        self.lines.append(f"{line} [{mark}]")

    def mark(self, kind: str, row_id: int, label: str, at: datetime | None = None) -> str:
        return self.case.sources.mark(kind, row_id, label, patient_id=self.patient_id, at=at)

    def when(self, at: datetime | date) -> dict[str, str]:
        """The day, which leaves as a pseudonym, and about how long ago it was."""
        day = at.astimezone(self.case.zone).date() if isinstance(at, datetime) else at
        return {"date": day.isoformat(), "when": ago_words(day, self.case.today)}

    def on(self, at: datetime) -> str:
        return day_words(at.astimezone(self.case.zone).date())


def summarise_record(case: Case, given: Arguments) -> Found:
    """All that the person may see of the record, as far as it fits."""
    patient_id = given.the_patient()
    record = record_of(case, patient_id)
    return Found(data=record.data, lines=record.lines, about=(patient_id,))


def record_of(case: Case, patient_id: PatientId) -> Record:
    """Banner, last vital signs, last visits and medicines, by the rights of whoever asks."""
    record = Record(case, patient_id)
    banner = case.asker.ask(GetBanner(patient_id=patient_id))
    _add_banner(record, banner)
    if Permission.CHART_READ not in case.asker.actor.permissions:
        return record
    for vitals in case.asker.ask(GetVitals(patient_id=patient_id, limit=MAX_VITALS)).sets[:MAX_VITALS]:
        _add_vitals(record, vitals)
    for encounter_id in case.asker.read(lambda work: _last_visits(work, patient_id)):
        chart = case.asker.ask(GetChart(encounter_id=encounter_id, history_limit=0))
        _add_visit(record, chart)
    return record


def _add_banner(record: Record, banner: Banner) -> None:
    age = age_words(banner.birth_date, record.case.today)
    record.data["patient"] = banner.name
    record.data["sex"] = banner.sex.value
    record.data["age"] = age
    record.data["deceased"] = banner.deceased
    record.lines.append(f"{banner.name}, {banner.sex.value}, {age}")
    if banner.allergy_status in ALLERGY_WORDS:
        record.data["allergies"] = ALLERGY_WORDS[banner.allergy_status]
        record.lines.append(ALLERGY_WORDS[banner.allergy_status])
    for allergy in banner.allergies:
        mark = record.mark("allergyintolerance", allergy.id, f"Allergy: {allergy.substance}")
        statement = {
            "substance": allergy.substance,
            "criticality": allergy.criticality.value,
            "reaction": allergy.reaction,
        }
        record.add("allergies", statement, f"Allergy: {allergy.substance} {allergy.reaction}".rstrip(), mark)
    for problem in banner.problems:
        mark = record.mark("condition", problem.id, f"Problem: {problem.display}", problem.recorded_at)
        statement = {
            "problem": problem.display,
            "code": problem.code or "",
            **record.when(problem.recorded_at),
        }
        record.add("problems", statement, f"Problem: {problem.display}", mark)


def _add_vitals(record: Record, vitals: VitalSet) -> None:
    mark = record.mark("observation", vitals.id, "Vital signs", vitals.recorded_at)
    values = {
        SIGNS[VitalSign(one.code)].name: f"{one.value} {SIGNS[VitalSign(one.code)].shown_unit}"
        for one in vitals.signs.measured
    }
    statement: dict[str, Any] = {"values": values, **record.when(vitals.recorded_at)}
    statement["complaint"] = vitals.signs.complaint
    if vitals.signs.consciousness is not None:
        statement["consciousness"] = vitals.signs.consciousness.value
    if vitals.news2_total is not None:
        statement["news2"] = vitals.news2_total
    shown = ", ".join(f"{name} {value}" for name, value in values.items())
    record.add("vital_signs", statement, f"Vital signs, {record.on(vitals.recorded_at)}: {shown}", mark)


def _add_visit(record: Record, chart: Chart) -> None:
    mark = record.mark("encounter", chart.encounter_id, "Visit", chart.started_at)
    statement: dict[str, Any] = {"reason": chart.reason, **record.when(chart.started_at)}
    statement["diagnoses"] = [one.display for one in chart.diagnoses]
    if chart.notes:
        text = chart.notes[-1].text
        parts = {
            "subjective": text.subjective,
            "objective": text.objective,
            "assessment": text.assessment,
            "plan": text.plan,
        }
        statement["note"] = {name: part[:MAX_TEXT] for name, part in parts.items() if part}
    diagnoses = "; ".join(statement["diagnoses"]) or "no diagnosis"
    record.add(
        "visits", statement, f"Visit, {record.on(chart.started_at)}: {chart.reason} – {diagnoses}", mark
    )
    for line in [*chart.prescriptions, *chart.earlier_prescriptions]:
        _add_medicine(record, line)


def _add_medicine(record: Record, line: MedicationRequestRow) -> None:
    listed = record.data.get("medicines", [])
    mark = record.mark("medicationrequest", line.id, line.product, line.authored_at)
    if len(listed) >= MAX_MEDICINES or any(one["source"] == mark for one in listed):
        return
    statement = {
        "medicine": line.product,
        "directions": line.directions,
        "status": line.status.value,
        **record.when(line.authored_at),
    }
    shown = f"{line.product}, {line.directions} ({line.status.value}), {record.on(line.authored_at)}"
    record.add("medicines", statement, shown, mark)


def _last_visits(work: Work, patient_id: PatientId) -> list[EncounterId]:
    return [row[0] for row in work.connection.execute(LAST_VISITS, (patient_id, MAX_VISITS)).fetchall()]


LAST_VISITS = """
select id from encounter where patient_id = %s and status <> 'entered-in-error'
order by started_at desc, id desc limit %s
"""
