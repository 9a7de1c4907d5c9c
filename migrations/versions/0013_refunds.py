"""Money that comes back, fees, and money that belongs to no bill yet."""

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the slice that needs it."""
