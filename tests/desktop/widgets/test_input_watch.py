"""The watch over input: it hears keys and clicks wherever they arrive, and nothing else."""

from collections import Counter
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from hms_desktop.widgets.input_watch import InputWatch


class Listener(QObject):
    """Counts what it hears, by the kind of event and where it was on its way to."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: Counter[QEvent.Type] = Counter()
        self.from_whom: set[QObject] = set()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        self.heard[event.type()] += 1
        self.from_whom.add(watched)
        return False


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    watch = InputWatch(made)
    watch.start()
    yield made
    watch.stop()
    made.deleteLater()


@pytest.fixture
def page(qtbot: QtBot) -> QWidget:
    """A window with two fields and a label that takes no focus."""
    made = QWidget()
    qtbot.addWidget(made)
    column = QVBoxLayout(made)
    for part in (QLineEdit(), QLineEdit(), QLabel("Nothing to type here")):
        column.addWidget(part)
    made.show()
    made.activateWindow()
    QTest.qWaitForWindowActive(made)
    return made


def test_keys_are_heard_wherever_the_focus_goes(listener: Listener, page: QWidget) -> None:
    """In the field that has the focus first, in the next one, and in a window without any focus."""
    first, second = page.findChildren(QLineEdit)
    first.setFocus()
    QTest.keyClick(first, Qt.Key.Key_A)
    second.setFocus()
    QTest.keyClick(second, Qt.Key.Key_B)
    second.clearFocus()
    QTest.keyClick(page, Qt.Key.Key_C)

    assert {first, second, page} <= listener.from_whom
    assert listener.heard[QEvent.Type.FocusOut] >= 2


def test_a_click_is_heard_also_where_no_focus_goes(listener: Listener, page: QWidget) -> None:
    """The platform's window gets it first."""
    label = page.findChildren(QLabel)[0]

    QTest.mouseClick(
        page.windowHandle(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
        label.mapTo(page, QPoint(3, 3)),
    )

    assert listener.heard[QEvent.Type.MouseButtonPress] >= 1
    assert label not in listener.from_whom


def test_nothing_is_asked_about_the_other_parts_of_a_page(listener: Listener, page: QWidget) -> None:
    """A page is built without a call of Python for every event of every part."""
    first, second = page.findChildren(QLineEdit)
    first.setFocus()
    listener.from_whom.clear()

    second.setText("changed")
    second.setStyleSheet("color: red")
    QTest.qWait(50)

    assert second not in listener.from_whom


def test_a_stopped_watch_hears_nothing(page: QWidget) -> None:
    """Also when the focus moves on afterwards."""
    listener = Listener()
    watch = InputWatch(listener)
    watch.start()
    watch.stop()
    for field in page.findChildren(QLineEdit):
        field.setFocus()
        QTest.keyClick(field, Qt.Key.Key_A)

    assert not listener.heard
