"""The lists of the stock: medicines, the batches of one, and what happened to them."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, tzinfo

from PySide6.QtCore import QCoreApplication, QLocale

from hms_desktop.pharmacy.table import attention_words, expiry_text
from hms_desktop.widgets.rows import Align, Column
from hms_desktop.widgets.tokens import Kind
from hms_desktop.widgets.words import date_text, moment_text
from hms_server.contract.expiry import EXPIRES_SOON_DAYS
from hms_server.contract.pharmacy import (
    AttentionKind,
    AttentionRow,
    BatchRow,
    MovementKind,
    MovementRow,
    StockRow,
)

MINUS = "\N{MINUS SIGN}"


def _tr(text: str) -> str:
    return QCoreApplication.translate("stock", text)


def stock_columns() -> Sequence[Column[StockRow]]:
    """What there is of each medicine, and what it needs."""
    return [
        Column(title=_tr("Medicine"), text=lambda row: row.product, strong=True, stretch=2),
        Column(
            title=_tr("In stock"),
            text=lambda row: number_text(row.in_stock),
            tooltip=lambda row: row.dispensing_unit,
            align=Align.END,
        ),
        Column(
            title=_tr("State"),
            text=lambda row: stock_words(row)[0],
            pill=lambda row: stock_words(row)[1],
            tooltip=lambda row: "\n".join(each.detail for each in row.attention),
        ),
    ]


def stock_words(row: StockRow) -> tuple[str, Kind | None]:
    """The most pressing of what a medicine needs, or until when its next batch may be used."""
    if row.attention:
        return need_words(row.attention[0])
    return (expiry_text(row.next_expiry) if row.next_expiry else _tr("Never had"), None)


def need_words(row: AttentionRow) -> tuple[str, Kind]:
    """Such as "Lasts 2 days" or "Expired"."""
    word, kind = attention_words(row)
    if row.kind is AttentionKind.LOW and row.lasts_days is not None:
        word = _tr("Lasts {days}").format(days=word)
    return word, kind


def batch_columns(unit: Callable[[], str], *, today: Callable[[], date]) -> Sequence[Column[BatchRow]]:
    """First to expire first."""
    return [
        Column(title=_tr("Lot"), text=lambda row: row.lot, strong=True, stretch=2),
        Column(title=_tr("Expires"), text=lambda row: date_text(row.expires_on)),
        Column(
            title=_tr("State"),
            text=lambda row: batch_words(row, today=today())[0],
            pill=lambda row: batch_words(row, today=today())[1],
        ),
        Column(title=_tr("Shelf"), text=lambda row: row.shelf or "–", stretch=1),
        Column(title=_tr("On hand"), text=lambda row: amount_text(row.on_hand, unit()), align=Align.END),
    ]


def batch_words(row: BatchRow, *, today: date) -> tuple[str, Kind]:
    """Whether a batch may be given."""
    if row.expires_on < today:
        return _tr("Expired"), Kind.DANGER
    if not row.on_hand:
        return _tr("Used up"), Kind.NEUTRAL
    if (row.expires_on - today).days <= EXPIRES_SOON_DAYS:
        return _tr("Expiring"), Kind.WARNING
    return _tr("In use"), Kind.OK


def movement_columns(
    unit: Callable[[], str], *, zone: tzinfo, clock: Callable[[], datetime]
) -> Sequence[Column[MovementRow]]:
    """The newest first; each with its sign."""

    def moment(row: MovementRow) -> str:
        return moment_text(row.at, zone, today=clock().astimezone(zone).date())

    return [
        Column(title=_tr("When"), text=moment),
        Column(title=_tr("What"), text=lambda row: movement_word(row.kind), stretch=1),
        Column(title=_tr("Lot"), text=lambda row: row.lot),
        Column(title=_tr("Amount"), text=lambda row: change_text(row.quantity, unit()), align=Align.END),
        Column(title=_tr("Then"), text=lambda row: number_text(row.balance), align=Align.END),
        Column(title=_tr("Who"), text=lambda row: row.by or "–", stretch=1),
        Column(title=_tr("Note"), text=lambda row: row.note, stretch=1),
    ]


def movement_word(kind: MovementKind) -> str:
    return {
        MovementKind.RECEIVED: _tr("Received"),
        MovementKind.DISPENSED: _tr("Dispensed"),
        MovementKind.EXPIRED: _tr("Written off: expired"),
        MovementKind.BROKEN: _tr("Written off: broken"),
        MovementKind.MISSING: _tr("Written off: missing"),
        MovementKind.COUNTED: _tr("Counted"),
    }[kind]


def number_text(number: int) -> str:
    """Such as "12,500"."""
    return QLocale().toString(number)


def amount_text(number: int, unit: str) -> str:
    """Such as "500 × capsule": the unit's name is a fact of the product and has no plural."""
    return f"{number_text(number)} × {unit}"


def change_text(number: int, unit: str) -> str:
    """Such as "+500 × capsule" or "−20 × capsule"."""
    sign = "+" if number > 0 else MINUS if number < 0 else ""
    return f"{sign}{amount_text(abs(number), unit)}"
