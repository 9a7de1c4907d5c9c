"""The clinic's books compared with Paystack's list of transactions and refunds, each night or when asked."""

from datetime import date, datetime
from enum import StrEnum
from typing import NewType

import msgspec

from hms_server.contract.envelope import Event, Request
from hms_server.contract.paystack import PaymentTaskId
from hms_server.contract.values import EncounterId, InvoiceId, Money, Person

ReconciliationId = NewType("ReconciliationId", int)


class DifferenceKind(StrEnum):
    """Where the clinic's books and Paystack's list do not agree."""

    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    AMOUNT = "amount"
    CURRENCY = "currency"
    FEE = "fee"
    STATUS = "status"
    REFUND = "refund"
    UNREADABLE = "unreadable"
    """A row of Paystack's list that could not be read; a task asks a person to look it up there."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One difference; `mended` where the comparison itself put it right (a late success was posted)."""

    kind: DifferenceKind
    reference: str
    ours: str
    theirs: str
    sentence: str
    mended: bool
    task_id: PaymentTaskId | None
    invoice_id: InvoiceId | None
    encounter_id: EncounterId | None


class ReconciliationState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class ReconciliationRow(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison of the days from `first_day` to `last_day`, both whole, on the clinic's calendar."""

    id: ReconciliationId
    first_day: date
    last_day: date
    state: ReconciliationState
    asked_at: datetime
    asked_by: Person | None
    """None: the nightly one."""
    finished_at: datetime | None
    compared: int
    """Transactions and refunds that were looked at on both sides."""
    differences: int
    why: str
    """Why it failed, or waits."""


class Reconciliations(msgspec.Struct, frozen=True):
    rows: list[ReconciliationRow]


class ListReconciliations(Request[Reconciliations], frozen=True, kw_only=True):
    """The last 60, the newest first."""


class ReconciledSum(msgspec.Struct, frozen=True, kw_only=True):
    """One line of sums: `name` is "received", "fees" or "refunded"."""

    name: str
    ours: Money
    theirs: Money


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """The report. Sums are per currency, ours and theirs: money received, fees, refunded."""

    row: ReconciliationRow
    differences: list[Difference]
    sums: list[ReconciledSum]


class GetReconciliation(Request[Reconciliation], frozen=True, kw_only=True):
    reconciliation_id: ReconciliationId


class RunReconciliation(Request[ReconciliationRow], frozen=True, kw_only=True):
    """Compares these days now, at most 62 of them; the answer is `WAITING`, an event tells of the end."""

    first_day: date
    last_day: date


class ReconciliationFinished(Event, frozen=True, kw_only=True):
    reconciliation_id: ReconciliationId
    state: ReconciliationState
    differences: int
