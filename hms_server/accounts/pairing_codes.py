"""Pairing codes in the database: another process may open one, and all servers count the tries together."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
from psycopg.rows import class_row

from hms_server.clock import Clock
from hms_server.contract.accounts import DeviceChanged, OpenPairing, PairingCode
from hms_server.contract.pairing import CODE_DIGITS, Purpose
from hms_server.contract.values import DeviceId
from hms_server.events import CHANNEL
from hms_server.pairing import OpenCode
from hms_server.permissions import Permission
from hms_server.work import Work

CODE_LASTS = timedelta(minutes=10)
TRIES = 5


def open_code(
    connection: psycopg.Connection[Any],
    *,
    device_name: str,
    now: datetime,
    purpose: Purpose = Purpose.WORKSTATION,
) -> PairingCode:
    """Opens a new code for one workstation, or one server, and ends the one before; the caller commits.

    There is never more than one, because the desk cannot know which of several a workstation has typed.
    """
    digits = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    expires_at = now + CODE_LASTS
    connection.execute(END_EARLIER, {"now": now})
    connection.execute(OPEN, (digits, device_name, now, expires_at, TRIES, purpose))
    return PairingCode(code=f"{digits[:4]} {digits[4:]}", expires_at=expires_at)


def open_pairing(work: Work, request: OpenPairing) -> PairingCode:
    """The same for an administrator at a workstation."""
    return open_code(work.connection, device_name=request.device_name, now=work.now)


class PairingCodes:
    """The desk's view of the codes; belongs to the desk's thread, which has one connection for it."""

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]], *, clock: Clock) -> None:
        self._connect = connect
        self._clock = clock
        self._held: psycopg.Connection[Any] | None = None

    def current(self) -> OpenCode | None:
        """The code that may be used now."""
        with self._connection().cursor(row_factory=class_row(OpenCode)) as cursor:
            return cursor.execute(CURRENT, {"now": self._clock()}).fetchone()

    def take_try(self, code_id: int) -> int | None:
        """Counts a try durably before it is looked at, so that no crash or second server gives one more."""
        row = self._connection().execute(TAKE_TRY, {"id": code_id, "now": self._clock()}).fetchone()
        return row[0] if row else None

    def record_wrong_try(self, code_id: int) -> None:
        """Leaves a trace for the administrator who looks into the audit."""
        self._connection().execute(AUDIT_WRONG, (self._clock(), uuid4(), f"PairDevice code {code_id}"))

    def redeem(self, code_id: int, *, public_key: str, device_name: str) -> bool:
        """Stores the device and uses the code up in one transaction; tells all servers of it.

        False when the code is used up, or the key known: a key that was cut off never comes back.
        """
        connection, now = self._connection(), self._clock()
        try:
            with connection.transaction():
                if connection.execute(USE_UP, {"id": code_id, "now": now}).rowcount == 0:
                    return False
                self._store(connection, public_key=public_key, device_name=device_name, now=now)
        except psycopg.errors.UniqueViolation:
            return False
        connection.execute(f"notify {CHANNEL}")
        return True

    def redeem_for_server(self, code_id: int) -> bool:
        """Uses the code up with a trace in the audit: whoever had it has the clinic's keys from then on."""
        connection, now = self._connection(), self._clock()
        with connection.transaction():
            if connection.execute(USE_UP, {"id": code_id, "now": now}).rowcount == 0:
                return False
            connection.execute(AUDIT_JOINED, (now, uuid4()))
        return True

    def _store(
        self, connection: psycopg.Connection[Any], *, public_key: str, device_name: str, now: datetime
    ) -> None:
        row = connection.execute(STORE_DEVICE, (public_key, device_name, now)).fetchone()
        assert row is not None
        device_id = DeviceId(row[0])
        connection.execute(AUDIT_PAIRED, (now, device_id, uuid4()))
        body = msgspec.msgpack.encode(DeviceChanged(device_id=device_id))
        connection.execute(TELL, (DeviceChanged.__name__, Permission.ADMINISTER, now, body))

    def close(self) -> None:
        """Gives the connection back."""
        if self._held is not None:
            self._held.close()

    def _connection(self) -> psycopg.Connection[Any]:
        if self._held is None or self._held.closed:
            self._held = self._connect()
            self._held.autocommit = True
        return self._held


END_EARLIER = """
update pairing_code set expires_at = %(now)s, code = '' where used_at is null and expires_at > %(now)s
"""

OPEN = """
insert into pairing_code (code, name, opened_at, expires_at, tries_left, purpose)
values (%s, %s, %s, %s, %s, %s)
"""

CURRENT = """
select id, code, name, purpose from pairing_code
where used_at is null and expires_at > %(now)s and tries_left > 0
order by id desc limit 1
"""

TAKE_TRY = """
update pairing_code set tries_left = tries_left - 1
where id = %(id)s and used_at is null and expires_at > %(now)s and tries_left > 0
returning tries_left
"""

# The try was taken before, so that the right code may come with the last one.
USE_UP = """
update pairing_code set used_at = %(now)s, code = ''
where id = %(id)s and used_at is null and expires_at > %(now)s
"""

STORE_DEVICE = "insert into device (public_key, name, paired_at) values (%s, %s, %s) returning id"

AUDIT_WRONG = """
insert into audit (at, request_id, request, outcome, patients) values (%s, %s, %s, 'refused', '{}')
"""

AUDIT_PAIRED = """
insert into audit (at, device_id, request_id, request, outcome, patients)
values (%s, %s, %s, 'PairDevice', 'done', '{}')
"""

AUDIT_JOINED = """
insert into audit (at, request_id, request, outcome, patients) values (%s, %s, 'JoinServer', 'done', '{}')
"""

TELL = "insert into event (name, audience, at, body) values (%s, %s, %s, %s)"
