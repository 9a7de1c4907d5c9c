"""What the stock desk says of a pack that was scanned."""

from PySide6.QtCore import QCoreApplication

from hms_desktop.pharmacy.gs1 import ScannedPack
from hms_desktop.widgets.tokens import Kind
from hms_desktop.widgets.words import date_text


def scanned_words(pack: ScannedPack, *, differs: str) -> tuple[Kind, str, str]:
    """Its meaning, what it bears, and what to do; `differs` is what was typed in another way."""
    if differs:
        title = _tr("The pack says {what}.").format(what=differs)
        return Kind.WARNING, title, _tr("What you typed stays. Which is right?")
    if pack.lot and pack.expires_on is not None:
        words = _tr("Scanned: lot {lot}, to be used up to {day}.")
        title = words.format(lot=pack.lot, day=date_text(pack.expires_on))
        return Kind.OK, title, _tr("Compare them with the pack.")
    title = _tr("Scanned. This code does not bear both lot and last day.")
    return Kind.INFO, title, _tr("Type what is missing from the pack.")


def _tr(text: str) -> str:
    return QCoreApplication.translate("stock", text)
