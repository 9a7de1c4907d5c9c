"""What a patient has agreed to: every decision is kept, the last one counts."""

from dataclasses import dataclass
from datetime import datetime

from hms_server.contract.patients import (
    ConsentChanged,
    ConsentDecision,
    ConsentHow,
    ConsentRow,
    Consents,
    ConsentScope,
    GetConsents,
    RecordConsent,
)
from hms_server.contract.values import Moment, PatientId, Person, StaffId
from hms_server.patients.queries import unknown_patient
from hms_server.permissions import Permission
from hms_server.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decision:
    """A row of the history."""

    scope: str
    decision: str
    how: str
    at: datetime
    staff_id: StaffId
    staff_name: str

    def row(self) -> ConsentRow:
        return ConsentRow(
            scope=ConsentScope(self.scope),
            decision=ConsentDecision(self.decision),
            how=ConsentHow(self.how),
            written=Moment(self.at, Person(self.staff_id, self.staff_name)),
        )


def get_consents(work: Work, request: GetConsents) -> Consents:
    """What the patient has said so far."""
    work.concerns(request.patient_id)
    if not work.value("select exists (select from patient where id = %s)", (request.patient_id,)):
        raise unknown_patient()
    return _consents(work, request.patient_id)


def record_consent(work: Work, request: RecordConsent) -> Consents:
    """Adds a decision of the patient, as told to whoever is signed in."""
    work.concerns(request.patient_id)
    work.send(
        RECORD,
        {
            "patient_id": request.patient_id,
            "scope": request.scope,
            "decision": request.decision,
            "how": request.how,
            "now": work.now,
            "by": work.actor.person.id,
        },
    )
    work.emit(
        ConsentChanged(patient_id=request.patient_id, scope=request.scope, decision=request.decision),
        audience=Permission.PATIENT_READ,
    )
    return _consents(work, request.patient_id)


def has_consent(work: Work, patient_id: PatientId, scope: ConsentScope) -> bool:
    """Whether the patient agrees now; somebody who was never asked does not."""
    decision = work.value(LAST_DECISION, (patient_id, scope))
    return bool(decision == ConsentDecision.GIVEN)


def _consents(work: Work, patient_id: PatientId) -> Consents:
    history = [decision.row() for decision in work.rows(_Decision, HISTORY, (patient_id,))]
    last: dict[ConsentScope, ConsentRow] = {}
    for row in history:
        last.setdefault(row.scope, row)
    current = [last[scope] for scope in ConsentScope if scope in last]
    return Consents(patient_id=patient_id, current=current, history=history)


RECORD = """
insert into patient_consent (patient_id, scope, decision, how, at, staff_id)
values (%(patient_id)s, %(scope)s, %(decision)s, %(how)s, %(now)s, %(by)s)
"""

LAST_DECISION = """
select decision from patient_consent where patient_id = %s and scope = %s order by id desc limit 1
"""

HISTORY = """
select scope, decision, how, at, staff_id, staff.name as staff_name
from patient_consent join staff on staff.id = staff_id
where patient_id = %s order by patient_consent.id desc
"""
