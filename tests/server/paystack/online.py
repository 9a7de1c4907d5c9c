"""A billing desk with Paystack behind it: bills, payments, the payer's side, and what must always hold."""

import itertools
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, LiteralString
from uuid import UUID, uuid4

import msgspec

from hms_server.contract.billing import Invoice, RefundPayment, RefundReceipt
from hms_server.contract.paystack import (
    ChargeSaved,
    CheckOnlinePayment,
    GetOnlinePayment,
    ListPaymentTasks,
    ListSavedAuthorizations,
    OnlinePayment,
    PaymentTask,
    SavedAuthorization,
    StartOnlinePayment,
)
from hms_server.contract.values import PaymentId, Role
from hms_server.paystack.channels import from_subunits
from hms_server.paystack.jobs import job_kinds
from hms_server.paystack.notices import Notices
from hms_server.paystack.provider import NAME, destination
from hms_server.paystack.rules import without_number
from tests.outside.paystack import FakePaystack
from tests.server.billing.bills import Billing
from tests.server.relays import Relay


@dataclass
class Online:
    """Asks as the cashier; `theirs` is Paystack and its payers. Amounts are in minor units."""

    billing: Billing
    theirs: FakePaystack
    relay: Relay = field(init=False)

    def __post_init__(self) -> None:
        desk = self.billing.desk
        self.relay = self.server()
        desk.set_provider(
            NAME, settings={"address": self.theirs.url}, secrets={"secret_key": self.theirs.secret}
        )
        self.theirs.now = lambda: desk.now
        self.ticks = itertools.count(step=10)
        self.notices = Notices(desk.ground, desk.dispatcher, monotonic=lambda: next(self.ticks))

    def server(self) -> Relay:
        """The relay of one more server on the same database."""
        desk = self.billing.desk
        return Relay(desk, job_kinds(desk.ground), [destination(desk.providers)])

    def bill(self, amount_minor: int = 1_000_000) -> Invoice:
        return self.billing.bill(self.billing.charged_visit(amount_minor))

    def now(self, bill: Invoice) -> Invoice:
        """The bill as it is now."""
        return self.billing.bill(bill.encounter_id)

    def start(
        self, bill: Invoice, amount_minor: int | None = None, *, request_id: UUID | None = None, **how: Any
    ) -> OnlinePayment:
        """By default for all that is due."""
        amount = bill.due if amount_minor is None else self.billing.money(amount_minor)
        request = StartOnlinePayment(invoice_id=bill.id, version=bill.version, amount=amount, **how)
        return self.billing.desk.ask(request, Role.CASHIER, request_id=request_id)

    def opened(self, bill: Invoice, amount_minor: int | None = None, **how: Any) -> OnlinePayment:
        """Started, and Paystack has answered."""
        started = self.start(bill, amount_minor, **how)
        self.relay.run_due()
        return self.state(started.reference)

    def paid(self, bill: Invoice, amount_minor: int | None = None, **how: Any) -> OnlinePayment:
        """Started, paid and posted."""
        opened = self.opened(bill, amount_minor, **how)
        self.theirs.pay(opened.reference)
        return self.looked_at(opened.reference)

    def looked_at(self, reference: str) -> OnlinePayment:
        """After the next look."""
        self.billing.desk.ask(CheckOnlinePayment(reference=reference), Role.CASHIER)
        self.relay.run_due()
        return self.state(reference)

    def state(self, reference: str) -> OnlinePayment:
        return self.billing.desk.ask(GetOnlinePayment(reference=without_number(reference)), Role.CASHIER)

    def pass_time(self, *, every_s: float = 60, **amount: float) -> None:
        """Time goes on, and jobs run when they are due."""
        until = self.billing.desk.now + timedelta(**amount)
        while self.billing.desk.now < until:
            self.billing.desk.now = min(until, self.billing.desk.now + timedelta(seconds=every_s))
            self.relay.run_due()

    def refund(
        self, payment_id: PaymentId | None, amount_minor: int, *, credit: bool = False
    ) -> RefundReceipt:
        assert payment_id is not None
        request = RefundPayment(
            payment_id=payment_id, amount=self.billing.money(amount_minor), reason="Not given", credit=credit
        )
        return self.billing.desk.ask(request, Role.CASHIER)

    def tasks(self) -> list[PaymentTask]:
        """Those that are open."""
        return self.billing.desk.ask(ListPaymentTasks(), Role.CASHIER).rows

    def jobs(self, state: str) -> list[str]:
        """The kinds of jobs in that state, but for the comparison of the coming night."""
        rows = self.billing.desk.sql(JOBS, (state,))
        return [kind for (kind,) in rows]

    def check_books(self) -> None:
        """What must hold at any moment, whatever has happened: see the assertions."""
        desk, balances = self.billing.desk, self.billing.balances()
        assert self.billing.unlike_the_ledger() == []
        assert all(total == 0 for (total,) in desk.sql(UNBALANCED))
        assert desk.sql(TWICE) == []
        ((received, fees, returned),) = desk.sql(RECEIVED)
        assert balances.get("paystack-clearing", 0) == received - fees - returned
        ((unallocated,),) = desk.sql(OPEN_MONEY)
        assert -balances.get("unallocated-receipts", 0) == unallocated

    def check_against_theirs(self) -> None:
        """Once everything was heard: our books and Paystack's agree to the last unit, in every currency."""
        books = self.theirs.books()
        posted = {ref: rest for ref, *rest in self.billing.desk.sql(POSTED)}
        for one in books.payments.values():
            if one.status not in {"success", "reversed"}:
                assert one.reference not in posted
                continue
            received = from_subunits(one.amount, one.currency)
            assert posted[one.reference][:2] == [received.amount_minor, one.currency]
            assert posted[one.reference][2] in {None, one.fees}
        returned = sorted((row.reference, row.amount) for row in books.refunds if row.status == "processed")
        assert self.billing.desk.sql(RETURNED) == returned
        assert len({row.merchant_note for row in books.refunds}) == len(books.refunds)


