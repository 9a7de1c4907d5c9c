"""From a call to its answer: permission, one transaction, idempotency, audit row and events, faults."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar, get_args
from uuid import uuid4

import msgspec
import psycopg
import structlog
from psycopg import errors

from hms_server.clock import Clock
from hms_server.contract.envelope import Call, Done, Event, Fault, Refusal, Request
from hms_server.contract.values import DeviceId
from hms_server.crypto import Vault
from hms_server.faults import DATABASE_AWAY, Refused
from hms_server.permissions import Permission
from hms_server.reading import RequestReader
from hms_server.work import Actor, Subscriber, Work

log = structlog.get_logger()

A = TypeVar("A")
T = TypeVar("T")
SERVER = Actor(device_id=DeviceId(0), name="The server")
"""Who acts where no person does; an audit row of it names nobody and no device."""
ATTEMPTS = 4
"""How often a request is begun again after a deadlock, a serialization failure or a lost connection."""


class Kind(Enum):
    """A query changes nothing and may simply be asked again; a command is carried out once for each id."""

    QUERY = "query"
    COMMAND = "command"


class Lane(Enum):
    """Work that takes long by its nature (password hashing, imports) has its own threads.

    `AT_ONCE` is for queries that read a handful of rows and concern no patient: the router's own thread
    answers them, since handing one to a worker and back costs several times the query itself. `SPARE` is
    for what can always wait and must never hold up anything else: it has one thread for all.
    """

    AT_ONCE = "at once"
    FAST = "fast"
    SLOW = "slow"
    SPARE = "spare"


@dataclass(frozen=True, kw_only=True)
class Route(Generic[A]):
    """One line of the request table. Without a permission, the request needs no sign-in."""

    request: type[Request[A]]
    handler: Callable[[Work, Any], A]
    permission: Permission | None
    kind: Kind
    lane: Lane = Lane.FAST


@dataclass(frozen=True, slots=True)
class Task:
    """A call that has passed the checks that need no database."""

    call: Call
    route: Route[Any]
    actor: Actor


def answer_type(request: type[Request[A]]) -> type[A]:
    """The type that a request's answer has, from `class CheckIn(Request[CheckedIn])`."""
    base = next(base for base in vars(request)["__orig_bases__"] if get_args(base))
    answer: type[A] = get_args(base)[0]
    return answer


