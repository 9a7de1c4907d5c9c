"""Signing in and out, staff and devices."""

import secrets
from datetime import timedelta
from typing import Any

import msgspec

from hms_server.accounts.passwords import DECOY_HASH, MIN_LENGTH, PasswordDesk, generate_password
from hms_server.accounts.sessions import hash_secret
from hms_server.contract.accounts import (
    AddStaff,
    ChangePassword,
    ChooseRoom,
    DeviceChanged,
    EndSessions,
    Nothing,
    RevokeDevice,
    SessionEnded,
    SetStaffActive,
    SignedIn,
    SignIn,
    SignOut,
    StaffAdded,
    StaffChanged,
)
from hms_server.contract.envelope import Fault
from hms_server.contract.values import Person, Role, RoomId, StaffId
from hms_server.faults import Refused
from hms_server.permissions import Permission
from hms_server.work import Work

FAILURES_BEFORE_LOCK = 5
LOCK_TIME = timedelta(minutes=5)

FAULTS_BY_CONSTRAINT = {
    "staff_user_name_unique": Fault(
        code="accounts.user_name_taken",
        message="Somebody else has this user name. Choose another one.",
        field="user_name",
    ),
}


class StaffSecret(msgspec.Struct, frozen=True, kw_only=True):
    id: StaffId
    name: str
    password_hash: str
    roles: list[Role]
    active: bool
    locked: bool


class Accounts:
    """The commands that need the password desk; the composition root makes one."""

    def __init__(self, passwords: PasswordDesk, *, idle_minutes: int) -> None:
        self._passwords = passwords
        self._idle_minutes = idle_minutes

    def sign_in(self, work: Work, request: SignIn) -> SignedIn:
        """Opens a session bound to the device; five failures in a row lock the account for five minutes."""
        staff = work.one(StaffSecret, FIND_STAFF, (work.now, request.user_name.strip().lower()))
        password_hash = staff.password_hash if staff else DECOY_HASH
        right = self._passwords.check(password_hash, request.password)
        if staff is not None and staff.locked:
            raise Refused(
                "accounts.locked",
                "Too many wrong passwords. Wait five minutes, or ask the administrator.",
                field="password",
            )
        if staff is None or not right or not staff.active:
            raise _wrong_password(work, staff)
        secret = secrets.token_urlsafe(32)
        session_id, room_id = _open_session(work, staff.id, secret)
        return SignedIn(
            secret=secret,
            session_id=session_id,
            person=Person(id=staff.id, name=staff.name),
            roles=[Role(role) for role in staff.roles],
            room_id=room_id,
            idle_minutes=self._idle_minutes,
        )

    def change_password(self, work: Work, request: ChangePassword) -> Nothing:
        """Needs the old password; ends all other sessions of the person."""
        stored = work.value("select password_hash from staff where id = %s", (work.actor.staff_id,))
        if not self._passwords.check(stored, request.old_password):
            raise Refused("accounts.wrong_password", "This is not your password.", field="old_password")
        if len(request.new_password) < MIN_LENGTH:
            raise Refused(
                "accounts.password_short",
                f"A password has at least {MIN_LENGTH} characters.",
                field="new_password",
            )
        new_hash = self._passwords.hash(request.new_password)
        work.execute("update staff set password_hash = %s where id = %s", (new_hash, work.actor.staff_id))
        _end_sessions(work, OTHER_SESSIONS, "password_changed", (work.actor.staff_id, work.actor.session_id))
        return Nothing()

    def add_staff(self, work: Work, request: AddStaff) -> StaffAdded:
        """The password is generated, answered once and stored as a hash only."""
        user_name = request.user_name.strip().lower()
        if not user_name or not request.name.strip():
            field = "user_name" if not user_name else "name"
            raise Refused("accounts.empty", "This must not be empty.", field=field)
        if not request.roles:
            raise Refused("accounts.no_role", "Choose at least one role.", field="roles")
        password = generate_password()
        params = (user_name, request.name.strip(), self._passwords.hash(password), request.roles, work.now)
        staff_id: StaffId = work.value(ADD_STAFF, params)
        work.emit(StaffChanged(staff_id=staff_id), audience=Permission.ADMINISTER)
        return StaffAdded(id=staff_id, password=password)


def sign_out(work: Work, _request: SignOut) -> Nothing:
    """Ends the own session."""
    _end_sessions(work, "id = %s", "signed_out", (work.actor.session_id,))
    return Nothing()


