"""What the sign-in page says while no server is in sight, and the address that somebody may type."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.fields import Field
from hms_desktop.widgets.labels import TextRole, label, restyle, reveal
from hms_desktop.widgets.tokens import Kind, Space


class OutOfSight(QFrame):
    """Hidden while a server answers; never takes the focus, for somebody may be typing a password."""

    address_typed = Signal(str)
    """Try this address now; the workstation stays paired."""
    pairing_requested = Signal()
    """The server does not know this workstation any more, or is another one: pair it again."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Looks as a notice does.
        self.setObjectName("notice")
        self._title = label("", TextRole.STRONG, wraps=True)
        self._tried = label("", wraps=True)
        self.address = Field(self.tr("Address of the server"), placeholder="192.168.1.10", max_length=200)
        self.try_button = SecondaryButton(self.tr("Try"), key="F6")
        self.pair_button = SecondaryButton(self.tr("Pair again"), key="F7", icon_name="link-variant")
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.M, Space.S, Space.M, Space.S)
        column.setSpacing(Space.S)
        column.addWidget(self._title)
        column.addWidget(self._tried)
        column.addWidget(self.address)
        row = QHBoxLayout()
        row.addWidget(self.try_button)
        row.addStretch(1)
        row.addWidget(self.pair_button)
        column.addLayout(row)
        self.pair_button.hide()
        self.hide()
        self.try_button.clicked.connect(self._try)
        self.address.editor.returnPressed.connect(self._try)
        self.pair_button.clicked.connect(self.pairing_requested)

    def show_search(self, title: str, tried: str, *, is_shut_out: bool, may_pair: bool) -> None:
        """How the search stands; `is_shut_out` where a server does not let this workstation in any more.

        `may_pair`: pairing it again may be the way out.
        """
        restyle(self, "kind", (Kind.DANGER if is_shut_out else Kind.WARNING).value)
        self._title.setText(title)
        self._tried.setText(tried)
        self.pair_button.setHidden(not may_pair)
        self.setAccessibleName(f"{title} {tried}".strip())
        reveal(self)

    def show_in_sight(self) -> None:
        """A server answers."""
        self.hide()

    def text(self) -> str:
        """All that is said, empty while a server answers."""
        return "" if self.isHidden() else self.accessibleName()

    def _try(self) -> None:
        if not self.address.text():
            self.address.set_error(self.tr("Type the address that the server's screen or label shows."))
            return
        self.address_typed.emit(self.address.text())
