"""Looks round in the network as a workstation does: whether announcements arrive, and whose they are."""

import secrets
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from zeroconf import Error, InterfaceChoice, ServiceBrowser, ServiceInfo, ServiceListener, Zeroconf

from hms_server.contract.pairing import SERVICE_TYPE

PROBE_TYPE = "_hms-probe._tcp.local."
LOOK_S = 3.0
"""Workstations find a server within two."""
ANSWER_S = 2.0
"""For all of them: anybody may announce a thousand servers that answer no question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenServer:
    """What a server says of itself to everybody; nothing of it is proved."""

    clinic: str
    fingerprint: str
    addresses: list[str]
    port: int
    version: str
    epoch: str = ""
    proof: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """`heard_itself`: what this machine announced came back to it. `trouble` says why nothing was seen."""

    heard_itself: bool = False
    servers: list[SeenServer] = field(default_factory=list)
    trouble: str = ""


def look_around(*, only_here: bool = False, look_s: float = LOOK_S) -> Seen:
    """Announces a probe, and listens for it and for servers; takes up to `look_s` seconds."""
    interfaces = ["127.0.0.1"] if only_here else InterfaceChoice.All
    try:
        with Zeroconf(interfaces=interfaces) as speaking, Zeroconf(interfaces=interfaces) as listening:
            return _listen(speaking, listening, look_s)
    except (OSError, Error) as error:
        return Seen(trouble=str(error) or type(error).__name__)


def _listen(speaking: Zeroconf, listening: Zeroconf, look_s: float) -> Seen:
    name = f"hms-{secrets.token_hex(4)}.{PROBE_TYPE}"
    probe, servers = _Listener(name), _Listener()
    browsers = [
        ServiceBrowser(listening, PROBE_TYPE, probe),
        ServiceBrowser(listening, SERVICE_TYPE, servers),
    ]
    machine = socket.gethostname().partition(".")[0] or "server"
    info = ServiceInfo(PROBE_TYPE, name, port=9, parsed_addresses=["127.0.0.1"], server=f"{machine}.local.")
    speaking.register_service(info)
    probe.found.wait(look_s)
    # Whoever answers the first question does so within a second; the probe took that long already.
    servers.found.wait(look_s / 2)
    seen = describe_all(listening, servers.names)
    for browser in browsers:
        browser.cancel()
    return Seen(heard_itself=probe.found.is_set(), servers=seen)


class _Listener(ServiceListener):
    """Collects names; `found` is set by the wanted one, or by any."""

    def __init__(self, wanted: str = "") -> None:
        self.names: set[str] = set()
        self.found = threading.Event()
        self._wanted = wanted

    def add_service(self, _zc: Zeroconf, _type: str, name: str) -> None:
        self.names.add(name)
        if self._wanted in ("", name):
            self.found.set()

    def remove_service(self, _zc: Zeroconf, _type: str, name: str) -> None:
        self.names.discard(name)

    def update_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        self.add_service(zc, type_, name)


def describe_all(
    listening: Zeroconf, names: Iterable[str], *, within_s: float = ANSWER_S
) -> list[SeenServer]:
    """What the servers of these names tell; whoever has not answered when the time is over is left out."""
    until_s = time.monotonic() + within_s
    found = []
    for name in sorted(names):
        left_ms = max(0, int((until_s - time.monotonic()) * 1000))
        found.append(_describe(listening, name, left_ms))
    return [each for each in found if each is not None]


def _describe(listening: Zeroconf, name: str, answer_ms: int) -> SeenServer | None:
    info = listening.get_service_info(SERVICE_TYPE, name, timeout=answer_ms)
    if info is None:
        return None
    told = {
        key.decode(errors="replace"): (value or b"").decode(errors="replace")
        for key, value in info.properties.items()
    }
    return SeenServer(
        clinic=told.get("name", ""),
        fingerprint=told.get("fingerprint", ""),
        addresses=info.parsed_addresses(),
        port=info.port or 0,
        version=told.get("version", ""),
        epoch=told.get("epoch", ""),
        proof=told.get("proof", ""),
    )
