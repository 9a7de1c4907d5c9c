"""The columns of a bill, of money that came and went back, and of those who still owe."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from PySide6.QtCore import QCoreApplication

from hms_desktop.widgets.rows import Align, Column
from hms_desktop.widgets.tokens import Kind
from hms_desktop.widgets.words import time_text
from hms_server.contract.billing import (
    ChargeRow,
    Invoice,
    InvoiceState,
    PaymentMethod,
    PaymentRow,
    RefundRow,
    RefundState,
    ToPayRow,
)
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


@dataclass(frozen=True, kw_only=True)
class MoneyRow:
    """A payment, or a refund that belongs to one: exactly one of the two is set."""

    payment: PaymentRow | None = None
    refund: RefundRow | None = None


def money_rows(invoice: Invoice) -> list[MoneyRow]:
    """What came and what went back, each refund below its payment."""
    rows: list[MoneyRow] = []
    for payment in invoice.payments:
        rows.append(MoneyRow(payment=payment))
        rows += [MoneyRow(refund=one) for one in invoice.refunds if one.payment_id == payment.id]
    return rows


def money_columns(zone: tzinfo) -> Sequence[Column[MoneyRow]]:
    """Receipt, time, how, by whom, and the amount; what goes back has a minus before it."""
    return [
        Column(title=_tr("Receipt"), text=_number, strong=True),
        Column(title=_tr("Time"), text=lambda row: time_text(_moment(row), zone)),
        Column(title=_tr("How"), text=lambda row: how_words(row)[0], pill=lambda row: how_words(row)[1]),
        Column(title=_tr("By"), text=_by, stretch=2),
        Column(title=_tr("Amount"), text=_signed, align=Align.END),
    ]


def how_words(row: MoneyRow) -> tuple[str, Kind]:
    """How money came, or how far it is on its way back."""
    if row.payment is not None:
        return method_word(row.payment.method), Kind.OK
    assert row.refund is not None
    return {
        RefundState.PENDING: (_tr("Refund waits"), Kind.WARNING),
        RefundState.PROCESSED: (_tr("Returned"), Kind.INFO),
        RefundState.FAILED: (_tr("Refund failed"), Kind.DANGER),
    }[row.refund.state]


def method_word(method: PaymentMethod) -> str:
    """The way in which money came."""
    return {PaymentMethod.CASH: _tr("Cash"), PaymentMethod.PAYSTACK: _tr("Paystack")}[method]


def _number(row: MoneyRow) -> str:
    number = row.payment.receipt_number if row.payment else row.refund.number if row.refund else ""
    return number or "–"


def _moment(row: MoneyRow) -> datetime:
    if row.payment is not None:
        return row.payment.taken_at
    assert row.refund is not None
    return row.refund.settled_at or row.refund.asked_at


def _by(row: MoneyRow) -> str:
    if row.payment is not None:
        return row.payment.taken_by.name
    return row.refund.asked_by.name if row.refund else ""


def _signed(row: MoneyRow) -> str:
    if row.payment is not None:
        return format_amount(row.payment.amount)
    return f"−{format_amount(row.refund.amount)}" if row.refund else ""


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
