"""The top of the frame: where one is, the search box, unseen alerts, and who is signed in."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from hms_desktop.widgets.icons import icon
from hms_desktop.widgets.labels import Pill, TextRole, label
from hms_desktop.widgets.suggest import SuggestField
from hms_desktop.widgets.tokens import Kind, Space, current_tokens

SEARCH_MINIMUM = 180
"""Does not grow with the text: at 200 % the header would not fit into a small window."""


@dataclass(frozen=True, kw_only=True)
class SignedInAs:
    """The person as the header names them; `room` is empty where none was chosen."""

    name: str
    role: str
    room: str = ""


@dataclass(frozen=True, kw_only=True)
class MenuEntry:
    """A line of the person's menu."""

    key: str
    words: str
    icon_name: str = ""


class Header(QFrame):
    """Draws what it is told and says what was clicked."""

    bell_clicked = Signal()
    help_clicked = Signal()
    assistant_clicked = Signal()
    menu_chosen = Signal(str)
    """The key of a `MenuEntry`."""

    def __init__(self, who: SignedInAs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("header")
        self._title = label("", TextRole.TITLE)
        self.search = self._build_search()
        self._unseen = Pill(kind=Kind.DANGER, icon_name="alert-octagon")
        self.bell = HeaderButton("bell-outline", self.tr("Alerts   Ctrl+B"))
        self.bell.clicked.connect(self.bell_clicked)
        self.help_button = HeaderButton("help-circle-outline", self.tr("Help   F1"))
        self.help_button.clicked.connect(self.help_clicked)
        self.assistant_button = HeaderButton("message-question-outline", self.tr("Assistant   F2"))
        self.assistant_button.clicked.connect(self.assistant_clicked)
        # Where it is switched off, nothing tells that there could be one.
        self.assistant_button.hide()
        self._name = label("", TextRole.STRONG)
        self._role = label("", TextRole.CAPTION)
        self._menu = QMenu(self)
        self._account = HeaderButton("account-circle", self.tr("Account"))
        self._account.setMenu(self._menu)
        self._account.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._lay_out()
        self.show_person(who)
        self.show_unseen(0)

    def show_title(self, title: str) -> None:
        """The name of the current workspace."""
        self._title.setText(title)

    def show_person(self, who: SignedInAs) -> None:
        """Who is signed in, as what, and where."""
        self._name.setText(who.name)
        self._role.setText(" · ".join(part for part in (who.role, who.room) if part))
        self._account.setAccessibleName(self.tr("Account of {name}").format(name=who.name))

    def show_unseen(self, count: int) -> None:
        """How many alerts nobody has acknowledged yet."""
        words = self.tr("1 alert not seen") if count == 1 else self.tr("{count} alerts not seen")
        words = words.format(count=count)
        self._unseen.set(words if count else "", Kind.DANGER)
        self.bell.set_icon_name("bell-badge-outline" if count else "bell-outline")
        self.bell.setAccessibleName(words if count else self.tr("No unseen alerts"))

    def set_menu(self, entries: Sequence[MenuEntry]) -> None:
        """What the person's menu offers."""
        self._menu.clear()
        for entry in entries:
            action = self._menu.addAction(entry.words)
            if entry.icon_name:
                action.setIcon(icon(entry.icon_name, current_tokens().palette.ink))
            action.triggered.connect(lambda _checked=False, key=entry.key: self.menu_chosen.emit(key))

    def _build_search(self) -> SuggestField:
        search = SuggestField(
            "",
            placeholder=self.tr("Find a patient by name, number or phone   Ctrl+K"),
            nothing_found=self.tr("No patient found. Try part of the name, the number or the phone."),
        )
        search.editor.setAccessibleName(self.tr("Find a patient"))
        search.setMinimumWidth(SEARCH_MINIMUM)
        search.setMaximumWidth(current_tokens().px(420))
        search.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        return search

    def _lay_out(self) -> None:
        person = QVBoxLayout()
        person.setSpacing(0)
        person.addStretch()
        person.addWidget(self._name)
        person.addWidget(self._role)
        person.addStretch()
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        row.setSpacing(Space.M)
        row.addWidget(self._title)
        row.addWidget(self.search, 3, Qt.AlignmentFlag.AlignVCenter)
        row.addStretch(1)
        row.addWidget(self._unseen)
        row.addWidget(self.assistant_button)
        row.addWidget(self.help_button)
        row.addWidget(self.bell)
        row.addLayout(person)
        row.addWidget(self._account)


class HeaderButton(QToolButton):
    """An icon that says its word in a tooltip and to screen readers."""

    def __init__(self, icon_name: str, words: str) -> None:
        super().__init__()
        self._icon_name = icon_name
        self.setToolTip(words)
        self.setAccessibleName(words)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._refresh()

    def set_icon_name(self, icon_name: str) -> None:
        """Shows another icon."""
        self._icon_name = icon_name
        self._refresh()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        if event.type() is QEvent.Type.StyleChange:
            self._refresh()
        super().changeEvent(event)

    def _refresh(self) -> None:
        tokens = current_tokens()
        self.setIcon(icon(self._icon_name, tokens.palette.brand))
        self.setIconSize(QSize(tokens.px(22), tokens.px(22)))
