"""Joins the pairing page with the search for servers and with the pairing itself."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from hms_desktop.connection.faults import FaultError
from hms_desktop.connection.identity import Pairing
from hms_desktop.shell.pairing import FoundServer, PairingPage
from hms_desktop.widgets.background import Background
from hms_server.contract.envelope import Fault


class PairingDesk(QObject):
    """Lives until the workstation is paired; the libraries it needs are loaded only here."""

    paired = Signal(object)
    """A `Pairing` that the server has accepted."""

    _found = Signal(object)

    def __init__(self, *, address: str, device_name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = Background(self)
        self._browser: Any = None
        self._ways: dict[str, list[str]] = {}
        """Of a found server, all its addresses by the one that is shown: it may be in two networks."""
        self.page = PairingPage(device_name=device_name)
        self.page.address.set_text(address)
        self.page.pair_requested.connect(self._on_pair_requested)
        self._found.connect(self._on_found, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Begins to look for servers."""
        self.page.start()
        self._background.run(self._look, lambda _: None)

    def stop_looking(self) -> None:
        """Waits for the search to end; call it on another thread while the window goes on."""
        self._background.finish()
        browser, self._browser = self._browser, None
        if browser is not None:
            browser.close()

    def _look(self) -> None:
        from hms_desktop.connection.discovery import Browser  # noqa: PLC0415 - a paired start needs no search

        self._browser = Browser(self._found.emit)

    def _on_found(self, found: Sequence[Any]) -> None:
        servers = []
        for server in found:
            ways = [desk.endpoint(desk.port).removeprefix("tcp://") for desk in server.desks]
            self._ways[ways[0]] = ways
            servers.append(FoundServer(name=server.name, address=ways[0], fingerprint=server.fingerprint))
        self.page.show_servers(servers)

    def _on_pair_requested(self, address: str, code: str, device_name: str) -> None:
        self.page.show_busy()
        ways = self._ways.get(address, [address])
        self._background.run(lambda: _pair_by(ways, code, device_name), self._on_outcome)

    def _on_outcome(self, outcome: Pairing | Fault) -> None:
        if isinstance(outcome, Fault):
            self.page.show_refusal(outcome.message, field=outcome.field)
        else:
            self.paired.emit(outcome)


def _pair_by(ways: Sequence[str], code: str, device_name: str) -> Pairing | Fault:
    """By the first way on which a server answers; silence uses up no try of the code."""
    outcome = _pair(ways[0], code, device_name)
    for way in ways[1:]:
        if not _is_silence(outcome):
            break
        outcome = _pair(way, code, device_name)
    return outcome


def _is_silence(outcome: Pairing | Fault) -> bool:
    return isinstance(outcome, Fault) and outcome.code == "pairing.no_answer"


def _pair(address: str, code: str, device_name: str) -> Pairing | Fault:
    from hms_desktop.connection.pairing import DeskAddress, pair  # noqa: PLC0415 - a paired start needs no SPAKE2

    try:
        return pair(DeskAddress.typed(address), code, device_name=device_name)
    except ValueError as error:
        return Fault(code="pairing.address", message=str(error), field="address")
    except FaultError as error:
        return error.fault