class Dispatcher:
    """Runs tasks, each on the calling thread's own connection; safe to share between threads."""

    def __init__(
        self,
        routes: Sequence[Route[Any]],
        *,
        subscribers: Mapping[type[Event], Sequence[Subscriber]],
        constraints: Mapping[str, Fault],
        connect: Callable[[], psycopg.Connection[Any]],
        clock: Clock,
        committed: Callable[[Sequence[Event]], None],
        vault: Vault,
    ) -> None:
        self.routes = {route.request.__name__: route for route in routes}
        self._read = RequestReader(route.request for route in routes)
        self._subscribers = subscribers
        self._constraints = constraints
        self._connect = connect
        self._clock = clock
        self._committed = committed
        self._vault = vault
        self._local = threading.local()
        self._encode = msgspec.msgpack.Encoder().encode

    def admit(self, call: Call, actor: Actor) -> Task | Refusal:
        """Finds the route and checks the permission; touches no database."""
        route = self.routes.get(call.name)
        if route is None:
            return _refusal(call, "request.unknown", f"This server does not know the request {call.name!r}.")
        if route.permission is not None and route.permission not in actor.permissions:
            return _refusal(
                call, "request.forbidden", "Your role does not allow this.", permission=route.permission
            )
        return Task(call, route, actor)

    def run(self, task: Task) -> Done | Refusal:
        """Carries the request out, exactly once for its id, and gives the answer; never raises."""
        call = task.call
        try:
            return self._attempt(task, self._read(task.call.body, task.route.request))
        except Refused as refused:
            return Refusal(call.id, refused.fault)
        except psycopg.OperationalError as error:
            log.warning("database away", request=call.name, request_id=str(call.id), error=str(error))
            return Refusal(call.id, _fault_of(error))
        except Exception:
            log.exception("request failed", request=call.name, request_id=str(call.id))
            self._drop_connection()
            return _refusal(
                call,
                "server.bug",
                "The server made a mistake. Nothing was stored. The fault is in the server's log.",
                request_id=str(call.id),
            )

    def look(self, task: Task, connection: psycopg.Connection[Any]) -> Done | Refusal:
        """Answers a query of the lane `AT_ONCE` on the caller's connection, which must commit by itself.

        Raises `psycopg.Error` and whatever the handler raises: a worker then has to try.
        """
        work = self._work(task, connection)
        try:
            answer = task.route.handler(work, self._read(task.call.body, task.route.request))
        except Refused as refused:
            return Refusal(task.call.id, refused.fault)
        if work.patients:
            raise AssertionError(f"{task.call.name} concerns patients and leaves no trace in the audit")
        return Done(task.call.id, msgspec.Raw(self._encode(answer)))

    def act(self, name: str, handle: Callable[[Work], T], *, audited: Callable[[T], bool] = bool) -> T:
        """Runs `handle` in one transaction as the server itself, with its events, and gives its answer.

        Begun again like a request, so it must bear that its commit went through unseen. An audit row is
        written where `audited` says so of the answer, and always where a patient is concerned. Raises
        what `handle` raises, `Refused` for a broken constraint, `psycopg.Error` for the database's troubles.
        """
        return self._repeated(lambda: self._run_act(name, handle, audited))

    def _run_act(self, name: str, handle: Callable[[Work], T], audited: Callable[[T], bool]) -> T:
        connection = self._connection()
        work = Work(connection, SERVER, self._clock(), uuid4(), self._subscribers)
        try:
            with _pipeline(connection):
                connection.execute("BEGIN")
                answer = handle(work)
                if work.patients or audited(answer):
                    connection.execute(AUDIT, _act_params(name, work))
                if work.events:
                    connection.execute(TELL, self._event_params(work) | {"at": work.now})
                connection.execute("COMMIT")
        except BaseException:
            if not connection.closed:
                connection.rollback()
            raise
        if work.events:
            self._committed([emitted.event for emitted in work.events])
        return answer

    def close_thread(self) -> None:
        """Gives the calling thread's connection back; each worker thread ends with it."""
        self._drop_connection()

    def _attempt(self, task: Task, request: Request[Any]) -> Done | Refusal:
        run = self._run_query if task.route.kind is Kind.QUERY else self._run_command
        return self._repeated(lambda: run(task, request))

    def _repeated(self, run: Callable[[], T]) -> T:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return run()
            except (errors.SerializationFailure, errors.DeadlockDetected):
                if attempt == ATTEMPTS:
                    raise
            except psycopg.OperationalError as error:
                if attempt == ATTEMPTS or isinstance(error, NOT_WORTH_REPEATING):
                    raise
                self._drop_connection()
                threading.Event().wait(0.2 * attempt)
            except psycopg.IntegrityError as error:
                raise self._translate(error) from error
            except psycopg.errors.DataError as error:
                raise Refused(
                    "request.value", f"A value cannot be stored: {error.diag.message_primary or error}"
                ) from error
        raise AssertionError("the loop returns or raises")

    def _run_query(self, task: Task, request: Request[Any]) -> Done:
        connection = self._connection()
        work = self._work(task, connection)
        answer = task.route.handler(work, request)
        if work.patients:
            connection.execute(AUDIT_READ, _audit_params(task, work, "done"))
        return Done(task.call.id, msgspec.Raw(self._encode(answer)))

    def _run_command(self, task: Task, request: Request[Any]) -> Done | Refusal:
        connection = self._connection()
        work = self._work(task, connection)
        body_hash = self._vault.fingerprint(task.call.body)
        try:
            with _pipeline(connection):
                connection.execute("BEGIN")
                answer = self._encode(task.route.handler(work, request))
                self._finish(connection, task, work, answer, body_hash)
        except (Refused, psycopg.Error) as problem:
            return self._undo(connection, task, work, body_hash, problem)
        if work.events:
            self._committed([emitted.event for emitted in work.events])
        return Done(task.call.id, msgspec.Raw(answer))

    def _finish(
        self, connection: psycopg.Connection[Any], task: Task, work: Work, answer: bytes, body_hash: bytes
    ) -> None:
        params = _audit_params(task, work, "done") | {
            "body_hash": body_hash,
            "answer": self._vault.seal(answer, bound_to=task.call.id.bytes),
            "staff": task.actor.staff_id,
        }
        if work.events:
            connection.execute(RECORD_WITH_EVENTS, params | self._event_params(work))
        else:
            connection.execute(RECORD, params)
        connection.execute("COMMIT")

    def _event_params(self, work: Work) -> dict[str, Any]:
        return {
            "event_names": [type(item.event).__name__ for item in work.events],
            "audiences": [item.audience.value for item in work.events],
            "addressees": [item.staff_id for item in work.events],
            "bodies": [self._encode(item.event) for item in work.events],
        }

    def _undo(
        self,
        connection: psycopg.Connection[Any],
        task: Task,
        work: Work,
        body_hash: bytes,
        problem: Refused | psycopg.Error,
    ) -> Done | Refusal:
        """Rolls back; where the same id was carried out before, its answer stands instead of the problem."""
        if isinstance(problem, Refused) and problem.recorded:
            connection.execute(AUDIT, _audit_params(task, work, "refused"))
            connection.execute("COMMIT")
            return Refusal(task.call.id, problem.fault)
        if connection.closed:
            raise problem
        connection.rollback()
        earlier = self._answered_before(connection, task.call, body_hash, actor=task.actor)
        if earlier is not None:
            return earlier
        raise problem

    def _answered_before(
        self, connection: psycopg.Connection[Any], call: Call, body_hash: bytes, *, actor: Actor
    ) -> Done | Refusal | None:
        row = connection.execute(
            "select name, staff_id, body_hash, answer from request where id = %s", (call.id,)
        ).fetchone()
        if row is None:
            return None
        name, staff_id, stored_hash, answer = row
        if (name, staff_id, stored_hash) != (call.name, actor.staff_id, body_hash):
            return _refusal(call, "request.id_reused", "Another request was already stored under this id.")
        return Done(call.id, msgspec.Raw(self._vault.open(answer, bound_to=call.id.bytes)))

    def _translate(self, error: psycopg.IntegrityError) -> Refused:
        fault = self._constraints.get(error.diag.constraint_name or "")
        if fault is None:
            raise error
        return Refused(fault.code, fault.message, field=fault.field, data=fault.data)

    def _work(self, task: Task, connection: psycopg.Connection[Any]) -> Work:
        return Work(connection, task.actor, self._clock(), task.call.id, self._subscribers)

    def _connection(self) -> psycopg.Connection[Any]:
        connection: psycopg.Connection[Any] | None = getattr(self._local, "connection", None)
        if connection is None or connection.closed:
            connection = self._local.connection = self._connect()
            connection.autocommit = True
        return connection

    def _drop_connection(self) -> None:
        connection: psycopg.Connection[Any] | None = getattr(self._local, "connection", None)
        self._local.connection = None
        if connection is not None:
            connection.close()


