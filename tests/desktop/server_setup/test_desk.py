"""The set-up in a window: by keyboard alone, faults at their fields, the real program behind it."""

import sys
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from hms_desktop.server_setup.clinic.panel import ClinicPage
from hms_desktop.server_setup.desk import SetupDesk
from hms_desktop.server_setup.panel import SetupPage
from hms_desktop.server_setup.program import SetupProgram, command_for
from hms_desktop.server_setup.rooms.panel import RoomsPage
from hms_desktop.server_setup.start import Assistant
from hms_desktop.shell.main_window import MainWindow
from hms_server.contract.setup import LATER, PlanFault, plan_faults
from hms_server.contract.setup_templates import load_templates
from hms_server.database import connect

PATIENCE_MS = 120_000


def page_of(window: MainWindow) -> SetupPage:
    page = window.page
    assert isinstance(page, SetupPage)
    return page


def focused() -> object:
    return QApplication.focusWidget()


def type_here(text: str) -> None:
    target = QApplication.focusWidget()
    assert target is not None
    QTest.keyClicks(target, text)


def press(
    window: MainWindow, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    QTest.keyClick(QApplication.focusWidget() or window, key, modifier)


def go_on(window: MainWindow) -> None:
    press(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


def clinic_page(desk: SetupDesk) -> ClinicPage:
    page = desk.pages[0]
    assert isinstance(page, ClinicPage)
    return page


def rooms_page(desk: SetupDesk) -> RoomsPage:
    page = desk.pages[1]
    assert isinstance(page, RoomsPage)
    return page


def leave_first_pages(window: MainWindow, desk: SetupDesk) -> None:
    """To the page of the recovery key."""
    type_here("Unity Clinic")
    for _ in range(3):
        go_on(window)
    assert window.page is desk.safety


def test_the_first_field_waits_for_the_name(window: MainWindow, desk: SetupDesk) -> None:
    """A forgotten name is said at its field, and what was typed elsewhere stays."""
    go_on(window)

    page = clinic_page(desk)
    assert window.page is page
    assert "Give the clinic its name" in page.name.error()
    assert focused() is page.name.editor


def test_a_country_gives_zone_money_and_language(desk: SetupDesk) -> None:
    """And the missing prices are told where the currency is seen."""
    page = clinic_page(desk)
    page.zone.set_text("senegal")

    page.zone.finished.emit()

    assert page.zone.text() == "Africa/Dakar"
    assert (page.currency.value(), page.language.value()) == ("XOF", "fr")
    assert "without a price" in page.notice.text()


def test_what_was_chosen_is_not_overwritten(desk: SetupDesk) -> None:
    page = clinic_page(desk)
    page.currency.set_value("USD")
    page.currency.chosen.emit("USD")
    page.zone.set_text("accra")

    page.zone.finished.emit()

    assert page.currency.value() == "USD"


def test_a_zone_that_is_not_understood_is_said_at_once(window: MainWindow, desk: SetupDesk) -> None:
    page = clinic_page(desk)
    type_here("Unity")
    page.zone.set_text("dakr")

    page.zone.finished.emit()
    said = page.zone.error()
    go_on(window)

    assert "Did you mean Africa/Dakar" in said
    assert window.page is page
    assert focused() is page.zone.editor


def test_rooms_are_added_changed_and_removed_by_keys(window: MainWindow, desk: SetupDesk) -> None:
    type_here("Unity")
    go_on(window)
    page = rooms_page(desk)
    template = load_templates()["small-clinic"].rooms

    page.name.set_text("Eye room")
    page.department.set_text("Eye clinic")
    press(window, Qt.Key.Key_F5)
    added = page.rooms[-1]
    page.name.set_text("Eye room 1")
    press(window, Qt.Key.Key_F6)
    changed = page.rooms[-1]
    press(window, Qt.Key.Key_F7)

    assert (added.name, added.department) == ("Eye room", "Eye clinic")
    assert changed.name == "Eye room 1"
    assert page.rooms == template
    assert page.read_plan(desk.plan).rooms is None


def test_a_room_that_exists_is_refused_at_its_name(window: MainWindow, desk: SetupDesk) -> None:
    page = rooms_page(desk)
    page.name.set_text("room 1")
    page.department.set_text("Eye clinic")

    page.add_button.click()

    assert "another room" in page.name.error()
    assert page.rooms == load_templates()["small-clinic"].rooms


def test_a_training_clinic_is_not_asked_for_rooms(window: MainWindow, desk: SetupDesk) -> None:
    page = clinic_page(desk)
    type_here("Unity")
    page.contents.set_value("training")
    page.contents.chosen.emit("training")

    go_on(window)

    assert "administrator" in page_of(window).card.title().lower()
    assert desk.plan.is_training
    assert plan_faults(desk.plan) == []


def test_passwords_have_to_agree(window: MainWindow, desk: SetupDesk) -> None:
    type_here("Unity")
    go_on(window)
    go_on(window)
    page = page_of(window)
    page.fields["administrator.password"].editor.setText("correct horse")
    page.fields["again"].editor.setText("corect horse")

    go_on(window)

    assert "not the same" in page.fields["again"].error()


def test_the_key_is_asked_back_from_paper(window: MainWindow, desk: SetupDesk) -> None:
    """Small letters and an O for a zero are what people write."""
    leave_first_pages(window, desk)
    go_on(window)
    refused = desk.safety.groups[0].error()
    groups = desk.safety.key.split("-")
    for field, place in zip(desk.safety.groups, desk.safety.asked, strict=True):
        field.set_text(groups[place].lower().replace("0", "o"))

    go_on(window)

    assert "not what stands above" in refused
    assert desk.plan.backup.recovery_key == desk.safety.key
    assert "Database" in page_of(window).card.title()


def test_the_key_can_wait(window: MainWindow, desk: SetupDesk) -> None:
    leave_first_pages(window, desk)
    desk.safety.when.set_value(LATER)
    desk.safety.when.chosen.emit(LATER)

    go_on(window)

    assert desk.plan.backup.recovery_key == LATER


def test_the_key_is_printed_on_demand(window: MainWindow, desk: SetupDesk, qtbot: QtBot) -> None:
    leave_first_pages(window, desk)

    press(window, Qt.Key.Key_F9)

    qtbot.waitUntil(lambda: "printed" in desk.safety.notice.text(), timeout=PATIENCE_MS)
    assert f"printed {desk.safety.key[:5]} for Unity Clinic" in desk.safety.notice.text()


def test_a_program_that_cannot_be_started_is_said(window: MainWindow, desk: SetupDesk, qtbot: QtBot) -> None:
    """On the last page, where it can be tried again."""
    window.show_page(desk.summary)
    desk.program.set_up(desk.plan)

    qtbot.waitUntil(lambda: desk.summary.notice.text() != "", timeout=PATIENCE_MS)

    assert "could not be started" in desk.summary.notice.text()


def test_esc_leads_back_and_keeps_what_was_typed(window: MainWindow, desk: SetupDesk) -> None:
    type_here("Unity")
    go_on(window)

    press(window, Qt.Key.Key_Escape)

    assert window.page is clinic_page(desk)
    assert clinic_page(desk).name.text() == "Unity"


def test_a_fault_of_the_server_leads_to_its_question(window: MainWindow, desk: SetupDesk) -> None:
    """Only the server knows whether the folder can be written by its user."""
    desk.on_failed([PlanFault("backup.place", "The backup folder /x is not there.")])

    assert window.page is desk.safety
    assert desk.safety.place.error() == "The backup folder /x is not there."


def test_a_trouble_of_the_whole_is_said_on_the_last_page(window: MainWindow, desk: SetupDesk) -> None:
    window.show_page(desk.summary)

    desk.on_failed([PlanFault("", "Nobody has allowed it.")])

    assert "Nobody has allowed it." in desk.summary.notice.text()
    assert desk.summary.next_button.isEnabled()


def test_rights_are_asked_for_only_where_they_are_needed() -> None:
    packaged, mine = Path("/usr/bin/hms-server"), Path("/home/ada/hms-server")

    assert command_for(packaged, is_root=False, pkexec="/usr/bin/pkexec") == [
        "/usr/bin/pkexec",
        "/usr/bin/hms-server",
    ]
    assert command_for(packaged, is_root=False, pkexec="") == ["/usr/bin/hms-server"]
    assert command_for(packaged, is_root=True) == ["/usr/bin/hms-server"]
    assert command_for(mine, is_root=False, pkexec="/usr/bin/pkexec") == ["/home/ada/hms-server"]


def test_a_clinic_is_really_set_up(window: MainWindow, database: str, tmp_path: Path, qtbot: QtBot) -> None:
    """From the first page to the password, with the server's own program."""
    program = SetupProgram(
        Path(sys.executable),
        arguments=["-m", "hms_server", "--data-dir", str(tmp_path), "--database", database],
        before=[],
    )
    desk = SetupDesk(window, program, zone="Africa/Lagos", parent=window)
    desk.start()
    leave_first_pages(window, desk)
    groups = desk.safety.key.split("-")
    for field, place in zip(desk.safety.groups, desk.safety.asked, strict=True):
        field.set_text(groups[place])
    for _ in range(3):
        go_on(window)

    qtbot.waitUntil(lambda: window.page is desk.done_page, timeout=PATIENCE_MS)

    assert [title for title, _ in desk.done_page.secrets] == [
        "User name",
        "Password",
        "Mark of the recovery key",
    ]
    assert "hms-server device code" in desk.done_page.steps_label.text()
    with connect(database, application_name="tests", autocommit=True) as connection:
        assert connection.execute("select name from clinic").fetchone() == ("Unity Clinic",)
    desk.close()


def test_a_missing_program_is_asked_for(window: MainWindow, tmp_path: Path) -> None:
    assistant = Assistant(window, parent=window)
    window.show_page(assistant.missing)
    assistant.missing.path.set_text(str(tmp_path / "none"))
    go_on(window)
    refused = assistant.missing.path.error()
    program = tmp_path / "hms-server"
    program.touch()
    assistant.missing.path.set_text(str(program))

    go_on(window)

    assert "no such program" in refused
    assert assistant.desk is not None
    assert "The clinic" in page_of(window).card.title()
    assistant.close()
