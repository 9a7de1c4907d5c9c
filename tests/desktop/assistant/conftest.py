"""The assistant's sheet over a page with keys of its own, on a server that answers."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from hms_desktop.assistant.panel import AssistantSheet
from hms_desktop.assistant.state import AssistantDesk
from hms_desktop.session import Session
from hms_server.contract.assistant import (
    Conversations,
    GetAssistantState,
    GetConversation,
    ListConversations,
)
from tests.desktop.assistant import talks
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import NOW, ZONE


class Page(QWidget):
    """A page with a note, which means something else by Esc and Ctrl+Enter."""

    def __init__(self) -> None:
        super().__init__()
        self.note = QPlainTextEdit()
        self.pressed: list[str] = []
        QVBoxLayout(self).addWidget(self.note)
        for keys in ("Esc", "Ctrl+Return", "Ctrl+Enter"):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.activated.connect(lambda keys=keys: self.pressed.append(keys))


@dataclass
class Shown:
    """The page, and the sheet over it."""

    page: Page
    sheet: AssistantSheet

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Presses a key wherever the keys are."""
        QTest.keyClick(QApplication.focusWidget() or self.page, key, modifier)

    def type(self, text: str) -> None:
        """Types wherever the keys are."""
        QTest.keyClicks(QApplication.focusWidget() or self.page, text)


@pytest.fixture
def shown(connection: FakeConnection, session: Session, qtbot: QtBot) -> Iterator[Shown]:
    """The sheet is closed; the keys are in the page's note."""
    connection.answer(GetAssistantState, talks.state())
    connection.answer(ListConversations, Conversations([talks.row()]))
    connection.answer(GetConversation, talks.talk(talks.question(), talks.answer("On Monday at ten.")))
    page = Page()
    qtbot.addWidget(page)
    page.resize(1000, 700)
    desk = AssistantDesk(session, page)
    sheet = AssistantSheet(page, desk, clock=lambda: NOW, zone=ZONE)
    sheet.place(top=0, bottom=0)
    desk.reload()
    with qtbot.waitExposed(page):
        page.show()
    page.activateWindow()
    QTest.qWaitForWindowActive(page)
    page.note.setFocus()
    qtbot.waitUntil(lambda: desk.about is not None)
    yield Shown(page, sheet)
    desk._gather.stop()