@contextmanager
def _pipeline(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Statements travel together; after the first error, what follows it is drained without a second one."""
    with connection.pipeline() as pipeline:
        try:
            yield
        except psycopg.Error:
            with suppress(psycopg.Error):
                pipeline.sync()
            raise


NOT_WORTH_REPEATING = (errors.DiskFull, errors.LockNotAvailable, errors.QueryCanceled)


def _fault_of(error: psycopg.OperationalError) -> Fault:
    if isinstance(error, errors.DiskFull):
        return Fault(
            code="server.disk_full",
            message="The server's disk is full. Nothing was stored; call whoever looks after the server.",
        )
    if isinstance(error, NOT_WORTH_REPEATING):
        return Fault(
            code="server.busy", message="The server was too busy for this. Nothing was stored; try again."
        )
    return DATABASE_AWAY


def _refusal(call: Call, code: str, message: str, **data: str) -> Refusal:
    return Refusal(call.id, Fault(code=code, message=message, data=data))


def _act_params(name: str, work: Work) -> dict[str, Any]:
    nobody = {"staff": None, "device": None, "session": None}
    params = {"at": work.now, "id": work.request_id, "name": name, "patients": work.patients}
    return nobody | params | {"outcome": "done"}


def _audit_params(task: Task, work: Work, outcome: str) -> dict[str, Any]:
    actor = task.actor
    return {
        "at": work.now,
        "staff": actor.staff_id,
        "device": actor.device_id,
        "session": actor.session_id,
        "id": task.call.id,
        "name": task.call.name,
        "outcome": outcome,
        "patients": work.patients,
    }


AUDIT = """
insert into audit (at, staff_id, device_id, session_id, request_id, request, outcome, patients)
values (%(at)s, %(staff)s, %(device)s, %(session)s, %(id)s, %(name)s, %(outcome)s, %(patients)s::bigint[])
"""

# A read stores nothing but this row, so it does not wait for the disk: a power cut may cost the last
# fraction of a second of "who looked", never of what was written.
AUDIT_READ = (
    "with fast as materialized (select set_config('synchronous_commit', 'off', true))"
    + AUDIT.replace("values (", "select ").replace("::bigint[])", "::bigint[] from fast")
)

RECORD = f"""
with audited as ({AUDIT})
insert into request (id, name, staff_id, body_hash, answer, at)
values (%(id)s, %(name)s, %(staff)s, %(body_hash)s, %(answer)s, %(at)s)
"""

TELL = """
insert into event (name, audience, staff_id, at, body)
select name, audience, addressee, %(at)s, body
from unnest(%(event_names)s::text[], %(audiences)s::text[], %(addressees)s::bigint[], %(bodies)s::bytea[])
    as told (name, audience, addressee, body)
"""

RECORD_WITH_EVENTS = f"""
with audited as ({AUDIT}), told as ({TELL})
insert into request (id, name, staff_id, body_hash, answer, at)
values (%(id)s, %(name)s, %(staff)s, %(body_hash)s, %(answer)s, %(at)s)
"""
