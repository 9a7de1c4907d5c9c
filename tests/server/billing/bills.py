"""A billing desk for tests: prices, visits with charges, and payments, without the desks before it."""

from dataclasses import dataclass
from datetime import date
from typing import LiteralString
from uuid import UUID, uuid4

from hms_server.billing.ledger import CONSULTATION, charge_consultation
from hms_server.contract.billing import GetInvoice, Invoice, Receipt, TakePayment
from hms_server.contract.consultations import EncounterSigned
from hms_server.contract.values import (
    DeviceId,
    EncounterId,
    Money,
    PatientId,
    ProductId,
    Role,
    StaffId,
    TicketId,
)
from hms_server.work import Actor, Work
from tests.server.desk import Desk
from tests.server.pharmacy.shelves import Pharmacy, pick

SINCE_EVER = date(2000, 1, 1)


@dataclass
class Billing:
    """Asks as the cashier of the desk; amounts are in minor units of the clinic's currency."""

    desk: Desk
    pharmacy: Pharmacy
    currency: str = "NGN"

    def price(self, product_id: ProductId, amount_minor: int, *, since: date = SINCE_EVER) -> None:
        """What one capsule costs from that day on."""
        self.desk.sql(PRICE_PRODUCT, (product_id, amount_minor, self.currency, since))

    def price_consultation(self, amount_minor: int) -> None:
        self.desk.sql(PRICE_SERVICE, (CONSULTATION, amount_minor, self.currency, SINCE_EVER))

    def sign(self, encounter_id: EncounterId) -> None:
        """The doctor's signature, as far as the billing desk hears of it."""
        patient_id: PatientId = self.desk.sql(PATIENT, (encounter_id,))[0][0]
        actor = Actor(device_id=DeviceId(1), staff_id=self.desk.staff[Role.DOCTOR])
        with self.desk.connect() as connection, connection.transaction():
            work = Work(connection, actor, self.desk.now, uuid4())
            charge_consultation(work, EncounterSigned(encounter_id=encounter_id, patient_id=patient_id))

    def charged_visit(self, amount_minor: int, *, name: str = "Ada Obi") -> EncounterId:
        """A visit with one medicine of that price on its bill."""
        product = self.pharmacy.product(f"Medicine {uuid4()}", gtin=str(uuid4()))
        self.price(product, amount_minor)
        visit = self.pharmacy.visit(self.desk.patient(name))
        self.dispense(visit, product, 1)
        return visit

    def dispense(self, encounter_id: EncounterId, product_id: ProductId, quantity: int) -> None:
        """Prescribed, in stock and handed over."""
        self.pharmacy.stock(product_id, quantity)
        line = self.pharmacy.prescribe(encounter_id, product_id, quantity)
        self.pharmacy.hand_over(encounter_id, pick(line, quantity))

    def bill(self, encounter_id: EncounterId) -> Invoice:
        return self.desk.ask(GetInvoice(encounter_id=encounter_id), Role.CASHIER)

    def payment(
        self,
        bill: Invoice,
        amount_minor: int,
        *,
        tendered_minor: int | None = None,
        ticket_id: TicketId | None = None,
    ) -> TakePayment:
        """The request of a cashier who sees that bill."""
        return TakePayment(
            invoice_id=bill.id,
            version=bill.version,
            amount=self.money(amount_minor),
            tendered=self.money(amount_minor if tendered_minor is None else tendered_minor),
            ticket_id=ticket_id,
        )

    def pay(
        self,
        bill: Invoice,
        amount_minor: int,
        *,
        tendered_minor: int | None = None,
        ticket_id: TicketId | None = None,
        by: StaffId | None = None,
        request_id: UUID | None = None,
    ) -> Receipt:
        request = self.payment(bill, amount_minor, tendered_minor=tendered_minor, ticket_id=ticket_id)
        return self.desk.ask(request, Role.CASHIER, by=by, request_id=request_id)

    def money(self, amount_minor: int) -> Money:
        return Money(amount_minor, self.currency)

    def balances(self) -> dict[str, int]:
        """The sum of every account of the ledger."""
        return dict(self.desk.sql(BALANCES))

    def unlike_the_ledger(self) -> list[object]:
        """Invoices whose sums are not those of their postings, charges, payments, credits and refunds."""
        return self.desk.sql(UNLIKE)


PATIENT: LiteralString = "select patient_id from encounter where id = %s"
PRICE_PRODUCT: LiteralString = """
insert into price (product_id, account, amount_minor, currency, valid_from)
values (%s, 'medicine-income', %s, %s, %s)
"""
PRICE_SERVICE: LiteralString = """
insert into price (service_code, name, account, amount_minor, currency, valid_from)
values (%s, 'Consultation, general', 'consultation-income', %s, %s, %s)
"""
BALANCES: LiteralString = "select account, sum(amount_minor)::bigint from posting group by account"
UNLIKE: LiteralString = """
select invoice.id from invoice
where due_minor < 0 or due_minor <> (
    select coalesce(sum(amount_minor), 0) from posting join journal_entry as entry on entry.id = entry_id
    where entry.invoice_id = invoice.id and account = 'patients-receivable')
or charged_minor <> (
    select coalesce(sum(amount_minor), 0) from charge_item where invoice_id = invoice.id) - (
    select coalesce(sum(amount_minor), 0) from refund
    where invoice_id = invoice.id and state = 'processed' and credit)
or charged_minor - due_minor <> (
    select coalesce(sum(amount_minor), 0) from payment where invoice_id = invoice.id) - (
    select coalesce(sum(amount_minor), 0) from refund
    where invoice_id = invoice.id and state = 'processed')
"""
