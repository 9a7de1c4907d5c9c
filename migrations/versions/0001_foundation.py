"""The clinic, its staff and devices, and what every request leaves behind."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    for extension in ("pg_trgm", "fuzzystrmatch", "unaccent", "btree_gist"):
        op.execute(f"create extension if not exists {extension}")
    op.execute(CLINIC)
    op.execute(ACCOUNTS)
    op.execute(REQUESTS)


CLINIC = """
create table clinic (
    only_one boolean primary key default true check (only_one),
    name text not null check (name <> ''),
    time_zone text not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    created_at timestamptz not null
);
create table department (
    id bigint generated always as identity primary key,
    name text not null unique
);
create table service (
    code text primary key check (code ~ '^[A-Z]{1,3}$'),
    name text not null unique,
    position int not null
);
create table room (
    id bigint generated always as identity primary key,
    name text not null unique,
    department_id bigint not null references department,
    service text references service
);
"""

ACCOUNTS = """
create table staff (
    id bigint generated always as identity primary key,
    user_name text not null check (user_name = lower(user_name) and user_name <> ''),
    name text not null check (name <> ''),
    password_hash text not null,
    roles text[] not null,
    active boolean not null default true,
    failed_sign_ins int not null default 0,
    locked_until timestamptz,
    created_at timestamptz not null,
    constraint staff_user_name_unique unique (user_name)
);
create table device (
    id bigint generated always as identity primary key,
    public_key text not null unique,
    name text not null,
    room_id bigint references room,
    paired_at timestamptz not null,
    revoked_at timestamptz
);
create table pairing_code (
    id bigint generated always as identity primary key,
    code text not null,
    name text not null,
    opened_at timestamptz not null,
    expires_at timestamptz not null,
    tries_left int not null check (tries_left >= 0),
    used_at timestamptz
);
create table session (
    id bigint generated always as identity primary key,
    secret_hash bytea not null unique,
    staff_id bigint not null references staff,
    device_id bigint not null references device,
    room_id bigint references room,
    started_at timestamptz not null,
    last_seen_at timestamptz not null,
    ended_at timestamptz,
    end_reason text,
    check ((ended_at is null) = (end_reason is null))
);
create index session_open on session (staff_id) where ended_at is null;
"""

# An event's place in the order is its transaction, then its number: numbers are taken before the commit,
# and a reader that remembers "all after number N" would miss whoever commits late.
REQUESTS = """
create table request (
    id uuid primary key,
    name text not null,
    staff_id bigint,
    body_hash bytea not null,
    answer bytea not null,
    at timestamptz not null
);
create index request_at on request using brin (at);
create table event (
    transaction xid8 not null default pg_current_xact_id(),
    number bigint generated always as identity,
    name text not null,
    audience text not null,
    staff_id bigint,
    at timestamptz not null,
    body bytea not null,
    primary key (transaction, number)
);
create table event_horizon (
    only_one boolean primary key default true check (only_one),
    transaction bigint not null,
    number bigint not null
);
create table audit (
    transaction xid8 not null default pg_current_xact_id(),
    number bigint generated always as identity primary key,
    at timestamptz not null,
    staff_id bigint,
    device_id bigint,
    session_id bigint,
    request_id uuid not null,
    request text not null,
    outcome text not null check (outcome in ('done', 'refused')),
    patients bigint[] not null
);
create index audit_patients on audit using gin (patients);
create index audit_order on audit (transaction, number);
create table audit_seal (
    position bigint primary key,
    number bigint not null unique,
    transaction xid8 not null,
    hash bytea not null
);
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger audit_append_only before update or delete on audit
    for each row execute function refuse_change();
create trigger audit_seal_append_only before update or delete on audit_seal
    for each row execute function refuse_change();
"""
