"""Who this workstation is, and which servers it trusts."""

from collections.abc import Sequence

import msgspec
import zmq

ADDRESSES_AT_MOST = 8


class KeyPair(msgspec.Struct, frozen=True, kw_only=True):
    """The workstation's own CurveZMQ keys as Z85 text."""

    public_key: str
    secret_key: str

    def __repr__(self) -> str:
        # Key pairs turn up in tracebacks: only the public half may.
        return f"KeyPair(public_key={self.public_key!r})"


class PinnedServer(msgspec.Struct, frozen=True, kw_only=True):
    """A clinic this workstation is paired with: all its servers share one key, which pairing has proved.

    `addresses` are ZeroMQ addresses (`tcp://10.0.0.5:7717`), the preferred one first.
    """

    name: str
    addresses: list[str]
    public_key: str
    device_name: str


class Pairing(msgspec.Struct, frozen=True, kw_only=True):
    """All that a workstation has to keep in order to come back to its clinic."""

    server: PinnedServer
    keys: KeyPair


def with_addresses(server: PinnedServer, addresses: Sequence[str]) -> PinnedServer:
    """The same clinic, reached at these addresses first; older ones are kept behind them as long as few."""
    known = list(dict.fromkeys([*addresses, *server.addresses]))
    return msgspec.structs.replace(server, addresses=known[:ADDRESSES_AT_MOST])


def new_key_pair() -> KeyPair:
    """A key pair that nobody has had before."""
    public_key, secret_key = zmq.curve_keypair()
    return KeyPair(public_key=public_key.decode(), secret_key=secret_key.decode())
