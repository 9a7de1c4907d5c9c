"""The pages of a first start by keyboard: place, printers, scanner, and what is kept of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from hms_desktop.first_start.chosen import Chosen, Station
from hms_desktop.first_start.desk import WorkplaceDesk
from hms_desktop.first_start.place.panel import PlacePage
from hms_desktop.first_start.printers.panel import PrintersPage
from hms_desktop.first_start.scanner.panel import ScannerPage
from hms_desktop.printing.documents import SCAN_TEXT
from hms_desktop.printing.known import KnownPrinter
from hms_desktop.printing.printer import PrintKind, PrintOutcome
from hms_desktop.session import Session
from hms_desktop.shell.main_window import MainWindow
from hms_desktop.workplace import (
    FILE_NAME,
    Place,
    PrintTo,
    PrintWay,
    ScanEnd,
    ScreenAccount,
    Wedge,
    Workplace,
    keep_workplace,
    load_workplace,
)
from hms_server.contract.accounts import GetClinic
from hms_server.contract.envelope import Fault
from tests.desktop.conftest import FakeConnection
from tests.desktop.printing.papers import read_text, scan
from tests.desktop.samples import NOW
from tests.desktop.visits.tickets import CLINIC

PRINTERS = [
    KnownPrinter(name="HP", about="HP LaserJet", is_default=True),
    KnownPrinter(name="Zebra_ZD220", about="Zebra Technologies"),
]
ACCOUNT = ScreenAccount(user_name="display-1", password="made for it")
WRONG = Fault(code="accounts.wrong_password", message="User name or password is wrong.", field="password")
AWAY = Fault(code="link.down", message="There is no connection to the server.")


@dataclass
class Server:
    """Judges accounts of screens, and remembers which it was asked about."""

    outcome: ScreenAccount | Fault = ACCOUNT
    asked: list[Chosen] = field(default_factory=list)

    def __call__(self, chosen: Chosen) -> ScreenAccount | Fault:
        self.asked.append(chosen)
        return self.outcome


@dataclass
class Visit:
    """Somebody at a new workstation."""

    desk: WorkplaceDesk
    window: MainWindow
    folder: Path
    server: Server
    closed: list[bool] = field(default_factory=list)

    @property
    def kept(self) -> Workplace:
        return load_workplace(self.folder).workplace

    @property
    def place(self) -> PlacePage:
        assert isinstance(self.window.page, PlacePage)
        return self.window.page

    @property
    def printers(self) -> PrintersPage:
        assert isinstance(self.window.page, PrintersPage)
        return self.window.page

    @property
    def scanner(self) -> ScannerPage:
        assert isinstance(self.window.page, ScannerPage)
        return self.window.page


@pytest.fixture
def visit(qtbot: QtBot, connection: FakeConnection, tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    """Opens the pages for a workstation of that name."""
    made: list[Visit] = []
    connection.answer(GetClinic, CLINIC)

    def make(
        device: str = "Front desk 1", *, printers: list[KnownPrinter] | None = None, is_first: bool = True
    ) -> Visit:
        window = MainWindow("Unity Clinic")
        qtbot.addWidget(window)
        window.resize(1280, 720)
        session = Session(connection, window, clock=lambda: NOW)
        found = PRINTERS if printers is None else printers
        desk = WorkplaceDesk(window, tmp_path, printers=lambda: found, clock=lambda: NOW, parent=window)
        visit = Visit(desk, window, tmp_path, Server())
        desk.closed.connect(lambda: visit.closed.append(True))
        window.show()
        station = Station(clinic="Unity Clinic", device=device, key="A1B2 C3D4 E5F6 0718")
        desk.open(session, station, account=visit.server, is_first=is_first)
        window.activateWindow()
        QTest.qWaitForWindowActive(window)
        tour = desk._tour
        assert tour is not None
        qtbot.waitUntil(lambda: tour._clinic is not None or bool(visit.place.notice.text()))
        made.append(visit)
        return visit

    yield make
    for each in made:
        each.desk.close()


def press(key: Qt.Key, *, ctrl: bool = False) -> None:
    modifier = Qt.KeyboardModifier.ControlModifier if ctrl else Qt.KeyboardModifier.NoModifier
    QTest.keyClick(focused(), key, modifier)


def focused() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def go_on() -> None:
    press(Qt.Key.Key_Return, ctrl=True)


def test_enter_three_times_is_enough_where_the_name_says_it_all(
    visit: Callable[..., Visit], qtbot: QtBot
) -> None:
    """IT staff have named the workstation already, and the printers say what they are made for."""
    seen = visit("Doctor Room 2")

    go_on()
    qtbot.waitUntil(lambda: seen.printers.prints(PrintKind.LABEL).way is PrintWay.PRINTER)
    go_on()
    assert isinstance(seen.window.page, ScannerPage)
    go_on()

    assert seen.closed == [True]
    assert (seen.kept.place, seen.kept.room) == (Place.DOCTOR, "Room 2")
    assert seen.kept.labels == PrintTo(way=PrintWay.PRINTER, printer="Zebra_ZD220")
    assert seen.kept.receipts == PrintTo()


def test_another_place_is_chosen_with_the_arrows(visit: Callable[..., Visit]) -> None:
    seen = visit("desk-7")

    press(Qt.Key.Key_Down)
    press(Qt.Key.Key_Down)
    press(Qt.Key.Key_Return)
    on_room = seen.place.room.editor.hasFocus()
    press(Qt.Key.Key_Down)
    go_on()

    assert on_room
    assert (seen.kept.place, seen.kept.room) == (Place.DOCTOR, "Room 1")


def test_esc_leaves_without_keeping_anything(visit: Callable[..., Visit]) -> None:
    """It can be done later; the program works without it."""
    seen = visit("Doctor Room 2")

    press(Qt.Key.Key_Escape)

    assert seen.closed == [True]
    assert not (seen.folder / FILE_NAME).exists()


def test_esc_goes_back_a_page_and_what_was_chosen_stays(visit: Callable[..., Visit]) -> None:
    seen = visit("Pharmacy")
    go_on()
    go_on()

    press(Qt.Key.Key_Escape)
    assert isinstance(seen.window.page, PrintersPage)
    press(Qt.Key.Key_Escape)

    assert seen.place.table.chosen_row() is Place.PHARMACY


def test_rooms_that_cannot_be_fetched_keep_nobody_from_going_on(
    visit: Callable[..., Visit], connection: FakeConnection, qtbot: QtBot
) -> None:
    """And are fetched again with a key."""
    connection.answer(GetClinic, AWAY)
    seen = visit("Nurse")
    sentence = seen.place.notice.text()

    connection.answer(GetClinic, CLINIC)
    press(Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: not seen.place.notice.text())

    assert AWAY.message in sentence
    assert seen.place.room.editor.count() == len(CLINIC.rooms) + 1


def test_an_opened_again_page_shows_what_was_kept(visit: Callable[..., Visit], tmp_path: Path) -> None:
    """Not what the name suggests."""
    keep_workplace(tmp_path, Workplace(place=Place.NURSE, room="Triage"))

    seen = visit("Doctor Room 2", is_first=False)

    assert seen.place.table.chosen_row() is Place.NURSE
    assert seen.place.room.value() == "Triage"


def test_a_screen_needs_an_account(visit: Callable[..., Visit]) -> None:
    """What is missing is said at its field."""
    seen = visit("Waiting room TV")

    button = seen.place.next_button.accessibleName()
    go_on()
    missing_name = seen.place.user.error()
    QTest.keyClicks(seen.place.user.editor, "admin")
    go_on()

    assert button == "Done"
    assert missing_name
    assert seen.place.password.error()
    assert seen.server.asked == []


def test_a_screen_signs_in_with_what_the_server_has_accepted(
    visit: Callable[..., Visit], qtbot: QtBot
) -> None:
    """An administrator's password is not kept, the new account is."""
    seen = visit("Waiting room TV")
    press(Qt.Key.Key_Return)
    QTest.keyClicks(focused(), "admin")
    press(Qt.Key.Key_Return)
    QTest.keyClicks(focused(), "the administrator's own")

    go_on()
    qtbot.waitUntil(lambda: seen.closed == [True])

    assert seen.server.asked[0].user_name == "admin"
    assert (seen.kept.place, seen.kept.account) == (Place.DISPLAY, ACCOUNT)
    assert "the administrator's own" not in (seen.folder / FILE_NAME).read_text()


