"""A posting finds its invoice by key, step by step, whatever plan was made while the tables were empty."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(BALANCES)


# A plan is kept for a session; a join planned while both tables were empty compares every row with every row.
BALANCES = """
create or replace function invoice_posted() returns trigger language plpgsql as $$
declare
    entry record;
begin
    select invoice_id, kind into entry from journal_entry where id = new.entry_id;
    update invoice
    set due_minor = due_minor + new.amount_minor,
        charged_minor = charged_minor
            + case when entry.kind in ('charge', 'credit') then new.amount_minor else 0 end
    where id = entry.invoice_id and currency = new.currency;
    if not found then
        raise exception 'posting % is not in the currency of its invoice', new.id
            using errcode = 'check_violation', constraint = 'posting_currency';
    end if;
    return null;
end $$;
"""
