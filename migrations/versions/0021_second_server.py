"""A second server joins a clinic by a code of its own, and no server serves a clinic with other keys."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(PURPOSE)
    op.execute(KEY)


# A code that gives away the clinic's keys must never be one that somebody opened for a workstation.
PURPOSE = """
alter table pairing_code add column purpose text not null default 'workstation'
    constraint pairing_code_purpose check (purpose in ('workstation', 'server'));
"""

# The public half only. It is empty until the next start of a server, which then claims the clinic.
KEY = """
alter table clinic add column server_key text
    constraint clinic_server_key check (char_length(server_key) = 40);
"""
