"""Working hours, exceptions, and appointments that cannot overlap."""

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the slice that needs it."""
