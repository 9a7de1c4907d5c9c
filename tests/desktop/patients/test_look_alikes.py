"""Recognising who is registered already: while typing, by keys, and never as a hard stop."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.patients.panel import FrontDeskPanel
from hms_server.contract.envelope import Fault
from hms_server.contract.patients import FindLookAlikes, LookAlikes, RegisterPatient
from hms_server.contract.visits import TRIAGE, CheckIn
from tests.desktop.conftest import FakeConnection
from tests.desktop.patients.counter import ADA, ALIKE


def test_look_alikes_appear_while_typing_and_never_block(
    open_desk: Callable[..., FrontDeskPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """One question for a burst of letters; the keys stay in the field."""
    panel = open_desk()

    QTest.keyClicks(panel.form.family.editor, "Okonkwo")
    qtbot.waitUntil(lambda: panel.look_alikes.list.state() == "filled")

    assert connection.requests(FindLookAlikes) == [FindLookAlikes(family_name="Okonkwo")]
    assert panel.form.family.editor.hasFocus()
    model = panel.look_alikes.table.model()
    assert [model.index(0, column).data() for column in range(2)] == ["96 %", "Adaeze Okonkwo"]


def test_a_look_alike_is_taken_by_keys_and_nobody_is_registered_twice(
    open_desk: Callable[..., FrontDeskPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """Alt+Down, Enter, Ctrl+Enter."""
    panel = open_desk()
    QTest.keyClicks(panel.form.family.editor, "Okonkwo")
    qtbot.waitUntil(lambda: panel.look_alikes.list.state() == "filled")

    QTest.keyClick(panel.form.family.editor, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert panel.look_alikes.table.hasFocus()
    QTest.keyClick(panel.look_alikes.table, Qt.Key.Key_Return)
    qtbot.waitUntil(panel.banner.isVisible)
    panel.primary()
    qtbot.waitUntil(lambda: panel.ticket_card._code.text() == "T-025")

    assert not connection.requests(RegisterPatient)
    assert connection.requests(CheckIn) == [CheckIn(patient_id=ADA.id, service=TRIAGE)]


def test_a_late_answer_about_an_earlier_name_is_ignored(
    open_desk: Callable[..., FrontDeskPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """Otherwise the list would belong to nobody on the screen."""
    panel = open_desk()
    connection.answer(FindLookAlikes, lambda asked: LookAlikes([ALIKE] if asked.family_name == "Ok" else []))
    connection.hold()
    QTest.keyClicks(panel.form.family.editor, "Ok")
    qtbot.waitUntil(lambda: len(connection.requests(FindLookAlikes)) == 1)

    shown: list[object] = []
    panel.state.look_alikes_found.connect(shown.append)

    QTest.keyClicks(panel.form.family.editor, "afor")
    connection.release()
    qtbot.waitUntil(lambda: len(connection.requests(FindLookAlikes)) == 2)
    qtbot.waitUntil(lambda: bool(shown))

    assert shown == [[]]


def test_a_failed_search_is_not_shown_as_nobody(
    open_desk: Callable[..., FrontDeskPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """Who reads "nobody looks alike" registers somebody twice."""
    panel = open_desk()
    connection.answer(FindLookAlikes, Fault(code="server.busy", message="The server is busy."))

    QTest.keyClicks(panel.form.family.editor, "Okonkwo")

    qtbot.waitUntil(lambda: panel.look_alikes.list.state() == "error")
