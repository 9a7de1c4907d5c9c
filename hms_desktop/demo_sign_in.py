"""The file by which a demo hands its paired workstation and its people to one window."""

from pathlib import Path

import msgspec

from hms_desktop.connection.identity import KeyPair, Pairing, PinnedServer
from hms_server.contract.values import Role


class DemoPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whom the switch of the demo signs in; `room` is a room's name, empty for none."""

    user_name: str
    password: str
    role: Role
    name: str
    room: str = ""


class DemoSignIn(msgspec.Struct, frozen=True, kw_only=True):
    """`address` is a ZeroMQ address such as `tcp://127.0.0.1:7717`; keys are Z85 text."""

    server: str
    address: str
    server_key: str
    device_public_key: str
    device_secret_key: str
    people: list[DemoPerson]
    device_name: str = "Demo"

    def pairing(self) -> Pairing:
        """The same as if this workstation had been paired by a code."""
        return Pairing(
            server=PinnedServer(
                name=self.server,
                addresses=[self.address],
                public_key=self.server_key,
                device_name=self.device_name,
            ),
            keys=KeyPair(public_key=self.device_public_key, secret_key=self.device_secret_key),
        )

    def of_role(self, role: Role) -> DemoPerson | None:
        """The first person with that role."""
        return next((person for person in self.people if person.role is role), None)


def read_demo(path: Path) -> DemoSignIn:
    """The demo's file; `OSError` or `msgspec.DecodeError` where it cannot be read."""
    return msgspec.json.decode(path.read_bytes(), type=DemoSignIn)
