"""The columns of a prescription, while it is written and once it is signed."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QCoreApplication

from hms_desktop.prescribing.lines import Check, Line, amount_text
from hms_desktop.widgets.rows import Align, Column
from hms_desktop.widgets.tokens import Kind
from hms_server.contract.prescribing import MedicationRequestRow, MedicationRequestStatus, Severity


def _tr(text: str) -> str:
    return QCoreApplication.translate("prescription", text)


def line_columns(frequency_text: Callable[[str], str]) -> Sequence[Column[Line]]:
    """A line that is still written; `frequency_text` says a code in words."""
    return (
        Column(title=_tr("Medicine"), text=lambda line: line.name, stretch=3, strong=True),
        Column(title=_tr("Dose"), text=_dose, stretch=1),
        Column(title=_tr("Frequency"), text=lambda line: frequency_text(line.dosing.frequency), stretch=2),
        Column(title=_tr("Days"), text=lambda line: str(line.dosing.days), align=Align.END),
        Column(
            title=_tr("Qty"),
            text=lambda line: "…" if line.quantity is None else str(line.quantity),
            align=Align.END,
        ),
        Column(title=_tr("Check"), text=check_word, pill=check_kind, tooltip=_titles),
    )


def signed_columns() -> Sequence[Column[MedicationRequestRow]]:
    """A prescription that nobody changes any more."""
    return (
        Column(title=_tr("Medicine"), text=lambda row: row.product, stretch=2, strong=True),
        Column(title=_tr("Directions"), text=lambda row: row.directions, stretch=3),
        Column(title=_tr("Qty"), text=_quantity, align=Align.END),
        Column(title=_tr("Given"), text=_given_word, pill=_given_kind),
    )


def check_word(line: Line) -> str:
    """The state of a line in a word or two."""
    if line.error:
        return _tr("Correct it")
    if any(finding.severity is Severity.CONTRAINDICATED for finding in line.unanswered):
        return _tr("Do not give")
    if line.check is not Check.DONE or line.unanswered:
        return _tr("Not checked")
    if line.loud:
        return _tr("Reason given") if line.overrides else _tr("Warning")
    return _tr("See note") if line.findings and not _short(line) else _stock_word(line)


def check_kind(line: Line) -> Kind:
    """The colour that goes with `check_word`."""
    if line.error or line.check is not Check.DONE or line.unanswered:
        return Kind.DANGER
    if line.loud or _short(line):
        return Kind.WARNING
    return Kind.INFO if line.findings else Kind.OK


def _stock_word(line: Line) -> str:
    if not line.in_stock:
        return _tr("Not in stock")
    if _short(line):
        return _tr("Only {count} left").format(count=line.in_stock)
    return _tr("{count} in stock").format(count=line.in_stock)


def _short(line: Line) -> bool:
    return line.in_stock < (line.quantity or 1)


def _titles(line: Line) -> str:
    return "\n".join([line.error, line.trouble, *(finding.title for finding in line.findings)]).strip()


def _dose(line: Line) -> str:
    return amount_text(line.dosing.dose, line.dosing.product.dose_unit or line.dosing.product.dispensing_unit)


def _quantity(row: MedicationRequestRow) -> str:
    return str(row.quantity) if row.quantity else "–"


def _given_word(row: MedicationRequestRow) -> str:
    if row.status is MedicationRequestStatus.STOPPED:
        return _tr("Stopped")
    if row.status is MedicationRequestStatus.ENTERED_IN_ERROR:
        return _tr("In error")
    if row.dispensed >= row.quantity:
        return _tr("All")
    return _tr("{given} of {all}").format(given=row.dispensed, all=row.quantity)


def _given_kind(row: MedicationRequestRow) -> Kind:
    if row.status is not MedicationRequestStatus.ACTIVE and row.status is not (
        MedicationRequestStatus.COMPLETED
    ):
        return Kind.WARNING
    return Kind.OK if row.dispensed >= row.quantity else Kind.NEUTRAL
