"""The scanner: a burst of keys is a barcode, a person's typing is not, and no letter is lost or swapped."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from hms_desktop.shell.scanner import GAP_MS, RAW_SCANS, SLOWEST_GAP_MS, Scanner
from hms_desktop.workplace import ScanEnd, Wedge

CODE = "2001234567893"


class Hand:
    """Presses keys at a pace that the test sets; the scanner reads this clock."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s

    def type(self, widget: QWidget, text: str, *, gap_ms: int) -> None:
        for letter in text:
            self.now_s += gap_ms / 1000
            if letter == "\n":
                QTest.keyClick(widget, Qt.Key.Key_Return)
            elif letter == "\t":
                QTest.keyClick(widget, Qt.Key.Key_Tab)
            else:
                QTest.keyClicks(widget, letter)


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def scanner(qapp: QApplication, hand: Hand) -> Iterator[Scanner]:
    made = Scanner(qapp, clock_s=hand)
    yield made
    made.stop()
    made.deleteLater()


@pytest.fixture
def page(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    column = QVBoxLayout(made)
    for _ in range(2):
        column.addWidget(QLineEdit())
    made.show()
    made.activateWindow()
    QTest.qWaitForWindowActive(made)
    return made


@pytest.fixture
def line(page: QWidget) -> QLineEdit:
    first = page.findChildren(QLineEdit)[0]
    first.setFocus()
    return first


def test_scan_is_told_and_leaves_no_letters(
    qtbot: QtBot, scanner: Scanner, hand: Hand, line: QLineEdit
) -> None:
    """Scanning while the cursor stands in a note does not write into the note."""
    entered: list[str] = []
    line.returnPressed.connect(lambda: entered.append("Enter"))

    with qtbot.waitSignal(scanner.scanned) as scanned:
        hand.type(line, CODE + "\n", gap_ms=5)

    assert scanned.args == [CODE]
    assert line.text() == ""
    assert entered == []


def test_capitals_and_separators_of_a_square_code_belong_to_the_scan(
    qtbot: QtBot, scanner: Scanner, hand: Hand, line: QLineEdit
) -> None:
    """A scanner presses Shift before a capital, and Ctrl with ] between the parts."""
    control = Qt.KeyboardModifier.ControlModifier

    def press(key: Qt.Key, text: str = "", modifiers: Qt.KeyboardModifier = control) -> None:
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            QApplication.sendEvent(line, QKeyEvent(kind, key, modifiers, text))

    with qtbot.waitSignal(scanner.scanned) as scanned:
        hand.type(line, "10", gap_ms=5)
        QTest.keyPress(line, Qt.Key.Key_Shift)
        hand.type(line, "AMX", gap_ms=5)
        QTest.keyRelease(line, Qt.Key.Key_Shift)
        QTest.keyPress(line, Qt.Key.Key_Control)
        press(Qt.Key.Key_BracketRight, "\x1d")
        QTest.keyRelease(line, Qt.Key.Key_Control)
        hand.type(line, "17270630\n", gap_ms=5)

    assert scanned.args == ["10AMX\x1d17270630"]
    assert line.text() == ""


def test_typing_arrives_in_order_and_enter_too(
    qtbot: QtBot, scanner: Scanner, hand: Hand, line: QLineEdit
) -> None:
    """A quick typist loses nothing: letters come in order, and Enter after them."""
    entered: list[str] = []
    line.returnPressed.connect(lambda: entered.append(line.text()))

    with qtbot.assertNotEmitted(scanner.scanned):
        hand.type(line, "Okonkwo\n", gap_ms=GAP_MS + 5)

    assert entered == ["Okonkwo"]


def test_last_letter_of_a_person_appears_by_itself(
    qtbot: QtBot, scanner: Scanner, hand: Hand, line: QLineEdit
) -> None:
    """A letter waits for a blink, not for the next one."""
    hand.type(line, "ok", gap_ms=10)
    at_once = line.text()

    qtbot.waitUntil(lambda: line.text() == "ok", timeout=GAP_MS * 10)

    assert at_once == ""


def test_a_short_tap_of_the_space_bar_presses_a_button(
    qtbot: QtBot, scanner: Scanner, hand: Hand, page: QWidget
) -> None:
    """Let go before the scanner's patience ends, the key still goes down first and up then."""
    button = QPushButton("Nurse", page)
    button.setCheckable(True)
    button.show()
    button.setFocus()

    hand.type(button, " ", gap_ms=200)

    qtbot.waitUntil(lambda: button.isChecked() and not button.isDown(), timeout=10_000)


def test_short_burst_is_typing(qtbot: QtBot, scanner: Scanner, hand: Hand, line: QLineEdit) -> None:
    """Rolling over a few keys and Enter is no barcode."""
    with qtbot.assertNotEmitted(scanner.scanned):
        hand.type(line, "ada\n", gap_ms=10)

    assert line.text() == "ada"


def test_letters_are_in_their_field_before_the_focus_moves(
    scanner: Scanner, hand: Hand, page: QWidget, line: QLineEdit
) -> None:
    """Tab directly after a letter leaves the letter where it was typed."""
    hand.type(line, "ad", gap_ms=5)

    QTest.keyClick(line, Qt.Key.Key_Tab)

    assert line.text() == "ad"
    assert page.findChildren(QLineEdit)[1].hasFocus()


def test_letters_are_in_their_field_before_a_shortcut_acts(
    scanner: Scanner, hand: Hand, line: QLineEdit
) -> None:
    """A key such as F6 directly after the last letter finds that letter in its field."""
    saved: list[str] = []
    shortcut = QShortcut(QKeySequence("F6"), line)
    shortcut.activated.connect(lambda: saved.append(line.text()))
    hand.type(line, "ad", gap_ms=5)

    hand.now_s += 0.005
    QTest.keyClick(line, Qt.Key.Key_F6)

    assert saved == ["ad"]


def test_letters_are_in_their_field_before_a_click_acts(
    scanner: Scanner, hand: Hand, page: QWidget, line: QLineEdit
) -> None:
    """Who clicks Save directly after the last letter saves that letter too."""
    saved: list[str] = []
    button = QPushButton("Save", page)
    button.show()
    button.pressed.connect(lambda: saved.append(line.text()))
    hand.type(line, "ad", gap_ms=5)

    QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    assert saved == ["ad"]


def test_scan_between_typed_letters_keeps_the_letters(
    qtbot: QtBot, scanner: Scanner, hand: Hand, line: QLineEdit
) -> None:
    """What a person typed just before the scan stays theirs."""
    hand.type(line, "ada", gap_ms=200)
    hand.now_s += 1

    with qtbot.waitSignal(scanner.scanned) as scanned:
        hand.type(line, CODE[:1], gap_ms=200)
        hand.type(line, CODE[1:] + "\n", gap_ms=5)

    assert scanned.args == [CODE]
    assert line.text() == "ada"


@pytest.mark.parametrize("why", ["property", "password"])
def test_field_that_wants_raw_scans_gets_them(
    qtbot: QtBot, scanner: Scanner, hand: Hand, line: QLineEdit, why: str
) -> None:
    """A password, and a field that asks for it, get every key at once."""
    if why == "password":
        line.setEchoMode(QLineEdit.EchoMode.Password)
    else:
        line.setProperty(RAW_SCANS, True)

    with qtbot.assertNotEmitted(scanner.scanned):
        hand.type(line, CODE + "\n", gap_ms=5)

    assert line.text() == CODE


def test_scan_without_any_field_is_told(qtbot: QtBot, scanner: Scanner, hand: Hand, page: QWidget) -> None:
    """A scan works wherever the focus is, also nowhere."""
    focused = QApplication.focusWidget()
    if focused is not None:
        focused.clearFocus()

    with qtbot.waitSignal(scanner.scanned) as scanned:
        hand.type(page, CODE + "\n", gap_ms=5)

    assert scanned.args == [CODE]


@pytest.mark.parametrize(
    "case",
    [
        (Wedge(), CODE + "\n"),
        (Wedge(prefix="]C1"), "]C1" + CODE + "\n"),
        (Wedge(suffix="#"), CODE + "#\n"),
        (Wedge(prefix="]C1", suffix="#", end=ScanEnd.TAB), "]C1" + CODE + "#\t"),
        (Wedge(prefix="]C1"), CODE + "\n"),
        (Wedge(end=ScanEnd.TAB), CODE + "\n"),
        (Wedge(end=ScanEnd.NOTHING), CODE),
    ],
)
def test_what_a_scanner_types_around_a_code_is_cut_off(
    qtbot: QtBot, scanner: Scanner, hand: Hand, line: QLineEdit, case: tuple[Wedge, str]
) -> None:
    """As the first start has learnt it; a scanner without it is understood all the same."""
    wedge, typed = case
    scanner.set_wedge(wedge)

    with qtbot.waitSignal(scanner.scanned) as scanned:
        hand.type(line, typed, gap_ms=5)

    assert scanned.args == [CODE]
    assert line.text() == ""
    assert line.hasFocus()


def test_tab_of_a_person_still_moves_on(
    qtbot: QtBot, scanner: Scanner, hand: Hand, page: QWidget, line: QLineEdit
) -> None:
    """Also where the scanner ends its codes with Tab."""
    scanner.set_wedge(Wedge(end=ScanEnd.TAB))

    with qtbot.assertNotEmitted(scanner.scanned):
        hand.type(line, "ada\t", gap_ms=GAP_MS + 20)

    assert line.text() == "ada"
    assert page.findChildren(QLineEdit)[1].hasFocus()


def test_a_slower_scanner_is_waited_for_up_to_a_limit(
    qtbot: QtBot, scanner: Scanner, hand: Hand, line: QLineEdit
) -> None:
    """A radio scanner pauses between its letters; nobody's typing is held back longer than a blink."""
    scanner.set_wedge(Wedge(gap_ms=5000))

    with qtbot.waitSignal(scanner.scanned) as scanned:
        hand.type(line, CODE + "\n", gap_ms=GAP_MS + 15)

    assert scanned.args == [CODE]
    assert scanner._patience.interval() == SLOWEST_GAP_MS


def test_stopped_scanner_lets_everything_through(scanner: Scanner, hand: Hand, line: QLineEdit) -> None:
    """After stopping, keys go straight to their fields."""
    scanner.stop()

    hand.type(line, CODE + "\n", gap_ms=1)

    assert line.text() == CODE
