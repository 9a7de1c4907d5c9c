"""Where finished PDFs go: a printer, or a folder when there is none, so that nothing is lost.

Every `print` here waits for a disk or a printer: call it in a worker, never in the thread of the windows.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from hms_desktop.printing import raster

_GONE = ("does not exist", "nknown destination")
"""How CUPS says that a queue was taken away."""


class PrintKind(StrEnum):
    """Papers that stand in different printers."""

    LABEL = "label"
    RECEIPT = "receipt"
    PAGE = "page"


class PrintOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """`message` tells the person what became of the paper; `kept_at` is where the PDF lies, if anywhere."""

    printed: bool
    message: str
    kept_at: Path | None = None


class PrintWords(msgspec.Struct, frozen=True, kw_only=True):
    """The sentences of the outcomes; the caller hands in translated ones."""

    sent: str = "“{title}” was sent to the printer."
    kept: str = "“{title}” was saved as {file}."
    kept_instead: str = "“{title}” was not printed: {reason} It was saved as {file}."
    lost: str = "“{title}” was neither printed nor saved: {reason} Print it again once this is solved."
    no_program: str = "this computer has no printing program ({program})."
    too_slow: str = "the printer did not answer within {seconds} seconds."
    refused: str = "the printer refused it ({answer})."
    gone: str = "the printer “{printer}” is not known to this computer any more."
    no_printer: str = "this computer knows no printer."
    disk: str = "the folder {folder} cannot be written ({answer})."


class Printer(Protocol):
    def print(self, pdf: bytes, *, title: str, kind: PrintKind) -> PrintOutcome:
        """Prints or keeps the PDF and says so; a printer in trouble is an outcome and never an exception."""


@dataclass(frozen=True, kw_only=True)
class FolderPrinter:
    """Saves each PDF under a number of its own; the folder holds names of patients and is private."""

    folder: Path
    words: PrintWords = field(default_factory=PrintWords)

    def print(self, pdf: bytes, *, title: str, kind: PrintKind) -> PrintOutcome:
        try:
            path = self.keep(pdf, title=title, kind=kind)
        except OSError as error:
            return PrintOutcome(printed=False, message=self._say_lost(title, self._say_disk(error)))
        message = self.words.kept.format(title=title, file=path)
        return PrintOutcome(printed=True, message=message, kept_at=path)

    def keep_instead(self, pdf: bytes, *, title: str, kind: PrintKind, reason: str) -> PrintOutcome:
        """What a printer that failed for this reason does with the PDF."""
        try:
            path = self.keep(pdf, title=title, kind=kind)
        except OSError as error:
            reasons = f"{reason} {_capitalise(self._say_disk(error))}"
            return PrintOutcome(printed=False, message=self._say_lost(title, reasons))
        message = self.words.kept_instead.format(title=title, reason=reason, file=path)
        return PrintOutcome(printed=False, message=message, kept_at=path)

    def keep(self, pdf: bytes, *, title: str, kind: PrintKind) -> Path:
        """The path of the file once it is on the disk; an `OSError` leaves no half of it behind."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._open_next(f"{kind.value}-{_file_name_of(title)}.pdf")
        path = Path(file.name).absolute()
        try:
            with file:
                file.write(pdf)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            path.unlink()
            raise
        return path

    def _open_next(self, name: str) -> BinaryIO:
        number = max(map(_number_of, self.folder.iterdir()), default=0)
        while True:
            number += 1
            try:
                return (self.folder / f"{number:04d}-{name}").open("xb")
            except FileExistsError:
                # Another window of this workstation took the number a moment ago.
                continue

    def _say_disk(self, error: OSError) -> str:
        return self.words.disk.format(folder=self.folder, answer=error.strerror or error)

    def _say_lost(self, title: str, reason: str) -> str:
        return self.words.lost.format(title=title, reason=reason)


