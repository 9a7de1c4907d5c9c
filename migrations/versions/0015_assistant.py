"""Conversations with the assistant, what was sent outside, what was accepted, and what it cost."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(POLICY)
    op.execute(CONVERSATIONS)
    op.execute(SENT)
    op.execute(PROPOSALS)
    op.execute(USAGE)
    op.execute(INTERVIEWS)


# Off until the administrator switches it on; a limit of 0 is none.
POLICY = """
create table assistant_policy (
    only_one boolean primary key default true check (only_one),
    enabled boolean not null default false,
    person_limit bigint not null default 200000,
    clinic_limit bigint not null default 2000000,
    changed_at timestamptz,
    changed_by bigint,
    constraint assistant_limits check (person_limit >= 0 and clinic_limit >= 0)
);
insert into assistant_policy default values;
"""

# Every text is sealed, bound to the random `binding` of its row, so that no row's text opens as another's.
# `memory` are the pseudonyms of the conversation. Of an answer `session_id` and `device_id` say where it was
# asked: the functions run as that session, and no longer than it.
CONVERSATIONS = """
create table assistant_conversation (
    id bigint generated always as identity primary key,
    binding uuid not null,
    staff_id bigint not null constraint assistant_conversation_staff references staff,
    patient_id bigint constraint assistant_conversation_patient references patient,
    started_at timestamptz not null,
    last_at timestamptz not null,
    title bytea not null,
    memory bytea
);
create index assistant_conversation_of on assistant_conversation (staff_id, last_at desc);

create table assistant_message (
    id bigint generated always as identity primary key,
    binding uuid not null,
    conversation_id bigint not null
        constraint assistant_message_conversation references assistant_conversation on delete cascade,
    answers bigint constraint assistant_message_answers references assistant_message on delete cascade
        constraint assistant_one_answer unique,
    at timestamptz not null,
    patient_id bigint constraint assistant_message_patient references patient,
    about text not null default '',
    state text,
    attempt int not null default 1,
    parked boolean not null default false,
    from_cache boolean not null default false,
    session_id bigint,
    device_id bigint,
    characters int not null default 0,
    rounds int not null default 0,
    body bytea not null,
    constraint assistant_message_state check ((state is null) = (answers is null) and state in
        ('waiting', 'writing', 'done', 'stopped', 'broken_off', 'failed', 'unsent', 'parked', 'dropped'))
);
create index assistant_message_of on assistant_message (conversation_id, id);
create unique index assistant_one_at_a_time on assistant_message (conversation_id)
    where state in ('waiting', 'writing', 'parked', 'unsent');

create table assistant_conversation_patient (
    conversation_id bigint not null
        constraint assistant_spoken_conversation references assistant_conversation on delete cascade,
    patient_id bigint not null constraint assistant_spoken_patient references patient,
    primary key (conversation_id, patient_id)
);
"""

# Exactly what left, stored before it leaves.
SENT = """
create table assistant_sent (
    message_id bigint not null
        constraint assistant_sent_message references assistant_message on delete cascade,
    round int not null,
    at timestamptz not null,
    address text not null,
    body bytea not null,
    primary key (message_id, round)
);
"""

# A document is what a person has accepted; it outlives the conversation, and is never changed.
PROPOSALS = """
create table assistant_proposal (
    id bigint generated always as identity primary key,
    binding uuid not null,
    staff_id bigint not null,
    message_id bigint constraint assistant_proposal_message references assistant_message on delete set null,
    patient_id bigint not null constraint assistant_proposal_patient references patient,
    kind text not null constraint assistant_proposal_kind
        check (kind in ('appointment', 'referral', 'letter', 'report', 'education')),
    state text not null default 'open'
        constraint assistant_proposal_state check (state in ('open', 'accepted', 'dismissed')),
    at timestamptz not null,
    decided_at timestamptz,
    body bytea not null,
    constraint assistant_proposal_decided check ((state = 'open') = (decided_at is null))
);
create table assistant_document (
    id bigint generated always as identity primary key,
    binding uuid not null,
    proposal_id bigint not null constraint assistant_document_proposal references assistant_proposal
        constraint assistant_accepted_once unique,
    patient_id bigint not null constraint assistant_document_patient references patient,
    kind text not null,
    accepted_at timestamptz not null,
    accepted_by bigint not null,
    body bytea not null
);
create index assistant_document_of on assistant_document (patient_id, accepted_at desc);
create trigger assistant_document_append_only before update or delete on assistant_document
    for each row execute function refuse_change();
"""

# `key` is a keyed fingerprint of question, role, model and manual; only what names nobody is kept.
USAGE = """
create table assistant_usage (
    staff_id bigint not null,
    month date not null,
    questions int not null default 0,
    prompt_tokens bigint not null default 0,
    answer_tokens bigint not null default 0,
    primary key (staff_id, month),
    constraint assistant_usage_counts check (questions >= 0 and prompt_tokens >= 0 and answer_tokens >= 0)
);
create table assistant_known_answer (
    key bytea primary key,
    at timestamptz not null,
    body bytea not null
);
create index assistant_known_answer_at on assistant_known_answer (at);
"""

# Nobody is named in an interview; the answers are sealed nevertheless.
INTERVIEWS = """
create table assistant_interview (
    id bigint generated always as identity primary key,
    binding uuid not null,
    staff_id bigint not null,
    device_id bigint not null,
    may_send boolean not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    urgency text,
    raised_to text,
    waits boolean not null default false,
    body bytea not null
);
"""
