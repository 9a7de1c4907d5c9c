"""Addresses of machines as people type them and as ZeroMQ wants them."""

from dataclasses import dataclass
from typing import Self

from hms_server.contract.pairing import PAIRING_PORT

HIGHEST_PORT = 65535
HERE = ("tcp://127.", "tcp://localhost:", "tcp://[::1]:")
"""How addresses begin that mean this machine itself."""


@dataclass(frozen=True)
class DeskAddress:
    """Where a pairing desk is reached."""

    host: str
    port: int = PAIRING_PORT

    @classmethod
    def typed(cls, text: str) -> Self:
        """Reads `10.0.0.5`, `clinic.local`, `clinic.local:7718`, `[fe80::1]:7718`; else `ValueError`."""
        host, port = _split(text)
        return cls(host) if port is None else cls(host, port)

    @property
    def is_here(self) -> bool:
        """Whether it is this machine itself."""
        return self.host in {"localhost", "::1"} or self.host.startswith("127.")

    def endpoint(self, port: int) -> str:
        """The same machine as a ZeroMQ address."""
        return f"tcp://[{self.host}]:{port}" if ":" in self.host else f"tcp://{self.host}:{port}"


def typed_endpoint(text: str, *, port: int) -> str:
    """A typed address of a server as ZeroMQ wants it; `ValueError` with a sentence if it is none."""
    host, typed_port = _split(text)
    return DeskAddress(host).endpoint(typed_port or port)


def _split(text: str) -> tuple[str, int | None]:
    rest = text.strip().removeprefix("tcp://")
    host, port = rest, ""
    if rest.startswith("[") and "]" in rest:
        host, _, port = rest[1:].partition("]")
        port = port.removeprefix(":")
    elif rest.count(":") == 1:
        host, _, port = rest.partition(":")
    if not host or any(character.isspace() or character in "[]/*;" for character in host):
        raise _not_an_address(text)
    if not port:
        return host, None
    if not port.isascii() or not port.isdigit() or not 0 < int(port) <= HIGHEST_PORT:
        raise _not_an_address(text)
    return host, int(port)


def _not_an_address(text: str) -> ValueError:
    return ValueError(f"“{text}” is not an address. Type a name or a number such as 192.168.1.10.")
