"""The devices: which are paired, cutting one off, and a code for a new one."""

from collections.abc import Sequence
from datetime import tzinfo

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.accounts.state import DevicesState
from hms_desktop.accounts.table import device_columns
from hms_desktop.session import Session
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import Field
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.notices import Action, Notice
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind, Space
from hms_desktop.widgets.words import time_text
from hms_server.contract.accounts import Device, PairingCode
from hms_server.contract.envelope import Fault


class DevicesPanel(QWidget):
    """Revoking cannot be undone, so it names the device and is asked once, inside the page."""

    def __init__(self, session: Session, *, zone: tzinfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._zone = zone
        self.state = DevicesState(session, parent=self)
        self._model: RowsModel[Device] = RowsModel(
            device_columns(zone=zone), key=lambda device: device.id, parent=self
        )
        self.table: TableView[Device] = TableView(self._model, name=self.tr("Devices"))
        self._list = ListState(self.table, empty=self.tr("No device is paired yet"))
        self.notice = Notice()
        self.revoke_button = SecondaryButton(self.tr("Revoke"), key="F9")
        self.name = Field(
            self.tr("Name of the new workstation"), max_length=60, placeholder=self.tr("Front desk 2")
        )
        self.open_button = SecondaryButton(self.tr("Open a pairing code"), key="F8", icon_name="link-variant")
        self.code = label("", TextRole.SCORE)
        self._code_hint = label("", TextRole.MUTED, wraps=True)
        self._lay_out()
        self._connect()
        self._show_buttons()
        self._list.show_loading()

    def open_code(self) -> None:
        """F8: opens a code for the workstation that is named."""
        if self.name.text():
            self.state.open_pairing(self.name.text())
        else:
            self.name.set_error(self.tr("Give the new workstation a name, such as “Front desk 2”."))

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.state.fetch()

    def _lay_out(self) -> None:
        devices = Card(self.tr("Devices"))
        devices.add(self._list, stretch=1)
        devices.add(self.notice)
        row = QHBoxLayout()
        row.addWidget(self.revoke_button)
        row.addStretch(1)
        devices.add(row)
        pairing = Card(self.tr("Pair a new workstation"))
        pairing.add(self.name)
        pairing.add(self.code)
        pairing.add(self._code_hint)
        pairing.add(self.open_button)
        self.code.hide()
        self._code_hint.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        column.addWidget(devices, 1)
        column.addWidget(pairing)

    def _connect(self) -> None:
        self.state.came.connect(self._on_came)
        self.state.failed.connect(lambda fault: self._list.show_error(fault.message))
        self.state.opened.connect(self._on_opened)
        self.state.refused.connect(self._on_refused)
        self.state.revoked.connect(self._on_revoked)
        self._list.retried.connect(self.state.fetch)
        self.table.chosen.connect(self._on_selected)
        self.revoke_button.clicked.connect(self._ask_to_revoke)
        self.open_button.clicked.connect(self.open_code)
        self.name.editor.returnPressed.connect(self.open_code)

    def _on_came(self, devices: Sequence[Device]) -> None:
        self._model.replace(devices)
        self._list.show_rows()
        self._show_buttons()

    def _on_opened(self, code: PairingCode) -> None:
        self.code.setText(code.code)
        self.code.show()
        words = self.tr("Type it on the new workstation until {time}. It pairs one workstation, once.")
        self._code_hint.setText(words.format(time=time_text(code.expires_at, self._zone)))
        self._code_hint.show()
        self.name.set_text("")

    def _on_refused(self, fault: Fault) -> None:
        if fault.field == "device_name":
            self.name.set_error(fault.message)
        else:
            self.notice.say(Kind.WARNING, fault.message)

    def _on_revoked(self, device: Device) -> None:
        self.notice.say(Kind.OK, self.tr("{name} is cut off.").format(name=device.name))

    def _on_selected(self, _device: Device | None) -> None:
        # A question about one device must never act on another.
        self.notice.take_back()
        self._show_buttons()

    def _show_buttons(self) -> None:
        device = self.table.chosen_row()
        self.revoke_button.setEnabled(device is not None and not device.revoked)

    def _ask_to_revoke(self) -> None:
        device = self.table.chosen_row()
        if device is None:
            return
        title = self.tr("Cut {name} ({key}) off for good?").format(name=device.name, key=device.fingerprint)
        sentence = self.tr("Whoever works there is signed out at once. It comes back by a new pairing only.")
        actions = [
            Action(self.tr("Cut off"), lambda: self.state.revoke(device)),
            Action(self.tr("Keep"), self._keep, key="Esc"),
        ]
        self.notice.say(Kind.WARNING, title, sentence, actions=actions)

    def _keep(self) -> None:
        self.notice.take_back()
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)
