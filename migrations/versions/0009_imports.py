"""What imports have taken from which source, so that they can be repeated, and patients' other numbers."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(FHIR_RECORDS)
    op.execute(IDENTIFIERS)


# `digest` tells whether the source has changed the record since: what it has not changed is left alone, so
# that a repeated import never takes back what this clinic has corrected meanwhile.
FHIR_RECORDS = """
create table fhir_record (
    kind text not null,
    source_id text not null,
    digest bytea not null,
    patient_id bigint not null constraint fhir_record_patient references patient,
    imported_at timestamptz not null,
    primary key (kind, source_id)
);
create index fhir_record_of_patient on fhir_record (patient_id);
"""

IDENTIFIERS = """
create table patient_identifier (
    patient_id bigint not null constraint patient_identifier_patient references patient,
    system text not null,
    value text not null,
    type_code text not null default '',
    primary key (patient_id, system, value, type_code)
);
create index patient_identifier_value on patient_identifier (value);
"""
