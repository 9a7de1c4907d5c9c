"""Who is signed in on which device: a cache over the session table, shared by all threads of a server."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg

from hms_server.clock import Clock
from hms_server.contract.accounts import SessionEnded
from hms_server.contract.envelope import Fault
from hms_server.contract.values import DeviceId, Role
from hms_server.permissions import Permission, permissions_of
from hms_server.work import Actor

NOT_SIGNED_IN = Fault(code="session.ended", message="You are signed out. Sign in again to go on.")
NOT_PAIRED = Fault(code="device.unknown", message="This workstation is not paired with the server any more.")


def hash_secret(secret: str) -> bytes:
    """What the database keeps of a session's secret; the secret has 256 random bits, so one hash suffices."""
    return hashlib.sha256(secret.encode()).digest()


@dataclass(slots=True)
class CachedSession:
    actor: Actor
    public_key: str
    last_seen: datetime
    stored_seen: datetime
    stays: bool
    """A display or a kiosk, at which nobody sits who could be idle."""


class Sessions:
    """Answers from memory; what it does not know it reads once."""

    def __init__(self, *, clock: Clock, idle_after: timedelta) -> None:
        self._clock = clock
        self._idle_after = idle_after
        self._lock = threading.Lock()
        self._sessions: dict[str, CachedSession] = {}
        self._devices: dict[str, DeviceId] = {}

    def load_devices(self, connection: psycopg.Connection[Any]) -> None:
        """Reads all devices that may connect."""
        rows = connection.execute("select public_key, id from device where revoked_at is null").fetchall()
        with self._lock:
            self._devices = dict(rows)

    def knows_device(self, public_key: str) -> bool:
        """Whether a device with this key is paired and not revoked."""
        return public_key in self._devices

    def cached(self, secret: str, public_key: str) -> Actor | Fault | None:
        """The actor from memory; None when the database has to be asked."""
        device_id = self._devices.get(public_key)
        if device_id is None:
            return NOT_PAIRED
        if not secret:
            return Actor(device_id=device_id)
        session = self._sessions.get(secret)
        if session is None:
            return None
        if session.public_key != public_key:
            return NOT_SIGNED_IN
        if self._is_idle(session):
            # Whoever was not heard of here may have worked at another server meanwhile: the database knows.
            self._drop(secret)
            return None
        session.last_seen = self._clock()
        return session.actor

    def peek(self, secret: str, public_key: str) -> Actor | Fault | None:
        """Like `cached`, without counting as a sign of life."""
        session = self._sessions.get(secret)
        if session is None:
            return None
        ended = session.public_key != public_key or self._is_idle(session)
        return NOT_SIGNED_IN if ended or public_key not in self._devices else session.actor

    def load(self, connection: psycopg.Connection[Any], secret: str, public_key: str) -> Actor | Fault:
        """Reads one session from the database, if it is open and belongs to this device."""
        row = connection.execute(FIND, (hash_secret(secret), public_key)).fetchone()
        if row is None:
            return NOT_SIGNED_IN
        session_id, staff_id, name, roles, device_id, room_id, last_seen_at = row
        held = frozenset(Role(role) for role in roles)
        actor = Actor(
            device_id=device_id,
            staff_id=staff_id,
            name=name,
            roles=held,
            permissions=permissions_of(held),
            session_id=session_id,
            room_id=room_id,
        )
        session = CachedSession(actor, public_key, last_seen_at, last_seen_at, _stays(held))
        if self._is_idle(session):
            return NOT_SIGNED_IN
        session.last_seen = self._clock()
        with self._lock:
            self._sessions[secret] = session
        return actor

    def _drop(self, secret: str) -> None:
        with self._lock:
            self._sessions.pop(secret, None)

    def forget(self, should_forget: Callable[[Actor], bool]) -> None:
        """Drops sessions from memory; the next call reads their state anew."""
        with self._lock:
            for secret in [key for key, session in self._sessions.items() if should_forget(session.actor)]:
                del self._sessions[secret]

    def sweep(self, connection: psycopg.Connection[Any]) -> int:
        """Stores signs of life and ends sessions that were idle for too long; gives how many ended."""
        with self._lock:
            sessions = list(self._sessions.values())
        for session in sessions:
            if session.last_seen > session.stored_seen:
                session.stored_seen = session.last_seen
                connection.execute(TOUCH, (session.last_seen, session.actor.session_id))
        now = self._clock()
        with connection.transaction():
            ended = connection.execute(END_IDLE, (now, now - self._idle_after)).fetchall()
            for session_id, staff_id in ended:
                body = msgspec.msgpack.encode(SessionEnded(session_id=session_id, reason="idle"))
                connection.execute(TELL_ENDED, (Permission.OWN_SESSION, staff_id, now, body))
        return len(ended)

    def _is_idle(self, session: CachedSession) -> bool:
        return not session.stays and self._clock() - session.last_seen > self._idle_after


def _stays(roles: frozenset[Role]) -> bool:
    return bool(roles) and roles <= {Role.DISPLAY, Role.KIOSK}


FIND = """
select session.id, staff.id, staff.name, staff.roles, device.id, session.room_id, session.last_seen_at
from session join staff on staff.id = staff_id join device on device.id = device_id
where secret_hash = %s and public_key = %s and ended_at is null and staff.active and revoked_at is null
"""

# A later sign of life may already be stored by another server.
TOUCH = "update session set last_seen_at = greatest(last_seen_at, %s) where id = %s and ended_at is null"

END_IDLE = """
update session set ended_at = %s, end_reason = 'idle'
from staff
where staff.id = staff_id and ended_at is null and last_seen_at < %s
    and not staff.roles <@ '{display,kiosk}'
returning session.id, staff.id
"""

TELL_ENDED = """
insert into event (name, audience, staff_id, at, body) values ('SessionEnded', %s, %s, %s, %s)
"""
