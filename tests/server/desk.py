"""The server without its sockets: every route on a real database, a clinic with staff, a clock to turn."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from types import TracebackType
from typing import Any, LiteralString, Self, TypeVar
from uuid import UUID, uuid4

import msgspec
import psycopg
from psycopg.pq import ExecStatus

from hms_server.accounts.commands import Accounts
from hms_server.accounts.passwords import PasswordDesk
from hms_server.accounts.setup import ADD_DEPARTMENT, ADD_ROOM, SERVICES, SMALL_CLINIC
from hms_server.contract.envelope import Call, Event, Fault, Refusal, Request
from hms_server.contract.relay import SetProvider
from hms_server.contract.values import DeviceId, PatientId, Role, RoomId, Sex, StaffId
from hms_server.crypto import Vault
from hms_server.database import connect
from hms_server.dispatch import Dispatcher, answer_type
from hms_server.permissions import permissions_of
from hms_server.relay_table import ground
from hms_server.routes import FAULTS_BY_CONSTRAINT, routes, subscribers
from hms_server.work import Actor, Work

A = TypeVar("A")
E = TypeVar("E", bound=Event)
R = TypeVar("R")

MONDAY_MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""Nine o'clock in Lagos."""
NAMES = {
    Role.RECEPTIONIST: "Grace Mensah",
    Role.NURSE: "Ngozi Eze",
    Role.DOCTOR: "Dr Kofi Asante",
    Role.PHARMACIST: "Fatima Bello",
    Role.CASHIER: "Kwame Boateng",
    Role.ADMINISTRATOR: "Esi Owusu",
    Role.DISPLAY: "Waiting room",
    Role.KIOSK: "Kiosk",
}


