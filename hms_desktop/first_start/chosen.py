"""What goes in and out of the pages of a first start."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Self

import msgspec

from hms_desktop.connection.identity import PinnedServer
from hms_desktop.printing.known import KnownPrinter
from hms_desktop.workplace import Place, ScreenAccount
from hms_server.contract.envelope import Fault
from hms_server.contract.pairing import fingerprint


class Station(msgspec.Struct, frozen=True, kw_only=True):
    """Which workstation of which clinic the pages speak about, as pairing has told."""

    clinic: str
    device: str
    key: str = ""
    """The fingerprint of the clinic's key, which another workstation is compared with."""

    @classmethod
    def of(cls, server: PinnedServer) -> Self:
        """As the server was pinned."""
        return cls(clinic=server.name, device=server.device_name, key=fingerprint(server.public_key))


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What the person has chosen; name and password only where the place signs in by itself."""

    place: Place
    room: str = ""
    user_name: str = ""
    password: str = ""


class Outlets(msgspec.Struct, frozen=True, kw_only=True):
    """What the pages ask beyond the session; the first two on other threads."""

    account: Callable[[Chosen], ScreenAccount | Fault]
    """Asks the server whether a screen may sign in like this."""
    printers: Callable[[], Sequence[KnownPrinter]]
    clock: Callable[[], datetime]
