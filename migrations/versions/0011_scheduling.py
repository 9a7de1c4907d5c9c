"""Working hours, exceptions, and appointments that cannot overlap."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(SPECIALITIES)
    op.execute(HOURS)
    op.execute(EXCEPTIONS)
    op.execute(APPOINTMENTS)
    op.execute(HISTORY)


SPECIALITIES = """
create table speciality (
    code text primary key,
    name text not null,
    words text[] not null,
    position int not null
);
create table staff_speciality (
    staff_id bigint not null constraint staff_speciality_staff references staff,
    speciality text not null constraint staff_speciality_known references speciality,
    primary key (staff_id, speciality)
);
"""

# Times are on the clinic's clock: hours at nine stay at nine when summer time begins. `minutes` says which
# part of the day, with 00:00 as an end at 1440. The line of `schedule` counts changes of the whole week.
HOURS = """
create function day_minutes(starts time, ends time) returns int4range
language sql immutable strict parallel safe
return int4range((extract(epoch from starts) / 60)::int,
    case when ends = '00:00' then 1440 else (extract(epoch from ends) / 60)::int end);

create table schedule (
    practitioner_id bigint primary key constraint schedule_practitioner references staff,
    version int not null,
    changed_at timestamptz not null,
    changed_by bigint
);
create table working_hours (
    id bigint generated always as identity primary key,
    practitioner_id bigint not null constraint working_hours_schedule references schedule,
    weekday int not null constraint working_hours_weekday check (weekday between 1 and 7),
    starts time not null,
    ends time not null,
    room_id bigint not null constraint working_hours_room references room,
    slot_minutes int not null constraint working_hours_slot check (slot_minutes between 5 and 480),
    service text not null constraint working_hours_service references service,
    speciality text constraint working_hours_speciality references speciality,
    valid_from date,
    valid_until date,
    constraint working_hours_order check (starts < ends or ends = '00:00'),
    constraint working_hours_valid check (valid_from <= valid_until),
    constraint working_hours_once exclude using gist (
        practitioner_id with =, weekday with =, day_minutes(starts, ends) with &&,
        daterange(valid_from, valid_until, '[]') with &&)
);
create index working_hours_of_practitioner on working_hours (practitioner_id);
"""

# Without a practitioner the whole clinic is closed. What was taken back stays, with whoever did it.
EXCEPTIONS = """
create table schedule_exception (
    id bigint generated always as identity primary key,
    kind text not null constraint schedule_exception_kind check (kind in ('absence', 'extra', 'room')),
    practitioner_id bigint constraint schedule_exception_practitioner references staff,
    from_day date not null,
    until_day date not null,
    starts time,
    ends time,
    room_id bigint constraint schedule_exception_room references room,
    slot_minutes int constraint schedule_exception_slot check (slot_minutes between 5 and 480),
    service text constraint schedule_exception_service references service,
    speciality text constraint schedule_exception_speciality references speciality,
    reason text not null default '' constraint schedule_exception_reason check (length(reason) <= 200),
    made_at timestamptz not null,
    made_by bigint not null,
    removed_at timestamptz,
    removed_by bigint,
    constraint schedule_exception_days check (from_day <= until_day),
    constraint schedule_exception_order check (starts < ends or ends = '00:00'),
    constraint schedule_exception_times check (num_nulls(starts, ends) in (0, 2)),
    constraint schedule_exception_whole check (case kind
        when 'absence' then true
        when 'extra' then num_nulls(practitioner_id, starts, room_id, slot_minutes, service) = 0
        else num_nulls(practitioner_id, room_id) = 0 end)
);
create index schedule_exception_days_of on schedule_exception (until_day) where removed_at is null;
"""

# The three exclusions are the promise that nobody is expected at two places and no room holds two
# consultations; all else that looks for a free time only helps people to avoid them.
# Whoever acted is kept as a plain number, as in the audit trail.
APPOINTMENTS = """
create table appointment (
    id bigint generated always as identity primary key,
    status text not null default 'booked',
    patient_id bigint not null constraint appointment_patient references patient,
    practitioner_id bigint not null constraint appointment_practitioner references staff,
    room_id bigint not null constraint appointment_room references room,
    service text not null constraint appointment_service references service,
    speciality text constraint appointment_speciality references speciality,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    reason text not null default '',
    cancel_reason text not null default '',
    made_at timestamptz not null,
    made_by bigint not null,
    changed_at timestamptz not null,
    changed_by bigint,
    proposed_by text,
    encounter_id bigint constraint appointment_encounter references encounter,
    version int not null default 1,
    constraint appointment_status check (status in ('booked', 'arrived', 'fulfilled', 'cancelled', 'noshow')),
    constraint appointment_length check (
        starts_at < ends_at and ends_at <= starts_at + interval '8 hours'),
    constraint appointment_reason check (length(reason) <= 500),
    constraint appointment_cancel_reason check (
        length(cancel_reason) <= 500 and (status = 'cancelled') = (cancel_reason <> '')),
    constraint appointment_proposed_by check (proposed_by in ('assistant')),
    constraint appointment_encountered check (
        (status in ('arrived', 'fulfilled')) = (encounter_id is not null)),
    constraint appointment_practitioner_free exclude using gist (
        practitioner_id with =, tstzrange(starts_at, ends_at, '[)') with &&)
        where (status in ('booked', 'arrived')),
    constraint appointment_room_free exclude using gist (
        room_id with =, tstzrange(starts_at, ends_at, '[)') with &&)
        where (status in ('booked', 'arrived')),
    constraint appointment_patient_free exclude using gist (
        patient_id with =, tstzrange(starts_at, ends_at, '[)') with &&)
        where (status in ('booked', 'arrived'))
);
create index appointment_time on appointment (starts_at);
create index appointment_of_patient on appointment (patient_id, starts_at);
create index appointment_open on appointment (ends_at) where status = 'booked';
create index appointment_of_encounter on appointment (encounter_id) where encounter_id is not null;
"""

# What an appointment was before each change, and who replaced it.
HISTORY = """
create table appointment_version (
    appointment_id bigint not null constraint appointment_version_of references appointment,
    version int not null,
    stored jsonb not null,
    replaced_at timestamptz not null,
    replaced_by bigint,
    primary key (appointment_id, version)
);
create function keep_appointment_version() returns trigger language plpgsql as $$
begin
    insert into appointment_version (appointment_id, version, stored, replaced_at, replaced_by)
    values (old.id, old.version, to_jsonb(old), new.changed_at, new.changed_by);
    return null;
end $$;
create trigger appointment_version_kept after update on appointment
    for each row execute function keep_appointment_version();
create trigger appointment_kept before delete on appointment
    for each row execute function refuse_change();
create trigger appointment_version_append_only before update or delete on appointment_version
    for each row execute function refuse_change();
"""
