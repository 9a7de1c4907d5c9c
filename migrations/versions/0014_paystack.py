"""Payments through Paystack, what its side says of them, and tasks for a person."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(TRANSACTIONS)
    op.execute(RECEIPTS)
    op.execute(TASKS)
    op.execute(REFUNDS)
    op.execute(AUTHORIZATIONS)
    op.execute(EVENTS)
    op.execute(RECONCILIATIONS)


# `reference` is ours and unguessable. Where the answer with the payment page was lost, Paystack is asked
# again under the same reference with a number behind it, since one reference gets one page: `attempt`.
# `contact` holds what the payer gave for this payment (addresses, phone, a one-time code), sealed, and is
# forgotten when the payment is over. `looks` counts the watches, each of which is one stored job.
TRANSACTIONS = """
create table paystack_transaction (
    reference text primary key
        constraint paystack_transaction_reference check (reference ~ '^HMS-[A-Z0-9-]+$'),
    attempt int not null default 1,
    invoice_id bigint not null constraint paystack_transaction_invoice references invoice,
    ticket_id bigint,
    amount_minor bigint not null constraint paystack_transaction_amount check (amount_minor > 0),
    currency text not null,
    channel text not null constraint paystack_transaction_channel
        check (channel in ('checkout', 'bank_transfer', 'mobile_money', 'saved')),
    state text not null default 'requested' constraint paystack_transaction_state
        check (state in ('requested', 'open', 'paid', 'failed', 'abandoned', 'cancelled', 'given_up')),
    since timestamptz not null,
    test_mode boolean not null,
    url text not null default '',
    access_code text not null default '',
    account jsonb,
    instructions text not null default '',
    wants_code boolean not null default false,
    why text not null default '',
    contact bytea,
    send_by text constraint paystack_transaction_send_by check (send_by in ('email', 'sms')),
    save_card boolean not null default false,
    authorization_id bigint,
    looks int not null default 0,
    started_at timestamptz not null,
    started_by bigint not null,
    opened_at timestamptz
);
create index paystack_transaction_of_invoice on paystack_transaction (invoice_id, started_at desc);
create index paystack_transaction_since on paystack_transaction (since);
create index paystack_transaction_started on paystack_transaction (started_at);
create index paystack_transaction_waiting on paystack_transaction (started_at desc)
    where state in ('requested', 'open');
"""

# One row for each reference under which money came, whether we had asked for it or not: the primary key is
# why nothing is posted twice. What came is credited to the bill, is the fee that the payer bore, or belongs
# to no bill yet; `allocated_minor` is what of the last was credited to a bill later.
RECEIPTS = """
create table paystack_receipt (
    reference text primary key,
    transaction_reference text
        constraint paystack_receipt_transaction references paystack_transaction,
    provider_id bigint,
    received_minor bigint not null constraint paystack_receipt_received check (received_minor > 0),
    credited_minor bigint not null constraint paystack_receipt_credited check (credited_minor >= 0),
    payer_fee_minor bigint not null constraint paystack_receipt_payer_fee check (payer_fee_minor >= 0),
    unallocated_minor bigint not null constraint paystack_receipt_unallocated check (unallocated_minor >= 0),
    allocated_minor bigint not null default 0,
    fee_minor bigint constraint paystack_receipt_fee check (fee_minor >= 0),
    currency text not null,
    channel text not null,
    test_mode boolean not null,
    payment_id bigint constraint paystack_receipt_payment references payment
        constraint paystack_receipt_payment_once unique,
    paid_at timestamptz,
    posted_at timestamptz not null,
    constraint paystack_receipt_adds_up
        check (received_minor = credited_minor + payer_fee_minor + unallocated_minor),
    constraint paystack_receipt_paid check ((payment_id is null) = (credited_minor = 0)),
    constraint paystack_receipt_allocated check (allocated_minor between 0 and unallocated_minor)
);
create index paystack_receipt_of_transaction on paystack_receipt (transaction_reference);
create index paystack_receipt_posted on paystack_receipt (posted_at);
create trigger paystack_receipt_kept before delete on paystack_receipt
    for each row execute function refuse_change();
