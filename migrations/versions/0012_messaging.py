"""Consent, templates and messages with their delivery."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(PATIENTS)
    op.execute(CONSENTS)
    op.execute(TEMPLATES)
    op.execute(MESSAGES)


PATIENTS = """
alter table patient
    add column email text constraint patient_email check (length(email) between 3 and 254),
    add column language text constraint patient_language check (language ~ '^[a-z]{2,3}$');
"""

# A decision is never changed: a patient who thinks again adds one, and it stays provable what held when.
CONSENTS = """
create table patient_consent (
    id bigint generated always as identity primary key,
    patient_id bigint not null constraint patient_consent_patient references patient,
    scope text not null,
    decision text not null,
    how text not null,
    at timestamptz not null,
    staff_id bigint not null,
    constraint patient_consent_scope check (scope in ('messages', 'assistant', 'saved_card')),
    constraint patient_consent_decision check (decision in ('given', 'withdrawn')),
    constraint patient_consent_how check (how in ('spoken', 'written', 'phone'))
);
create index patient_consent_last on patient_consent (patient_id, scope, id desc);
create trigger patient_consent_append_only before update or delete on patient_consent
    for each row execute function refuse_change();
"""

# What is shipped stands in files; a row here is the clinic's own wording, or a language that it has added.
TEMPLATES = """
create table message_template (
    name text not null,
    language text not null,
    subject text not null,
    text text not null,
    changed_at timestamptz not null,
    changed_by bigint not null,
    primary key (name, language),
    constraint message_template_language check (language ~ '^[a-z]{2,3}$'),
    constraint message_template_subject check (length(subject) between 1 and 120),
    constraint message_template_text check (length(text) between 1 and 1000)
);
create table messaging_settings (
    only_one boolean primary key default true check (only_one),
    quiet_from time not null default '21:00',
    quiet_until time not null default '07:00',
    country text constraint messaging_settings_country check (country ~ '^[A-Z]{2}$'),
    language text not null default 'en'
        constraint messaging_settings_language check (language ~ '^[a-z]{2,3}$')
);
insert into messaging_settings default values;
"""

# Address, subject and text are sealed together; `shown_to` is the address with most of it hidden. `lost_at`
# is set when an answer got lost: from then on nothing is sent before the provider was asked what it has.
MESSAGES = """
create table message (
    id bigint generated always as identity primary key,
    reference uuid not null unique,
    patient_id bigint not null constraint message_patient references patient,
    template text not null,
    language text not null,
    about text not null default '',
    channel text,
    destination text,
    typed boolean not null,
    urgent boolean not null,
    shown_to text not null default '',
    sealed bytea not null,
    segments int not null default 0,
    state text not null,
    why text not null default '',
    asked_at timestamptz not null,
    asked_by bigint,
    since timestamptz not null,
    send_at timestamptz,
    useless_after timestamptz,
    lost_at timestamptz,
    provider_id text,
    again_of bigint references message,
    constraint message_channel check (channel in ('sms', 'email')),
    constraint message_state check
        (state in ('queued', 'sent', 'delivered', 'failed', 'uncertain', 'not_sent')),
    constraint message_has_a_way check
        (state = 'not_sent' or (channel is not null and destination is not null)),
    constraint message_says_why check (why <> '' or state in ('queued', 'sent', 'delivered')),
    constraint message_again_once unique (again_of),
    constraint message_provider_once unique (destination, provider_id)
);
create index message_of_patient on message (patient_id, id desc);
create index message_in_state on message (state, since desc);
create index message_recent on message (since desc);
create index message_to on message (shown_to);
create index message_about on message (about) where about <> '' and state = 'queued';
"""
