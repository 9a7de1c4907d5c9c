"""Printers that work, are missing, refuse or hang: nothing is lost, and the person is told."""

import sys
from pathlib import Path
from typing import BinaryIO

import pytest
from PySide6.QtWidgets import QApplication

from hms_desktop.printing.known import known_printers
from hms_desktop.printing.printer import (
    ByKind,
    CommandPrinter,
    FolderPrinter,
    PrintKind,
    Queue,
    RasterPrinter,
    system_printer,
)
from hms_desktop.printing.raster import NotPainted, PrinterGone

PDF = b"%PDF-1.4 not looked into"

SPOOLER = """
import pathlib, sys
pathlib.Path(sys.argv[1]).write_bytes(sys.stdin.buffer.read())
pathlib.Path(sys.argv[1] + ".arguments").write_text("|".join(sys.argv[2:]))
"""


def _command(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", *arguments)


@pytest.fixture
def folder(tmp_path: Path) -> FolderPrinter:
    return FolderPrinter(folder=tmp_path / "not" / "yet there")


def test_a_folder_numbers_what_it_is_given(folder: FolderPrinter) -> None:
    first = folder.print(PDF, title="Ticket T-004", kind=PrintKind.LABEL)
    second = folder.print(PDF, title="../../Ọbí: a/b", kind=PrintKind.RECEIPT)

    assert [path.name for path in sorted(folder.folder.iterdir())] == [
        "0001-label-Ticket-T-004.pdf",
        "0002-receipt-b-a-b.pdf",
    ]
    assert first.printed
    assert first.kept_at
    assert first.kept_at.read_bytes() == PDF
    assert first.message == f"“Ticket T-004” was saved as {first.kept_at}."
    assert second.kept_at == folder.folder / "0002-receipt-b-a-b.pdf"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
def test_only_the_owner_reads_the_folder(folder: FolderPrinter) -> None:
    folder.print(PDF, title="x", kind=PrintKind.PAGE)

    assert folder.folder.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    folder = FolderPrinter(folder=in_the_way)

    outcome = folder.print(PDF, title="T-004", kind=PrintKind.LABEL)

    assert not outcome.printed
    assert outcome.kept_at is None
    assert outcome.message.startswith("“T-004” was neither printed nor saved: the folder ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux' full device")
def test_a_full_disk_leaves_no_half_file(tmp_path: Path) -> None:
    class FullFolder(FolderPrinter):
        def _open_next(self, name: str) -> BinaryIO:
            path = self.folder / name
            path.symlink_to("/dev/full")
            return path.open("wb")

    outcome = FullFolder(folder=tmp_path).print(PDF, title="T-004", kind=PrintKind.LABEL)

    assert not outcome.printed
    assert "No space left on device" in outcome.message
    assert list(tmp_path.iterdir()) == []


def test_a_printer_gets_the_pdf_and_its_own_options(folder: FolderPrinter, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    printer = CommandPrinter(
        kept=folder,
        queues={PrintKind.LABEL: Queue(name="Zebra", options=("media=62x40mm",))},
        command=_command(SPOOLER, str(spool)),
    )

    outcome = printer.print(PDF, title="Ticket T-004", kind=PrintKind.LABEL)

    assert outcome.printed
    assert outcome.message == "“Ticket T-004” was sent to the printer."
    assert spool.read_bytes() == PDF
    assert (tmp_path / "spool.arguments").read_text() == "-d|Zebra|-o|media=62x40mm|-t|Ticket-T-004"
    assert not folder.folder.exists()


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (("no-such-program-here",), "this computer has no printing program (no-such-program-here)."),
        (
            _command("import sys; sys.exit('lp: Error - No default destination')"),
            "the printer refused it (lp: Error - No default destination).",
        ),
        (_command("import sys; sys.exit(3)"), "the printer refused it (3)."),
        (_command("import time; time.sleep(30)"), "the printer did not answer within 1 seconds."),
    ],
)
def test_a_printer_in_trouble_keeps_the_pdf_and_says_why(
    folder: FolderPrinter, command: tuple[str, ...], reason: str
) -> None:
    printer = CommandPrinter(kept=folder, command=command, timeout_s=1)

    outcome = printer.print(PDF, title="R-000042", kind=PrintKind.RECEIPT)

    assert not outcome.printed
    assert outcome.kept_at
    assert outcome.kept_at.read_bytes() == PDF
    assert outcome.message == f"“R-000042” was not printed: {reason} It was saved as {outcome.kept_at}."


