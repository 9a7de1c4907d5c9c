"""The charts of the past visits, and what was handed over; a visit is open while its chart is written."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg

from hms_server.contract.vitals import SIGNS, VitalSign
from hms_server.demo.history import Given, Visit
from hms_server.demo.writing import Rows, StaffOfThePast, continue_ids, copy_rows

_HEALED_AFTER = timedelta(days=10)
_ELSEWHERE = "Bought at another pharmacy"

Numbered = Sequence[tuple[int, Visit]]
Lines = Sequence[tuple[int, int, Visit, Given]]
"""Number of the line, number of its visit, the visit, the line."""


def numbered(visits: Sequence[Visit]) -> Numbered:
    """A visit's number is also that of its set of vital signs, its handover and its invoice."""
    return list(enumerate(visits, start=1))


def lines_of(visits: Numbered) -> Lines:
    """A line's number is that of the prescription and of what was dispensed for it."""
    all_lines = ((number, visit, given) for number, visit in visits for given in visit.lines)
    return [(line, number, visit, given) for line, (number, visit, given) in enumerate(all_lines, start=1)]


def write_charts(
    connection: psycopg.Connection[Any], visits: Numbered, *, staff: StaffOfThePast, now: datetime
) -> None:
    """Encounters with all that was measured, found, prescribed and written; then they are signed."""
    lines = lines_of(visits)
    copy_rows(connection, "encounter", ENCOUNTER, _encounters(visits))
    copy_rows(connection, "vital_signs", VITAL_SIGNS, _sets(visits, staff))
    copy_rows(connection, "observation", OBSERVATION, _observations(visits))
    copy_rows(connection, "condition", CONDITION, _conditions(visits, now))
    copy_rows(connection, "medication_request", MEDICATION_REQUEST, _prescribed(lines))
    copy_rows(connection, "note", NOTE, _notes(visits))
    numbers = [number for number, _ in visits]
    connection.execute(SIGN, (numbers, [each.signed_at for _, each in visits]))
    patients = [each.patient.id for _, each in visits]
    connection.execute(SEEN, (patients, [each.started_at for _, each in visits]))
    continue_ids(connection, "encounter", "vital_signs", "medication_request")


def write_handovers(connection: psycopg.Connection[Any], visits: Numbered, *, staff: StaffOfThePast) -> None:
    """What went over the counter, from which batches; the ledger's trigger empties them."""
    by = staff.pharmacist
    lines = [line for line in lines_of(visits) if line[3].taken]
    handed = {number: visit for _, number, visit, _ in lines}
    copy_rows(
        connection,
        "handover",
        ("id", "encounter_id", "patient_id", "at", "staff_id"),
        ((number, number, each.patient.id, each.handed_at, by) for number, each in handed.items()),
    )
    copy_rows(
        connection,
        "medication_dispense",
        ("id", "handover_id", "medication_request_id", "quantity"),
        ((line, number, line, given.quantity) for line, number, _, given in lines),
    )
    copy_rows(
        connection,
        "stock_movement",
        ("batch_id", "quantity", "kind", "at", "staff_id", "dispense_id"),
        (
            (batch, -part, "dispensed", visit.handed_at, by, line)
            for line, _, visit, given in lines
            for batch, part in given.taken
        ),
    )
    continue_ids(connection, "handover", "medication_dispense")


def _encounters(visits: Numbered) -> Rows:
    for number, each in visits:
        yield number, each.patient.id, each.scenario.reason, each.started_at, each.doctor


def _sets(visits: Numbered, staff: StaffOfThePast) -> Rows:
    for number, each in visits:
        signs, scored = each.signs, each.scored
        yield (
            number, number, each.patient.id, each.measured_at, staff.nurse, signs.consciousness,
            signs.on_oxygen, signs.spo2_scale, signs.complaint, scored.total, scored.state, scored.risk,
        )  # fmt: skip


def _observations(visits: Numbered) -> Rows:
    for number, each in visits:
        for measured in each.signs.measured:
            facts = SIGNS[VitalSign(measured.code)]
            yield (
                each.patient.id, number, number, str(measured.code), facts.name, measured.value, facts.unit,
                each.measured_at,
            )  # fmt: skip


def _conditions(visits: Numbered, now: datetime) -> Rows:
    for number, each in visits:
        healed = each.signed_at + _HEALED_AFTER
        over = not each.scenario.chronic and healed < now
        yield (
            each.patient.id, number, each.scenario.code, each.scenario.display,
            "resolved" if over else "active", healed.date() if over else None, each.signed_at, each.doctor,
        )  # fmt: skip


def _prescribed(lines: Lines) -> Rows:
    for line, number, visit, given in lines:
        dosage, taken = given.dosage, bool(given.taken)
        yield (
            line, number, visit.patient.id, given.product.id, given.product.label, dosage.dose,
            dosage.frequency.code, dosage.days, given.quantity, given.quantity if taken else 0,
            given.directions, "completed" if taken else "stopped", visit.doctor, visit.signed_at,
            None if taken else visit.handed_at, "" if taken else _ELSEWHERE,
        )  # fmt: skip


def _notes(visits: Numbered) -> Rows:
    for number, each in visits:
        text = each.scenario.text
        yield (
            number,
            1,
            text.subjective,
            text.objective,
            text.assessment,
            text.plan,
            each.signed_at,
            each.doctor,
        )


ENCOUNTER = ("id", "patient_id", "reason", "started_at", "practitioner_id")
VITAL_SIGNS = (
    "id", "encounter_id", "patient_id", "recorded_at", "recorded_by", "consciousness", "on_oxygen",
    "spo2_scale", "complaint", "news2_total", "news2_state", "risk",
)  # fmt: skip
OBSERVATION = (
    "patient_id", "encounter_id", "vital_signs_id", "code", "display", "value", "unit", "effective_at",
)  # fmt: skip
CONDITION = (
    "patient_id", "encounter_id", "code", "display", "clinical_status", "abated", "recorded_at",
    "recorded_by",
)  # fmt: skip
MEDICATION_REQUEST = (
    "id", "encounter_id", "patient_id", "product_id", "product_text", "dose", "frequency", "days",
    "quantity", "dispensed", "directions", "status", "prescriber_id", "authored_at", "stopped_at",
    "stopped_reason",
)  # fmt: skip
NOTE = (
    "encounter_id", "version", "subjective", "objective", "assessment", "plan", "signed_at", "signed_by",
)  # fmt: skip

SIGN = """
update encounter set status = 'finished', ended_at = signed.at, version = version + 1
from unnest(%s::bigint[], %s::timestamptz[]) as signed (id, at) where encounter.id = signed.id
"""
SEEN = """
insert into patient_seen (patient_id, seen_at, words)
select patient_id, max(at), words
from unnest(%s::bigint[], %s::timestamptz[]) as here (patient_id, at) join patient_search using (patient_id)
group by patient_id, words
"""
