"""The pages of a first start by keyboard: what this place is, who signs in at it, and what is kept."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.first_start.printers.panel import PrintersPage
from hms_desktop.first_start.scanner.panel import ScannerPage
from hms_desktop.printing.printer import PrintKind
from hms_desktop.workplace import (
    FILE_NAME,
    Place,
    PrintTo,
    PrintWay,
    Workplace,
    keep_workplace,
)
from hms_server.contract.accounts import GetClinic
from tests.desktop.conftest import FakeConnection
from tests.desktop.first_start.visitor import ACCOUNT, Visit, focused, go_on, press
from tests.desktop.programs import AWAY, WRONG
from tests.desktop.visits.tickets import CLINIC


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


def test_a_disk_that_refuses_is_said_and_the_choice_lasts_till_the_end(
    visit: Callable[..., Visit], tmp_path: Path
) -> None:
    seen = visit("Pharmacy")
    (tmp_path / FILE_NAME).mkdir()

    go_on()

    assert seen.desk.workplace.place is Place.PHARMACY
    assert "could not be kept" in seen.printers.notice.text()
