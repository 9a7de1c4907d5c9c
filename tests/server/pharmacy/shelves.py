"""A pharmacy for tests: products, stock and signed prescriptions, without the desks before it."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import LiteralString

from hms_server.contract.pharmacy import BatchRow, Dispense, Dispensed, PickedLine, ReceiveStock
from hms_server.contract.values import (
    BatchId,
    EncounterId,
    MedicationRequestId,
    PatientId,
    ProductId,
    Role,
    TicketId,
)
from tests.server.desk import Desk

AMOXICILLIN_GTIN = "2041000000377"
IBUPROFEN_GTIN = "2041000000742"


@dataclass
class Pharmacy:
    """Asks as the pharmacist of the desk."""

    desk: Desk
    lots: int = 0
    gtins: dict[ProductId, str] = field(default_factory=dict)

    def product(self, name: str = "Amoxicillin", *, gtin: str = AMOXICILLIN_GTIN) -> ProductId:
        """A product of 500 mg capsules."""
        product_id: ProductId = self.desk.sql(ADD_PRODUCT, (name.lower(), name, gtin, name.lower()))[0][0]
        self.gtins[product_id] = gtin
        return product_id

    def stock(
        self, product_id: ProductId, quantity: int, *, days: int = 365, lot: str | None = None
    ) -> BatchRow:
        """A delivery that can be used for that many days from today; its last day is the last of them."""
        self.lots += 1
        delivery = ReceiveStock(
            product_id=product_id,
            lot=lot or f"LOT-{self.lots}",
            expires_on=self.today() + timedelta(days=days),
            quantity=quantity,
            shelf="A1",
        )
        return self.desk.ask(delivery, Role.PHARMACIST)

    def visit(self, patient_id: PatientId | None = None) -> EncounterId:
        """An encounter in progress."""
        patient_id = patient_id or self.desk.patient()
        encounter_id: EncounterId = self.desk.sql(ADD_ENCOUNTER, (patient_id, self.desk.now))[0][0]
        return encounter_id

    def prescribe(
        self, encounter_id: EncounterId, product_id: ProductId, quantity: int
    ) -> MedicationRequestId:
        """A signed line of a prescription."""
        params = (product_id, quantity, self.desk.staff[Role.DOCTOR], self.desk.now, encounter_id)
        line: MedicationRequestId = self.desk.sql(PRESCRIBE, params)[0][0]
        return line

    def ticket(self, encounter_id: EncounterId, service: str = "P") -> TicketId:
        """A ticket on which the patient waits there."""
        self.desk.sql(COUNT, (service, self.desk.now.date()))
        params = (encounter_id, service, self.desk.now.date(), self.desk.now)
        ticket_id: TicketId = self.desk.sql(ADD_TICKET, params)[0][0]
        return ticket_id

    def hand_over(
        self, encounter_id: EncounterId, *lines: PickedLine, ticket_id: TicketId | None = None
    ) -> Dispensed:
        request = Dispense(encounter_id=encounter_id, ticket_id=ticket_id, lines=list(lines))
        return self.desk.ask(request, Role.PHARMACIST)

    def today(self) -> date:
        """The clinic's day."""
        day: date = self.desk.sql("select (%s at time zone time_zone)::date from clinic", (self.desk.now,))[
            0
        ][0]
        return day

    def on_hand(self, batch_id: BatchId) -> int:
        quantity: int = self.desk.sql("select on_hand from batch where id = %s", (batch_id,))[0][0]
        return quantity

    def unbalanced_batches(self) -> list[object]:
        """Batches whose quantity is not the sum of their ledger, or below zero."""
        return self.desk.sql(UNBALANCED)


def pick(line: MedicationRequestId, quantity: int, *scanned: str) -> PickedLine:
    return PickedLine(medication_request_id=line, quantity=quantity, scanned=list(scanned))


ADD_PRODUCT: LiteralString = """
insert into product (code, name, ingredients, form, strength, route, dispensing_unit, dose_unit,
    pack_size, gtin, usual_dose, dispensed_whole, usual_frequency, usual_days, controlled, words)
values (%s, %s, '{}', 'capsule', '500 mg', 'oral', 'capsule', 'capsule', 10,
    %s, '1 capsule', false, 'TDS', 5, false, %s)
returning id
"""
ADD_ENCOUNTER: LiteralString = "insert into encounter (patient_id, started_at) values (%s, %s) returning id"
PRESCRIBE: LiteralString = """
insert into medication_request (encounter_id, patient_id, product_id, product_text, dose, frequency, days,
    quantity, directions, prescriber_id, authored_at)
select encounter.id, encounter.patient_id, product.id, product.label, 1, 'TDS', 7, given.quantity,
    'Take 1 capsule 3 times a day, for 7 days.', given.doctor, given.at
from (values (%s::bigint, %s::int, %s::bigint, %s::timestamptz, %s::bigint))
    as given (product, quantity, doctor, at, visit)
join encounter on encounter.id = given.visit join product on product.id = given.product
returning id
"""
COUNT: LiteralString = """
insert into ticket_counter (service, day, last) values (%s, %s, 1)
on conflict (day, service) do update set last = ticket_counter.last + 1
"""
ADD_TICKET: LiteralString = """
insert into ticket (encounter_id, patient_id, service, day, number, priority, special_need, queued_at)
select encounter.id, patient_id, counter.service, counter.day, counter.last, 3, 9, given.at
from (values (%s::bigint, %s, %s::date, %s::timestamptz)) as given (visit, service, day, at)
join encounter on encounter.id = given.visit
join ticket_counter as counter on counter.service = given.service and counter.day = given.day
returning id
"""
UNBALANCED: LiteralString = """
select batch.id, on_hand, coalesce(sum(quantity), 0)
from batch left join stock_movement on batch_id = batch.id
group by batch.id
having on_hand <> coalesce(sum(quantity), 0) or on_hand < 0
"""
