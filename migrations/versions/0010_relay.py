"""Jobs outside the premises, destinations with their breakers, providers with sealed keys."""

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the slice that needs it."""