def test_a_printer_that_is_gone_is_named(folder: FolderPrinter) -> None:
    printer = CommandPrinter(
        kept=folder,
        queues={PrintKind.LABEL: Queue(name="Zebra")},
        command=_command("import sys; sys.exit('lp: The printer or class does not exist.')"),
    )

    outcome = printer.print(PDF, title="T-004", kind=PrintKind.LABEL)

    assert outcome.kept_at
    assert outcome.kept_at.read_bytes() == PDF
    assert "the printer “Zebra” is not known to this computer any more" in outcome.message


def test_papers_of_a_kind_can_go_their_own_way(folder: FolderPrinter, tmp_path: Path) -> None:
    others = FolderPrinter(folder=tmp_path / "others")
    printer = ByKind(others=others, printers={PrintKind.LABEL: folder})

    label = printer.print(PDF, title="T-004", kind=PrintKind.LABEL)
    page = printer.print(PDF, title="Report", kind=PrintKind.PAGE)

    assert label.kept_at
    assert page.kept_at
    assert (label.kept_at.parent, page.kept_at.parent) == (folder.folder, others.folder)


def test_neither_printer_nor_folder_names_both_reasons(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    printer = CommandPrinter(kept=FolderPrinter(folder=in_the_way), command=("no-such-program-here",))

    outcome = printer.print(PDF, title="R-000042", kind=PrintKind.RECEIPT)

    assert not outcome.printed
    assert "no printing program" in outcome.message
    assert "The folder " in outcome.message


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (PrinterGone("Zebra"), "the printer “Zebra” is not known to this computer any more."),
        (NotPainted("it did not begin"), "the printer refused it (it did not begin)."),
    ],
)
def test_windows_keeps_what_its_printer_does_not_take(
    folder: FolderPrinter, trouble: Exception, reason: str
) -> None:
    def refuse(_pdf: bytes, *, printer: str, title: str) -> None:
        raise trouble

    printer = RasterPrinter(kept=folder, queues={PrintKind.LABEL: Queue(name="Zebra")}, paint=refuse)

    outcome = printer.print(PDF, title="T-004", kind=PrintKind.LABEL)

    assert outcome.kept_at
    assert outcome.kept_at.read_bytes() == PDF
    assert reason in outcome.message


def test_windows_draws_at_the_printer_of_the_paper(folder: FolderPrinter) -> None:
    drawn: list[tuple[str, str]] = []

    def draw(_pdf: bytes, *, printer: str, title: str) -> None:
        drawn.append((printer, title))

    printer = RasterPrinter(kept=folder, queues={PrintKind.LABEL: Queue(name="Zebra")}, paint=draw)
    printer.print(PDF, title="T-004", kind=PrintKind.LABEL)
    outcome = printer.print(PDF, title="R-1", kind=PrintKind.RECEIPT)

    assert drawn == [("Zebra", "T-004"), ("", "R-1")]
    assert outcome.printed
    assert not folder.folder.exists()


def test_windows_without_any_printer_says_so(folder: FolderPrinter, qapp: QApplication) -> None:
    """Asked through Qt: here is none that is called like this."""
    known = {printer.name for printer in known_printers()}
    queues = {PrintKind.LABEL: Queue(name="no printer is called like this")}

    outcome = RasterPrinter(kept=folder, queues=queues).print(PDF, title="T-004", kind=PrintKind.LABEL)

    assert "no printer is called like this" not in known
    assert "is not known to this computer" in outcome.message
    assert outcome.kept_at


def test_each_system_has_its_printer(folder: FolderPrinter) -> None:
    printer = system_printer(folder, {})

    assert isinstance(printer, RasterPrinter if sys.platform == "win32" else CommandPrinter)
