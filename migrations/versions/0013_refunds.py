"""Money that comes back, fees, and money that belongs to no bill yet."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(ACCOUNTS)
    op.execute(LEDGER)
    op.execute(BALANCES)
    op.execute(PAYMENTS)
    op.execute(REFUNDS)
    op.execute(REFUND_TRIGGERS)


# Posted to by the program itself, so they are there before any reference file is read.
ACCOUNTS = """
insert into account (slug, code, name, kind) values
    ('paystack-clearing', '1040', 'Money with Paystack', 'asset'),
    ('unallocated-receipts', '2030', 'Received, belongs to no bill yet', 'liability'),
    ('payment-fees', '5020', 'Fees of card and online payments', 'expense')
on conflict (slug) do nothing;
"""

# A fee and money that nobody can allocate belong to no bill; everything else does. An entry may hold another
# currency than the clinic's, as long as it balances in it.
LEDGER = """
alter table journal_entry
    alter invoice_id drop not null,
    alter invoice_version drop not null,
    drop constraint journal_entry_kind,
    add constraint journal_entry_kind
        check (kind in ('charge', 'payment', 'refund', 'credit', 'fee', 'unallocated')),
    add constraint journal_entry_of_bill check (
        num_nonnulls(invoice_id, invoice_version) in (0, 2)
        and (invoice_id is not null or kind in ('refund', 'fee', 'unallocated')));
"""

# A credit takes a charge back: what was charged and what is due shrink together.
BALANCES = """
create or replace function invoice_posted() returns trigger language plpgsql as $$
begin
    update invoice
    set due_minor = due_minor + new.amount_minor,
        charged_minor = charged_minor
            + case when entry.kind in ('charge', 'credit') then new.amount_minor else 0 end
    from journal_entry as entry
    where entry.id = new.entry_id and invoice.id = entry.invoice_id and invoice.currency = new.currency;
    if not found then
        raise exception 'posting % is not in the currency of its invoice', new.id
            using errcode = 'check_violation', constraint = 'posting_currency';
    end if;
    return null;
end $$;
alter table invoice add constraint invoice_not_overcredited check (charged_minor >= 0);
"""

# `reference` is the provider's word for the payment, on the receipt and for whoever looks for it there.
PAYMENTS = """
alter table payment
    drop constraint payment_method,
    add constraint payment_method check (method in ('cash', 'paystack')),
    add reference text not null default '',
    add constraint payment_referenced check ((method = 'cash') = (reference = ''));
"""

# A number is given when the money has gone, from a counter of its own: no gap, in the order of posting.
REFUNDS = """
create table refund_counter (
    year int primary key,
    last int not null
);
create table refund (
    id bigint generated always as identity primary key,
    payment_id bigint not null constraint refund_payment references payment,
    invoice_id bigint not null constraint refund_invoice references invoice,
    method text not null constraint refund_method check (method in ('cash', 'paystack')),
    amount_minor bigint not null constraint refund_amount check (amount_minor > 0),
    currency text not null,
    credit boolean not null,
    reason text not null constraint refund_reason check (reason <> ''),
    state text not null default 'pending'
        constraint refund_state check (state in ('pending', 'processed', 'failed')),
    asked_at timestamptz not null,
    asked_by bigint not null,
    settled_at timestamptz,
    why text not null default '',
    entry_id bigint constraint refund_entry references journal_entry
        constraint refund_entry_once unique,
    invoice_version int,
    refund_year int,
    refund_seq int,
    number text generated always as ('RFD-' || refund_year || '-'
        || lpad(refund_seq::text, greatest(6, length(refund_seq::text)), '0')) stored,
    constraint refund_number_once unique (refund_year, refund_seq),
    constraint refund_settled check ((state = 'pending') = (settled_at is null)),
    constraint refund_posted check (
        num_nonnulls(entry_id, invoice_version, refund_year, refund_seq)
            = case state when 'processed' then 4 else 0 end)
);
create index refund_of_payment on refund (payment_id);
create index refund_of_invoice on refund (invoice_id);
create index refund_of_cashier on refund (asked_by, asked_at);
"""

# The sum is taken under a lock on the payment: of two refunds at once the second sees the first, whatever
# desk they come from. A pending refund counts, since its money may be gone already.
REFUND_TRIGGERS = """
create function refund_within_payment() returns trigger language plpgsql as $$
declare
    paid payment;
begin
    select * into paid from payment where id = new.payment_id for no key update;
    if (paid.invoice_id, paid.method, paid.currency)
            is distinct from (new.invoice_id, new.method, new.currency)
        or new.amount_minor > paid.amount_minor - coalesce((
            select sum(amount_minor) from refund where payment_id = new.payment_id and state <> 'failed'), 0)
    then
        raise exception 'refund above what is left of payment %', new.payment_id
            using errcode = 'check_violation', constraint = 'refund_within_payment';
    end if;
    return new;
end $$;
create trigger refund_within_payment before insert on refund
    for each row execute function refund_within_payment();

create function refund_settles_once() returns trigger language plpgsql as $$
begin
    if old.state <> 'pending'
        or (new.payment_id, new.invoice_id, new.method, new.amount_minor, new.currency, new.credit,
            new.reason, new.asked_at, new.asked_by)
        is distinct from (old.payment_id, old.invoice_id, old.method, old.amount_minor, old.currency,
            old.credit, old.reason, old.asked_at, old.asked_by)
    then
        raise exception 'refund % stands as it is', old.id using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger refund_settles_once before update on refund
    for each row execute function refund_settles_once();
create trigger refund_kept before delete on refund for each row execute function refuse_change();
"""
