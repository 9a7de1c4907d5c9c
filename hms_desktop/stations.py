"""What workspaces are made from, and the station: a queue at the left and one patient's task beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.drafts import Autosaver
from hms_desktop.printing.printer import Printer
from hms_desktop.relay.state import OutsideState
from hms_desktop.session import Session
from hms_desktop.triage.alerts import AlertsState
from hms_desktop.visits.panel import QueuePanel
from hms_desktop.visits.rooms import Rooms
from hms_desktop.widgets.notices import Action, Notice
from hms_desktop.widgets.tokens import Kind, Space, current_tokens
from hms_desktop.widgets.workspace import Workspace
from hms_server.contract.accounts import Clinic, SignedIn
from hms_server.contract.values import PatientHeader
from hms_server.contract.visits import TicketRow

QUEUE_WIDTH = 346


class StationPanel(Protocol):
    """What the main panel of a station offers to the workspace around it, besides being a QWidget.

    It is built as `XPanel(session, clock=…, zone=…, …)`, listens to `session.event_arrived` and
    `session.events_missed` itself, and has the signal `sent_on` (no arguments), emitted once the server
    has stored that the patient goes on: the workspace then puts the focus back to the queue.
    """

    def open_ticket(self, ticket: TicketRow) -> None:
        """Shows this patient; what was typed for another one is kept as a draft of that one."""

    def primary(self) -> None:
        """Ctrl+Enter was pressed."""

    def is_busy(self) -> bool:
        """Whether something is typed that is not stored, so that the workspace asks before it moves on."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What workspaces are built from, for one signed-in person."""

    session: Session
    signed_in: SignedIn
    clinic: Clinic
    zone: ZoneInfo
    clock: Callable[[], datetime]
    printer: Printer
    autosaver: Autosaver
    alerts: AlertsState
    rooms: Rooms
    outside: OutsideState


class StationWorkspace(Workspace):
    """The queue at the left, always docked; the one task at hand beside it.

    Who moves on while something is typed is asked once, by a notice: the same key again moves on.
    """

    def __init__(self, desk: Desk, *, service: str, queue_title: str) -> None:
        super().__init__()
        self._desk = desk
        self.panel: StationPanel | None = None
        self._go: Callable[[], object] | None = None
        self.question = Notice()
        self.queue = QueuePanel(
            desk.session,
            service=service,
            title=queue_title,
            rooms=desk.rooms,
            clock=desk.clock,
            zone=desk.zone,
            leave=self.leave,
        )
        self.queue.setFixedWidth(current_tokens().px(QUEUE_WIDTH))
        self.queue.called.connect(lambda ticket: self.leave(lambda: self._open(ticket)))
        self.queue.chosen.connect(self._open)
        self._main = QVBoxLayout()
        self._main.setSpacing(Space.S)
        self._main.addWidget(self.question)
        self._page = QVBoxLayout(self)
        self._page.setContentsMargins(0, 0, 0, 0)
        self._page.setSpacing(0)
        row = QHBoxLayout()
        row.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        # Every pixel counts at 1280 × 720, where the widest station has to fit beside the queue.
        row.setSpacing(Space.S)
        row.addWidget(self.queue)
        row.addLayout(self._main, 1)
        self._page.addLayout(row, 1)

    def put_above(self, widget: QWidget) -> None:
        """Puts something above queue and task, over the whole width."""
        self._page.insertWidget(0, widget)

    def set_panel(self, panel: StationPanel, widget: QWidget) -> None:
        """`widget` is what is shown, and holds `panel`, which the keys go to."""
        self.panel = panel
        self._main.addWidget(widget, 1)

    def leave(self, go: Callable[[], object]) -> None:
        """Goes where the person wants to go; while something is typed, only when they say so again."""
        asked_before = self._go is not None
        self._stay()
        if self.panel is None or not self.panel.is_busy() or asked_before:
            go()
            return
        self._go = go
        title = self.tr("The open patient has entries that are not stored yet.")
        sentence = self.tr("Store them with Ctrl+Enter, or keep them as a draft and go on.")
        actions = [
            Action(self.tr("Keep draft and go on"), self._go_now, key="F8"),
            Action(self.tr("Stay"), self._stay, key="Esc"),
        ]
        self.question.say(Kind.WARNING, title, sentence, actions=actions)

    def call_next(self) -> None:
        if self._go is not None:
            self._go_now()
        else:
            self.queue.call_next()

    def primary(self) -> None:
        if self.panel is not None:
            self.panel.primary()

    def shown(self) -> None:
        self.queue.take_focus()

    def open_patient(self, patient: object) -> None:
        if not isinstance(patient, PatientHeader):
            return
        ticket = self.queue.ticket_of(patient.id)
        if ticket is None:
            sentence = self.tr("{name} does not stand in this queue.").format(name=patient.name)
            self.notice(Kind.INFO, sentence)
        else:
            self.queue.select(ticket)
            self.queue.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def sent_on(self) -> None:
        """The patient has gone on: the keys go back to the queue."""
        self.queue.state.mark_stale()
        self.queue.take_focus()

    def _open(self, ticket: TicketRow) -> None:
        if self.panel is not None:
            self.panel.open_ticket(ticket)

    def _go_now(self) -> None:
        go = self._go
        if go is not None:
            self.leave(go)

    def _stay(self) -> None:
        self._go = None
        self.question.take_back()
