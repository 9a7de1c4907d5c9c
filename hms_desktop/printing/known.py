"""The printers that this computer knows."""

from threading import Lock

import msgspec

_one_at_a_time = Lock()
"""Qt loads its printing plugin with the first question, and questions come from several threads."""


class KnownPrinter(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is what the system calls it, `about` its make or where it stands, as far as that is known."""

    name: str
    about: str = ""
    is_default: bool = False
    is_ready: bool = True


def known_printers() -> list[KnownPrinter]:
    """All of them, the default one first. Asks the system's print service: never on the windows' thread."""
    from PySide6.QtPrintSupport import QPrinter, QPrinterInfo  # noqa: PLC0415 - for the page of printers only

    stuck = (QPrinter.PrinterState.Error, QPrinter.PrinterState.Aborted)
    with _one_at_a_time:
        found = [
            KnownPrinter(
                name=printer.printerName(),
                about=printer.makeAndModel() or printer.location(),
                is_default=printer.isDefault(),
                is_ready=printer.state() not in stuck,
            )
            for printer in QPrinterInfo.availablePrinters()
            if not printer.isNull()
        ]
    return sorted(found, key=lambda printer: (not printer.is_default, printer.name.casefold()))
