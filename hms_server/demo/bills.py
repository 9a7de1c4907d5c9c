"""The bills of the past visits: charges, payments with receipts in order, and postings that balance."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from hms_server.contract.values import StaffId
from hms_server.demo.charts import Numbered, lines_of
from hms_server.demo.history import Visit
from hms_server.demo.writing import StaffOfThePast, continue_ids, copy_rows

CURRENCY = "NGN"
CONSULTATION = "Consultation, general"


@dataclass(slots=True)
class _Books:
    """The rows of all bills, ready to be copied; a journal entry's number is its place."""

    zone: ZoneInfo
    consultation_minor: int
    staff: StaffOfThePast
    invoices: list[tuple[Any, ...]] = field(default_factory=list)
    charges: list[tuple[Any, ...]] = field(default_factory=list)
    entries: list[tuple[Any, ...]] = field(default_factory=list)
    postings: list[tuple[Any, ...]] = field(default_factory=list)
    payments: list[tuple[Any, ...]] = field(default_factory=list)
    receipts: Counter[int] = field(default_factory=Counter)

    def bill(self, number: int, visit: Visit, medicines: list[tuple[int, str, int, int]]) -> None:
        """Charges of the consultation and of what was handed over (line, name, quantity, unit price)."""
        version = 1
        priced = [(number, CONSULTATION, 1, self.consultation_minor)]
        self._charge(number, version, "consultation", priced, at=visit.signed_at, by=visit.doctor)
        if medicines:
            version += 1
            self._charge(number, version, "medicine", medicines, at=visit.handed_at, by=self.staff.pharmacist)
        version += bool(visit.paid_minor)
        year = visit.signed_at.astimezone(self.zone).year
        self.invoices.append(
            (number, f"INV-{year}-{number:06d}", number, visit.patient.id, CURRENCY, version, visit.signed_at)
        )

    def pay(self, number: int, visit: Visit, version: int) -> None:
        """A receipt; to be called in the order of time."""
        amounts = {"cash": visit.paid_minor, "patients-receivable": -visit.paid_minor}
        by = self.staff.cashier
        entry = self._enter("payment", number, version, amounts, at=visit.paid_at, by=by)
        year = visit.paid_at.astimezone(self.zone).year
        self.receipts[year] += 1
        self.payments.append(
            (
                number, version, entry, "cash", visit.paid_minor, visit.tendered_minor, CURRENCY, year,
                self.receipts[year], visit.paid_at, by,
            )
        )  # fmt: skip

    def _charge(
        self,
        number: int,
        version: int,
        kind: str,
        priced: list[tuple[int, str, int, int]],
        *,
        at: datetime,
        by: StaffId,
    ) -> None:
        total = 0
        for source, name, quantity, unit_minor in priced:
            total += quantity * unit_minor
            self.charges.append(
                (number, version, kind, source, name, quantity, unit_minor, quantity * unit_minor, at)
            )
        amounts = {f"{kind}-income": -total, "patients-receivable": total}
        self._enter("charge", number, version, amounts, at=at, by=by)

    def _enter(
        self, kind: str, number: int, version: int, amounts: dict[str, int], *, at: datetime, by: StaffId
    ) -> int:
        entry = len(self.entries) + 1
        self.entries.append((entry, kind, number, version, at, by))
        self.postings.extend((entry, account, minor, CURRENCY) for account, minor in amounts.items())
        return entry


def write_bills(
    connection: psycopg.Connection[Any],
    visits: Numbered,
    *,
    staff: StaffOfThePast,
    consultation_minor: int,
    zone: ZoneInfo,
) -> None:
    """One invoice a visit; the database itself sums up what is due."""
    books = _Books(zone, consultation_minor, staff)
    medicines = _medicines(visits)
    for number, visit in visits:
        books.bill(number, visit, medicines[number])
    for number, visit in sorted(visits, key=lambda pair: pair[1].paid_at):
        if visit.paid_minor:
            books.pay(number, visit, version=3 if medicines[number] else 2)
    copy_rows(connection, "invoice", INVOICE, books.invoices)
    copy_rows(connection, "charge_item", CHARGE_ITEM, books.charges)
    copy_rows(connection, "journal_entry", JOURNAL_ENTRY, books.entries)
    copy_rows(connection, "posting", POSTING, books.postings)
    copy_rows(connection, "payment", PAYMENT, books.payments)
    copy_rows(connection, "receipt_counter", ("year", "last"), books.receipts.items())
    continue_ids(connection, "invoice", "journal_entry")


def _medicines(visits: Numbered) -> dict[int, list[tuple[int, str, int, int]]]:
    handed: dict[int, list[tuple[int, str, int, int]]] = {number: [] for number, _ in visits}
    for line, number, _, given in lines_of(visits):
        if given.taken:
            handed[number].append((line, given.product.label, given.quantity, given.product.price_minor))
    return handed


INVOICE = ("id", "number", "encounter_id", "patient_id", "currency", "version", "created_at")
CHARGE_ITEM = (
    "invoice_id", "invoice_version", "kind", "source_id", "description", "quantity", "unit_price_minor",
    "amount_minor", "at",
)  # fmt: skip
JOURNAL_ENTRY = ("id", "kind", "invoice_id", "invoice_version", "at", "staff_id")
POSTING = ("entry_id", "account", "amount_minor", "currency")
PAYMENT = (
    "invoice_id", "invoice_version", "entry_id", "method", "amount_minor", "tendered_minor", "currency",
    "receipt_year", "receipt_seq", "taken_at", "taken_by",
)  # fmt: skip
