"""The order of events and audit rows outlives a restore: another cluster counts its transactions anew."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(ORDER)
    op.execute(COLUMNS)


# A place in the order is the transaction's number plus an offset. A restore or a move to another cluster
# gives the offset a new value, above every place that was ever handed out; between two of them it is a
# constant, which the planner puts straight into the statement. The bodies are bound here and now (`return`),
# so that a restore finds them with an empty search path.
ORDER = """
create function order_offset() returns bigint language sql immutable parallel safe return 0::bigint;
create function order_of(id xid8) returns xid8 language sql stable parallel safe
    return (id::text::bigint + order_offset())::text::xid8;
create function current_order() returns xid8 language sql volatile parallel unsafe
    return order_of(pg_current_xact_id());
create function settled_order() returns xid8 language sql stable parallel safe
    return order_of(pg_snapshot_xmin(pg_current_snapshot()));
"""

COLUMNS = """
alter table event alter column transaction set default current_order();
alter table audit alter column transaction set default current_order();
"""
