"""The sheet about the program: what to read out to somebody who helps, and whose work is inside."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from hms_desktop.about.state import AboutState, ground_words, licences
from hms_desktop.session import Session
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.side import SideSheet
from hms_desktop.widgets.tokens import Space
from hms_server.contract.build import BUILD

WIDTH = 440


class AboutSheet(SideSheet):
    """Lies over the window like the help; nothing in it can be changed."""

    def __init__(self, window: QWidget, state: AboutState, *, read: Callable[[], str] = licences) -> None:
        super().__init__(window, width=WIDTH)
        self.setAccessibleName(self.tr("About this program"))
        self._state = state
        self._read = read
        self._server = label("", TextRole.STRONG, wraps=True)
        self._close_button = SecondaryButton(self.tr("Close   Esc"))
        self._close_button.setAccessibleName(self.tr("Close"))
        self.copy_button = SecondaryButton(self.tr("Copy for support"), icon_name="content-copy")
        self.licences = QPlainTextEdit(readOnly=True)
        self.licences.setAccessibleName(self.tr("Licences"))
        self.licences.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.licences.setFrameShape(QFrame.Shape.NoFrame)
        self.licences.setTabChangesFocus(True)
        self._lay_out()
        self._close_button.clicked.connect(self.close_sheet)
        self.copy_button.clicked.connect(self._on_copy)
        state.changed.connect(self._refresh)
        self._refresh()

    def open(self, session: Session | None) -> None:
        """Shows it with the keys in the licences, where the arrows scroll."""
        if not self.licences.toPlainText():
            self.licences.setPlainText(self._read() or self._no_licences())
        self._state.reload(session)
        self.copy_button.set_words(self.tr("Copy for support"))
        self.reveal(self.licences)

    def facts(self) -> str:
        """What is shown above the licences, as lines to be copied."""
        rows = (
            (self.tr("This program"), BUILD.words),
            (self.tr("Server"), self._server.text()),
            (self.tr("Runs on"), ground_words()),
        )
        return "\n".join(f"{name}: {words}" for name, words in rows)

    def _refresh(self) -> None:
        state = self._state
        self._server.setText(state.server or state.trouble or self.tr("asking …"))

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.facts())
        self.copy_button.set_words(self.tr("Copied"))

    def _no_licences(self) -> str:
        return self.tr("This copy runs from its sources; the licences of its parts lie beside each of them.")

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(Space.S)
        top.addWidget(label(self.tr("About this program"), TextRole.HEADING), 1)
        top.addWidget(self._close_button)
        facts = QGridLayout()
        facts.setHorizontalSpacing(Space.M)
        facts.setVerticalSpacing(Space.XS)
        facts.setColumnStretch(1, 1)
        for row, (name, value) in enumerate(self._rows()):
            facts.addWidget(label(name, TextRole.MUTED), row, 0, Qt.AlignmentFlag.AlignTop)
            facts.addWidget(value, row, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        column.setSpacing(Space.S)
        column.addLayout(top)
        column.addLayout(facts)
        column.addWidget(self.copy_button, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(label(self.tr("Licences of what is inside"), TextRole.LABEL))
        column.addWidget(self.licences, 1)

    def _rows(self) -> list[tuple[str, QLabel]]:
        return [
            (self.tr("This program"), label(BUILD.words, TextRole.STRONG, wraps=True)),
            (self.tr("Server"), self._server),
            (self.tr("Runs on"), label(ground_words(), wraps=True)),
        ]
