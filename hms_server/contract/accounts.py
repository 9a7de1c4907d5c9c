"""Who works here, on which device, in which room, and for how long."""

from datetime import datetime

import msgspec

from hms_server.contract.envelope import Event, Request
from hms_server.contract.values import DeviceId, Person, Role, RoomId, StaffId


class Nothing(msgspec.Struct, frozen=True):
    """The answer of a request that has nothing to tell beyond having been done."""


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """`secret` stands for the session in every further call; the server keeps only its hash."""

    secret: str
    session_id: int
    person: Person
    roles: list[Role]
    room_id: RoomId | None
    idle_minutes: int


class SignIn(Request[SignedIn], frozen=True, kw_only=True):
    user_name: str
    password: str


class SignOut(Request[Nothing], frozen=True, kw_only=True):
    pass


class Department(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """`service` is the queue that is usually called from here, None for any."""

    id: RoomId
    name: str
    department_id: int
    service: str | None


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A queue: its code is the letter in front of its ticket numbers."""

    code: str
    name: str


class Clinic(msgspec.Struct, frozen=True, kw_only=True):
    """`languages` are those the clinic is used in (BCP 47); in one for `training` nothing is real."""

    name: str
    time_zone: str
    currency: str
    departments: list[Department]
    rooms: list[Room]
    services: list[Service]
    languages: list[str] = []
    training: bool = False


class GetClinic(Request[Clinic], frozen=True, kw_only=True):
    pass


class ChooseRoom(Request[Nothing], frozen=True, kw_only=True):
    """From now on this session calls patients to that room."""

    room_id: RoomId | None


class ChangePassword(Request[Nothing], frozen=True, kw_only=True):
    old_password: str
    new_password: str


class StaffMember(msgspec.Struct, frozen=True, kw_only=True):
    id: StaffId
    user_name: str
    name: str
    roles: list[Role]
    active: bool
    open_sessions: int
    last_seen_at: datetime | None


class StaffList(msgspec.Struct, frozen=True):
    staff: list[StaffMember]


class ListStaff(Request[StaffList], frozen=True, kw_only=True):
    pass


class StaffAdded(msgspec.Struct, frozen=True, kw_only=True):
    """`password` was generated and is shown this once."""

    id: StaffId
    password: str


class AddStaff(Request[StaffAdded], frozen=True, kw_only=True):
    user_name: str
    name: str
    roles: list[Role]


class SetStaffActive(Request[Nothing], frozen=True, kw_only=True):
    staff_id: StaffId
    active: bool


class EndSessions(Request[Nothing], frozen=True, kw_only=True):
    """Ends every session of somebody at once, on all devices."""

    staff_id: StaffId


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """`version` is its program's, empty until it has said so; an outdated one is older than the server."""

    id: DeviceId
    name: str
    fingerprint: str
    paired_at: datetime
    revoked: bool
    version: str = ""
    is_outdated: bool = False


class DeviceList(msgspec.Struct, frozen=True):
    devices: list[Device]


class ListDevices(Request[DeviceList], frozen=True, kw_only=True):
    pass


class RevokeDevice(Request[Nothing], frozen=True, kw_only=True):
    device_id: DeviceId


class PairingCode(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    expires_at: datetime


class OpenPairing(Request[PairingCode], frozen=True, kw_only=True):
    """Opens a code for one new workstation; the same as `hms-server device code`."""

    device_name: str


class SessionEnded(Event, frozen=True, kw_only=True):
    """`reason` is signed_out, idle, ended_by_administrator or device_revoked."""

    session_id: int
    reason: str


class DeviceChanged(Event, frozen=True, kw_only=True):
    device_id: DeviceId


class StaffChanged(Event, frozen=True, kw_only=True):
    staff_id: StaffId