def test_a_refused_account_is_said_at_its_field_and_can_be_corrected(
    visit: Callable[..., Visit], qtbot: QtBot
) -> None:
    seen = visit("Kiosk")
    seen.server.outcome = WRONG
    press(Qt.Key.Key_Return)
    QTest.keyClicks(focused(), "kiosk")
    press(Qt.Key.Key_Return)
    QTest.keyClicks(focused(), "wrong")

    go_on()
    qtbot.waitUntil(lambda: seen.place.password.error() == WRONG.message)
    seen.server.outcome = ACCOUNT
    go_on()
    qtbot.waitUntil(lambda: seen.closed == [True])

    assert seen.kept.place is Place.KIOSK


def test_a_screen_that_becomes_a_desk_forgets_its_account(
    visit: Callable[..., Visit], tmp_path: Path
) -> None:
    keep_workplace(tmp_path, Workplace(place=Place.DISPLAY, account=ACCOUNT))
    seen = visit(is_first=False)

    press(Qt.Key.Key_Home)
    seen.place.table.choose(Place.BILLING)
    go_on()

    assert (seen.kept.place, seen.kept.account) == (Place.BILLING, None)


def test_a_kept_screen_is_confirmed_without_its_password(visit: Callable[..., Visit], tmp_path: Path) -> None:
    keep_workplace(tmp_path, Workplace(place=Place.DISPLAY, account=ACCOUNT))
    seen = visit(is_first=False)

    go_on()

    assert seen.closed == [True]
    assert seen.server.asked == []
    assert seen.kept.account == ACCOUNT


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


def test_a_disk_that_refuses_is_said_and_the_choice_lasts_till_the_end(
    visit: Callable[..., Visit], tmp_path: Path
) -> None:
    seen = visit("Pharmacy")
    (tmp_path / FILE_NAME).mkdir()

    go_on()

    assert seen.desk.workplace.place is Place.PHARMACY
    assert "could not be kept" in seen.printers.notice.text()
