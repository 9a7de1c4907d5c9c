"""The whole chart of an encounter, prescriptions included."""

import msgspec

from hms_server.consultations.models import (
    BANNER_JSON,
    DIAGNOSES_JSON,
    HISTORY_JSON,
    HISTORY_TOTAL,
    NOTES_JSON,
)
from hms_server.contract.consultations import Chart, GetChart
from hms_server.faults import Refused
from hms_server.prescribing.models import PRESCRIPTION_JSON
from hms_server.work import Work

MAX_EARLIER_PRESCRIPTIONS = 100
MAX_HISTORY = 200


# A request of the consultations slice, answered here: this is the lowest slice that can see both the chart
# and the prescriptions on it.
def get_chart(work: Work, request: GetChart) -> Chart:
    """One encounter with banner, notes, prescriptions and the patient's past, in one statement."""
    params = {
        "encounter_id": request.encounter_id,
        "history_limit": min(max(request.history_limit, 0), MAX_HISTORY),
        "earlier_limit": MAX_EARLIER_PRESCRIPTIONS,
    }
    stored = work.value(CHART, params)
    if stored is None:
        raise unknown_encounter()
    chart = msgspec.json.decode(stored, type=Chart)
    work.concerns(chart.banner.patient_id)
    return chart


def unknown_encounter() -> Refused:
    return Refused("visits.encounter_unknown", "There is no such visit.", field="encounter_id")


CHART = f"""
select json_build_object(
    'banner', {BANNER_JSON},
    'encounter_id', encounter.id,
    'started_at', encounter.started_at,
    'reason', encounter.reason,
    'finished', encounter.status <> 'in-progress',
    'notes', {NOTES_JSON},
    'diagnoses', {DIAGNOSES_JSON},
    'prescriptions', (
        select coalesce(json_agg({PRESCRIPTION_JSON} order by medication_request.id), '[]')
        from medication_request
        where encounter_id = encounter.id and status <> 'entered-in-error'),
    'earlier_prescriptions', (
        select coalesce(json_agg({PRESCRIPTION_JSON} order by authored_at desc, medication_request.id), '[]')
        from (
            select * from medication_request
            where patient_id = encounter.patient_id and encounter_id is distinct from encounter.id
                and status <> 'entered-in-error'
            order by authored_at desc, id limit %(earlier_limit)s
        ) as medication_request),
    'history', {HISTORY_JSON},
    'history_total', {HISTORY_TOTAL}
)::text
from encounter join patient on patient.id = encounter.patient_id
where encounter.id = %(encounter_id)s
"""