def keep_card(online: Online) -> SavedAuthorization:
    """The patient pays with a card and agrees that it is kept."""
    bill = online.bill(100_000)
    opened = online.opened(bill, save_card=True, email="ada@example.ng")
    online.theirs.pay(opened.reference, reusable=True)
    online.looked_at(opened.reference)
    saved = online.billing.desk.ask(ListSavedAuthorizations(patient_id=bill.patient.id), Role.CASHIER)
    return saved.rows[-1]


def charge(online: Online, card: SavedAuthorization, **changes: Any) -> ChargeSaved:
    """For a new bill of the same patient."""
    patient = online.billing.desk.sql("select patient_id from paystack_authorization")[0][0]
    product = online.billing.pharmacy.product(f"Medicine {uuid4()}", gtin=str(uuid4()))
    online.billing.price(product, 70_000)
    visit = online.billing.pharmacy.visit(patient)
    online.billing.dispense(visit, product, 1)
    bill = online.billing.bill(visit)
    request = ChargeSaved(authorization_id=card.id, invoice_id=bill.id, version=bill.version, amount=bill.due)
    return msgspec.structs.replace(request, **changes)


def notice(event: str, data: object) -> bytes:
    """The bytes of one of Paystack's notices."""
    return json.dumps({"event": event, "data": data}).encode()


JOBS: LiteralString = """
select kind from relay_job where state = %s and kind <> 'paystack.reconcile' order by id
"""
UNBALANCED: LiteralString = "select sum(amount_minor) from posting group by entry_id, currency"
TWICE: LiteralString = """
select reference from payment where reference <> '' and not exists (
    select from posting where posting.entry_id = payment.entry_id and account = 'unallocated-receipts')
group by reference having count(*) > 1
"""
RECEIVED: LiteralString = """
select coalesce((select sum(received_minor) from paystack_receipt), 0),
    coalesce((select sum(fee_minor) from paystack_receipt), 0),
    coalesce((select sum(amount_minor) from paystack_refund where state = 'processed'), 0)
"""
OPEN_MONEY: LiteralString = """
select coalesce((select sum(unallocated_minor - allocated_minor) from paystack_receipt), 0) - coalesce((
    select sum(amount_minor) from paystack_refund where state = 'processed' and task_id is not null), 0)
"""
POSTED: LiteralString = "select reference, received_minor, currency, fee_minor from paystack_receipt"
RETURNED: LiteralString = """
select reference, amount_minor from paystack_refund where state = 'processed' order by reference, amount_minor
"""
