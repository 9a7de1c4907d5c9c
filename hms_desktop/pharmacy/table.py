"""The columns of the lists at the side, and how batches are written."""

from collections.abc import Sequence
from datetime import date

from PySide6.QtCore import QCoreApplication, QDate, QLocale

from hms_desktop.widgets.rows import Align, Column
from hms_desktop.widgets.tokens import Kind
from hms_server.contract.pharmacy import Allocation, AttentionKind, AttentionRow, ToDispenseRow


def _tr(text: str) -> str:
    return QCoreApplication.translate("pharmacy", text)


def owing_columns() -> Sequence[Column[ToDispenseRow]]:
    """Who left before all of it was there."""
    return [
        Column(title=_tr("Patient"), text=lambda row: row.patient.name, strong=True, stretch=2),
        Column(title=_tr("Items"), text=lambda row: str(row.items), align=Align.END),
    ]


def attention_columns() -> Sequence[Column[AttentionRow]]:
    """What runs out or expires."""
    return [
        Column(
            title=_tr("Medicine"),
            text=lambda row: row.product,
            tooltip=lambda row: row.detail,
            strong=True,
            stretch=2,
        ),
        Column(title=_tr("Left"), text=lambda row: str(row.in_stock), align=Align.END),
        Column(
            title=_tr("State"),
            text=lambda row: attention_words(row)[0],
            pill=lambda row: attention_words(row)[1],
        ),
    ]


def attention_words(row: AttentionRow) -> tuple[str, Kind]:
    """Why a product is on the list, with its meaning."""
    if row.kind is AttentionKind.LOW and row.lasts_days is not None:
        return _tr("{days} days").format(days=row.lasts_days), Kind.WARNING
    return {
        AttentionKind.OUT: (_tr("Out of stock"), Kind.DANGER),
        AttentionKind.LOW: (_tr("Low"), Kind.WARNING),
        AttentionKind.EXPIRES_SOON: (_tr("Expiring"), Kind.WARNING),
        AttentionKind.EXPIRED: (_tr("Expired"), Kind.DANGER),
    }[row.kind]


def batches_text(allocations: Sequence[Allocation]) -> str:
    """Such as "PC-1187 × 20 (Jan 2027, shelf A1) + PC-1201 × 20 (Mar 2027, shelf A1)"."""
    return " + ".join(_batch_text(each) for each in allocations)


def _batch_text(allocation: Allocation) -> str:
    where = _tr(", shelf {shelf}").format(shelf=allocation.shelf) if allocation.shelf else ""
    return f"{allocation.lot} × {allocation.quantity} ({expiry_text(allocation.expires_on)}{where})"


def expiry_text(day: date) -> str:
    """Such as "exp. 31 Jan 2027": the last day on which it may be given."""
    month = QLocale().toString(_qdate(day), "d MMM yyyy")
    return _tr("exp. {day}").format(day=month)


def _qdate(day: date) -> QDate:
    return QDate(day.year, day.month, day.day)
