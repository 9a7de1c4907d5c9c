"""Who set a price and when, and every price that anything ever had."""

from alembic import op

revision = "0023"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(SET)
    op.execute(CHANGES)
    op.execute(KEPT)


# Both stay empty for what was shipped or is older than this; `set_by` also for what a command brought.
SET = """
alter table price add column set_at timestamptz, add column set_by bigint;
"""

# A second price on one day replaces the first in `price`, where a bill looks for one a day. Here both stay.
CHANGES = """
create table price_change (
    id bigint generated always as identity primary key,
    product_id bigint,
    service_code text,
    amount_minor bigint not null,
    currency text not null,
    valid_from date not null,
    at timestamptz,
    staff_id bigint,
    constraint price_change_of_one check (num_nonnulls(product_id, service_code) = 1)
);
create index price_change_of_product on price_change (product_id, id desc) where product_id is not null;
create index price_change_of_service on price_change (service_code, id desc) where service_code is not null;
insert into price_change (product_id, service_code, amount_minor, currency, valid_from)
select product_id, service_code, amount_minor, currency, valid_from from price order by valid_from, id;
create trigger price_change_append_only before update or delete on price_change
    for each row execute function refuse_change();
"""

# The database itself keeps them, so that no way of setting a price can forget to.
KEPT = """
create function price_kept() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' or new.amount_minor <> old.amount_minor then
        insert into price_change (product_id, service_code, amount_minor, currency, valid_from, at, staff_id)
        values (new.product_id, new.service_code, new.amount_minor, new.currency, new.valid_from,
            new.set_at, new.set_by);
    end if;
    return null;
end $$;
create trigger price_kept after insert or update on price for each row execute function price_kept();
"""
