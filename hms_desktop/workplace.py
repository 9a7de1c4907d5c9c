"""What this workstation is for: its place in the clinic, its printers and its scanner, in one small file."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec
import structlog
from PySide6.QtCore import QCoreApplication

from hms_desktop.printing.printer import (
    ByKind,
    FolderPrinter,
    Printer,
    PrintKind,
    PrintOutcome,
    Queue,
    system_printer,
)
from hms_server.contract.private_files import replace_private

log = structlog.get_logger()

FILE_NAME = "workplace.json"


class Place(StrEnum):
    """Where a workstation stands; the words of the file, so none is ever renamed."""

    FRONT_DESK = "front_desk"
    NURSE = "nurse"
    DOCTOR = "doctor"
    PHARMACY = "pharmacy"
    BILLING = "billing"
    ADMINISTRATION = "administration"
    DISPLAY = "display"
    KIOSK = "kiosk"

    @property
    def is_unattended(self) -> bool:
        """Whether nobody signs in there: the screen does it by itself, and fills the whole monitor."""
        return self in (Place.DISPLAY, Place.KIOSK)


class PrintWay(StrEnum):
    """What becomes of a paper."""

    SYSTEM = "system"
    PRINTER = "printer"
    FILE = "file"


class PrintTo(msgspec.Struct, frozen=True, kw_only=True):
    """The computer's own default printer, a printer by its name, or a PDF in the program's folder."""

    way: PrintWay = PrintWay.SYSTEM
    printer: str = ""


class ScanEnd(StrEnum):
    """The key that a scanner presses after the code; with nothing, a pause ends it."""

    ENTER = "enter"
    TAB = "tab"
    NOTHING = "nothing"


class Wedge(msgspec.Struct, frozen=True, kw_only=True):
    """What a keyboard scanner types around each code, and the longest pause between two of its keys."""

    prefix: str = ""
    suffix: str = ""
    end: ScanEnd = ScanEnd.ENTER
    gap_ms: int = 0


class ScreenAccount(msgspec.Struct, frozen=True, kw_only=True):
    """With what a display or a kiosk signs in; such an account may see tickets or symptoms, no patient."""

    user_name: str
    password: str

    def __repr__(self) -> str:
        return f"ScreenAccount(user_name={self.user_name!r})"


class Workplace(msgspec.Struct, frozen=True, kw_only=True):
    """Everything has a default that works: nothing was asked yet, or it was left for later."""

    place: Place | None = None
    room: str = ""
    """By its name, as it stands on the door; empty for a place without a fixed room."""
    labels: PrintTo = PrintTo()
    receipts: PrintTo = PrintTo()
    pages: PrintTo = PrintTo()
    scanner: Wedge = Wedge()
    account: ScreenAccount | None = None

    @property
    def screen(self) -> ScreenAccount | None:
        """With what this workstation signs in by itself, if it is a display or a kiosk."""
        return self.account if self.place is not None and self.place.is_unattended else None

    def prints(self, kind: PrintKind) -> PrintTo:
        """Where papers of that kind go."""
        return {PrintKind.LABEL: self.labels, PrintKind.RECEIPT: self.receipts, PrintKind.PAGE: self.pages}[
            kind
        ]


class ReadWorkplace(msgspec.Struct, frozen=True, kw_only=True):
    """`trouble` is one sentence for a person where the file could not be used; empty otherwise."""

    workplace: Workplace
    trouble: str = ""


def load_workplace(folder: Path) -> ReadWorkplace:
    """What was kept last. A file that cannot be read is put aside under another name, never deleted."""
    path = folder / FILE_NAME
    try:
        return ReadWorkplace(workplace=msgspec.json.decode(path.read_bytes(), type=Workplace))
    except FileNotFoundError:
        return ReadWorkplace(workplace=Workplace())
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        log.info("workplace not read", reason=str(error))
        return ReadWorkplace(workplace=Workplace(), trouble=_put_aside(path))


def keep_workplace(folder: Path, workplace: Workplace) -> None:
    """Remembers it, whole or not at all, readable by this user alone; `OSError` where the disk refuses."""
    replace_private(folder / FILE_NAME, msgspec.json.format(msgspec.json.encode(workplace)))


def printer_of(workplace: Workplace, kept: FolderPrinter) -> Printer:
    """The way of each paper as this workplace has it; what no printer takes lies in the folder `kept`."""
    queues = {
        kind: Queue(name=workplace.prints(kind).printer)
        for kind in PrintKind
        if workplace.prints(kind).way is PrintWay.PRINTER
    }
    to_system = system_printer(kept, queues)
    to_file = {kind for kind in PrintKind if workplace.prints(kind).way is PrintWay.FILE}
    return ByKind(others=to_system, printers=dict.fromkeys(to_file, kept)) if to_file else to_system


@dataclass(frozen=True, kw_only=True)
class WorkplacePrinter:
    """Prints as the workplace is at that moment: a printer chosen meanwhile gets the next paper."""

    workplace: Callable[[], Workplace]
    kept: FolderPrinter

    def print(self, pdf: bytes, *, title: str, kind: PrintKind) -> PrintOutcome:
        return printer_of(self.workplace(), self.kept).print(pdf, title=title, kind=kind)


def _put_aside(path: Path) -> str:
    number = 1
    while (aside := path.with_name(f"workplace-damaged-{number}.json")).exists():
        number += 1
    try:
        path.rename(aside)
    except OSError as error:
        log.info("workplace not put aside", reason=str(error))
        sentence = _tr(
            "The settings of this workplace in {file} cannot be read. "
            "Choose them again under “This workplace”."
        )
        return sentence.format(file=path)
    sentence = _tr(
        "The settings of this workplace were damaged: they lie in {file} now. "
        "Choose them again under “This workplace”."
    )
    return sentence.format(file=aside)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Workplace", text)