def choose_room(work: Work, request: ChooseRoom) -> Nothing:
    """Remembers the room for the session, and for whoever signs in on this device next."""
    if request.room_id is not None and work.value(ROOM_EXISTS, (request.room_id,)) is None:
        raise Refused("accounts.room_unknown", "This room does not exist any more.", field="room_id")
    work.execute("update session set room_id = %s where id = %s", (request.room_id, work.actor.session_id))
    work.execute("update device set room_id = %s where id = %s", (request.room_id, work.actor.device_id))
    work.emit(
        StaffChanged(staff_id=work.actor.person.id),
        audience=Permission.OWN_SESSION,
        staff_id=work.actor.staff_id,
    )
    return Nothing()


def set_staff_active(work: Work, request: SetStaffActive) -> Nothing:
    """Who is not active cannot sign in, and is signed out everywhere at once."""
    if request.staff_id == work.actor.staff_id:
        raise Refused("accounts.yourself", "You cannot switch off your own account.", field="staff_id")
    sql = "update staff set active = %s, failed_sign_ins = 0, locked_until = null where id = %s"
    if not work.execute(sql, (request.active, request.staff_id)):
        raise _unknown_staff()
    if not request.active:
        _end_sessions(work, "staff_id = %s", "ended_by_administrator", (request.staff_id,))
    work.emit(StaffChanged(staff_id=request.staff_id), audience=Permission.ADMINISTER)
    return Nothing()


def end_sessions(work: Work, request: EndSessions) -> Nothing:
    """Signs somebody out everywhere."""
    if work.value("select id from staff where id = %s", (request.staff_id,)) is None:
        raise _unknown_staff()
    _end_sessions(work, "staff_id = %s", "ended_by_administrator", (request.staff_id,))
    return Nothing()


def revoke_device(work: Work, request: RevokeDevice) -> Nothing:
    """The device is cut off at once; pairing it again gives it a new key."""
    sql = "update device set revoked_at = %s where id = %s and revoked_at is null"
    if not work.execute(sql, (work.now, request.device_id)):
        raise Refused("accounts.device_unknown", "There is no such paired device.", field="device_id")
    _end_sessions(work, "device_id = %s", "device_revoked", (request.device_id,))
    work.emit(DeviceChanged(device_id=request.device_id), audience=Permission.ADMINISTER)
    return Nothing()


def _open_session(work: Work, staff_id: StaffId, secret: str) -> tuple[int, RoomId | None]:
    params = (hash_secret(secret), staff_id, work.now, work.now, work.actor.device_id)
    row = work.connection.execute(OPEN_SESSION, params).fetchone()
    work.execute("update staff set failed_sign_ins = 0, locked_until = null where id = %s", (staff_id,))
    if row is None:
        raise Refused("device.unknown", "This workstation is not paired with the server any more.")
    return row[0], row[1]


def _wrong_password(work: Work, staff: StaffSecret | None) -> Refused:
    if staff is not None:
        work.execute(
            COUNT_FAILURE, (FAILURES_BEFORE_LOCK, FAILURES_BEFORE_LOCK, work.now + LOCK_TIME, staff.id)
        )
    return Refused(
        "accounts.wrong_password",
        "User name or password is wrong. Passwords tell capital from small letters.",
        field="password",
        recorded=True,
    )


def _unknown_staff() -> Refused:
    return Refused("accounts.staff_unknown", "There is no such member of staff.", field="staff_id")


def _end_sessions(work: Work, condition: str, reason: str, params: tuple[Any, ...]) -> None:
    statement: Any = END_SESSIONS.format(condition=condition)
    for session_id, staff_id in work.connection.execute(statement, (work.now, reason, *params)).fetchall():
        event = SessionEnded(session_id=session_id, reason=reason)
        work.emit(event, audience=Permission.OWN_SESSION, staff_id=staff_id)


FIND_STAFF = """
select id, name, password_hash, roles, active, coalesce(locked_until > %s, false) as locked
from staff where user_name = %s
"""
COUNT_FAILURE = """
update staff set
    failed_sign_ins = case when failed_sign_ins + 1 >= %s then 0 else failed_sign_ins + 1 end,
    locked_until = case when failed_sign_ins + 1 >= %s then %s end
where id = %s
"""
OPEN_SESSION = """
insert into session (secret_hash, staff_id, device_id, room_id, started_at, last_seen_at)
select %s, %s, id, room_id, %s, %s from device where id = %s
returning id, room_id
"""
ADD_STAFF = """
insert into staff (user_name, name, password_hash, roles, created_at) values (%s, %s, %s, %s, %s) returning id
"""
ROOM_EXISTS = "select id from room where id = %s"
OTHER_SESSIONS = "staff_id = %s and id <> %s"
END_SESSIONS = """
update session set ended_at = %s, end_reason = %s where ended_at is null and {condition}
returning id, staff_id
"""
