"""The page on which a workstation is paired with a clinic's server, once."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from hms_desktop.shell.main_window import MANUAL_PAGE
from hms_desktop.shell.pages import CardPage
from hms_desktop.widgets.buttons import PrimaryButton, SecondaryButton
from hms_desktop.widgets.fields import Field
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.rows import Column, RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind

WIDTH = 640
LOOK_MS = 2000
"""A server in this network answers within that; later ones still appear."""


@dataclass(frozen=True, kw_only=True)
class FoundServer:
    """A server that has announced itself; `address` is what one would type, port included."""

    name: str
    address: str
    fingerprint: str = ""


class PairingPage(CardPage):
    """Asks for a server and the code; knows nothing about how they are used."""

    pair_requested = Signal(str, str, str)
    """Address, code and the name of this workstation."""
    back_requested = Signal()
    """Somebody would rather keep the pairing that there is."""

    def __init__(self, *, device_name: str, parent: QWidget | None = None) -> None:
        super().__init__("", width=WIDTH, parent=parent)
        self.setProperty(MANUAL_PAGE, "workplace")
        self.set_heading(self.tr("Clinic workstation"))
        self.card.set_title(self.tr("Pair this workstation with the clinic's server"))
        self._model = RowsModel(self._columns(), key=lambda found: found.address, parent=self)
        self.table = TableView(self._model, name=self.tr("Servers found in this network"))
        self.servers = ListState(self.table, empty=self.tr("Looking for servers in this network…"))
        self._is_address_ours = False
        self._look = QTimer(self, singleShot=True, interval=LOOK_MS)
        self._look.timeout.connect(self._on_looked)
        self.address = Field(self.tr("Address of the server"), required=True, placeholder="192.168.1.10")
        self.device = Field(self.tr("Name of this workstation"), required=True, max_length=60)
        self.device.set_text(device_name)
        self.code = Field(
            self.tr("Pairing code"),
            required=True,
            placeholder="1234 5678",
            hint=self.tr("From the administrator's screen (Admin, F8), or: hms-server device code"),
            max_length=20,
        )
        self.button = PrimaryButton(self.tr("Pair"), key="Enter", icon_name="link-variant")
        self.back_button = SecondaryButton(self.tr("Back"), key="Esc")
        self._fill()
        self._connect()

    def offer_way_back(self) -> None:
        """Shows the button: the workstation is paired already, and may stay so."""
        self.back_button.show()

    def start(self) -> None:
        """Ready for the first try; for two seconds nobody is told that nothing was found."""
        self.servers.show_rows()
        self._look.start()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.code.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_servers(self, servers: Sequence[FoundServer]) -> None:
        """What has announced itself. One clinic is taken as the address; of several, the person chooses.

        An address that the person has typed or chosen is never changed.
        """
        if not servers and not self._look.isActive():
            self._on_looked()
        self._model.replace(servers)
        self.servers.show_rows()
        clinics = {found.fingerprint or found.address for found in servers}
        if len(clinics) == 1 and not self.address.text():
            self._is_address_ours = True
            self.table.choose(servers[0].address)
        elif len(clinics) > 1 and self._is_address_ours:
            # A second clinic has answered meanwhile: which one it is, only the person knows.
            self._is_address_ours = False
            self.table.clear_choice()
            self.address.set_text("")
        several = self.tr(
            "Several clinics answer. Choose yours: any paired workstation shows its key (F4 at sign-in)."
        )
        self._hint.setText(several if len(clinics) > 1 else "")
        self._hint.setHidden(len(clinics) <= 1)

    def show_refusal(self, sentence: str, *, field: str | None = None) -> None:
        """Says why it did not work, at its field; what was typed stays."""
        self.set_ready(self.button)
        self.back_button.setEnabled(True)
        where = {"address": self.address, "code": self.code, "device_name": self.device}.get(field or "")
        if where is None:
            self.notice.say(Kind.DANGER, sentence)
        else:
            where.set_error(sentence)

    def show_busy(self) -> None:
        """The two programs are talking: what comes of it is waited for."""
        self.set_busy(self.button)
        self.back_button.setEnabled(False)

    def _columns(self) -> list[Column[FoundServer]]:
        return [
            Column(title=self.tr("Clinic"), text=lambda found: found.name, stretch=1),
            Column(title=self.tr("Address"), text=lambda found: found.address),
            Column(title=self.tr("Key"), text=lambda found: found.fingerprint),
        ]

    def _fill(self) -> None:
        self.table.setMaximumHeight(140)
        self.servers.setMaximumHeight(140)
        self.card.add(label(self.tr("Servers found in this network"), TextRole.LABEL))
        self._hint = label("", TextRole.MUTED, wraps=True)
        parts = (
            self.servers,
            self._hint,
            self.address,
            self.device,
            self.code,
            self.notice,
            self.bar,
            self.button,
            self.back_button,
        )
        for part in parts:
            self.card.add(part)
        self._hint.hide()
        self.back_button.hide()

    def _connect(self) -> None:
        self.table.chosen.connect(self._on_server_chosen)
        self.table.opened.connect(lambda _found: self.code.editor.setFocus())
        self.address.edited.connect(self._on_address_typed)
        self.button.clicked.connect(self._submit)
        self.back_button.clicked.connect(self.back_requested)
        for field in (self.address, self.device, self.code):
            field.editor.returnPressed.connect(self._submit)

    def _on_server_chosen(self, found: FoundServer | None) -> None:
        if found is not None:
            self._is_address_ours = self._is_address_ours and not self.table.hasFocus()
            self.address.set_text(found.address)

    def _on_address_typed(self, _text: str) -> None:
        self._is_address_ours = False

    def _on_looked(self) -> None:
        self.servers.show_empty(
            self.tr(
                "No server has answered so far: it is switched off, in another network, or the network does "
                "not let such questions through. Type its address below."
            )
        )
        if self._model.rows:
            self.servers.show_rows()

    def _submit(self) -> None:
        self.notice.take_back()
        for field, sentence in (
            (self.address, self.tr("Choose a server above or type its address.")),
            (self.device, self.tr("Give this workstation a name, such as “Front desk 1”.")),
            (self.code, self.tr("Type the eight digits that the administrator gave you.")),
        ):
            if not field.text():
                field.set_error(sentence)
                return
        if self.button.isEnabled():
            self.pair_requested.emit(self.address.text(), self.code.text(), self.device.text())
