"""Which workspaces each role has, and how the panels of the slices are joined into them.

A workspace loads its slices when it is built: the start of the program waits for one, not for all. Its
panels come one after the other, with a pause after each in which the window lives on.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

import hms_desktop
from hms_desktop.diary_workspaces import AppointmentsWorkspace, HoursWorkspace
from hms_desktop.outside_workspaces import (
    OutsideWorkspace,
    ProvidersWorkspace,
    ServerWorkspace,
    lay_below_strip,
)
from hms_desktop.payment_workspaces import BillingWorkspace, PaystackWorkspace
from hms_desktop.price_workspaces import PricesWorkspace
from hms_desktop.shell.workshop import load
from hms_desktop.stations import Desk, StationWorkspace
from hms_desktop.stock_workspaces import StockWorkspace
from hms_desktop.widgets.tokens import Space
from hms_desktop.widgets.workspace import Workspace
from hms_server.contract.values import PatientHeader, Role
from hms_server.contract.visits import DOCTOR, PHARMACY, TRIAGE

if TYPE_CHECKING:
    from hms_desktop.accounts.panel import AdministrationPanel
    from hms_desktop.assistant.policy.panel import PolicyPanel
    from hms_desktop.consultations.panel import ConsultationPanel
    from hms_desktop.messaging.panel import MessagesDesk
    from hms_desktop.patients.panel import FrontDeskPanel
    from hms_desktop.pharmacy.panel import PharmacyPanel
    from hms_desktop.triage.panel import TriagePanel
    from hms_desktop.visits.waiting.panel import WaitingRoomPanel


@dataclass(frozen=True, kw_only=True)
class WorkspaceDefinition:
    """A workspace as data; `build` runs when it is first opened, and then what it `furnish`es."""

    key: str
    title: str
    icon_name: str
    build: Callable[[Desk], Workspace]


class FrontDeskWorkspace(Workspace):
    """Left whoever stands at the counter, right the waiting room."""

    panel: "FrontDeskPanel"
    waiting: "WaitingRoomPanel"

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def furnish(self) -> Iterator[None]:
        yield from load("hms_desktop.patients", "hms_desktop.visits")
        from hms_desktop.patients.panel import FrontDeskPanel  # noqa: PLC0415 - see the module
        from hms_desktop.visits.waiting.panel import WaitingRoomPanel  # noqa: PLC0415 - see the module

        desk = self._desk
        self.panel = self.own(
            FrontDeskPanel(
                desk.session,
                clinic=desk.clinic,
                zone=desk.zone,
                clock=desk.clock,
                printer=desk.printer,
                autosaver=desk.autosaver,
                staff_id=desk.signed_in.person.id,
            )
        )
        yield
        self.waiting = self.own(
            WaitingRoomPanel(desk.session, services=desk.clinic.services, clock=desk.clock, zone=desk.zone)
        )
        self.waiting.opened.connect(lambda ticket: self.panel.open_patient(ticket.patient))
        self.panel.state.checked_in.connect(lambda _ticket: self.waiting.state.mark_stale())
        yield
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.M, Space.L, Space.M)
        row.setSpacing(Space.M)
        row.addWidget(self.panel, 3)
        yield
        right = QVBoxLayout()
        right.setSpacing(Space.M)
        right.addWidget(self.panel.ticket_card)
        right.addWidget(self.waiting, 1)
        row.addLayout(right, 2)

    def primary(self) -> None:
        self.panel.primary()

    def shown(self) -> None:
        self.panel.take_focus()

    def patient(self) -> PatientHeader | None:
        return self.panel.state.patient

    def open_patient(self, patient: object) -> None:
        if isinstance(patient, PatientHeader):
            self.panel.open_patient(patient)


class NurseWorkspace(StationWorkspace):
    """Triage: the queue, vital signs, alerts and trends."""

    triage: "TriagePanel"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, service=TRIAGE, queue_title=_tr("Triage queue"))

    def furnish(self) -> Iterator[None]:
        yield from load("hms_desktop.triage")
        from hms_desktop.triage.panel import TriagePanel  # noqa: PLC0415 - see the module

        desk = self._desk
        panel = self.triage = self.own(
            TriagePanel(
                desk.session,
                alerts=desk.alerts,
                autosaver=desk.autosaver,
                staff_id=desk.signed_in.person.id,
                clock=desk.clock,
                zone=desk.zone,
            )
        )
        panel.sent_on.connect(self.sent_on)
        panel.alert_opened.connect(lambda alert: self.open_patient(alert.patient))
        yield
        self.set_panel(panel, panel)

    def patient(self) -> PatientHeader | None:
        ticket = self.triage.state.ticket
        return ticket.patient if ticket else None


class DoctorWorkspace(StationWorkspace):
    """The doctor's queue beside the chart, with the prescription inside the consultation."""

    chart: "ConsultationPanel"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, service=DOCTOR, queue_title=_tr("My queue"))

    def furnish(self) -> Iterator[None]:
        yield from load("hms_desktop.consultations", "hms_desktop.prescribing")
        from hms_desktop.consultations.panel import ConsultationPanel  # noqa: PLC0415 - see the module
        from hms_desktop.prescribing.panel import PrescriptionPanel  # noqa: PLC0415 - see the module

        desk = self._desk
        panel = self.chart = self.own(
            ConsultationPanel(
                desk.session,
                autosaver=desk.autosaver,
                staff_id=desk.signed_in.person.id,
                clock=desk.clock,
                zone=desk.zone,
            )
        )
        panel.sent_on.connect(self.sent_on)
        yield
        prescription = self.own(PrescriptionPanel(desk.session))
        yield
        self.set_panel(panel, panel)
        yield
        panel.set_prescription(prescription)

    def patient(self) -> PatientHeader | None:
        ticket = self.chart.state.ticket
        return ticket.patient if ticket else None


