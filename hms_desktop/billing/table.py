"""The columns of a bill, of payments already taken, and of those who still owe."""

from collections.abc import Sequence
from datetime import tzinfo

from PySide6.QtCore import QCoreApplication

from hms_desktop.widgets.rows import Align, Column
from hms_desktop.widgets.tokens import Kind
from hms_desktop.widgets.words import time_text
from hms_server.contract.billing import ChargeRow, InvoiceState, PaymentRow, ToPayRow
from hms_server.contract.money import format_amount, format_money


def _tr(text: str) -> str:
    return QCoreApplication.translate("billing", text)


def charge_columns() -> Sequence[Column[ChargeRow]]:
    """Amounts stand at the right, below each other."""
    return [
        Column(title=_tr("Service or medicine"), text=lambda row: row.description, strong=True, stretch=3),
        Column(title=_tr("Qty"), text=lambda row: str(row.quantity), align=Align.END),
        Column(title=_tr("Price"), text=lambda row: format_amount(row.unit_price), align=Align.END),
        Column(title=_tr("Amount"), text=lambda row: format_amount(row.amount), align=Align.END, strong=True),
    ]


def payment_columns(zone: tzinfo) -> Sequence[Column[PaymentRow]]:
    """What was paid already, with the number on its receipt."""
    return [
        Column(title=_tr("Receipt"), text=lambda row: row.receipt_number, strong=True),
        Column(title=_tr("Time"), text=lambda row: time_text(row.taken_at, zone)),
        Column(title=_tr("Taken by"), text=lambda row: row.taken_by.name, stretch=2),
        Column(title=_tr("Paid"), text=lambda row: format_amount(row.amount), align=Align.END),
    ]


def owing_columns() -> Sequence[Column[ToPayRow]]:
    """Who left with something unpaid."""
    return [
        Column(title=_tr("Patient"), text=lambda row: row.patient.name, strong=True, stretch=2),
        Column(title=_tr("Due"), text=lambda row: format_money(row.due), align=Align.END),
    ]


def state_words(state: InvoiceState) -> tuple[str, Kind]:
    """The state of a bill in a word, with its meaning."""
    return {
        InvoiceState.OPEN: (_tr("Open"), Kind.WARNING),
        InvoiceState.PART_PAID: (_tr("Part paid"), Kind.WARNING),
        InvoiceState.PAID: (_tr("Paid"), Kind.OK),
    }[state]
