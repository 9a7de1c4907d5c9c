"""The page that asks for an administrator before a screen at which nobody sits is anything else."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from hms_desktop.shell.pages import CardPage
from hms_desktop.widgets.buttons import PrimaryButton, SecondaryButton
from hms_desktop.widgets.fields import Field
from hms_desktop.widgets.tokens import Kind

LEFT_ALONE_MS = 60_000


class ReleasePage(CardPage):
    """Knows nothing about how a password is checked; left alone, it gives the screen back."""

    release_requested = Signal(str, str)
    """User name and password."""
    left = Signal()
    """The screen goes on as it was."""

    def __init__(self, heading: str, parent: QWidget | None = None) -> None:
        super().__init__(heading, parent=parent)
        self.card.set_title(self.tr("This workplace: for administrators"))
        self.user = Field(self.tr("User name"), max_length=100)
        self.password = Field(self.tr("Password"), max_length=200)
        self.password.editor.setEchoMode(QLineEdit.EchoMode.Password)
        self.button = PrimaryButton(self.tr("Go on"), key="Enter")
        self.back_button = SecondaryButton(self.tr("Back to the screen"), key="Esc")
        for part in (self.user, self.password, self.notice, self.bar):
            self.card.add(part)
        row = QHBoxLayout()
        row.addWidget(self.back_button)
        row.addStretch(1)
        row.addWidget(self.button)
        self.card.add(row)
        self._left_alone = QTimer(self, singleShot=True, interval=LEFT_ALONE_MS)
        self._left_alone.timeout.connect(self.left)
        for field in (self.user, self.password):
            field.editor.textEdited.connect(lambda _text: self._left_alone.start())
        self.user.editor.returnPressed.connect(self.password.editor.setFocus)
        self.password.editor.returnPressed.connect(self._submit)
        self.button.clicked.connect(self._submit)
        self.back_button.clicked.connect(self.left)

    def show_refusal(self, sentence: str, *, field: str | None = None) -> None:
        """Says why not, at the field that is at fault; the user name stays."""
        self.set_ready(self.button)
        self._left_alone.start()
        where = {"user_name": self.user, "password": self.password}.get(field or "")
        if where is None:
            self.notice.say(Kind.DANGER, sentence)
        else:
            where.set_error(sentence)
        (where or self.password).editor.setFocus(Qt.FocusReason.OtherFocusReason)
        self.password.editor.selectAll()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self._left_alone.start()
        self.user.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _submit(self) -> None:
        self.notice.take_back()
        if not self.user.text():
            self.user.set_error(self.tr("Type an administrator's user name."))
        elif not self.password.editor.text():
            self.password.set_error(self.tr("Type the password."))
        elif self.button.isEnabled():
            # The answer decides; a slow server must not give the screen back in between.
            self._left_alone.stop()
            self.set_busy(self.button)
            self.release_requested.emit(self.user.text(), self.password.editor.text())
