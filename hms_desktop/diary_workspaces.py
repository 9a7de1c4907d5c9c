"""The workspaces about time: the day's appointments, and the working hours from which they follow."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from hms_desktop.shell.workshop import load
from hms_desktop.stations import Desk
from hms_desktop.widgets.tokens import Kind, Space
from hms_desktop.widgets.workspace import Workspace
from hms_server.contract.values import PatientHeader

if TYPE_CHECKING:
    from hms_desktop.patients.ticket.issued import IssuedTicket
    from hms_desktop.scheduling.hours.panel import HoursPanel
    from hms_desktop.scheduling.panel import AppointmentsPanel


class AppointmentsWorkspace(Workspace):
    """The day, booking beside it, and the last ticket that was issued from it."""

    panel: "AppointmentsPanel"
    ticket: "IssuedTicket"

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def furnish(self) -> Iterator[None]:
        yield from load("hms_desktop.patients.ticket", "hms_desktop.scheduling")
        from hms_desktop.patients.ticket.issued import IssuedTicket  # noqa: PLC0415 - see workspaces
        from hms_desktop.scheduling.panel import AppointmentsPanel  # noqa: PLC0415 - see workspaces

        desk = self._desk
        self.panel = self.own(AppointmentsPanel(desk.session, clock=desk.clock, zone=desk.zone))
        yield
        self.ticket = IssuedTicket(clinic=desk.clinic, zone=desk.zone, printer=desk.printer, parent=self)
        self.panel.checked_in.connect(self.ticket.issue)
        self.ticket.not_printed.connect(lambda why: self.notice(Kind.WARNING, why))
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.M, Space.L, Space.M)
        row.setSpacing(Space.M)
        row.addWidget(self.panel, 3)
        yield
        right = QVBoxLayout()
        right.setSpacing(Space.M)
        right.addWidget(self.panel.booking, 1)
        right.addWidget(self.ticket.card)
        row.addLayout(right, 2)

    def primary(self) -> None:
        self.panel.primary()

    def shown(self) -> None:
        self.panel.take_focus()

    def open_patient(self, patient: object) -> None:
        if isinstance(patient, PatientHeader):
            self.panel.open_patient(patient)


class HoursWorkspace(Workspace):
    """Who works when; no patient, unless hours change under an appointment."""

    panel: "HoursPanel"

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def furnish(self) -> Iterator[None]:
        yield from load("hms_desktop.scheduling")
        from hms_desktop.scheduling.hours.panel import HoursPanel  # noqa: PLC0415 - see workspaces

        desk = self._desk
        self.panel = self.own(HoursPanel(desk.session, clinic=desk.clinic, clock=desk.clock, zone=desk.zone))
        yield
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        row.addWidget(self.panel)

    def primary(self) -> None:
        self.panel.primary()

    def shown(self) -> None:
        self.panel.take_focus()
