"""Which workspaces each role has, and how the panels of the slices are joined into them.

A workspace loads its slices when it is built: the start of the program waits for one, not for all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.diary_workspaces import AppointmentsWorkspace, HoursWorkspace
from hms_desktop.drafts import Autosaver
from hms_desktop.printing.printer import Printer
from hms_desktop.session import Session
from hms_desktop.triage.alerts import AlertsState
from hms_desktop.visits.panel import QueuePanel
from hms_desktop.visits.rooms import Rooms
from hms_desktop.widgets.notices import Action, Notice
from hms_desktop.widgets.tokens import Kind, Space, current_tokens
from hms_desktop.widgets.workspace import Workspace
from hms_server.contract.accounts import Clinic, SignedIn
from hms_server.contract.values import PatientHeader, Role
from hms_server.contract.visits import BILLING, DOCTOR, PHARMACY, TRIAGE, TicketRow

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


@dataclass(frozen=True, kw_only=True)
class WorkspaceDefinition:
    """A workspace as data; `build` runs when it is first opened."""

    key: str
    title: str
    icon_name: str
    build: Callable[[Desk], Workspace]


class FrontDeskWorkspace(Workspace):
    """Left whoever stands at the counter, right the waiting room."""

    def __init__(self, desk: Desk) -> None:
        from hms_desktop.patients.panel import FrontDeskPanel  # noqa: PLC0415 - see the module
        from hms_desktop.visits.waiting.panel import WaitingRoomPanel  # noqa: PLC0415 - see the module

        super().__init__()
        self.panel = FrontDeskPanel(
            desk.session,
            clinic=desk.clinic,
            zone=desk.zone,
            clock=desk.clock,
            printer=desk.printer,
            autosaver=desk.autosaver,
            staff_id=desk.signed_in.person.id,
        )
        self.waiting = WaitingRoomPanel(
            desk.session, services=desk.clinic.services, clock=desk.clock, zone=desk.zone
        )
        self.waiting.opened.connect(lambda ticket: self.panel.open_patient(ticket.patient))
        self.panel.state.checked_in.connect(lambda _ticket: self.waiting.state.mark_stale())
        right = QVBoxLayout()
        right.setSpacing(Space.M)
        right.addWidget(self.panel.ticket_card)
        right.addWidget(self.waiting, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.M, Space.L, Space.M)
        row.setSpacing(Space.M)
        row.addWidget(self.panel, 3)
        row.addLayout(right, 2)

    def primary(self) -> None:
        self.panel.primary()

    def shown(self) -> None:
        self.panel.take_focus()

    def open_patient(self, patient: object) -> None:
        if isinstance(patient, PatientHeader):
            self.panel.open_patient(patient)


class StationWorkspace(Workspace):
    """The queue at the left, always docked; the one task at hand beside it.

    Who moves on while something is typed is asked once, by a notice: the same key again moves on.
    """

    def __init__(self, desk: Desk, *, service: str, queue_title: str) -> None:
        super().__init__()
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
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        # Every pixel counts at 1280 × 720, where the widest station has to fit beside the queue.
        row.setSpacing(Space.S)
        row.addWidget(self.queue)
        row.addLayout(self._main, 1)

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
            sentence = _tr("{name} does not stand in this queue.").format(name=patient.name)
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


class NurseWorkspace(StationWorkspace):
    """Triage: the queue, vital signs, alerts and trends."""

    def __init__(self, desk: Desk) -> None:
        from hms_desktop.triage.panel import TriagePanel  # noqa: PLC0415 - see the module

        super().__init__(desk, service=TRIAGE, queue_title=_tr("Triage queue"))
        panel = TriagePanel(
            desk.session,
            alerts=desk.alerts,
            autosaver=desk.autosaver,
            staff_id=desk.signed_in.person.id,
            clock=desk.clock,
            zone=desk.zone,
        )
        panel.sent_on.connect(self.sent_on)
        panel.alert_opened.connect(lambda alert: self.open_patient(alert.patient))
        self.set_panel(panel, panel)


class DoctorWorkspace(StationWorkspace):
    """The doctor's queue beside the chart, with the prescription inside the consultation."""

    def __init__(self, desk: Desk) -> None:
        from hms_desktop.consultations.panel import ConsultationPanel  # noqa: PLC0415 - see the module
        from hms_desktop.prescribing.panel import PrescriptionPanel  # noqa: PLC0415 - see the module

        super().__init__(desk, service=DOCTOR, queue_title=_tr("My queue"))
        panel = ConsultationPanel(
            desk.session,
            autosaver=desk.autosaver,
            staff_id=desk.signed_in.person.id,
            clock=desk.clock,
            zone=desk.zone,
        )
        prescription = PrescriptionPanel(desk.session)
        panel.set_prescription(prescription)
        panel.sent_on.connect(self.sent_on)
        self.set_panel(panel, panel)


