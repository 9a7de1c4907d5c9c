"""Printers and scanner at a first start: tried on real papers, judged by the person, kept as learnt."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.first_start.scanner.panel import ScannerPage
from hms_desktop.printing.documents import SCAN_TEXT
from hms_desktop.printing.known import KnownPrinter
from hms_desktop.printing.printer import PrintKind, PrintOutcome
from hms_desktop.workplace import Place, PrintTo, PrintWay, ScanEnd, Wedge, Workplace, keep_workplace
from tests.desktop.first_start.visitor import Visit, go_on, press
from tests.desktop.printing.papers import read_text, scan


def test_a_test_is_saved_where_there_is_no_printer(visit: Callable[..., Visit], qtbot: QtBot) -> None:
    """The outcome says where, and the paper is the real one."""
    seen = visit(printers=[])
    go_on()
    page = seen.printers
    qtbot.waitUntil(lambda: page.prints(PrintKind.LABEL).way is PrintWay.FILE)

    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: page.results[PrintKind.LABEL].text() == "Saved as PDF", timeout=30_000)

    saved = next((seen.folder / "printed").iterdir())
    assert str(saved) in page.notice.text()
    assert scan(saved.read_bytes()) == [SCAN_TEXT]
    assert "Front desk 1" in read_text(saved.read_bytes())


def test_a_printer_in_trouble_is_said_and_the_paper_is_kept(
    visit: Callable[..., Visit], qtbot: QtBot
) -> None:
    """Here it is one that only the fake list knows."""
    seen = visit()
    go_on()
    page = seen.printers
    qtbot.waitUntil(lambda: page.prints(PrintKind.LABEL).printer == "Zebra_ZD220")

    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: page.results[PrintKind.LABEL].text() == "Not printed", timeout=30_000)

    assert "was not printed" in page.notice.text()
    assert len(list((seen.folder / "printed").iterdir())) == 1
    assert page.buttons[PrintKind.LABEL].isEnabled()


@pytest.mark.parametrize(("key", "words"), [(Qt.Key.Key_F9, "Works"), (Qt.Key.Key_F10, "Does not work")])
def test_only_the_person_says_that_a_paper_came_out(
    visit: Callable[..., Visit], key: Qt.Key, words: str
) -> None:
    """The computer knows that it has handed it over, no more."""
    seen = visit()
    go_on()
    page = seen.printers
    page.show_under_way(PrintKind.RECEIPT)

    page.show_outcome(PrintKind.RECEIPT, PrintOutcome(printed=True, message="Sent."))
    before = page.results[PrintKind.RECEIPT].text()
    press(key)

    assert before == "Handed over"
    assert page.results[PrintKind.RECEIPT].text() == words


@pytest.mark.parametrize("is_default", [True, False])
def test_a_stopped_printer_is_never_called_working(
    visit: Callable[..., Visit],
    qtbot: QtBot,
    is_default: bool,  # noqa: FBT001 - pytest's way
) -> None:
    """The system takes papers for it and keeps them."""
    stopped = KnownPrinter(name="Zebra_ZD220", is_default=is_default, is_ready=False)
    seen = visit(printers=[stopped])
    go_on()
    page = seen.printers
    qtbot.waitUntil(lambda: page.prints(PrintKind.LABEL).printer == "Zebra_ZD220")
    kind = PrintKind.PAGE if is_default else PrintKind.LABEL

    page.show_outcome(kind, PrintOutcome(printed=True, message="Sent."))

    assert page.results[kind].text() == "Waits"
    assert "stopped this printer" in page.notice.text()


def test_a_printer_that_is_gone_stays_chosen_and_is_marked(
    visit: Callable[..., Visit], tmp_path: Path, qtbot: QtBot
) -> None:
    """It may only be switched off."""
    gone = PrintTo(way=PrintWay.PRINTER, printer="Old printer")
    keep_workplace(tmp_path, Workplace(place=Place.BILLING, receipts=gone))
    seen = visit(is_first=False)
    go_on()
    choice = seen.printers.choices[PrintKind.RECEIPT]

    qtbot.waitUntil(lambda: "not found" in choice.editor.currentText())
    go_on()

    assert seen.kept.receipts == gone


def to_scanner(seen: Visit) -> ScannerPage:
    go_on()
    go_on()
    return seen.scanner


def scan_into(page: ScannerPage, text: str, clock: list[float], *, gap_s: float = 0.004) -> None:
    for letter in text:
        clock[0] += gap_s
        if letter == "\t":
            QTest.keyClick(page.field.editor, Qt.Key.Key_Tab)
        elif letter == "\n":
            QTest.keyClick(page.field.editor, Qt.Key.Key_Return)
        else:
            QTest.keyClicks(page.field.editor, letter)


@pytest.mark.parametrize(
    ("typed", "wedge"),
    [
        (SCAN_TEXT + "\n", Wedge(gap_ms=6)),
        ("]C1" + SCAN_TEXT + "\n", Wedge(prefix="]C1", gap_ms=6)),
        (SCAN_TEXT + "~\t", Wedge(suffix="~", end=ScanEnd.TAB, gap_ms=6)),
    ],
)
def test_a_scan_teaches_what_the_scanner_types(visit: Callable[..., Visit], typed: str, wedge: Wedge) -> None:
    """And that counts at once, for the whole program."""
    seen = visit()
    page, clock = to_scanner(seen), [10.0]
    page._clock_s = lambda: clock[0]

    scan_into(page, typed, clock)

    assert seen.kept.scanner == wedge
    assert "The scanner works" in page.notice.text()
    assert page.field.editor.hasFocus()
    assert seen.desk.scanned(SCAN_TEXT)
    assert "ready" in page.notice.text()


def test_a_scanner_that_presses_no_key_at_the_end_is_learnt_from_the_pause(
    visit: Callable[..., Visit], qtbot: QtBot
) -> None:
    seen = visit()
    page, clock = to_scanner(seen), [10.0]
    page._clock_s = lambda: clock[0]

    scan_into(page, SCAN_TEXT, clock)
    qtbot.waitUntil(lambda: bool(page.notice.text()))

    assert seen.kept.scanner.end is ScanEnd.NOTHING


def test_a_person_who_types_the_code_is_not_taken_for_a_scanner(visit: Callable[..., Visit]) -> None:
    """Honest: it says so, and nothing is kept."""
    seen = visit()
    page, clock = to_scanner(seen), [10.0]
    page._clock_s = lambda: clock[0]

    scan_into(page, SCAN_TEXT + "\n", clock, gap_s=0.15)

    assert "looks like somebody typing" in page.notice.text()
    assert seen.kept.scanner == Wedge()


def test_a_failed_scan_leaves_nothing_that_spoils_the_next(visit: Callable[..., Visit], qtbot: QtBot) -> None:
    """Half a code, a pause, then the whole one: its beginning is no prefix."""
    seen = visit()
    page, clock = to_scanner(seen), [10.0]
    page._clock_s = lambda: clock[0]
    page._pause.setInterval(50)

    scan_into(page, SCAN_TEXT[:4], clock)
    qtbot.waitUntil(lambda: not page._pause.isActive())
    scan_into(page, SCAN_TEXT + "\n", clock)

    assert seen.kept.scanner.prefix == ""
    assert "The scanner works" in page.notice.text()


def test_without_a_scanner_the_page_is_simply_finished(visit: Callable[..., Visit]) -> None:
    """Enter and Tab in the empty field teach nothing."""
    seen = visit()
    page = to_scanner(seen)

    press(Qt.Key.Key_Return)
    nothing_said = page.notice.text()
    go_on()

    assert nothing_said == ""
    assert seen.closed == [True]
    assert seen.kept.scanner == Wedge()


def test_the_code_stands_on_the_screen_and_on_a_label(visit: Callable[..., Visit], qtbot: QtBot) -> None:
    """Some scanners read paper only."""
    seen = visit(printers=[])
    go_on()
    qtbot.waitUntil(lambda: seen.printers.prints(PrintKind.LABEL).way is PrintWay.FILE)
    go_on()
    page = seen.scanner
    qtbot.waitUntil(lambda: bool(page.bars._widths), timeout=30_000)

    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: bool(page.notice.text()), timeout=30_000)

    saved = next((seen.folder / "printed").iterdir())
    assert scan(saved.read_bytes()) == [SCAN_TEXT]
    assert page.field.editor.hasFocus()
