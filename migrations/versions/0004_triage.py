"""Vital signs and other observations, the score of a set, and the alerts that follow from it."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(VITAL_SIGNS)
    op.execute(OBSERVATIONS)
    op.execute(ALERTS)


# Whoever recorded or raised something is kept as a plain number: staff are never deleted, and a foreign key
# would lock the row of a busy nurse in every transaction.
VITAL_SIGNS = """
create table vital_signs (
    id bigint generated always as identity primary key,
    encounter_id bigint not null constraint vital_signs_encounter references encounter,
    patient_id bigint not null constraint vital_signs_patient references patient,
    recorded_at timestamptz not null,
    recorded_by bigint,
    consciousness text,
    on_oxygen boolean,
    spo2_scale int not null,
    pregnant boolean,
    complaint text not null default '',
    news2_total int,
    news2_state text not null,
    risk text,
    status text not null default 'final',
    version int not null default 1,
    constraint vital_signs_consciousness check
        (consciousness in ('alert', 'confused', 'voice', 'pain', 'unresponsive')),
    constraint vital_signs_scale check (spo2_scale in (1, 2)),
    constraint vital_signs_complaint check (length(complaint) <= 2000),
    constraint vital_signs_total check (news2_total between 0 and 20),
    constraint vital_signs_state check (news2_state in ('complete', 'incomplete', 'not_applicable')),
    constraint vital_signs_complete check ((news2_state = 'complete') = (news2_total is not null)),
    constraint vital_signs_risk check (risk in ('low', 'low_medium', 'medium', 'high')),
    constraint vital_signs_status check (status in ('final', 'entered-in-error'))
);
create index vital_signs_of_patient on vital_signs (patient_id, recorded_at desc);
create index vital_signs_of_encounter on vital_signs (encounter_id);
"""

# Imported observations stand in the same table: one trend shows all. `value` is exactly as given.
OBSERVATIONS = """
create table observation (
    id bigint generated always as identity primary key,
    patient_id bigint not null constraint observation_patient references patient,
    encounter_id bigint constraint observation_encounter references encounter,
    vital_signs_id bigint constraint observation_vital_signs references vital_signs,
    code text not null,
    display text not null default '',
    value numeric,
    value_text text,
    unit text not null default '',
    effective_at timestamptz not null,
    status text not null default 'final',
    source text,
    source_id text,
    constraint observation_code check (code <> '')
);
create unique index observation_source on observation (source, source_id) where source_id is not null;
create index observation_of_patient on observation (patient_id, code, effective_at desc);
create index observation_of_set on observation (vital_signs_id) where vital_signs_id is not null;
create index observation_of_encounter on observation (encounter_id) where encounter_id is not null;
"""

# `kind` says what raised it; the laboratory will add its own. `escalates_at` is null once it is acknowledged.
ALERTS = """
create table alert (
    id bigint generated always as identity primary key,
    patient_id bigint not null constraint alert_patient references patient,
    encounter_id bigint not null constraint alert_encounter references encounter,
    kind text not null,
    title text not null,
    detail text not null,
    critical boolean not null,
    raised_at timestamptz not null,
    practitioner_id bigint constraint alert_practitioner references staff,
    level int not null default 0,
    escalates_at timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by bigint constraint alert_acknowledged_by references staff,
    constraint alert_level check (level >= 0),
    constraint alert_acknowledged check ((acknowledged_at is null) = (acknowledged_by is null)),
    constraint alert_ends check (acknowledged_at is null or escalates_at is null)
);
create index alert_open on alert (escalates_at) where acknowledged_at is null;
create index alert_recent on alert (acknowledged_at) where acknowledged_at is not null;
create index alert_of_patient on alert (patient_id);
create index alert_of_encounter on alert (encounter_id);
"""