class PharmacyWorkspace(StationWorkspace):
    """The queue beside the prescription; packs are scanned wherever the focus is."""

    def __init__(self, desk: Desk) -> None:
        from hms_desktop.pharmacy.panel import PharmacyPanel  # noqa: PLC0415 - see the module

        super().__init__(desk, service=PHARMACY, queue_title=_tr("To dispense"))
        self.pharmacy = PharmacyPanel(
            desk.session, clinic=desk.clinic, clock=desk.clock, zone=desk.zone, printer=desk.printer
        )
        self.pharmacy.sent_on.connect(self.sent_on)
        self.set_panel(self.pharmacy, self.pharmacy)

    def scanned(self, code: str) -> bool:
        return self.pharmacy.scan(code)


class BillingWorkspace(StationWorkspace):
    """The queue beside the bill."""

    def __init__(self, desk: Desk) -> None:
        from hms_desktop.billing.panel import BillingPanel  # noqa: PLC0415 - see the module

        super().__init__(desk, service=BILLING, queue_title=_tr("To pay"))
        panel = BillingPanel(
            desk.session, clinic=desk.clinic, clock=desk.clock, zone=desk.zone, printer=desk.printer
        )
        panel.sent_on.connect(self.sent_on)
        self.set_panel(panel, panel)


class AdministrationWorkspace(Workspace):
    """Staff and devices; no patient."""

    def __init__(self, desk: Desk) -> None:
        from hms_desktop.accounts.panel import AdministrationPanel  # noqa: PLC0415 - see the module

        super().__init__()
        self.panel = AdministrationPanel(desk.session, clock=desk.clock, zone=desk.zone)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        row.addWidget(self.panel)

    def primary(self) -> None:
        self.panel.staff.primary()

    def call_next(self) -> None:
        self.panel.devices.open_code()

    def shown(self) -> None:
        self.panel.staff.take_focus()


WORKSPACES: dict[Role, tuple[str, ...]] = {
    Role.RECEPTIONIST: ("front_desk", "appointments", "hours"),
    Role.NURSE: ("nurse", "front_desk", "appointments"),
    Role.DOCTOR: ("doctor",),
    Role.PHARMACIST: ("pharmacy",),
    Role.CASHIER: ("billing",),
    Role.ADMINISTRATOR: ("administration", "hours"),
}
"""What each role may open by key, the usual one first; a nurse registers at night."""


def workspaces_of(roles: Sequence[Role]) -> list[WorkspaceDefinition]:
    """Everything that somebody with these roles may open, each once."""
    known = {entry.key: entry for entry in _definitions()}
    keys = dict.fromkeys(key for role in roles for key in WORKSPACES.get(role, ()))
    return [known[key] for key in keys]


def _definitions() -> list[WorkspaceDefinition]:
    def entry(
        key: str, title: str, icon_name: str, build: Callable[[Desk], Workspace]
    ) -> WorkspaceDefinition:
        return WorkspaceDefinition(key=key, title=title, icon_name=icon_name, build=build)

    return [
        entry("front_desk", _tr("Front desk"), "account-plus-outline", FrontDeskWorkspace),
        entry("appointments", _tr("Appointments"), "calendar-clock", AppointmentsWorkspace),
        entry("hours", _tr("Hours"), "calendar-edit", HoursWorkspace),
        entry("nurse", _tr("Nurse"), "heart-pulse", NurseWorkspace),
        entry("doctor", _tr("Doctor"), "stethoscope", DoctorWorkspace),
        entry("pharmacy", _tr("Pharmacy"), "pill", PharmacyWorkspace),
        entry("billing", _tr("Billing"), "cash-register", BillingWorkspace),
        entry("administration", _tr("Admin"), "cog-outline", AdministrationWorkspace),
    ]


def _tr(text: str) -> str:
    return QCoreApplication.translate("workspaces", text)
