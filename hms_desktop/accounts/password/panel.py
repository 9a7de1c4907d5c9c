"""Changing one's own password, on the page of the person who is signed in."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from hms_desktop.accounts.state import PasswordState
from hms_desktop.session import Session
from hms_desktop.widgets.buttons import PrimaryButton, SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import Field
from hms_desktop.widgets.notices import Notice
from hms_desktop.widgets.tokens import Kind, current_tokens
from hms_server.contract.envelope import Fault

WIDTH = 400


class PasswordPanel(QWidget):
    """Asks for the old password once and for the new one twice."""

    closed = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.state = PasswordState(session, parent=self)
        self.old = _secret(self.tr("Old password"))
        self.new = _secret(self.tr("New password"))
        self.again = _secret(self.tr("New password once more"))
        self.notice = Notice()
        self.button = PrimaryButton(self.tr("Change password"), key="Ctrl+Enter")
        self.back_button = SecondaryButton(self.tr("Back"), key="Esc")
        self._lay_out()
        self.state.changed.connect(self._on_changed)
        self.state.refused.connect(self._on_refused)
        self.button.clicked.connect(self._submit)
        self.back_button.clicked.connect(self.closed)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setAutoRepeat(False)
            shortcut.activated.connect(self.button.click)

    def start(self) -> None:
        """Empty, with the focus in the first field."""
        for field in (self.old, self.new, self.again):
            field.set_text("")
        self.notice.take_back()
        self.old.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
        elif self.again.editor.hasFocus():
            self._submit()
        else:
            self.focusNextChild()

    def _lay_out(self) -> None:
        card = Card(self.tr("Change password"))
        card.setFixedWidth(current_tokens().px(WIDTH))
        for part in (self.old, self.new, self.again, self.notice):
            card.add(part)
        row = QHBoxLayout()
        row.addWidget(self.back_button)
        row.addStretch(1)
        row.addWidget(self.button)
        card.add(row)
        column = QVBoxLayout(self)
        column.addStretch(2)
        # Not aligned: a card that is aligned has no room for a sentence of two lines at a field.
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(card)
        middle.addStretch(1)
        column.addLayout(middle)
        column.addStretch(3)

    def _submit(self) -> None:
        self.notice.take_back()
        if self.new.editor.text() != self.again.editor.text():
            self.again.set_error(self.tr("The two new passwords differ."))
        elif self.button.isEnabled():
            self.button.setEnabled(False)
            self.state.change(old=self.old.editor.text(), new=self.new.editor.text())

    def _on_changed(self) -> None:
        self.start()
        self.button.setEnabled(True)
        self.notice.say(Kind.OK, self.tr("The new password is stored. All your other sessions have ended."))

    def _on_refused(self, fault: Fault) -> None:
        self.button.setEnabled(True)
        field = {"old_password": self.old, "new_password": self.new}.get(fault.field or "")
        if field is not None:
            field.set_error(fault.message)
        else:
            self.notice.say(Kind.WARNING, fault.message)


def _secret(title: str) -> Field:
    field = Field(title, max_length=200)
    field.editor.setEchoMode(QLineEdit.EchoMode.Password)
    return field
