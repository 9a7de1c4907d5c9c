"""One request's unit of work: one transaction, one actor, one moment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString, TypeVar
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from hms_server.contract.envelope import Event
from hms_server.contract.values import DeviceId, PatientId, Person, Role, RoomId, StaffId
from hms_server.permissions import Permission

T = TypeVar("T")
Params = Sequence[Any] | Mapping[str, Any]
Subscriber = Callable[["Work", Any], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks, from which paired device; before sign-in there is only the device."""

    device_id: DeviceId
    staff_id: StaffId | None = None
    name: str = ""
    roles: frozenset[Role] = frozenset()
    permissions: frozenset[Permission] = frozenset()
    session_id: int | None = None
    room_id: RoomId | None = None

    @property
    def person(self) -> Person:
        """The signed-in person; asking for it before sign-in is a bug."""
        if self.staff_id is None:
            raise LookupError("nobody is signed in")
        return Person(id=self.staff_id, name=self.name)


@dataclass(frozen=True, slots=True)
class Emitted:
    """An event on its way into the database, with whoever may see it."""

    event: Event
    audience: Permission
    staff_id: StaffId | None


@dataclass(slots=True)
class Work:
    """Handlers read and write through this and never commit; dispatch does."""

    connection: psycopg.Connection[Any]
    actor: Actor
    now: datetime
    request_id: UUID
    subscribers: Mapping[type[Event], Sequence[Subscriber]] = field(default_factory=dict)
    events: list[Emitted] = field(default_factory=list)
    patients: list[PatientId] = field(default_factory=list)

    def one(self, kind: type[T], sql: LiteralString, params: Params = ()) -> T | None:
        """The first row as `kind`, by column names, or None."""
        with self.connection.cursor(row_factory=class_row(kind)) as cursor:
            return cursor.execute(sql, params).fetchone()

    def rows(self, kind: type[T], sql: LiteralString, params: Params = ()) -> list[T]:
        """All rows as `kind`, by column names."""
        with self.connection.cursor(row_factory=class_row(kind)) as cursor:
            return cursor.execute(sql, params).fetchall()

    def value(self, sql: LiteralString, params: Params = ()) -> Any:
        """The first column of the first row, or None where there is no row."""
        row = self.connection.execute(sql, params).fetchone()
        return row[0] if row else None

    def execute(self, sql: LiteralString, params: Params = ()) -> int:
        """Runs a statement and gives the number of rows it touched."""
        return self.connection.execute(sql, params).rowcount

    def send(self, sql: LiteralString, params: Params = ()) -> None:
        """Queues a statement whose answer nobody waits for; its error still ends the request."""
        self.connection.execute(sql, params)

    def concerns(self, *patient_ids: PatientId) -> None:
        """Names the patients whose data this request touches, for the audit row."""
        self.patients.extend(patient_ids)

    def emit(self, event: Event, *, audience: Permission, staff_id: StaffId | None = None) -> None:
        """Records a fact for all with the permission (or one of them); higher slices act on it at once."""
        self.events.append(Emitted(event, audience, staff_id))
        for subscriber in self.subscribers.get(type(event), ()):
            subscriber(self, event)
