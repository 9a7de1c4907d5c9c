"""What the program is started with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from hms_desktop.connection.client import Client
from hms_desktop.connection.identity import Pairing
from hms_desktop.door import Way
from hms_desktop.printing.known import KnownPrinter, known_printers
from hms_desktop.updates.attending import UpdateOptions
from hms_server.contract.demo import DemoSignIn


class PairingBook(Protocol):
    """Where the pairing of this workstation is remembered."""

    def find(self) -> Pairing | None: ...
    def keep(self, pairing: Pairing) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line asks for. With `user_name` nobody has to sign in, as on a display."""

    folder: Path
    pairings: PairingBook
    unattended: PairingBook | None = None
    """Keeps the pairing of a screen where no keyring has to be unlocked after a power cut."""
    server: str = ""
    is_display: bool = False
    user_name: str = ""
    password: str = ""
    demo: DemoSignIn | None = None
    connect: Callable[[Pairing], Way] = lambda pairing: Client(pairing.server, pairing.keys)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    printers: Callable[[], Sequence[KnownPrinter]] = known_printers
    updates: UpdateOptions | None = None
    """None: this program is never updated, as in a demo."""
