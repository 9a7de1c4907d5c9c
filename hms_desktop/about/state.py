"""What the sheet about the program tells: this build, the server's version, and the licences of all parts."""

import platform
import sys

from PySide6.QtCore import QObject, Signal, qVersion

from hms_desktop.session import Session
from hms_server.contract.build import BUILD
from hms_server.contract.envelope import PROTOCOL, Fault
from hms_server.contract.places import resource
from hms_server.contract.updates import GetUpdate, UpdateOffer, normal_arch

LICENCES = ("about", "LICENCES.txt")
"""What `make bundle` puts among the resources; a tree of sources has none."""


class AboutState(QObject):
    """Asks the server each time, since it may have been updated since."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.server = ""
        """The server's version; empty until it has answered."""
        self.trouble = ""
        """Why it has not answered, empty while it may."""

    def reload(self, session: Session | None) -> None:
        """Asks whoever this workstation is connected to; without a connection there is no server."""
        self.server, self.trouble = "", ""
        if session is None:
            self.trouble = self.tr("not connected")
        else:
            asked = GetUpdate(
                version=BUILD.version,
                protocol=PROTOCOL,
                platform=sys.platform,
                arch=normal_arch(platform.machine()),
                kind="",
            )
            session.ask(asked, done=self._on_answer, failed=self._on_failed, owner=self)
        self.changed.emit()

    def _on_answer(self, offer: UpdateOffer) -> None:
        self.server = offer.server_version
        self.changed.emit()

    def _on_failed(self, fault: Fault) -> None:
        self.trouble = fault.message
        self.changed.emit()


def ground_words() -> str:
    """What the program stands on, in one line."""
    return f"Python {platform.python_version()}, Qt {qVersion()}, {platform.platform(terse=True)}"


def licences() -> str:
    """The licences of all parts in full; empty where the program runs from its sources."""
    try:
        return resource(*LICENCES).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
