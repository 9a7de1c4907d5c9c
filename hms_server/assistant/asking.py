"""How the assistant's functions ask the clinic: always as one person, and only what that person may."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import uuid4

import msgspec

from hms_server.contract.envelope import Call, Refusal, Request
from hms_server.contract.values import DeviceId, Role, StaffId
from hms_server.dispatch import Dispatcher, Route, answer_type
from hms_server.faults import Refused
from hms_server.permissions import permissions_of
from hms_server.work import Actor, Work

A = TypeVar("A")
T = TypeVar("T")

GONE = Refused(
    "assistant.signed_out", "The answer was ended because whoever asked is no longer signed in here."
)


class Asker(Protocol):
    """Asks as `actor`; every refusal is a `Refused`."""

    @property
    def actor(self) -> Actor: ...

    @property
    def now(self) -> datetime: ...

    def ask(self, request: Request[A]) -> A:
        """An ordinary request, with permission and audit like any."""

    def read(self, handle: Callable[[Work], T]) -> T:
        """What the assistant itself has to know or to keep, and shows nobody as it is."""


class WithinWork:
    """Asks inside a request that is under way: its transaction, its audit row."""

    def __init__(self, work: Work, routes: Mapping[type[Request[Any]], Route[Any]]) -> None:
        self._work = work
        self._routes = routes

    @property
    def actor(self) -> Actor:
        return self._work.actor

    @property
    def now(self) -> datetime:
        return self._work.now

    def ask(self, request: Request[A]) -> A:
        route = self._routes[type(request)]
        if route.permission is not None and route.permission not in self.actor.permissions:
            raise forbidden()
        answer: A = route.handler(self._work, request)
        return answer

    def read(self, handle: Callable[[Work], T]) -> T:
        return handle(self._work)


class ThroughDispatch:
    """Asks from outside any transaction; who asks is looked up anew before every request."""

    def __init__(self, dispatcher: Dispatcher, whose: "Whose") -> None:
        self._dispatcher = dispatcher
        self._whose = whose
        self._actor = self._reloaded()

    @property
    def actor(self) -> Actor:
        return self._actor

    @property
    def now(self) -> datetime:
        return self.read(lambda work: work.now)

    def look_again(self) -> None:
        """Whether the person is still signed in, and with which rights; raises `GONE`."""
        self._actor = self._reloaded()

    def ask(self, request: Request[A]) -> A:
        self.look_again()
        body = msgspec.Raw(msgspec.msgpack.encode(request))
        call = Call(uuid4(), type(request).__name__, "", body)
        task = self._dispatcher.admit(call, self._actor)
        answer = task if isinstance(task, Refusal) else self._dispatcher.run(task)
        if isinstance(answer, Refusal):
            raise Refused.of(answer.fault)
        return msgspec.msgpack.decode(answer.body, type=answer_type(type(request)))

    def read(self, handle: Callable[[Work], T]) -> T:
        return self._dispatcher.act("assistant.read", handle, audited=lambda _: False)

    def send(self, handle: Callable[[Work], T]) -> T:
        """What is kept of a message before it leaves; audited with the patients whom it concerns."""
        return self._dispatcher.act("assistant.send", handle, audited=lambda _: False)

    def _reloaded(self) -> Actor:
        actor = self.read(lambda work: actor_of(work, self._whose))
        if actor is None:
            raise Refused.of(GONE.fault)
        return actor


class Whose(msgspec.Struct, frozen=True, kw_only=True):
    """Whose question it is. A question that was parked may be answered after its session has ended."""

    staff_id: StaffId
    device_id: DeviceId
    session_id: int | None
    parked: bool = False


def actor_of(work: Work, whose: Whose) -> Actor | None:
    """The person with the rights of this moment; None where they are signed out or no longer work here."""
    params = {"staff_id": whose.staff_id, "session_id": whose.session_id, "parked": whose.parked}
    row = work.connection.execute(WHO, params).fetchone()
    if row is None:
        return None
    name, roles, session_id, room_id = row
    held = frozenset(Role(role) for role in roles)
    return Actor(
        device_id=whose.device_id,
        staff_id=whose.staff_id,
        name=name,
        roles=held,
        permissions=permissions_of(held),
        session_id=session_id,
        room_id=room_id,
    )


def forbidden() -> Refused:
    return Refused("request.forbidden", "Your role does not allow this.")


WHO = """
select staff.name, staff.roles, session.id, session.room_id
from staff left join session on session.id = %(session_id)s and session.staff_id = staff.id
    and session.ended_at is null
where staff.id = %(staff_id)s and staff.active and (%(parked)s or session.id is not null)
"""
