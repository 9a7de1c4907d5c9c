"""The chart's rows as JSON in the words of the contract: one statement brings a whole banner or chart."""

from typing import LiteralString

# PostgreSQL writes the JSON and msgspec reads it into the contract's types: one round trip for nested rows.
BANNER_JSON: LiteralString = """
json_build_object(
    'patient_id', patient.id,
    'number', patient.number,
    'name', patient.name,
    'sex', patient.sex,
    'birth_date', patient.birth_date,
    'birth_precision', patient.birth_precision,
    'phone', coalesce(patient.phone, ''),
    'deceased', patient.deceased,
    'deceased_at', (select patient.deceased_on::timestamp at time zone time_zone from clinic),
    'allergy_status', coalesce(
        (select status from patient_allergy_status where patient_id = patient.id), 'not_asked'),
    'allergies', (
        select coalesce(json_agg(json_build_object(
            'id', id, 'substance', substance, 'allergen', allergen, 'criticality', criticality,
            'reaction', reaction, 'recorded_at', recorded_at
        ) order by criticality = 'high' desc, substance), '[]')
        from allergy_intolerance where patient_id = patient.id and status = 'active'),
    'problems', (
        select coalesce(json_agg(json_build_object(
            'id', id, 'code', code, 'display', display, 'encounter_id', encounter_id, 'onset', onset,
            'recorded_at', recorded_at, 'active', true
        ) order by recorded_at desc, id), '[]')
        from (
            select distinct on (coalesce(code, lower(display))) * from condition
            where patient_id = patient.id and clinical_status = 'active' and status = 'confirmed'
            order by coalesce(code, lower(display)), recorded_at desc, id desc
        ) as problem)
)
"""
"""Of a row `patient`; a problem that several visits named stands there once, as of the last time."""

NOTES_JSON: LiteralString = """
(select coalesce(json_agg(json_build_object(
    'version', note.version,
    'text', json_build_object('subjective', subjective, 'objective', objective, 'assessment', assessment,
        'plan', plan),
    'signed_at', signed_at,
    'signed_by', json_build_object('id', staff.id, 'name', staff.name),
    'reason', note.reason
 ) order by note.version), '[]')
 from note join staff on staff.id = note.signed_by where note.encounter_id = encounter.id)
"""

DIAGNOSES_JSON: LiteralString = """
(select coalesce(json_agg(json_build_object(
    'id', id, 'code', code, 'display', display, 'encounter_id', encounter_id, 'onset', onset,
    'recorded_at', recorded_at, 'active', clinical_status = 'active'
 ) order by id), '[]')
 from condition where encounter_id = encounter.id and status = 'confirmed')
"""

HISTORY_JSON: LiteralString = """
(select coalesce(json_agg(json_build_object(
    'id', past.id, 'started_at', past.started_at, 'kind', coalesce(nullif(past.type, ''), past.class),
    'reason', past.reason,
    'diagnoses', (select coalesce(json_agg(display order by id), '[]') from condition
        where encounter_id = past.id and status = 'confirmed'),
    'practitioner', (select json_build_object('id', id, 'name', name) from staff
        where id = past.practitioner_id)
 ) order by past.started_at desc, past.id desc), '[]')
 from (select * from encounter as each
    where each.patient_id = encounter.patient_id and each.id <> encounter.id
        and each.status <> 'entered-in-error'
    order by started_at desc, id desc limit %(history_limit)s) as past)
"""

HISTORY_TOTAL: LiteralString = """
(select count(*) from encounter as each
 where each.patient_id = encounter.patient_id and each.id <> encounter.id
    and each.status <> 'entered-in-error')
"""
