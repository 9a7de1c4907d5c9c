"""Jobs outside the premises, destinations with their breakers, providers with sealed keys."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(JOBS)
    op.execute(DESTINATIONS)
    op.execute(PROVIDERS)


# `run_at` is when a server may take the job: a waiting one at its turn, a running one when the claim of a
# server that died has lapsed. So one index and one condition find both. `lease` names the claim: whoever
# comes back with another one writes nothing. `calling` is set with the commit before the call, so that a
# server which dies earlier leaves no doubt behind. `patience_from` is when the time until it is given up
# began: a person who lets it run again gives it new patience. A job without a destination was just asked
# for; the runner, which knows the kinds, names it.
JOBS = """
create table relay_job (
    id bigint generated always as identity primary key,
    kind text not null constraint relay_job_kind check (kind <> ''),
    key text not null constraint relay_job_key check (key <> ''),
    destination text,
    payload jsonb not null,
    summary text not null,
    state text not null default 'waiting' constraint relay_job_state
        check (state in ('waiting', 'running', 'done', 'failed', 'cancelled')),
    attempts int not null default 0 constraint relay_job_attempts check (attempts >= 0),
    run_at timestamptz not null,
    asked_at timestamptz not null,
    asked_by text not null,
    patience_from timestamptz not null,
    since timestamptz not null,
    trouble text,
    why text not null default '',
    troubled_since timestamptz,
    lease uuid,
    calling boolean not null default false,
    uncertain boolean not null default false,
    cancel_requested boolean not null default false,
    hurried boolean not null default false,
    constraint relay_job_once unique (kind, key),
    constraint relay_job_lease check ((state = 'running') = (lease is not null)),
    constraint relay_job_calling check (state = 'running' or not calling)
);
create index relay_job_due on relay_job (destination, run_at, id) where state in ('waiting', 'running');
create index relay_job_unrouted on relay_job (id) where destination is null and state = 'waiting';
create index relay_job_stopping on relay_job (id) where state in ('waiting', 'running') and cancel_requested;
create index relay_job_changed on relay_job (since desc, id desc);
create index relay_job_by_state on relay_job (state, since desc, id desc);
"""

# One row a destination, shared by all servers: how many calls failed in a row, until when nothing is tried
# (`open_until`), whose trial call is under way, what people were told last. While a trial is under way,
# `open_until` lies behind its time limit, so that nobody else gets past and a dead server blocks nothing.
DESTINATIONS = """
create table relay_destination (
    name text primary key,
    failures int not null default 0 constraint relay_destination_failures check (failures >= 0),
    pause interval,
    open_until timestamptz,
    trial uuid,
    trouble text,
    sentence text not null default '',
    failing_since timestamptz,
    changed_at timestamptz not null,
    heard_at timestamptz,
    probed_at timestamptz,
    told bytea,
    told_at timestamptz,
    constraint relay_destination_open check ((open_until is null) = (pause is null))
);
"""

# A secret is sealed with the servers' key, bound to its provider and field; the database alone opens none.
PROVIDERS = """
create table relay_provider (
    name text primary key,
    settings jsonb not null,
    enabled boolean not null,
    changed_at timestamptz not null,
    changed_by bigint,
    changed_by_name text not null
);
create table relay_secret (
    provider text not null constraint relay_secret_provider references relay_provider,
    field text not null,
    sealed bytea not null,
    ending text not null constraint relay_secret_ending check (length(ending) <= 4),
    constraint relay_secret_once primary key (provider, field)
);
"""
