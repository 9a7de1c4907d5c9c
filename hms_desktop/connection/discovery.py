"""Looks for servers in the local network; what it finds is a hint for a person, and trusted by nobody."""

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import msgspec
import structlog
from zeroconf import Error, IPVersion, ServiceInfo, ServiceListener, Zeroconf

from hms_desktop.connection.endpoints import HIGHEST_PORT, DeskAddress
from hms_desktop.connection.listeners import tell
from hms_server.contract.pairing import SERVICE_TYPE

log = structlog.get_logger()

ASK_MS = 1500
MAX_TEXT = 80


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A server that says it is there; `desks` are the ways to its pairing desk.

    `servers` are its ZeroMQ addresses for workstations that are paired already.
    """

    name: str
    fingerprint: str
    version: str
    protocol: int
    desks: tuple[DeskAddress, ...]
    servers: tuple[str, ...]


class Browser:
    """Calls back with all servers in sight whenever they change, on a thread of zeroconf's.

    Without a network, or where another program keeps it from listening, it finds nothing and logs why.
    """

    def __init__(
        self, on_change: Callable[[list[Found]], None], *, interfaces: Sequence[str] | None = None
    ) -> None:
        self._on_change = on_change
        self._lock = threading.Lock()
        self._found: dict[str, Found] = {}
        self._zeroconf: Zeroconf | None = None
        try:
            self._zeroconf = Zeroconf(interfaces=list(interfaces)) if interfaces else Zeroconf()
            self._zeroconf.add_service_listener(SERVICE_TYPE, _Listener(self._take, self._drop))
        except (OSError, Error) as error:
            log.warning("cannot look for servers", problem=str(error) or type(error).__name__)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def found(self) -> list[Found]:
        """The servers in sight, by name."""
        with self._lock:
            return sorted(self._found.values(), key=lambda found: (found.name, found.fingerprint))

    def close(self) -> None:
        """Stops looking."""
        if self._zeroconf is not None:
            self._zeroconf.close()

    def _take(self, service_name: str, found: Found) -> None:
        with self._lock:
            changed = self._found.get(service_name) != found
            self._found[service_name] = found
        if changed:
            tell([self._on_change], self.found)

    def _drop(self, service_name: str) -> None:
        with self._lock:
            gone = self._found.pop(service_name, None)
        if gone is not None:
            tell([self._on_change], self.found)


def discover(
    timeout_s: float = 2.0, *, interfaces: Sequence[str] | None = None, enough: int | None = None
) -> list[Found]:
    """The servers that answer in time; looks no longer once there are `enough`."""
    changed = threading.Event()
    end_s = time.monotonic() + timeout_s
    with Browser(lambda _: changed.set(), interfaces=interfaces) as browser:
        while enough is None or len(browser.found) < enough:
            left_s = end_s - time.monotonic()
            if left_s <= 0:
                break
            changed.wait(left_s)
            changed.clear()
        return browser.found


def read(info: ServiceInfo) -> Found | None:
    """What a server says of itself, or None where it is not one of ours or makes no sense."""
    said = {key: _clean(value) for key, value in info.properties.items()}
    pairing_port = said.get(b"pairing", "")
    protocol = said.get(b"protocol", "")
    hosts = info.parsed_addresses(IPVersion.V4Only) + info.parsed_addresses(IPVersion.V6Only)
    if not (pairing_port.isdecimal() and 0 < int(pairing_port) <= HIGHEST_PORT and protocol.isdecimal()):
        return None
    if not hosts or not said.get(b"fingerprint"):
        return None
    desks = tuple(DeskAddress(host, int(pairing_port)) for host in hosts)
    return Found(
        name=said.get(b"name") or hosts[0],
        fingerprint=said[b"fingerprint"],
        version=said.get(b"version", ""),
        protocol=int(protocol),
        desks=desks,
        servers=tuple(desk.endpoint(info.port) for desk in desks if info.port),
    )


class _Listener(ServiceListener):
    """zeroconf's side of the browser; its names are zeroconf's."""

    def __init__(self, take: Callable[[str, Found], None], drop: Callable[[str], None]) -> None:
        self._take = take
        self._drop = drop

    def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        info = zc.get_service_info(type_, name, timeout=ASK_MS)
        found = read(info) if info is not None else None
        if found is not None:
            self._take(name, found)

    def update_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        self.add_service(zc, type_, name)

    def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:  # noqa: ARG002 - zeroconf's names
        self._drop(name)


def _clean(value: bytes | None) -> str:
    """Text from the network, fit for a screen."""
    text = (value or b"").decode(errors="replace")
    return "".join(character for character in text if character.isprintable())[:MAX_TEXT].strip()
