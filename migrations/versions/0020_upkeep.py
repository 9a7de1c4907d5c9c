"""What each server tells of itself once a minute, so that people see all of them at any one."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(STATE)


# `told` is packed as it goes to the screens; a server of another version reads of it what it knows. The row
# is also the heartbeat: housekeeping that has stopped leaves an old `seen_at`.
STATE = """
create table server_state (
    id text primary key constraint server_state_id check (id <> ''),
    started_at timestamptz not null,
    seen_at timestamptz not null,
    stopped_at timestamptz,
    told bytea not null
);
"""