@dataclass(frozen=True, kw_only=True)
class ByKind:
    """Papers of some kinds go their own way."""

    others: Printer
    printers: Mapping[PrintKind, Printer]

    def print(self, pdf: bytes, *, title: str, kind: PrintKind) -> PrintOutcome:
        return self.printers.get(kind, self.others).print(pdf, title=title, kind=kind)


@dataclass(frozen=True, kw_only=True)
class Queue:
    """A printer of the operating system; no name means the one it calls its default."""

    name: str = ""
    options: tuple[str, ...] = ()

    def arguments(self) -> list[str]:
        named = ["-d", self.name] if self.name else []
        return named + [argument for option in self.options for argument in ("-o", option)]


@dataclass(frozen=True, kw_only=True)
class CommandPrinter:
    """Hands the PDF to CUPS' `lp`, which spools it; what it does not take goes to the folder."""

    kept: FolderPrinter
    queues: Mapping[PrintKind, Queue] = field(default_factory=dict)
    command: tuple[str, ...] = ("lp",)
    timeout_s: float = 20.0

    def print(self, pdf: bytes, *, title: str, kind: PrintKind) -> PrintOutcome:
        queue = self.queues.get(kind, Queue())
        arguments = [*self.command, *queue.arguments(), "-t", _file_name_of(title)]
        reason = self._hand_over(pdf, arguments, printer=queue.name)
        if reason:
            return self.kept.keep_instead(pdf, title=title, kind=kind, reason=reason)
        return PrintOutcome(printed=True, message=self.kept.words.sent.format(title=title))

    def _hand_over(self, pdf: bytes, arguments: list[str], *, printer: str) -> str | None:
        """None when it was taken, else the reason."""
        words = self.kept.words
        # Answers in English, whatever the machine speaks: one of them is looked for.
        speaking = {**os.environ, "LC_ALL": "C"}
        try:
            done = subprocess.run(  # noqa: S603 - no shell; the title holds letters, digits and hyphens only
                arguments, input=pdf, capture_output=True, timeout=self.timeout_s, check=False, env=speaking
            )
        except subprocess.TimeoutExpired:
            return words.too_slow.format(seconds=round(self.timeout_s))
        except OSError:
            return words.no_program.format(program=self.command[0])
        if done.returncode == 0:
            return None
        answer = done.stderr.decode(errors="replace").strip()
        if printer and any(sign in answer for sign in _GONE):
            return words.gone.format(printer=printer)
        return words.refused.format(answer=answer or done.returncode)


@dataclass(frozen=True, kw_only=True)
class RasterPrinter:
    """Windows, where no program of the system prints a PDF: draws the pages at the printer itself."""

    kept: FolderPrinter
    queues: Mapping[PrintKind, Queue] = field(default_factory=dict)
    paint: Callable[..., None] = raster.paint

    def print(self, pdf: bytes, *, title: str, kind: PrintKind) -> PrintOutcome:
        words = self.kept.words
        name = self.queues.get(kind, Queue()).name
        try:
            self.paint(pdf, printer=name, title=_file_name_of(title))
        except raster.PrinterGone:
            reason = words.gone.format(printer=name) if name else words.no_printer
            return self.kept.keep_instead(pdf, title=title, kind=kind, reason=reason)
        except raster.NotPainted as trouble:
            reason = words.refused.format(answer=trouble)
            return self.kept.keep_instead(pdf, title=title, kind=kind, reason=reason)
        return PrintOutcome(printed=True, message=words.sent.format(title=title))


def system_printer(kept: FolderPrinter, queues: Mapping[PrintKind, Queue]) -> Printer:
    """The way to the printers of this operating system."""
    if sys.platform == "win32":
        return RasterPrinter(kept=kept, queues=queues)
    return CommandPrinter(kept=kept, queues=queues)


def _number_of(path: Path) -> int:
    digits = path.name.partition("-")[0]
    return int(digits) if digits.isascii() and digits.isdigit() else 0


def _file_name_of(title: str) -> str:
    """Letters, digits and hyphens, short enough for every file system."""
    return re.sub(r"[^0-9A-Za-z]+", "-", title).strip("-")[:60] or "untitled"


def _capitalise(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
