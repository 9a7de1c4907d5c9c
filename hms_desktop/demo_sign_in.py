"""Reads the file by which a demo hands its paired workstation and its people to one window."""

from pathlib import Path

import msgspec

from hms_desktop.connection.identity import KeyPair, Pairing, PinnedServer
from hms_server.contract.demo import DemoPerson, DemoSignIn
from hms_server.contract.values import Role


def read_demo(path: Path) -> DemoSignIn:
    """The demo's file; `OSError` or `msgspec.DecodeError` where it cannot be read."""
    return msgspec.json.decode(path.read_bytes(), type=DemoSignIn)


def pairing_of(demo: DemoSignIn) -> Pairing:
    """The same as if this workstation had been paired by a code."""
    return Pairing(
        server=PinnedServer(
            name=demo.server,
            addresses=[demo.address],
            public_key=demo.server_key,
            device_name=demo.device_name,
        ),
        keys=KeyPair(public_key=demo.device_public_key, secret_key=demo.device_secret_key),
    )


def person_of(demo: DemoSignIn, role: Role) -> DemoPerson | None:
    """The first person with that role."""
    return next((person for person in demo.people if person.role is role), None)
