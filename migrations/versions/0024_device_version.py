"""The version of each workstation is remembered: administrators see which is old, also after a restart."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(VERSION)


# As the workstation says it itself when it asks for an update; empty until then.
VERSION = """
alter table device add column version text not null default ''
    constraint device_version_short check (char_length(version) <= 80);
"""
