"""Dispensing from batches, first to expire first, and the stock ledger below it."""

from datetime import date, datetime
from enum import StrEnum

import msgspec

from hms_server.contract.envelope import Event, Request
from hms_server.contract.prescribing import SafetyFinding
from hms_server.contract.values import (
    BatchId,
    EncounterId,
    MedicationRequestId,
    PatientHeader,
    PatientId,
    Person,
    ProductId,
    TicketId,
)
from hms_server.contract.visits import TicketRow


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """How much comes from which batch."""

    batch_id: BatchId
    lot: str
    expires_on: date
    shelf: str
    quantity: int


class DispenseLine(msgspec.Struct, frozen=True, kw_only=True):
    """One medicine of the prescription: what is still owing, and from which batches it would come now.

    `overrides` is finding → the doctor's reason, `findings` what became known since and has no reason.
    """

    medication_request_id: MedicationRequestId
    product_id: ProductId
    product: str
    gtin: str
    directions: str
    dispensing_unit: str
    quantity: int
    dispensed: int
    owing: int
    proposed: list[Allocation]
    short_by: int
    controlled: bool
    overrides: dict[str, str]
    findings: list[SafetyFinding] = []


class Prescription(msgspec.Struct, frozen=True, kw_only=True):
    encounter_id: EncounterId
    patient: PatientHeader
    prescriber: Person | None
    authored_at: datetime | None
    lines: list[DispenseLine]


class GetPrescription(Request[Prescription], frozen=True, kw_only=True):
    encounter_id: EncounterId


class ToDispenseRow(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who waits at the pharmacy, or for whom something is still owing (`ticket` None)."""

    ticket: TicketRow | None
    encounter_id: EncounterId
    patient: PatientHeader
    items: int
    authored_at: datetime


class ToDispense(msgspec.Struct, frozen=True):
    rows: list[ToDispenseRow]


class ListToDispense(Request[ToDispense], frozen=True, kw_only=True):
    pass


class PickedLine(msgspec.Struct, frozen=True, kw_only=True):
    """`scanned` holds the GTINs that were read from the packs; the server refuses a wrong one."""

    medication_request_id: MedicationRequestId
    quantity: int
    scanned: list[str] = []


class DispensedLine(msgspec.Struct, frozen=True, kw_only=True):
    medication_request_id: MedicationRequestId
    product: str
    directions: str
    dispensing_unit: str
    quantity: int
    owing: int
    batches: list[Allocation]


class Dispensed(msgspec.Struct, frozen=True, kw_only=True):
    """What was handed over, for the labels; `ticket` is the patient's next one (billing)."""

    patient: PatientHeader
    prescriber: Person | None
    lines: list[DispensedLine]
    at: datetime
    ticket: TicketRow | None


class Dispense(Request[Dispensed], frozen=True, kw_only=True):
    """Batches are chosen under lock, first to expire first; what is not given stays owing."""

    encounter_id: EncounterId
    ticket_id: TicketId | None
    lines: list[PickedLine]


class BatchRow(msgspec.Struct, frozen=True, kw_only=True):
    id: BatchId
    product_id: ProductId
    product: str
    lot: str
    expires_on: date
    shelf: str
    on_hand: int


class Batches(msgspec.Struct, frozen=True):
    batches: list[BatchRow]


class ListBatches(Request[Batches], frozen=True, kw_only=True):
    product_id: ProductId


class ReceiveStock(Request[BatchRow], frozen=True, kw_only=True):
    """A delivery; the same lot again adds to its batch."""

    product_id: ProductId
    lot: str
    expires_on: date
    quantity: int
    shelf: str = ""


class LossReason(StrEnum):
    """Expired stock may leave only like this."""

    EXPIRED = "expired"
    BROKEN = "broken"
    MISSING = "missing"
    COUNTED = "counted"


class CorrectStock(Request[BatchRow], frozen=True, kw_only=True):
    """A count or a loss: `change` is added to what the ledger says (negative for a loss)."""

    batch_id: BatchId
    change: int
    reason: LossReason
    note: str = ""


class CountStock(Request[BatchRow], frozen=True, kw_only=True):
    """How much somebody counted of a batch; `seen` is what the ledger said to them.

    The difference becomes a line of the ledger; it is refused when the ledger says something else by now.
    Where there is none, only the audit says that it was counted.
    """

    batch_id: BatchId
    counted: int
    seen: int
    note: str = ""


class MovementKind(StrEnum):
    """Why a batch became more or less."""

    RECEIVED = "received"
    DISPENSED = "dispensed"
    EXPIRED = "expired"
    BROKEN = "broken"
    MISSING = "missing"
    COUNTED = "counted"


class MovementRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the ledger; `balance` is what the batch held after it; a list of the server has no `by`."""

    id: int
    batch_id: BatchId
    lot: str
    at: datetime
    by: str
    kind: MovementKind
    quantity: int
    note: str
    balance: int


class Movements(msgspec.Struct, frozen=True):
    """Newest first; `more` says that there are older ones."""

    rows: list[MovementRow]
    more: bool


class ListStockMovements(Request[Movements], frozen=True, kw_only=True):
    """What happened to a product, or to one batch of it; the newest 100."""

    product_id: ProductId
    batch_id: BatchId | None = None


class AttentionKind(StrEnum):
    OUT = "out"
    LOW = "low"
    EXPIRES_SOON = "expires_soon"
    EXPIRED = "expired"


class AttentionRow(msgspec.Struct, frozen=True, kw_only=True):
    product_id: ProductId
    product: str
    kind: AttentionKind
    in_stock: int
    lasts_days: int | None
    detail: str


class StockAttention(msgspec.Struct, frozen=True):
    rows: list[AttentionRow]


class ListStockAttention(Request[StockAttention], frozen=True, kw_only=True):
    """What runs out or expires, the most pressing first; at most 50."""


class StockRow(msgspec.Struct, frozen=True, kw_only=True):
    """A medicine with what can be dispensed of it today, counted in `dispensing_unit`, and what it needs."""

    product_id: ProductId
    product: str
    gtin: str
    dispensing_unit: str
    pack_size: int
    in_stock: int
    next_expiry: date | None
    attention: list[AttentionRow]


class StockRows(msgspec.Struct, frozen=True):
    """What needs attention first; `more` says that not all have room."""

    rows: list[StockRow]
    more: bool


class ListStock(Request[StockRows], frozen=True, kw_only=True):
    """The medicines that were ever in stock; with words of a name or the number on a pack, all that fit.

    With `product_id` that one alone. At most 200.
    """

    text: str = ""
    product_id: ProductId | None = None


class StockLevelRow(msgspec.Struct, frozen=True, kw_only=True):
    """What can be dispensed of a product today; `next_expiry` is the day of the batch that goes first."""

    product_id: ProductId
    product: str
    in_stock: int
    dispensing_unit: str
    next_expiry: date | None


class StockLevels(msgspec.Struct, frozen=True):
    """What there is comes first; at most 20."""

    rows: list[StockLevelRow]


class FindStock(Request[StockLevels], frozen=True, kw_only=True):
    """How much of a medicine there is, by words of its name; for whoever needs to know and keeps no stock."""

    text: str


class MedicationDispensed(Event, frozen=True, kw_only=True):
    """`dispense_id` names the stored dispensation; billing charges it in the same transaction."""

    dispense_id: int
    encounter_id: EncounterId
    patient_id: PatientId


class StockChanged(Event, frozen=True, kw_only=True):
    product_ids: list[ProductId]
