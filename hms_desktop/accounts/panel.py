"""Administration: the staff at the left, the devices at the right."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from PySide6.QtWidgets import QHBoxLayout, QWidget

from hms_desktop.accounts.devices.panel import DevicesPanel
from hms_desktop.accounts.staff.panel import StaffPanel
from hms_desktop.session import Session
from hms_desktop.widgets.tokens import Space


class AdministrationPanel(QWidget):
    """Both lists at once, since a new colleague often brings a new workstation."""

    def __init__(
        self,
        session: Session,
        *,
        clock: Callable[[], datetime],
        zone: tzinfo,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.staff = StaffPanel(session, zone=zone, today=clock().astimezone(zone).date())
        self.devices = DevicesPanel(session, zone=zone)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.M)
        row.addWidget(self.staff, 3)
        row.addWidget(self.devices, 2)
