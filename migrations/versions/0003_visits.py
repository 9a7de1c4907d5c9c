"""Encounters, the tickets under which patients wait, and every change of a ticket."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(AGE)
    op.execute(ENCOUNTERS)
    op.execute(TICKETS)
    op.execute(CHANGES)


# Completed months, counted as `visits.rules.age_months` counts them: somebody born on the 29th is a month
# older from the 29th on, or from the first of the next month where there is none.
AGE = """
create function age_months(born date, today date) returns int
language sql immutable strict parallel safe
return (extract(year from today) - extract(year from born)) * 12
    + extract(month from today) - extract(month from born)
    - (extract(day from today) < extract(day from born))::int;
"""

# `source` and `source_id` name where an imported encounter came from, so that an import can be repeated.
ENCOUNTERS = """
create table encounter (
    id bigint generated always as identity primary key,
    patient_id bigint not null constraint encounter_patient references patient,
    status text not null default 'in-progress',
    class text not null default 'AMB',
    type text not null default '',
    reason text not null default '',
    started_at timestamptz not null,
    ended_at timestamptz,
    end_reason text not null default '',
    practitioner_id bigint constraint encounter_practitioner references staff,
    source text,
    source_id text,
    version int not null default 1,
    constraint encounter_status check (status in ('in-progress', 'finished', 'entered-in-error')),
    constraint encounter_end check (ended_at is null or (status <> 'in-progress' and ended_at >= started_at)),
    constraint encounter_reason check (length(reason) <= 500),
    constraint encounter_end_reason check (length(end_reason) <= 500)
);
create unique index encounter_source on encounter (source, source_id) where source_id is not null;
create index encounter_of_patient on encounter (patient_id, started_at desc);
create index encounter_open on encounter (patient_id) where status = 'in-progress';
"""

# A ticket refers to its service through the counter: a key of its own to `service` would lock that one row
# in every transaction of the clinic at once. The counter's row is locked here anyway.
# Staff and rooms are switched off, never deleted; an index for those keys would serve no query.
TICKETS = """
create table ticket_counter (
    day date not null,
    service text not null constraint ticket_service references service,
    last int not null,
    primary key (day, service)
);
create table ticket (
    id bigint generated always as identity primary key,
    encounter_id bigint not null constraint ticket_encounter references encounter,
    patient_id bigint not null constraint ticket_patient references patient,
    service text not null,
    day date not null,
    number int not null,
    code text not null generated always as
        (service || '-' || lpad(number::text, greatest(3, length(number::text)), '0')) stored,
    state text not null default 'waiting',
    priority int not null,
    special_need int not null,
    note text not null default '',
    queued_at timestamptz not null,
    issued_by bigint,
    practitioner_id bigint constraint ticket_practitioner references staff,
    called_at timestamptz,
    called_by bigint constraint ticket_called_by references staff,
    room_id bigint constraint ticket_room references room,
    ended_at timestamptz,
    moved_from bigint constraint ticket_moved_from references ticket,
    version int not null default 1,
    constraint ticket_number_once unique (day, service, number),
    constraint ticket_counted foreign key (day, service) references ticket_counter,
    constraint ticket_state check (state in ('waiting', 'called', 'done', 'no_show', 'left')),
    constraint ticket_priority check (priority between 0 and 3),
    constraint ticket_special_need check (special_need between 0 and 9),
    constraint ticket_note check (length(note) <= 100),
    constraint ticket_called check (case state
        when 'waiting' then room_id is null and called_at is null and called_by is null
        when 'called' then room_id is not null and called_at is not null and called_by is not null
        else true end),
    constraint ticket_ended check ((state in ('waiting', 'called')) = (ended_at is null))
);
create unique index ticket_patient_once on ticket (patient_id) where state in ('waiting', 'called');
create index ticket_open on ticket (service, state, priority, special_need, queued_at, id)
    where state in ('waiting', 'called');
create index ticket_of_encounter on ticket (encounter_id);
create index ticket_moved on ticket (moved_from) where moved_from is not null;
"""

# What a ticket was before each change, so that the change can be taken back; taking back appends too.
# Whoever acted is kept as a plain number, as in the audit trail: a foreign key would lock that person's row
# in every transaction of a busy desk.
CHANGES = """
create table ticket_change (
    id bigint generated always as identity primary key,
    ticket_id bigint not null constraint ticket_change_ticket references ticket,
    at timestamptz not null,
    staff_id bigint,
    kind text not null,
    from_state text not null,
    to_state text not null,
    from_room_id bigint,
    from_called_at timestamptz,
    from_called_by bigint,
    ended_encounter boolean not null default false,
    reason text not null default '',
    undoes bigint constraint ticket_change_undoes references ticket_change,
    constraint ticket_change_kind check
        (kind in ('called', 'moved', 'finished', 'no_show', 'left', 'ranked', 'undone')),
    constraint ticket_change_reason check (length(reason) <= 500)
);
create unique index ticket_change_undone_once on ticket_change (undoes) where undoes is not null;
create index ticket_change_of_ticket on ticket_change (ticket_id, id);
create trigger ticket_change_append_only before update or delete on ticket_change
    for each row execute function refuse_change();
"""
