"""Consent, templates and messages with their delivery."""

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the slice that needs it."""
