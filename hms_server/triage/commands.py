"""Recording vital signs with all that follows from them at once: score, rank, next queue and alert."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import psycopg

from hms_server.contract.accounts import Nothing
from hms_server.contract.envelope import Fault
from hms_server.contract.news2 import Score, score
from hms_server.contract.priority import QueuePriority
from hms_server.contract.triage import (
    AcknowledgeAlert,
    AlertAcknowledged,
    RecordVitals,
    VitalSet,
    VitalSignsRecorded,
    VitalsRecorded,
)
from hms_server.contract.values import AlertId, StaffId
from hms_server.contract.visits import TicketRow
from hms_server.contract.vitals import SIGNS, VitalSign
from hms_server.faults import Refused
from hms_server.permissions import Permission
from hms_server.triage.models import Subject, told
from hms_server.triage.rules import AlertWords, Verdict, accepted_values, patience, verdict
from hms_server.visits.commands import send_on
from hms_server.visits.ranking import raise_priority
from hms_server.work import Work

FAULTS_BY_CONSTRAINT: dict[str, Fault] = {
    "vital_signs_complaint": Fault(
        code="triage.complaint_long",
        message="The complaint has at most 2,000 characters.",
        field="complaint",
    ),
}
NO_ALERT = AlertWords(kind="", title="", detail="", critical=False)


def record_vitals(work: Work, request: RecordVitals) -> VitalsRecorded:
    """Stores a set as measured, scores it, moves the patient up and on, and alerts a doctor where needed.

    The alert goes to the doctor whom the patient is sent to, or whose visit it is, or to all doctors.
    """
    subject = _subject(work, request)
    work.concerns(subject.patient_id)
    values = accepted_values(request.signs, age_months=subject.age_months, confirmed=request.confirmed)
    _refuse_nothing(values, request)
    scored = score(request.signs, age_months=subject.age_months)
    found = verdict(request.signs, scored, age_months=subject.age_months, urgency=request.urgency)
    practitioner_id = request.practitioner_id or subject.practitioner_id
    params = _params(work, request, values, scored) | _alert_params(work, found, practitioner_id)
    # The set and the ticket go to the database together; both answers are fetched after that.
    stored = work.connection.execute(STORE, params)
    ticket = _move(work, request, found)
    set_id, alert_id = _ids(stored)
    _tell(work, request, subject, alert_id, practitioner_id)
    vitals = VitalSet(
        id=set_id,
        encounter_id=request.encounter_id,
        recorded_at=work.now,
        recorded_by=work.actor.person,
        signs=request.signs,
        news2_total=scored.total,
        news2_state=scored.state,
        risk=scored.risk,
    )
    return VitalsRecorded(vitals=vitals, ticket=ticket, alert_id=alert_id)


def acknowledge_alert(work: Work, request: AcknowledgeAlert) -> Nothing:
    """Somebody has taken the alert on; it moves no further. The second person learns who was faster."""
    params = {"id": request.alert_id, "now": work.now, "by": work.actor.staff_id}
    patient_id = work.value(ACKNOWLEDGE, params)
    if patient_id is None:
        return _acknowledged_before(work, request.alert_id)
    work.concerns(patient_id)
    work.emit(AlertAcknowledged(alert_id=request.alert_id), audience=Permission.ALERTS)
    return Nothing()


def _subject(work: Work, request: RecordVitals) -> Subject:
    params = {"encounter_id": request.encounter_id, "now": work.now}
    subject = work.one(Subject, SUBJECT, params)
    if subject is None:
        raise Refused("visits.encounter_unknown", "There is no such visit.", field="encounter_id")
    if subject.ended:
        raise _ended(subject.patient_name)
    return subject


def _ended(patient_name: str) -> Refused:
    return Refused(
        "visits.encounter_ended",
        f"This visit of {patient_name} has ended. Check the patient in again to record vital signs.",
        field="encounter_id",
    )


def _refuse_nothing(values: Mapping[VitalSign, Decimal], request: RecordVitals) -> None:
    """A nurse who says that somebody is urgent need not measure anything first."""
    signs, urgency = request.signs, request.urgency
    is_urgent = urgency is not None and urgency < QueuePriority.ROUTINE
    if not is_urgent and not values and signs.consciousness is None and not signs.complaint.strip():
        raise Refused("triage.nothing_measured", "Enter at least one value.", field="measured")


def _move(work: Work, request: RecordVitals, found: Verdict) -> TicketRow | None:
    if request.send_to is None:
        return raise_priority(work, request.encounter_id, priority=found.priority, note=found.note)
    return send_on(
        work,
        request.ticket_id,
        encounter_id=request.encounter_id,
        service=request.send_to,
        practitioner_id=request.practitioner_id,
        priority=found.priority,
        note=found.note,
    )


def _ids(stored: psycopg.Cursor[Any]) -> tuple[int, AlertId | None]:
    row = stored.fetchone()
    if row is None:
        raise Refused(
            "visits.encounter_ended",
            "This visit has ended a moment ago. Check the patient in again to record vital signs.",
            field="encounter_id",
        )
    return row[0], row[1]


def _tell(
    work: Work,
    request: RecordVitals,
    subject: Subject,
    alert_id: AlertId | None,
    practitioner_id: StaffId | None,
) -> None:
    recorded = VitalSignsRecorded(patient_id=subject.patient_id, encounter_id=request.encounter_id)
    work.emit(recorded, audience=Permission.CHART_READ)
    if alert_id is not None:
        raised = told(alert_id, 0, practitioner_id=practitioner_id)
        work.emit(raised.event, audience=raised.audience, staff_id=raised.staff_id)


def _params(
    work: Work, request: RecordVitals, values: Mapping[VitalSign, Decimal], scored: Score
) -> dict[str, Any]:
    signs = request.signs
    return {
        "encounter_id": request.encounter_id,
        "now": work.now,
        "by": work.actor.staff_id,
        "consciousness": signs.consciousness,
        "on_oxygen": signs.on_oxygen,
        "spo2_scale": signs.spo2_scale,
        "pregnant": signs.pregnant,
        "complaint": signs.complaint.strip(),
        "total": scored.total,
        "state": scored.state,
        "risk": scored.risk,
        "codes": list(values),
        "displays": [SIGNS[sign].name for sign in values],
        "units": [SIGNS[sign].unit for sign in values],
        "values": list(values.values()),
    }


def _alert_params(work: Work, found: Verdict, practitioner_id: StaffId | None) -> dict[str, Any]:
    """One statement stores the set with or without an alert: it is prepared once."""
    alert = found.alert or NO_ALERT
    return {
        "alerts": found.alert is not None,
        "kind": alert.kind,
        "title": alert.title,
        "detail": alert.detail,
        "critical": alert.critical,
        "escalates_at": work.now + patience(critical=alert.critical),
        "practitioner_id": practitioner_id,
    }


def _acknowledged_before(work: Work, alert_id: AlertId) -> Nothing:
    row = work.connection.execute(WHO_WAS_FASTER, (alert_id,)).fetchone()
    if row is None:
        raise Refused("triage.alert_unknown", "There is no such alert.", field="alert_id")
    staff_id, name, clock_time, patient_id = row
    work.concerns(patient_id)
    if staff_id == work.actor.staff_id:
        return Nothing()
    raise Refused(
        "triage.already_acknowledged",
        f"{name} has taken this alert on at {clock_time}.",
        field="alert_id",
        data={"by": name},
    )


SUBJECT = """
select patient.id as patient_id, patient.name as patient_name, encounter.practitioner_id,
    age_months(birth_date, (%(now)s at time zone clinic.time_zone)::date) as age_months,
    encounter.status <> 'in-progress' as ended
