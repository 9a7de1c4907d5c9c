"""The panel of servers: conditions with remedies, facts, and what it says while nothing is known."""

import pytest
from msgspec import structs
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QScrollArea
from pytestqt.qtbot import QtBot

from hms_desktop.session import Session
from hms_desktop.upkeep.panel import ServerPanel
from hms_desktop.upkeep.sign.panel import ServerSign
from hms_desktop.upkeep.words import sign_text
from hms_server.contract.envelope import Fault
from hms_server.contract.upkeep import ConditionsChanged, GetServerConditions, Level
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import NOW, ZONE, SampleLink
from tests.desktop.upkeep.samples import DISK, ILL, NO_PLACE, SECOND, WELL, conditions


@pytest.fixture
def panel(session: Session, connection: FakeConnection, qtbot: QtBot) -> ServerPanel:
    connection.answer(GetServerConditions, conditions(ILL))
    made = ServerPanel(session, clock=lambda: NOW, zone=ZONE)
    qtbot.addWidget(made)
    made.resize(1180, 600)
    made.show()
    return made


def wait_for(panel: ServerPanel, qtbot: QtBot, words: str) -> None:
    qtbot.waitUntil(lambda: any(words in text for text in panel.texts()))


def test_each_condition_stands_there_with_what_to_do(panel: ServerPanel, qtbot: QtBot) -> None:
    wait_for(panel, qtbot, "There are no backups")

    texts = panel.texts()
    assert texts.index("There are no backups") < texts.index("The disk is nearly full")
    assert f"What to do: {NO_PLACE.remedy}" in texts
    assert "Alarm" in texts
    assert "Since 07:42" in texts


def test_the_facts_of_the_server_stand_there(panel: ServerPanel, qtbot: QtBot) -> None:
    wait_for(panel, qtbot, "clinic-server")

    texts = panel.texts()
    assert "0.1.0 (119db03a)" in texts
    assert "192.168.1.10, port 7717" in texts
    assert "PostgreSQL 18.1, inside the server, 340 MB" in texts
    assert "5.0 GB free of 64.0 GB (/var/lib/hms-server)" in texts
    assert "no backup folder is set" in texts
    assert "9 paired, 6 signed in" in texts
    assert "Front desk 2 (0.0.9)" in texts


def test_while_all_is_well_it_says_so(panel: ServerPanel, connection: FakeConnection, qtbot: QtBot) -> None:
    wait_for(panel, qtbot, "clinic-server")
    connection.answer(GetServerConditions, conditions(WELL))

    QTest.mouseClick(panel.again, Qt.MouseButton.LeftButton)

    qtbot.waitUntil(lambda: panel.conditions.state() == "empty")
    assert panel.facts.state() == "filled"


def test_a_change_is_shown_as_it_happens(
    panel: ServerPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    wait_for(panel, qtbot, "clinic-server")
    connection.answer(GetServerConditions, conditions(structs.replace(ILL, conditions=[DISK])))

    connection.happen(ConditionsChanged(server="a1", host="clinic-server", conditions=[DISK]))

    qtbot.waitUntil(lambda: "There are no backups" not in panel.texts())


def test_two_servers_say_whose_trouble_it_is_and_that_one_is_silent(
    panel: ServerPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.answer(GetServerConditions, conditions(ILL, SECOND))
    panel.state.fetch()

    wait_for(panel, qtbot, "spare-server")

    texts = panel.texts()
    assert "clinic-server · Since 07:42" in texts
    assert "spare-server · Since 10:33" in texts
    assert "A server is silent" in texts
    assert "Not heard of" in texts


def test_the_worst_stands_first_whichever_server_it_is_of(
    panel: ServerPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """As the line in the status bar, which leads here, names the worst."""
    well = structs.replace(ILL, conditions=[DISK])
    ill = structs.replace(SECOND, conditions=[NO_PLACE])
    connection.answer(GetServerConditions, conditions(well, ill))
    panel.state.fetch()

    wait_for(panel, qtbot, "spare-server")

    texts = panel.texts()
    assert texts.index(NO_PLACE.title) < texts.index(DISK.title)


def test_before_any_server_has_told_of_itself_it_is_not_called_well(
    panel: ServerPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    wait_for(panel, qtbot, "clinic-server")
    connection.answer(GetServerConditions, conditions())

    panel.state.fetch()
    qtbot.waitUntil(lambda: panel.conditions.state() == "empty")

    page = panel.conditions.currentWidget()
    assert page is not None
    assert [each.text() for each in page.findChildren(QLabel)] == ["Nothing is known yet"]


def test_without_a_link_nothing_old_is_shown(
    panel: ServerPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """And it comes back with the link."""
    wait_for(panel, qtbot, "clinic-server")

    connection.link(SampleLink(connected=False, server="clinic-server", round_trip_ms=None))
    qtbot.waitUntil(lambda: panel.conditions.state() == "error")
    connection.link(SampleLink(connected=True, server="clinic-server", round_trip_ms=2.0))

    qtbot.waitUntil(lambda: panel.conditions.state() == "filled")


def test_a_refusal_is_said_and_can_be_tried_again(
    session: Session, connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.answer(GetServerConditions, Fault(code="server.busy", message="The server was too busy."))
    panel = ServerPanel(session, clock=lambda: NOW, zone=ZONE)
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitUntil(lambda: panel.facts.state() == "error")
    connection.answer(GetServerConditions, conditions(WELL))

    panel.conditions.retried.emit()

    qtbot.waitUntil(lambda: panel.facts.state() == "filled")


def test_it_is_fetched_while_somebody_looks_and_not_otherwise(
    panel: ServerPanel, connection: FakeConnection
) -> None:
    panel.hide()

    assert not panel.state._seen.isActive()
    panel.show()
    assert panel.state._seen.isActive()


def test_the_sign_tells_the_worst_and_hides_while_all_is_well(qtbot: QtBot) -> None:
    sign = ServerSign()
    qtbot.addWidget(sign)

    sign.show_conditions([NO_PLACE, DISK])
    told = sign.words()
    sign.show_conditions([])

    assert told == "Server: There are no backups  +1"
    assert sign.words() == ""
    assert sign.isHidden()


def test_a_note_is_no_sign() -> None:
    assert sign_text([structs.replace(DISK, level=Level.NOTE)]) == ""


def test_the_keys_scroll_either_sheet_which_says_what_it_is(panel: ServerPanel, qtbot: QtBot) -> None:
    wait_for(panel, qtbot, "clinic-server")

    sheets = [each for each in panel.findChildren(QScrollArea) if each.isVisible()]

    assert [each.accessibleName() for each in sheets] == ["What to look after", "Servers of the clinic"]
    assert all(each.focusPolicy() & Qt.FocusPolicy.TabFocus for each in sheets)
