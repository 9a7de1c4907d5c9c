"""The trends of a patient's vital signs, and the alerts that concern whoever asks."""

from collections import defaultdict
from datetime import timedelta

from hms_server.contract.triage import Alerts, GetVitals, ListAlerts, Measured, Reading, VitalsHistory
from hms_server.contract.vitals import VitalSign
from hms_server.permissions import Permission
from hms_server.triage.models import StoredAlert, StoredSet, StoredValue
from hms_server.triage.rules import DOCTORS_FROM_LEVEL, EVERYBODY_FROM_LEVEL
from hms_server.work import Work

MOST_SETS = 100
ACKNOWLEDGED_SHOWN = timedelta(hours=8)
SATURATION_BY_BLOOD_GAS = "2708-6"
"""The FHIR vital-signs profile gives this LOINC code to pulse oximetry too, beside or instead of its own."""


def get_vitals(work: Work, request: GetVitals) -> VitalsHistory:
    """The last sets as they were scored, and the last readings of every sign from whatever source."""
    work.concerns(request.patient_id)
    params = {
        "patient_id": request.patient_id,
        "limit": min(max(request.limit, 1), MOST_SETS),
        "codes": [*VitalSign],
        "spo2": VitalSign.SPO2,
        "blood_gas": SATURATION_BY_BLOOD_GAS,
    }
    sets = work.rows(StoredSet, SETS, params)
    values: defaultdict[int, list[Measured]] = defaultdict(list)
    for one in work.rows(StoredValue, VALUES, ([each.id for each in sets],)):
        values[one.vital_signs_id].append(Measured(code=one.code, value=one.value))
    return VitalsHistory(
        sets=[each.with_values(values[each.id]) for each in sets],
        readings=work.rows(Reading, READINGS, params),
    )


def list_alerts(work: Work, _request: ListAlerts) -> Alerts:
    """Open ones first, the critical before the others; the same for each person as the events told them.

    An alert for one doctor is that doctor's until it moves on; then it is shown to all doctors, and at last
    to nurses too.
    """
    params = {
        "by": work.actor.staff_id,
        "is_doctor": Permission.CHART_WRITE in work.actor.permissions,
        "doctors_from": DOCTORS_FROM_LEVEL,
        "everybody_from": EVERYBODY_FROM_LEVEL,
        "since": work.now - ACKNOWLEDGED_SHOWN,
    }
    alerts = work.rows(StoredAlert, ALERTS, params)
    work.concerns(*(alert.patient_id for alert in alerts))
    return Alerts([alert.row() for alert in alerts])


SETS = """
select vital_signs.id, encounter_id, recorded_at, recorded_by, staff.name as recorded_by_name, consciousness,
    on_oxygen, spo2_scale, pregnant, complaint, news2_total, news2_state, risk
from vital_signs left join staff on staff.id = recorded_by
where patient_id = %(patient_id)s and status = 'final'
order by recorded_at desc, vital_signs.id desc limit %(limit)s
"""

VALUES = """
select vital_signs_id, code, value from observation
where vital_signs_id = any (%s::bigint[]) order by vital_signs_id, id
"""

READINGS = """
select wanted.code, reading.value, reading.unit, reading.effective_at as at
from unnest(%(codes)s::text[]) as wanted (code) cross join lateral (
    select id, value, unit, effective_at from observation
    where patient_id = %(patient_id)s
        and code = any (case wanted.code when %(spo2)s then array[wanted.code, %(blood_gas)s]
            else array[wanted.code] end)
        and value is not null and status <> 'entered-in-error'
    order by effective_at desc, id desc limit %(limit)s
) as reading
order by reading.effective_at desc, reading.id desc
"""

ALERTS = """
select alert.id, encounter_id, title, detail, critical, raised_at, escalates_at, level, acknowledged_at,
    practitioner_id, practitioner.name as practitioner_name,
    acknowledged_by, acknowledging.name as acknowledged_by_name,
    patient.id as patient_id, number, patient.name, sex, birth_date, birth_precision, deceased
from alert
join patient_header as patient on patient.id = patient_id
left join staff as practitioner on practitioner.id = practitioner_id
left join staff as acknowledging on acknowledging.id = acknowledged_by
where (acknowledged_at is null or acknowledged_at >= %(since)s)
    and (level >= %(everybody_from)s or practitioner_id = %(by)s
        or (%(is_doctor)s and (level >= %(doctors_from)s or practitioner_id is null)))
order by acknowledged_at is not null, acknowledged_at desc, critical desc, raised_at desc, alert.id desc
"""