from encounter join patient on patient.id = patient_id cross join clinic
where encounter.id = %(encounter_id)s
"""

# The visit cannot be signed between this and the commit: what a doctor has signed gets no further values.
STORE = """
with subject as (
    select id, patient_id from encounter
    where id = %(encounter_id)s and status = 'in-progress'
    for share
), stored as (
    insert into vital_signs (encounter_id, patient_id, recorded_at, recorded_by, consciousness, on_oxygen,
        spo2_scale, pregnant, complaint, news2_total, news2_state, risk)
    select id, patient_id, %(now)s, %(by)s, %(consciousness)s, %(on_oxygen)s, %(spo2_scale)s, %(pregnant)s,
        %(complaint)s, %(total)s, %(state)s, %(risk)s
    from subject
    returning id, patient_id
), measured as (
    insert into observation (patient_id, encounter_id, vital_signs_id, code, display, value, unit,
        effective_at)
    select patient_id, %(encounter_id)s, stored.id, code, display, value, unit, %(now)s
    from stored cross join unnest(
        %(codes)s::text[], %(displays)s::text[], %(values)s::numeric[], %(units)s::text[]
    ) with ordinality as given (code, display, value, unit, place)
    order by place
), alerted as (
    insert into alert (patient_id, encounter_id, kind, title, detail, critical, raised_at, escalates_at,
        practitioner_id)
    select patient_id, %(encounter_id)s, %(kind)s, %(title)s, %(detail)s, %(critical)s, %(now)s,
        %(escalates_at)s, %(practitioner_id)s
    from stored where %(alerts)s
    returning id
)
select stored.id, (select id from alerted) from stored
"""

ACKNOWLEDGE = """
update alert set acknowledged_at = %(now)s, acknowledged_by = %(by)s, escalates_at = null
where id = %(id)s and acknowledged_at is null
returning patient_id
"""

WHO_WAS_FASTER = """
select acknowledged_by, staff.name,
    to_char(acknowledged_at at time zone clinic.time_zone, 'HH24:MI'), patient_id
from alert join staff on staff.id = acknowledged_by cross join clinic
where alert.id = %s
"""
