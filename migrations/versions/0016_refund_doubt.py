"""Since when it is not known whether a refund was asked for at Paystack."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(DOUBT)


# A call whose answer was lost may still be on its way: its refund is in Paystack's list only later.
DOUBT = "alter table paystack_refund add column doubted_at timestamptz;"
