"""The SQL of the import: every record is written once for its source id, and replaced when that changed."""

from typing import LiteralString

SOURCE = "fhir"

IMPORT_LOCK = "select pg_advisory_xact_lock(7301002)"
"""Two imports at once would both find a patient missing."""

KNOWN: LiteralString = """
select kind, source_id, digest, patient_id from fhir_record
where (kind, source_id) in (select * from unnest(%s::text[], %s::text[]))
"""

REMEMBER: LiteralString = """
insert into fhir_record (kind, source_id, digest, patient_id, imported_at)
values (%(kind)s, %(source_id)s, %(digest)s, %(patient_id)s, %(now)s)
on conflict (kind, source_id) do update
set (digest, patient_id, imported_at) = (excluded.digest, excluded.patient_id, excluded.imported_at)
"""

REMEMBER_IDENTIFIER: LiteralString = """
insert into patient_identifier (patient_id, system, value, type_code) values (%s, %s, %s, %s)
on conflict do nothing
"""

STORED_PATIENT: LiteralString = """
select family_name, given_names, sex, birth_date, birth_precision, phone, no_phone, national_id, address,
    next_of_kin_name, next_of_kin_phone, deceased, deceased_on, version, changed_by
from patient where id = %s for no key update
"""

ENCOUNTER_IDS: LiteralString = "select source_id, id from encounter where source = %s and source_id = any(%s)"

NONE_KNOWN: LiteralString = """
insert into patient_allergy_status (patient_id, status, at) values (%(patient_id)s, 'none_known', %(at)s)
on conflict (patient_id) do update set status = 'none_known', at = excluded.at, by = null
    where patient_allergy_status.status = 'not_asked' and patient_allergy_status.at < excluded.at
"""


def _upsert(table: LiteralString, columns: tuple[LiteralString, ...]) -> LiteralString:
    names: LiteralString = ", ".join(columns)
    values: LiteralString = ", ".join(f"%({name})s" for name in columns)
    renewed: LiteralString = ", ".join(f"excluded.{name}" for name in columns)
    return (
        f"insert into {table} ({names}, source, source_id) values ({values}, 'fhir', %(source_id)s)"
        " on conflict (source, source_id) where source_id is not null"
        f" do update set ({names}) = ({renewed})"
    )


STORE_ENCOUNTER = _upsert(
    "encounter",
    ("patient_id", "status", "class", "type", "reason", "started_at", "ended_at", "end_reason"),
)
STORE_ALLERGY = _upsert(
    "allergy_intolerance",
    ("patient_id", "substance", "allergen", "criticality", "reaction", "recorded_at", "status", "reason"),
)
STORE_CONDITION = _upsert(
    "condition",
    (
        "patient_id", "encounter_id", "code", "display", "clinical_status", "onset", "abated",
        "recorded_at", "status",
    ),
)  # fmt: skip
STORE_MEDICATION = _upsert(
    "medication_request",
    (
        "patient_id", "encounter_id", "product_text", "instructions", "directions", "status",
        "authored_at", "stopped_reason",
    ),
)  # fmt: skip
STORE_OBSERVATION = _upsert(
    "observation",
    (
        "patient_id", "encounter_id", "code", "display", "value", "value_text", "unit", "effective_at",
        "status",
    ),
)  # fmt: skip

TELL: LiteralString = """
insert into event (name, audience, at, body)
select name, audience, %(now)s, body
from unnest(%(names)s::text[], %(audiences)s::text[], %(bodies)s::bytea[]) as told (name, audience, body)
"""
