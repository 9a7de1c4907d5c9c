"""The suggestion field: asks when the person pauses, never shows an old answer, never takes the focus."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from hms_desktop.widgets.fields import Field
from hms_desktop.widgets.suggest import PAUSE_MS, SuggestField
from hms_desktop.widgets.suggestions import Suggestion

FOUND = [Suggestion(value="ada", words="Ada Obi"), Suggestion(value="ade", words="Ade Bello", detail="46 y")]


@pytest.fixture
def page(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    QVBoxLayout(made)
    made.resize(500, 400)
    return made


@pytest.fixture
def field(page: QWidget) -> SuggestField:
    column = page.layout()
    assert isinstance(column, QVBoxLayout)
    made = SuggestField("Patient")
    column.addWidget(made)
    column.addWidget(Field("Next"))
    column.addStretch()
    page.show()
    page.activateWindow()
    QTest.qWaitForWindowActive(page)
    made.editor.setFocus()
    return made


def test_asks_once_after_a_pause(qtbot: QtBot, field: SuggestField) -> None:
    """Six quick letters are one question."""
    asked: list[str] = []
    field.text_entered.connect(asked.append)

    QTest.keyClicks(field.editor, "okonkw")
    qtbot.wait(PAUSE_MS * 2)

    assert asked == ["okonkw"]


def test_late_answer_to_an_earlier_text_is_ignored(field: SuggestField) -> None:
    """Enter can never choose somebody who matched what stood there before."""
    QTest.keyClicks(field.editor, "adx")

    field.suggest(FOUND, for_text="ad")

    assert not field.is_open()


def test_keys_choose_while_the_focus_stays(qtbot: QtBot, field: SuggestField) -> None:
    """Down and Enter choose; the field keeps the focus all the time."""
    QTest.keyClicks(field.editor, "ad")
    field.suggest(FOUND, for_text="ad")
    focused = field.editor.hasFocus()

    with qtbot.waitSignal(field.chosen) as chosen:
        QTest.keyClick(field.editor, Qt.Key.Key_Down)
        QTest.keyClick(field.editor, Qt.Key.Key_Return)

    assert focused
    assert chosen.args == ["ade"]
    assert not field.is_open()
    assert field.editor.hasFocus()


def test_enter_after_typing_on_does_not_choose_from_the_old_list(qtbot: QtBot, field: SuggestField) -> None:
    """Between a letter and its answer the list on the screen is old: Enter submits the text instead."""
    chosen: list[object] = []
    field.chosen.connect(chosen.append)
    QTest.keyClicks(field.editor, "ad")
    field.suggest(FOUND, for_text="ad")

    with qtbot.waitSignal(field.submitted) as submitted:
        QTest.keyClicks(field.editor, "x")
        QTest.keyClick(field.editor, Qt.Key.Key_Return)

    assert submitted.args == ["adx"]
    assert chosen == []


def test_click_chooses(qtbot: QtBot, field: SuggestField) -> None:
    """The mouse works too."""
    QTest.keyClicks(field.editor, "ad")
    field.suggest(FOUND, for_text="ad")
    view = field._list

    with qtbot.waitSignal(field.chosen) as chosen:
        place = view.visualRect(view.model().index(1, 0)).center()
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)

    assert chosen.args == ["ade"]


@pytest.mark.parametrize("how", ["escape", "tab", "erase"])
def test_list_closes(field: SuggestField, how: str) -> None:
    """Escape, leaving the field and an empty field close the list."""
    QTest.keyClicks(field.editor, "a")
    field.suggest(FOUND, for_text="a")
    keys = {"escape": Qt.Key.Key_Escape, "tab": Qt.Key.Key_Tab, "erase": Qt.Key.Key_Backspace}
    was_open = field.is_open()

    QTest.keyClick(field.editor, keys[how])

    assert was_open
    assert not field.is_open()


def test_nothing_found_is_said(field: SuggestField) -> None:
    """An empty answer is a sentence, not an empty box."""
    QTest.keyClicks(field.editor, "zz")

    field.suggest([], for_text="zz")

    assert field.is_open()
    assert field._empty.text() == "Nothing found"
    assert field._empty.isVisible()


def test_answer_after_the_person_has_left_stays_closed(field: SuggestField) -> None:
    """A slow answer does not open a list over what the person does now."""
    QTest.keyClicks(field.editor, "ad")
    QTest.keyClick(field.editor, Qt.Key.Key_Tab)

    field.suggest(FOUND, for_text="ad")

    assert not field.is_open()