class PharmacyWorkspace(StationWorkspace):
    """The queue beside the prescription; packs are scanned wherever the focus is."""

    pharmacy: "PharmacyPanel"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, service=PHARMACY, queue_title=_tr("To dispense"))

    def furnish(self) -> Iterator[None]:
        yield from load("hms_desktop.pharmacy")
        from hms_desktop.pharmacy.panel import PharmacyPanel  # noqa: PLC0415 - see the module

        desk = self._desk
        self.pharmacy = self.own(
            PharmacyPanel(
                desk.session, clinic=desk.clinic, clock=desk.clock, zone=desk.zone, printer=desk.printer
            )
        )
        self.pharmacy.sent_on.connect(self.sent_on)
        yield
        self.set_panel(self.pharmacy, self.pharmacy)

    def patient(self) -> PatientHeader | None:
        prescription = self.pharmacy.state.prescription
        return prescription.patient if prescription else None

    def scanned(self, code: str) -> bool:
        return self.pharmacy.scan(code)


class AdministrationWorkspace(Workspace):
    """Staff and devices; no patient."""

    panel: "AdministrationPanel"

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def furnish(self) -> Iterator[None]:
        yield from load("hms_desktop.accounts")
        from hms_desktop.accounts.panel import AdministrationPanel  # noqa: PLC0415 - see the module

        desk = self._desk
        self.panel = self.own(AdministrationPanel(desk.session, clock=desk.clock, zone=desk.zone))
        yield
        lay_below_strip(self, desk, self.panel)

    def primary(self) -> None:
        self.panel.staff.primary()

    def call_next(self) -> None:
        self.panel.devices.open_code()

    def shown(self) -> None:
        self.panel.staff.take_focus()


class AssistantWorkspace(Workspace):
    """The administrator's page of the assistant: on or off, limits, and who has used it."""

    panel: "PolicyPanel"

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def furnish(self) -> Iterator[None]:
        yield from load("hms_desktop.assistant.policy")
        from hms_desktop.assistant.policy.panel import PolicyPanel  # noqa: PLC0415 - see the module

        self.panel = PolicyPanel(self._desk.session)
        yield
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        row.addWidget(self.panel)

    def primary(self) -> None:
        self.panel.primary()

    def shown(self) -> None:
        self.panel.state.reload()
        self.panel.take_focus()


class MessagesWorkspace(Workspace):
    """What was sent to patients; the administrator also words it."""

    panel: "MessagesDesk"

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def furnish(self) -> Iterator[None]:
        yield from load("hms_desktop.messaging")
        from hms_desktop.messaging.panel import MessagesDesk  # noqa: PLC0415 - see the module

        desk = self._desk
        edits = Role.ADMINISTRATOR in desk.signed_in.roles
        self.panel = MessagesDesk(desk.session, clock=desk.clock, zone=desk.zone, edits=edits)
        yield
        yield from self.panel.furnish()
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        row.addWidget(self.panel)

    def primary(self) -> None:
        self.panel.primary()

    def shown(self) -> None:
        self.panel.take_focus()


NO_SLICES = frozenset({"connection", "demo_day", "printing", "shell", "widgets"})
WORKSPACES: dict[Role, tuple[str, ...]] = {
    Role.RECEPTIONIST: ("front_desk", "appointments", "messages", "hours"),
    Role.NURSE: ("nurse", "front_desk", "appointments"),
    Role.DOCTOR: ("doctor",),
    Role.PHARMACIST: ("pharmacy", "stock"),
    Role.CASHIER: ("billing", "paystack"),
    Role.ADMINISTRATOR: (
        "administration",
        "prices",
        "outside",
        "providers",
        "messages",
        "hours",
        "paystack",
        "assistant",
        "looking_after",
    ),
}
"""What each role may open by key, the usual one first; a nurse registers at night."""


def load_slices() -> Iterator[None]:
    """Imports all that workspaces are made of, a module in each step, before somebody waits for it."""
    found = [each.name for each in iter_modules(hms_desktop.__path__) if each.ispkg]
    yield from load(*(f"hms_desktop.{name}" for name in found if name not in NO_SLICES))


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
        entry("appointments", _tr("Bookings"), "calendar-clock", AppointmentsWorkspace),
        entry("hours", _tr("Hours"), "calendar-edit", HoursWorkspace),
        entry("messages", _tr("Messages"), "message-text-outline", MessagesWorkspace),
        entry("nurse", _tr("Nurse"), "heart-pulse", NurseWorkspace),
        entry("doctor", _tr("Doctor"), "stethoscope", DoctorWorkspace),
        entry("pharmacy", _tr("Pharmacy"), "pill", PharmacyWorkspace),
        entry("stock", _tr("Stock"), "package-variant-closed", StockWorkspace),
        entry("billing", _tr("Billing"), "cash-register", BillingWorkspace),
        entry("paystack", _tr("Paystack"), "scale-balance", PaystackWorkspace),
        entry("administration", _tr("Admin"), "cog-outline", AdministrationWorkspace),
        entry("prices", _tr("Prices"), "tag-outline", PricesWorkspace),
        entry("outside", _tr("Outside"), "cloud-outline", OutsideWorkspace),
        entry("providers", _tr("Providers"), "key-outline", ProvidersWorkspace),
        entry("looking_after", _tr("Server"), "server-outline", ServerWorkspace),
        entry("assistant", _tr("Assistant"), "message-question-outline", AssistantWorkspace),
    ]


def _tr(text: str) -> str:
    return QCoreApplication.translate("workspaces", text)
