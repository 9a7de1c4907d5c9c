"""The file by which the demo hands a paired workstation and its people to the desktop program."""

import msgspec

from hms_server.contract.values import Role


class DemoPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of the made-up staff who may sign in; `room` is a room's name, empty for none."""

    user_name: str
    password: str
    role: Role
    name: str
    room: str = ""

    def __repr__(self) -> str:
        # Even a made-up password has no place in a traceback.
        return f"DemoPerson(user_name={self.user_name!r}, role={self.role!r})"


class DemoSignIn(msgspec.Struct, frozen=True, kw_only=True):
    """JSON, readable by its owner alone; keys are CurveZMQ keys as Z85 text, people in the order of the day.

    `server` is the clinic's name, `address` a ZeroMQ address (`tcp://127.0.0.1:7717`).
    """

    server: str
    address: str
    server_key: str
    device_public_key: str
    device_secret_key: str
    people: list[DemoPerson]
    device_name: str = "Demo"

    def __repr__(self) -> str:
        return f"DemoSignIn(address={self.address!r}, people={self.people!r})"
