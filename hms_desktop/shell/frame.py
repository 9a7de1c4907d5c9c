"""The frame around all workspaces of a signed-in person."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, tzinfo
from functools import partial

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from hms_desktop.session import Link, Stored
from hms_desktop.shell.header import Header, SignedInAs
from hms_desktop.shell.late_keys import OpeningPage
from hms_desktop.shell.rail import NUMBERED, Rail, WorkspaceEntry
from hms_desktop.shell.status import StatusBar
from hms_desktop.shell.workshop import Workshop, polish
from hms_desktop.widgets.alerts import AlertTray
from hms_desktop.widgets.fitted import Fitted
from hms_desktop.widgets.notices import Action
from hms_desktop.widgets.suggest import SuggestField
from hms_desktop.widgets.toasts import Toasts
from hms_desktop.widgets.tokens import Kind, Space, current_tokens
from hms_desktop.widgets.workspace import Workspace
from hms_server.contract.envelope import Event
from hms_server.contract.triage import AlertRow
from hms_server.contract.values import PatientHeader

TRAY_WIDTH = 420
TRAY_HEIGHT = 420


class Frame(QWidget):
    """Builds a workspace when it is first opened; brings keys, events and scans to where they belong.

    The first one is opened when the frame is shown.
    """

    workspace_changed = Signal(str)
    prepared = Signal()
    """All workspaces are built, and nobody has typed for a while: a time for what can wait."""
    patient_opened = Signal(object)
    alert_acknowledged = Signal(object)
    """An `AlertRow`."""
    alert_opened = Signal(object)
    """An `AlertRow`."""
    lock_requested = Signal()
    menu_chosen = Signal(str)

    def __init__(
        self,
        entries: Sequence[WorkspaceEntry],
        *,
        who: SignedInAs,
        clock: Callable[[], datetime],
        zone: tzinfo,
        first: str = "",
        parent: QWidget | None = None,
    ) -> None:
        """`first` is the key of the workspace to begin with; without such a one the first entry is."""
        super().__init__(parent)
        self.setObjectName("page")
        self._first = first
        self._entries = {entry.key: entry for entry in entries}
        self._built: dict[str, Workspace] = {}
        self._pages: dict[str, Fitted] = {}
        self._current = ""
        self._opening = OpeningPage()
        self._workshop = Workshop(self._steps_of, done=self._on_built, parent=self)
        self._workshop.rested.connect(self.prepared)
        self._rail = Rail(entries)
        self.header = Header(who)
        self.status = StatusBar(clock=clock, zone=zone)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._opening)
        self._tray = AlertTray(clock=clock, title=self.tr("Alerts"))
        self._popup = self._build_popup()
        self._toasts = Toasts(self)
        self._lay_out()
        self._connect()
        self._bind_keys()

    @property
    def search(self) -> SuggestField:
        """The search box of the header."""
        return self.header.search

    @property
    def current(self) -> Workspace | None:
        """The workspace in front; None while it is being built."""
        return self._built.get(self._current)

    @property
    def current_key(self) -> str:
        """The key of the workspace in front, empty while there is none."""
        return self._current

    def open(self, key: str) -> Workspace | None:
        """Brings a workspace to the front; one that is not built yet follows in some turns."""
        changed = key != self._current
        self._mark(key)
        if key in self._built:
            self._bring()
        else:
            self._build(key)
        if changed:
            self.workspace_changed.emit(key)
        return self.current

    def prepare_others(self) -> None:
        """Builds the workspaces that were not opened yet while nobody types, so that they open at once."""
        self._workshop.plan(key for key in self._entries if key not in self._built)

    def forget_workspaces(self) -> None:
        """Nobody is signed in any more: nothing is built, told or brought to the front from now on."""
        self._workshop.stop()
        self._current = ""
        self._built.clear()
        self._pages.clear()

    def show_link(self, link: Link) -> None:
        """Draws the state of the link."""
        self.status.show_link(link)

    def show_stored(self, stored: Stored) -> None:
        """Draws what is stored."""
        self.status.show_stored(stored)

    def show_event(self, event: Event) -> None:
        """Hands an event to every workspace that exists; the others will fetch when they are shown."""
        for workspace in self._built.values():
            workspace.on_event(event)

    def refetch(self) -> None:
        """Events were lost: every workspace fetches again."""
        for workspace in self._built.values():
            workspace.refetch()

    def scanned(self, code: str) -> None:
        """Offers a barcode to the workspace in front, then to the search box."""
        self._soon(lambda workspace: self._offer(code, workspace))

    def open_patient(self, patient: PatientHeader) -> None:
        """Tells the workspace in front that this patient was chosen."""
        self._soon(lambda workspace: workspace.open_patient(patient))

    def say(self, kind: Kind, title: str, sentence: str = "", *, actions: Sequence[Action] = ()) -> None:
        """Shows news in passing, and what can be done about it."""
        self._toasts.say(kind, title, sentence, actions=actions)

    def show_alerts(self, alerts: Sequence[AlertRow]) -> None:
        """Replaces the list in the tray and counts what nobody has seen."""
        self._tray.show_alerts(alerts)
        self.header.show_unseen(self._tray.unseen())

    def announce(self, alert: AlertRow) -> None:
        """Slides a new alert in, without taking the focus."""
        title = f"{alert.title} · {alert.patient.name}"
        kind = Kind.DANGER if alert.critical else Kind.WARNING
        actions = [
            Action(self.tr("Open"), lambda: self.alert_opened.emit(alert)),
            Action(self.tr("Seen"), lambda: self.alert_acknowledged.emit(alert)),
        ]
        self._toasts.say(kind, title, alert.detail, actions=actions)

    def toggle_alerts(self) -> None:
        """Opens the tray of alerts, or closes it."""
        if self._popup.isVisible():
            self.close_alerts()
            return
        self._place_popup()
        self._popup.show()
        self._popup.raise_()
        self._tray.setFocus(Qt.FocusReason.PopupFocusReason)

    def close_alerts(self) -> None:
        """Takes the tray from the screen."""
        self._popup.hide()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        if event.spontaneous():
            return
        if self._current:
            self._bring()
        elif self._entries:
            self._open_first()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._place_popup()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if watched is self._stack and event.type() is QEvent.Type.MouseButtonPress:
            self.close_alerts()
        return super().eventFilter(watched, event)

    def _open_first(self) -> None:
        # Planned and not begun: the frame itself is drawn before anything else happens.
        key = self._first if self._first in self._entries else next(iter(self._entries))
        self._mark(key)
        self._bring()
        self._workshop.need(key, at_once=False)
        self.workspace_changed.emit(key)

    def _build(self, key: str) -> None:
        """What is small is there at once; in place of anything else the frame shows an empty page first."""
        self._workshop.need(key)
        if self.current is None:
            self._bring()

    def _mark(self, key: str) -> None:
        self._current = key
        self._rail.mark(key)
        self.header.show_title(self._entries[key].title)
        self.close_alerts()

    def _bring(self) -> None:
        """Shows what is in front, and gives it the keys."""
        workspace = self.current
        self._stack.setCurrentWidget(self._opening if workspace is None else self._pages[self._current])
        if not self.isVisible():
            return
        if workspace is None:
            self._opening.wait()
            self._opening.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        # First the workspace as a whole, then what it prefers: keys never stay in the one before.
        workspace.setFocus(Qt.FocusReason.OtherFocusReason)
        workspace.shown()

    def _on_built(self, key: str) -> None:
        if key != self._current:
            return
        elsewhere = self._focus_elsewhere()
        # Whoever has clicked into the search box meanwhile stays there: what is disabled gets no focus. But
        # the keys from before the click have to arrive where they were meant for.
        self._built[key].setEnabled(elsewhere is None or self._opening.has_keys())
        self._bring()
        self._built[key].setEnabled(True)
        self._opening.hand_on()
        if elsewhere is not None:
            elsewhere.setFocus(Qt.FocusReason.OtherFocusReason)

    def _focus_elsewhere(self) -> QWidget | None:
        focused = self.window().focusWidget()
        inside = focused is self._opening or (focused is not None and self._stack.isAncestorOf(focused))
        return None if inside else focused

    def _steps_of(self, key: str) -> Iterator[None]:
        """Builds a workspace inside of the window, where each part gets its style once."""
        workspace = self._entries[key].factory()
        workspace.noticed.connect(lambda kind, sentence: self.say(Kind(kind), sentence))
        workspace.patient_opened.connect(self.patient_opened)
        # In the window from the start: a size that is asked for without the style would be kept.
        page = Fitted(workspace, self._stack)
        self._stack.addWidget(page)
        for _ in workspace.furnish():
            yield
        yield from polish(page)
        self._pages[key] = page
        self._built[key] = workspace

    def _soon(self, act: Callable[[Workspace], object]) -> None:
        """Now, or as soon as the workspace in front is built and has got the keys that came before."""
        workspace = self.current
        if workspace is not None:
            act(workspace)
        elif self._entries:
            self._opening.keep(lambda: self._soon(act))

    def _offer(self, code: str, workspace: Workspace) -> None:
        if not workspace.scanned(code):
            self.search.editor.setFocus(Qt.FocusReason.OtherFocusReason)
            self.search.set_text(code)
            self.search.ask_now()

    def _connect(self) -> None:
        self._rail.chosen.connect(self._on_chosen)
        self._rail.lock_requested.connect(self.lock_requested)
        self.header.bell_clicked.connect(self.toggle_alerts)
        self.header.menu_chosen.connect(self.menu_chosen)
        self._tray.acknowledged.connect(self.alert_acknowledged)
        self._tray.opened.connect(self.alert_opened)
        self._stack.installEventFilter(self)

    def _bind_keys(self) -> None:
        self._bind("F8", self._on_call_next)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            self._bind(keys, self._on_primary)
        self._bind("Ctrl+K", lambda: self._soon(lambda _workspace: self._go_to_search()))
        self._bind("Ctrl+B", lambda: self._soon(lambda _workspace: self.toggle_alerts()))
        for number, key in enumerate(list(self._entries)[:NUMBERED], start=1):
            self._bind(f"Ctrl+{number}", partial(self._on_chosen, key))

    def _bind(self, keys: str, act: Callable[[], object]) -> None:
        shortcut = QShortcut(QKeySequence(keys), self)
        # A key held down must not call five patients.
        shortcut.setAutoRepeat(False)
        shortcut.activated.connect(act)

    def _on_chosen(self, key: str) -> None:
        self._soon(lambda _workspace: self.open(key))

    def _on_call_next(self) -> None:
        self._soon(lambda workspace: workspace.call_next())

    def _on_primary(self) -> None:
        self._soon(lambda workspace: workspace.primary())

    def _go_to_search(self) -> None:
        self.search.editor.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.editor.selectAll()

    def _build_popup(self) -> QFrame:
        popup = QFrame(self)
        popup.setObjectName("popup")
        column = QVBoxLayout(popup)
        column.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        column.addWidget(self._tray)
        escape = QShortcut(QKeySequence("Esc"), popup, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.activated.connect(self.close_alerts)
        popup.hide()
        return popup

    def _place_popup(self) -> None:
        tokens = current_tokens()
        width = min(tokens.px(TRAY_WIDTH), self.width() - 2 * Space.L)
        height = min(tokens.px(TRAY_HEIGHT), self.height() - 2 * Space.L - self.header.height())
        self._popup.resize(width, height)
        x = Space.L if self.isRightToLeft() else self.width() - width - Space.L
        self._popup.move(QPoint(x, self.header.height() + Space.XS))

    def _lay_out(self) -> None:
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.header)
        right.addWidget(self._stack, 1)
        right.addWidget(self.status)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._rail)
        row.addLayout(right, 1)
