"""What the pages of the set-up keep of what somebody chose, typed or was shown."""

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from hms_desktop.server_setup.desk import SetupDesk
from hms_desktop.shell.main_window import MainWindow
from hms_server.contract.setup import SetupDone
from hms_server.contract.setup_templates import load_templates
from tests.desktop.server_setup.test_desk import clinic_page, go_on, press, rooms_page, type_here


def test_a_clinic_that_is_real_after_all_has_its_own_money(desk: SetupDesk) -> None:
    """Training has one currency; it must not stay behind, for it can never be changed."""
    page = clinic_page(desk)
    page.zone.set_text("senegal")
    page.zone.finished.emit()

    for contents in ("training", "training", "empty"):
        page.contents.set_value(contents)
        page.contents.chosen.emit(contents)

    assert page.currency.value() == "XOF"
    assert page.currency.editor.isEnabled()


def test_the_country_counts_also_where_it_is_named_during_training(desk: SetupDesk) -> None:
    page = clinic_page(desk)
    page.contents.set_value("training")
    page.contents.chosen.emit("training")
    page.zone.set_text("senegal")
    page.zone.finished.emit()
    while_training = page.currency.value()

    page.contents.set_value("empty")
    page.contents.chosen.emit("empty")

    assert (while_training, page.currency.value()) == ("NGN", "XOF")


def test_rooms_that_somebody_typed_come_back_after_a_template(window: MainWindow, desk: SetupDesk) -> None:
    """Also after two templates were looked at."""
    type_here("Unity")
    go_on(window)
    page = rooms_page(desk)
    page.name.set_text("Eye room")
    page.department.set_text("Eye clinic")
    page.add_button.click()
    own = page.rooms

    for template in load_templates():
        page.template.set_value(template)
        page.template.chosen.emit(template)
    press(window, Qt.Key.Key_F9)

    assert page.rooms == own


def test_what_is_generated_is_shown_once(desk: SetupDesk) -> None:
    people = ["Ngozi Eze (nurse): ngozi, abcd-efgh-ijkl"]
    done = SetupDone(clinic="Unity", created=True, changes=[], user_name="esi", password="x1", people=people)

    desk.done_page.show_done(done)

    assert desk.done_page.secrets == [
        ("User name", "esi"),
        ("Password", "x1"),
        ("Ngozi Eze (nurse)", "ngozi, abcd-efgh-ijkl"),
    ]


def test_a_password_is_not_taken_away_by_one_key_too_many(
    window: MainWindow, desk: SetupDesk, qtbot: QtBot
) -> None:
    """The keys that close the page are those that led there."""
    closed: list[bool] = []
    desk.closed.connect(lambda: closed.append(True))
    done = SetupDone(clinic="Unity", created=True, changes=[], user_name="esi", password="x1")
    desk.done_page.show_done(done)
    window.show_page(desk.done_page)

    go_on(window)
    asked, closed_at_once = desk.done_page.notice.text(), bool(closed)
    go_on(window)

    assert "Is it on paper?" in asked
    assert not closed_at_once
    qtbot.waitUntil(lambda: closed == [True])


def test_without_a_password_the_last_page_simply_closes(window: MainWindow, desk: SetupDesk) -> None:
    closed: list[bool] = []
    desk.closed.connect(lambda: closed.append(True))
    desk.done_page.show_done(SetupDone(clinic="Unity", created=False, changes=["A room was added."]))
    window.show_page(desk.done_page)

    go_on(window)

    assert closed == [True]
