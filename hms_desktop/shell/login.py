"""The sign-in page, which is also the lock screen."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from hms_desktop.shell.pages import CardPage
from hms_desktop.shell.sight import OutOfSight
from hms_desktop.widgets.buttons import PrimaryButton, SecondaryButton
from hms_desktop.widgets.fields import Field
from hms_desktop.widgets.tokens import Kind


class LoginPage(CardPage):
    """Asks for name and password; knows nothing about how they are checked."""

    sign_in_requested = Signal(str, str)
    """User name and password."""
    workplace_requested = Signal()
    """Somebody wants to change place, printers or scanner of this workstation."""

    def __init__(self, clinic: str, parent: QWidget | None = None) -> None:
        super().__init__(clinic, parent=parent)
        self.card.set_title(self.tr("Sign in"))
        self.user = Field(self.tr("User name"), max_length=100)
        self.password = Field(self.tr("Password"), max_length=200)
        self.password.editor.setEchoMode(QLineEdit.EchoMode.Password)
        self.password.editor.installEventFilter(self)
        self.button = PrimaryButton(self.tr("Sign in"), key="Enter", icon_name="login")
        self.workplace_button = SecondaryButton(
            self.tr("This workplace"), key="F4", icon_name="desktop-classic"
        )
        self.workplace_button.clicked.connect(self.workplace_requested)
        self.sight = OutOfSight()
        for part in (
            self.sight,
            self.user,
            self.password,
            self.notice,
            self.bar,
            self.button,
            self.workplace_button,
        ):
            self.card.add(part)
        self.user.editor.returnPressed.connect(self._on_user_entered)
        self.password.editor.returnPressed.connect(self._submit)
        self.button.clicked.connect(self._submit)

    def start(self, user_name: str = "") -> None:
        """Empties the page for the next person, or for the one who locked it."""
        self.show_idle()
        self.notice.take_back()
        self.user.set_text(user_name)
        self.password.set_text("")
        self._focus_first()

    def show_refusal(self, sentence: str, *, field: str | None = None) -> None:
        """Says why it did not work, at the field that the server named; the user name stays."""
        self.show_idle()
        where = {"user_name": self.user, "password": self.password}.get(field or "")
        if where is None:
            self.notice.say(Kind.DANGER, sentence)
            self.password.editor.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            where.set_error(sentence)
        self.password.editor.selectAll()

    def show_busy(self) -> None:
        """The password is being checked."""
        self.set_busy(self.button)

    def show_idle(self) -> None:
        """Ready for another try."""
        self.set_ready(self.button)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self._focus_first()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        super().changeEvent(event)
        # An update that could not be made has shut the page for a while: the keys were nowhere.
        if event.type() is QEvent.Type.EnabledChange and self.isEnabled() and self.isVisible():
            self._focus_first()

    def _focus_first(self) -> None:
        first = self.password if self.user.text() else self.user
        first.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            self._hint_at_caps_lock(event)
        return super().eventFilter(watched, event)

    def _hint_at_caps_lock(self, event: QKeyEvent) -> None:
        # Qt does not tell the state of the key, but a letter whose case contradicts Shift gives it away.
        text = event.text()
        if not text.isalpha() or text.upper() == text.lower():
            return
        shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self.password.set_hint(self.tr("Caps Lock is on") if text.isupper() != shifted else "")

    def _on_user_entered(self) -> None:
        self.password.editor.setFocus(Qt.FocusReason.TabFocusReason)

    def _submit(self) -> None:
        self.notice.take_back()
        if not self.user.text():
            self.user.set_error(self.tr("Type your user name."))
        elif not self.password.editor.text():
            self.password.set_error(self.tr("Type your password."))
        elif self.button.isEnabled():
            self.sign_in_requested.emit(self.user.text(), self.password.editor.text())
