"""The columns of online payments, of tasks, and of comparisons with their differences."""

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo

from hms_desktop.paystack.words import card_words, state_text, state_word, tr
from hms_desktop.widgets.rows import Align, Column
from hms_desktop.widgets.tokens import Kind
from hms_desktop.widgets.words import date_text, since_text
from hms_server.contract.money import format_amount, format_money
from hms_server.contract.paystack import OnlinePayment, PaymentTask, SavedAuthorization, TaskAction, TaskKind
from hms_server.contract.reconciliation import (
    Difference,
    DifferenceKind,
    ReconciledSum,
    ReconciliationRow,
    ReconciliationState,
)


def payment_columns(*, clock: Callable[[], datetime], zone: tzinfo) -> Sequence[Column[OnlinePayment]]:
    """Whose bill, how much, and where it stands since when."""
    return [
        Column(
            title=tr("Patient"),
            text=lambda row: row.patient_name or row.invoice_number.rpartition("-")[2],
            tooltip=lambda row: row.invoice_number,
            strong=True,
            stretch=1,
        ),
        Column(title=tr("Amount"), text=lambda row: format_amount(row.amount), align=Align.END),
        Column(
            title=tr("State"),
            text=lambda row: state_text(row, zone=zone, now=clock()),
            pill=lambda row: state_word(row)[1],
        ),
    ]


def card_columns() -> Sequence[Column[SavedAuthorization]]:
    """A kept card, by the four digits that the patient reads on it."""
    return [
        Column(title=tr("Card"), text=card_words, strong=True, stretch=2),
        Column(title=tr("Bank"), text=lambda row: row.bank or "–", stretch=1),
        Column(title=tr("Until"), text=lambda row: row.expires or "–"),
    ]


def task_columns(*, clock: Callable[[], datetime], zone: tzinfo) -> Sequence[Column[PaymentTask]]:
    """What is wrong, about how much, and since when."""
    return [
        Column(
            title=tr("Since"),
            text=lambda row: since_text(row.raised_at, zone=zone, now=clock()),
        ),
        Column(title=tr("What"), text=lambda row: task_word(row.kind), pill=lambda _: Kind.WARNING),
        Column(title=tr("Bill"), text=lambda row: row.invoice_number or "–", stretch=1),
        Column(
            title=tr("Open amount"),
            text=lambda row: format_money(row.amount) if row.amount else "–",
            align=Align.END,
            strong=True,
        ),
    ]


def night_columns() -> Sequence[Column[ReconciliationRow]]:
    """Which days, how it ended, and how many differences there are."""

    def ended(row: ReconciliationRow) -> str:
        return state_of_night(row)[0]

    return [
        Column(title=tr("Days"), text=days_text, strong=True, stretch=1),
        Column(title=tr("Result"), text=ended, pill=lambda row: state_of_night(row)[1]),
        Column(
            title=tr("Asked by"), text=lambda row: row.asked_by.name if row.asked_by else tr("Every night")
        ),
    ]


def difference_columns() -> Sequence[Column[Difference]]:
    """What differs, both sides, and what was done about it."""
    return [
        Column(title=tr("What"), text=lambda row: difference_word(row.kind), strong=True),
        Column(title=tr("Ours"), text=lambda row: row.ours or "–"),
        Column(title=tr("Paystack's"), text=lambda row: row.theirs or "–"),
        Column(title=tr("Why"), text=lambda row: row.sentence, stretch=3),
        Column(
            title=tr("Done"),
            text=lambda row: done_word(row)[0],
            pill=lambda row: done_word(row)[1],
        ),
    ]


def sum_columns() -> Sequence[Column[ReconciledSum]]:
    """Our sums beside Paystack's."""
    return [
        Column(title=tr("Sum"), text=lambda row: sum_word(row.name), strong=True, stretch=1),
        Column(title=tr("Ours"), text=lambda row: format_money(row.ours), align=Align.END),
        Column(title=tr("Paystack's"), text=lambda row: format_money(row.theirs), align=Align.END),
    ]


def days_text(row: ReconciliationRow) -> str:
    """The days that were compared."""
    if row.first_day == row.last_day:
        return date_text(row.first_day)
    return f"{date_text(row.first_day)} – {date_text(row.last_day)}"


def state_of_night(row: ReconciliationRow) -> tuple[str, Kind]:
    """How a comparison ended; nothing is called equal before it was compared."""
    if row.state is ReconciliationState.WAITING:
        return tr("Waits"), Kind.WARNING
    if row.state is ReconciliationState.FAILED:
        return tr("Failed"), Kind.DANGER
    if row.differences:
        return tr("{n} differ").format(n=row.differences), Kind.WARNING
    return tr("Agree"), Kind.OK


def done_word(row: Difference) -> tuple[str, Kind]:
    """Whether the comparison has mended it, or a person has to."""
    if row.mended:
        return tr("Mended"), Kind.OK
    return (tr("Task"), Kind.WARNING) if row.task_id is not None else (tr("Noted"), Kind.NEUTRAL)


def sum_word(name: str) -> str:
    """The name of a sum of the report."""
    return {"received": tr("Received"), "fees": tr("Fees"), "refunded": tr("Refunded")}.get(name, name)


def action_word(action: TaskAction) -> str:
    """What a person may decide about a task."""
    return {
        TaskAction.NOTE: tr("It is settled elsewhere"),
        TaskAction.CREDIT_BILL: tr("The money pays a bill"),
        TaskAction.REFUND_PAYER: tr("The money goes back to the payer"),
    }[action]


def task_word(kind: TaskKind) -> str:
    """What kind of thing is wrong."""
    return {
        TaskKind.ALREADY_PAID: tr("Paid twice"),
        TaskKind.OVERPAID: tr("Too much"),
        TaskKind.UNDERPAID: tr("Too little"),
        TaskKind.CURRENCY: tr("Other currency"),
        TaskKind.UNKNOWN_REFERENCE: tr("Unknown money"),
        TaskKind.REVERSED: tr("Taken back"),
        TaskKind.REFUND_FAILED: tr("Refund failed"),
        TaskKind.UNKNOWN_REFUND: tr("Unknown refund"),
        TaskKind.STUCK: tr("Unclear"),
        TaskKind.CONTRADICTION: tr("Contradiction"),
    }[kind]


def difference_word(kind: DifferenceKind) -> str:
    """What does not agree."""
    return {
        DifferenceKind.MISSING_HERE: tr("Not in our books"),
        DifferenceKind.MISSING_THERE: tr("Not at Paystack"),
        DifferenceKind.AMOUNT: tr("Amount"),
        DifferenceKind.CURRENCY: tr("Currency"),
        DifferenceKind.FEE: tr("Fee"),
        DifferenceKind.STATUS: tr("State"),
        DifferenceKind.REFUND: tr("Refund"),
        DifferenceKind.UNREADABLE: tr("Cannot be read"),
    }[kind]
