"""Conversations with the assistant, what was sent outside, and what it cost."""

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the slice that needs it."""
