"""The columns of the price list and of the history of one price."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, tzinfo

from PySide6.QtCore import QCoreApplication

from hms_desktop.billing.prices.state import Line, Stage
from hms_desktop.widgets.rows import Align, Column
from hms_desktop.widgets.tokens import Kind
from hms_desktop.widgets.words import date_text, moment_text, time_text
from hms_server.contract.billing import PriceChange, PriceRow
from hms_server.contract.money import format_amount


def _tr(text: str) -> str:
    return QCoreApplication.translate("prices", text)


def price_columns(*, currency: str, zone: tzinfo) -> Sequence[Column[Line]]:
    """What, per what, what it costs, what was typed, and how far that is."""
    return [
        Column(title=_tr("Service or medicine"), text=lambda line: line.row.what, strong=True, stretch=3),
        Column(title=_tr("Per"), text=lambda line: line.row.unit, stretch=1),
        Column(
            title=_tr("Price {currency}").format(currency=currency),
            text=lambda line: price_words(line.row),
            pill=lambda line: Kind.WARNING if line.row.price is None else None,
            align=Align.END,
        ),
        Column(title=_tr("New price"), text=_typed, align=Align.END, strong=True),
        Column(
            title=_tr("State"),
            text=lambda line: stage_words(line, zone)[0],
            pill=lambda line: stage_words(line, zone)[1],
        ),
    ]


def price_words(row: PriceRow) -> str:
    """The amount under a heading that names the currency."""
    return format_amount(row.price) if row.price is not None else _tr("No price")


def stage_words(line: Line, zone: tzinfo) -> tuple[str, Kind | None]:
    """How far it is from the keys to the server."""
    entry = line.entry
    if entry is None:
        return "", None
    if entry.stage is Stage.STORED:
        at = time_text(entry.at, zone) if entry.at else ""
        return _tr("Stored {time}").format(time=at).strip(), Kind.OK
    return {
        Stage.TYPED: (_tr("Not stored"), Kind.WARNING),
        Stage.SAVING: (_tr("Saving…"), Kind.INFO),
        Stage.REFUSED: (_tr("Refused"), Kind.DANGER),
    }[entry.stage]


def _typed(line: Line) -> str:
    return line.entry.text if line.entry is not None and line.is_open else ""


def history_columns(*, zone: tzinfo, clock: Callable[[], datetime]) -> Sequence[Column[PriceChange]]:
    """From when, what it cost, and who has set it."""
    return [
        Column(title=_tr("From"), text=lambda change: from_words(change, zone, clock), stretch=1),
        Column(
            title=_tr("Price"),
            text=lambda change: format_amount(change.price),
            align=Align.END,
            strong=True,
        ),
        Column(title=_tr("By"), text=by_words, stretch=2),
    ]


def from_words(change: PriceRow | PriceChange, zone: tzinfo, clock: Callable[[], datetime]) -> str:
    """When it was set where that is known, else the day from which it holds."""
    if change.set_at is not None:
        return moment_text(change.set_at, zone, today=_today(zone, clock))
    return date_text(change.since) if change.since is not None else _tr("the beginning")


def by_words(change: PriceRow | PriceChange) -> str:
    """Who has set it; a command on the server has no name, and what was shipped nobody."""
    if change.set_by is not None:
        return change.set_by.name
    return _tr("A list on the server") if change.set_at is not None else "–"


def _today(zone: tzinfo, clock: Callable[[], datetime]) -> date:
    return clock().astimezone(zone).date()