"""

# One task for each thing that is wrong with a reference; `item` tells apart what may go wrong twice.
TASKS = """
create table paystack_task (
    id bigint generated always as identity primary key,
    kind text not null,
    reference text not null,
    item text not null default '',
    sentence text not null,
    amount_minor bigint,
    currency text,
    invoice_id bigint constraint paystack_task_invoice references invoice,
    raised_at timestamptz not null,
    done_at timestamptz,
    done_by bigint,
    action text constraint paystack_task_action check (action in ('note', 'credit_bill', 'refund_payer')),
    note text not null default '',
    constraint paystack_task_once unique (kind, reference, item),
    constraint paystack_task_done check (num_nonnulls(done_at, done_by, action) in (0, 3))
);
create index paystack_task_open on paystack_task (id) where done_at is null;
create index paystack_task_done_lately on paystack_task (done_at desc) where done_at is not null;
"""

# `tag` stands in Paystack's note of the refund: after a lost answer ours is found by it, since Paystack
# would carry out a second call as a second refund.
REFUNDS = """
create table paystack_refund (
    tag text primary key,
    reference text not null constraint paystack_refund_receipt references paystack_receipt,
    refund_id bigint constraint paystack_refund_of_payment references refund
        constraint paystack_refund_once unique,
    task_id bigint constraint paystack_refund_task references paystack_task
        constraint paystack_refund_task_once unique,
    amount_minor bigint not null constraint paystack_refund_amount check (amount_minor > 0),
    currency text not null,
    state text not null default 'asked' constraint paystack_refund_state
        check (state in ('asked', 'pending', 'processed', 'failed')),
    provider_id bigint constraint paystack_refund_provider_once unique,
    asked_at timestamptz not null,
    asked_by bigint not null,
    settled_at timestamptz,
    why text not null default '',
    constraint paystack_refund_of_one check (num_nonnulls(refund_id, task_id) = 1)
);
create index paystack_refund_of_receipt on paystack_refund (reference);
create index paystack_refund_asked on paystack_refund (asked_at);
"""

# The code lets anybody with the clinic's key charge the card: sealed.
AUTHORIZATIONS = """
create table paystack_authorization (
    id bigint generated always as identity primary key,
    patient_id bigint not null constraint paystack_authorization_patient references patient,
    sealed bytea not null,
    signature text not null,
    brand text not null,
    bank text not null,
    last4 text not null,
    expires text not null,
    test_mode boolean not null,
    saved_at timestamptz not null,
    saved_by bigint not null,
    forgotten_at timestamptz,
    forgotten_by bigint
);
create unique index paystack_authorization_once on paystack_authorization (patient_id, signature)
    where forgotten_at is null;
alter table paystack_transaction add constraint paystack_transaction_authorization
    foreign key (authorization_id) references paystack_authorization;
"""

# Every notice as it came, sealed; the fingerprint keeps one that is sent twice from being stored twice.
EVENTS = """
create table paystack_event (
    id bigint generated always as identity primary key,
    fingerprint bytea not null constraint paystack_event_once unique,
    event text not null,
    reference text,
    body bytea not null,
    received_at timestamptz not null,
    times int not null default 1,
    processed_at timestamptz,
    outcome text not null default ''
);
create index paystack_event_of_reference on paystack_event (reference);
create index paystack_event_received on paystack_event (received_at);
"""

# `night` names the run that comes by itself in that night.
RECONCILIATIONS = """
create table reconciliation (
    id bigint generated always as identity primary key,
    night date constraint reconciliation_night_once unique,
    first_day date not null,
    last_day date not null,
    state text not null default 'waiting' constraint reconciliation_state
        check (state in ('waiting', 'done', 'failed')),
    asked_at timestamptz not null,
    asked_by bigint,
    finished_at timestamptz,
    compared int not null default 0,
    sums jsonb not null default '[]',
    why text not null default '',
    constraint reconciliation_days check (last_day >= first_day)
);
create table reconciliation_difference (
    id bigint generated always as identity primary key,
    reconciliation_id bigint not null
        constraint reconciliation_difference_of references reconciliation,
    kind text not null,
    reference text not null,
    ours text not null,
    theirs text not null,
    sentence text not null,
    mended boolean not null,
    task_id bigint constraint reconciliation_difference_task references paystack_task,
    invoice_id bigint constraint reconciliation_difference_invoice references invoice
);
create index reconciliation_difference_of_run on reconciliation_difference (reconciliation_id, id);
"""