class FaultRaised(Exception):  # noqa: N818 - what a person would read, not an error of the program
    """The server refused; `fault` is what the workstation would get."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.code}: {fault.message}")
        self.fault = fault


class Desk:
    """Asks the server as a member of staff; safe to use from several threads (see `together`)."""

    def __init__(self, dsn: str, *, time_zone: str = "Africa/Lagos", currency: str = "NGN") -> None:
        self.now = MONDAY_MORNING
        self._dsn = dsn
        self._connection = self.connect()
        self._passwords = PasswordDesk()
        self.vault = Vault(b"v" * 32)
        self.ground = ground(self.vault)
        self.providers = self.ground.providers
        self.dispatcher = Dispatcher(
            routes(Accounts(self._passwords, idle_minutes=15), self.ground),
            subscribers=subscribers(self.ground),
            constraints=FAULTS_BY_CONSTRAINT,
            connect=self.connect,
            clock=lambda: self.now,
            committed=lambda _: None,
            vault=self.vault,
        )
        self._found_clinic(time_zone, currency)
        self.staff: dict[Role, StaffId] = {}
        self._people: dict[StaffId, tuple[str, Role]] = {}
        for role in Role:
            self.staff[role] = self.add_staff(role, NAMES[role])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.dispatcher.close_thread()
        self._connection.close()
        self._passwords.close()

    def connect(self) -> psycopg.Connection[Any]:
        """A connection of one's own, as the server makes them."""
        return connect(self._dsn, application_name="tests", autocommit=True)

    def ask(
        self,
        request: Request[A],
        role: Role = Role.NURSE,
        *,
        by: StaffId | None = None,
        request_id: UUID | None = None,
    ) -> A:
        """The answer, as the first of staff with that role or as a certain one; FaultRaised if refused."""
        call = Call(
            request_id or uuid4(), type(request).__name__, "", msgspec.Raw(msgspec.msgpack.encode(request))
        )
        task = self.dispatcher.admit(call, self.actor(role, by=by))
        answer = task if isinstance(task, Refusal) else self.dispatcher.run(task)
        if isinstance(answer, Refusal):
            raise FaultRaised(answer.fault)
        return msgspec.msgpack.decode(answer.body, type=answer_type(type(request)))

    def fault(self, request: Request[Any], role: Role = Role.NURSE, *, by: StaffId | None = None) -> Fault:
        """The fault with which the server refuses the request; it is a failure if it does not."""
        try:
            answer = self.ask(request, role, by=by)
        except FaultRaised as raised:
            return raised.fault
        raise AssertionError(f"the server answered {answer!r}")

    def act(self, handle: Callable[[Work], R]) -> R:
        """What the server itself does in one transaction, such as asking for a job."""
        return self.dispatcher.act("tests", handle, audited=lambda _: False)

    def set_provider(self, name: str, *, settings: dict[str, str], secrets: dict[str, str]) -> None:
        """As the administrator enters it; switched on."""
        request = SetProvider(name=name, settings=settings, secrets=secrets)
        self.ask(request, Role.ADMINISTRATOR)

    def together(self, count: int, act: Callable[[int], R]) -> list[R]:
        """Runs `act(0)` … `act(count - 1)` at once, each in a thread with a connection of its own."""
        start = threading.Barrier(count)

        def run(number: int) -> R:
            start.wait()
            try:
                return act(number)
            finally:
                self.dispatcher.close_thread()

        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(run, range(count)))

    def pass_time(self, **amount: float) -> None:
        """Turns the clock on, in the words of `timedelta`."""
        self.now += timedelta(**amount)

    def sql(self, query: LiteralString, params: Sequence[Any] = ()) -> list[Any]:
        """The rows of a statement that looks behind the curtain; none for one that returns no rows."""
        cursor = self._connection.execute(query, params)
        result = cursor.pgresult
        return cursor.fetchall() if result and result.status == ExecStatus.TUPLES_OK else []

    def events(self, kind: type[E]) -> list[E]:
        """All committed events of that kind, oldest first."""
        # Not by the reader of events, which waits for open transactions of the other tests' databases too.
        stored = self.sql(
            "select body from event where name = %s order by transaction, number", (kind.__name__,)
        )
        return [msgspec.msgpack.decode(body, type=kind) for (body,) in stored]

    def add_staff(self, role: Role, name: str) -> StaffId:
        """Somebody more with that role; nobody can sign in as them."""
        user_name = f"{role}{len(self._people) + 1}"
        params = (user_name, name, [role], self.now)
        staff_id: StaffId = self.sql(ADD_STAFF, params)[0][0]
        self._people[staff_id] = (name, role)
        return staff_id

    def room(self, service: str, *, name: str | None = None) -> RoomId:
        """A room of the service; with a name, one that is built for the purpose."""
        if name is not None:
            self.sql(ADD_ROOM, (name, service, "Reception"))
        rows = self.sql(
            "select id from room where service = %s and name = coalesce(%s, name) order by id",
            (service, name),
        )
        room_id: RoomId = rows[0][0]
        return room_id

    def patient(
        self,
        name: str = "Ada Obi",
        *,
        birth_date: date | None = date(1990, 5, 17),
        sex: Sex = Sex.FEMALE,
        deceased: bool = False,
    ) -> PatientId:
        """A registered patient, found by the whole words of the name."""
        given, _, family = name.rpartition(" ")
        patient_id: PatientId = self.sql(
            ADD_PATIENT, (family, given, sex, birth_date, deceased, *[self.now] * 2)
        )[0][0]
        return patient_id

    def patients(self, count: int) -> list[PatientId]:
        """That many registered patients."""
        return [self.patient(f"Patient Number{number}") for number in range(count)]

    def actor(self, role: Role, *, by: StaffId | None = None) -> Actor:
        """The first of staff with that role, or a certain one, as the server knows whoever asks."""
        staff_id = by or self.staff[role]
        name, role = self._people[staff_id]
        roles = frozenset({role})
        return Actor(
            device_id=DeviceId(1),
            staff_id=staff_id,
            name=name,
            roles=roles,
            permissions=permissions_of(roles),
            session_id=int(staff_id),
        )

    def _found_clinic(self, time_zone: str, currency: str) -> None:
        """As the first start does, but without hashing a password for every test."""
        self.sql(FOUND_CLINIC, ("Sunrise Clinic", time_zone, currency, self.now))
        for position, (code, name) in enumerate(SERVICES):
            self.sql("insert into service (code, name, position) values (%s, %s, %s)", (code, name, position))
        for room in SMALL_CLINIC:
            self.sql(ADD_DEPARTMENT, (room.department,))
            self.sql(ADD_ROOM, (room.name, room.service, room.department))


FOUND_CLINIC = "insert into clinic (name, time_zone, currency, created_at) values (%s, %s, %s, %s)"
ADD_STAFF = """
insert into staff (user_name, name, password_hash, roles, created_at)
values (%s, %s, 'none', %s, %s) returning id
"""
ADD_PATIENT = """
with stored as (
    insert into patient (family_name, given_names, sex, birth_date, birth_precision, no_phone, deceased,
        registered_at, changed_at)
    values (%s, %s, %s, %s, 'day', false, %s, %s, %s) returning id, name
), searched as (
    insert into patient_search (patient_id, words) select id, string_to_array(lower(name), ' ') from stored
)
select id from stored
"""
