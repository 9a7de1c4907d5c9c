"""Payments through Paystack, what its side says of them, and tasks for a person."""

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the slice that needs it."""
