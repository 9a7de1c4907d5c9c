"""The dispatcher's promises: one effect for each id, all or nothing, and a fault that says what to do."""

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest
from psycopg import errors

from hms_server.contract.accounts import Nothing
from hms_server.contract.envelope import Call, Done, Event, Fault, Refusal, Request
from hms_server.contract.values import DeviceId, PatientId, StaffId
from hms_server.crypto import Vault
from hms_server.database import connect
from hms_server.dispatch import Dispatcher, Kind, Route
from hms_server.faults import Refused
from hms_server.permissions import Permission
from hms_server.work import Actor, Work

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SOMEBODY = Actor(
    device_id=DeviceId(1), staff_id=StaffId(7), name="Ada", permissions=frozenset({Permission.OWN_SESSION})
)
SOMEBODY_ELSE = Actor(
    device_id=DeviceId(1), staff_id=StaffId(8), name="Obi", permissions=frozenset({Permission.OWN_SESSION})
)


class Counted(msgspec.Struct, frozen=True):
    value: int


class Count(Request[Counted], frozen=True, kw_only=True):
    """Adds to a counter, and can be told to misbehave first."""

    by: int = 1
    trouble: str = ""


class Look(Request[Counted], frozen=True, kw_only=True):
    patient_id: PatientId | None = None


class Locked(Request[Nothing], frozen=True, kw_only=True):
    pass


class CounterMoved(Event, frozen=True, kw_only=True):
    value: int


class Bench:
    """A dispatcher with a counter to move, and what happened to it."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self.commits = 0
        self.attempts = 0
        self.trouble: dict[str, Callable[[Work], None]] = {}
        with self.connect() as connection:
            connection.execute(
                "create table counter (value int constraint counter_small check (value < 100))"
            )
            connection.execute("insert into counter values (0)")
        self.dispatcher = self.build()

    def build(self) -> Dispatcher:
        """A dispatcher as after a restart: it shares nothing with another but the database."""
        open_to = Permission.OWN_SESSION
        return Dispatcher(
            [
                Route(request=Count, handler=self._count, permission=open_to, kind=Kind.COMMAND),
                Route(request=Look, handler=self._look, permission=open_to, kind=Kind.QUERY),
                Route(
                    request=Locked,
                    handler=self._look,
                    permission=Permission.ADMINISTER,
                    kind=Kind.QUERY,
                ),
            ],
            subscribers={},
            constraints={"counter_small": Fault(code="counter.full", message="The counter is full.")},
            connect=self.connect,
            clock=lambda: NOON,
            committed=self._note_commit,
            vault=Vault(b"v" * 32),
        )

    def connect(self) -> psycopg.Connection[Any]:
        return connect(self._dsn, application_name="tests", autocommit=True)

    def run(
        self,
        request: Request[Any],
        *,
        request_id: UUID | None = None,
        actor: Actor = SOMEBODY,
        dispatcher: Dispatcher | None = None,
    ) -> Done | Refusal:
        body = msgspec.Raw(msgspec.msgpack.encode(request))
        call = Call(request_id or uuid4(), type(request).__name__, "", body)
        chosen = dispatcher or self.dispatcher
        task = chosen.admit(call, actor)
        return task if isinstance(task, Refusal) else chosen.run(task)

    def value(self) -> int:
        return int(self.sql("select value from counter")[0][0])

    def sql(self, query: Any, params: Any = ()) -> list[Any]:
        with self.connect() as connection:
            return connection.execute(query, params).fetchall()

    def _count(self, work: Work, request: Count) -> Counted:
        self.attempts += 1
        if request.trouble:
            self.trouble[request.trouble](work)
        value = work.value("update counter set value = value + %s returning value", (request.by,))
        work.concerns(PatientId(5))
        work.emit(CounterMoved(value=value), audience=Permission.OWN_SESSION)
        return Counted(value)

    def _look(self, work: Work, request: Look) -> Counted:
        if request.patient_id is not None:
            work.concerns(request.patient_id)
        return Counted(work.value("select value from counter"))

    def _note_commit(self, _: Sequence[Event]) -> None:
        self.commits += 1


@pytest.fixture
def bench(database: str) -> Iterator[Bench]:
    made = Bench(database)
    yield made
    made.dispatcher.close_thread()


def fault_of(answer: Done | Refusal) -> Fault:
    assert isinstance(answer, Refusal)
    return answer.fault


def value_of(answer: Done | Refusal) -> int:
    assert isinstance(answer, Done)
    return msgspec.msgpack.decode(answer.body, type=Counted).value


def test_command_stores_data_audit_event_and_answer_together(bench: Bench) -> None:
    """One commit leaves the change, the audit row, the event and the answer."""
    answer = bench.run(Count())

    assert value_of(answer) == bench.value() == 1
    assert bench.sql("select request, outcome, staff_id, patients from audit") == [("Count", "done", 7, [5])]
    assert bench.sql("select name, audience from event") == [("CounterMoved", "own_session")]
    assert bench.sql("select name, staff_id from request") == [("Count", 7)]
    assert bench.commits == 1


def test_stored_answers_and_fingerprints_need_the_key(bench: Bench) -> None:
    """Whoever steals the database reads no answer, and cannot try bodies against their hash."""
    request = Count(by=77)
    bench.run(request)

    [(answer, body_hash)] = bench.sql("select answer, body_hash from request")

    assert msgspec.msgpack.encode(Counted(77)) not in bytes(answer)
    assert hashlib.blake2b(msgspec.msgpack.encode(request), digest_size=16).digest() != bytes(body_hash)


def test_same_id_twice_has_one_effect_and_the_same_answer(bench: Bench) -> None:
    """A repeated request is not carried out again."""
    request_id = uuid4()
    first = bench.run(Count(), request_id=request_id)
    bench.run(Count())

    again = bench.run(Count(), request_id=request_id)

    assert again == first
    assert bench.value() == 2


def test_same_id_at_once_has_one_effect_and_the_same_answer(bench: Bench) -> None:
    """Eight threads that send the same request at once get one answer."""
    request_id = uuid4()
    start = threading.Barrier(8)

    def ask(_: int) -> Done | Refusal:
        start.wait()
        try:
            return bench.run(Count(), request_id=request_id)
        finally:
            bench.dispatcher.close_thread()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))

    assert {value_of(answer) for answer in answers} == {1}
    assert bench.value() == 1
    assert bench.sql("select count(*) from audit") == [(1,)]


def test_same_id_after_a_restart_has_one_effect(bench: Bench) -> None:
    """A new server process knows what the old one has answered."""
    request_id = uuid4()
    first = bench.run(Count(), request_id=request_id)
    restarted = bench.build()

    again = bench.run(Count(), request_id=request_id, dispatcher=restarted)

    restarted.close_thread()
    assert again == first
    assert bench.value() == 1


@pytest.mark.parametrize(
    ("request_", "actor"), [(Count(by=2), SOMEBODY), (Count(), SOMEBODY_ELSE)], ids=["body", "person"]
)
def test_id_of_another_request_is_refused(bench: Bench, request_: Count, actor: Actor) -> None:
    """An id that stands for something else gives nobody its answer."""
    request_id = uuid4()
    bench.run(Count(), request_id=request_id)

    answer = bench.run(request_, request_id=request_id, actor=actor)

    assert fault_of(answer).code == "request.id_reused"
    assert bench.value() == 1


def test_refusal_stores_nothing(bench: Bench) -> None:
    """Whatever a handler did before it refused is gone."""

    def refuse(work: Work) -> None:
        work.execute("update counter set value = 50")
        raise Refused("counter.no", "Not today.", field="by")

    bench.trouble["refuse"] = refuse

    fault = fault_of(bench.run(Count(trouble="refuse")))

    assert (fault.code, fault.field) == ("counter.no", "by")
    assert bench.value() == 0
    assert bench.sql("select count(*) from audit") == [(0,)]


def test_recorded_refusal_keeps_what_was_done(bench: Bench) -> None:
    """A failed sign-in counts, although it is refused."""

    def refuse(work: Work) -> None:
        work.execute("update counter set value = 50")
        raise Refused("counter.no", "Not today.", recorded=True)

    bench.trouble["refuse"] = refuse

    fault = fault_of(bench.run(Count(trouble="refuse")))

    assert fault.code == "counter.no"
    assert bench.value() == 50
    assert bench.sql("select outcome from audit") == [("refused",)]


def test_broken_constraint_becomes_its_fault(bench: Bench) -> None:
    """The database has the last word, in a sentence of the slice."""
    fault = fault_of(bench.run(Count(by=100)))

    assert fault == Fault(code="counter.full", message="The counter is full.")
    assert bench.value() == 0


def test_malformed_body_names_the_field(bench: Bench) -> None:
    """A wrong type or an unknown field is refused before anything happens."""
    wrong = Call(uuid4(), "Count", "", msgspec.Raw(msgspec.msgpack.encode({"by": "many"})))
    unknown = Call(uuid4(), "Count", "", msgspec.Raw(msgspec.msgpack.encode({"bye": 1})))

    answers = [bench.dispatcher.run(bench.dispatcher.admit(call, SOMEBODY)) for call in (wrong, unknown)]  # type: ignore[arg-type]  # both are admitted

    assert [fault_of(answer).code for answer in answers] == ["request.malformed"] * 2
    assert fault_of(answers[0]).field == "by"
    assert bench.attempts == 0


def test_unknown_and_forbidden_requests_are_refused(bench: Bench) -> None:
    """What is not in the table, or not allowed, never reaches a handler."""

    class Unheard(Request[Nothing], frozen=True, kw_only=True):
        pass

    assert fault_of(bench.run(Unheard())).code == "request.unknown"
    assert fault_of(bench.run(Locked())).code == "request.forbidden"


@pytest.mark.parametrize("error", [errors.SerializationFailure, errors.DeadlockDetected])
def test_passing_trouble_is_tried_again(bench: Bench, error: type[psycopg.Error]) -> None:
    """Two tries that lost against another transaction cost nothing but time."""

    def fail_twice(_: Work) -> None:
        if bench.attempts <= 2:
            raise error

    bench.trouble["passing"] = fail_twice

    answer = bench.run(Count(trouble="passing"))

    assert value_of(answer) == 1
    assert bench.attempts == 3


@pytest.mark.allow_log("error ignored terminating")
def test_connection_lost_before_the_commit_is_made_good(bench: Bench) -> None:
    """The request is carried out on a new connection, once."""

    def cut_once(work: Work) -> None:
        if bench.attempts == 1:
            pid = work.connection.info.backend_pid
            bench.sql("select pg_terminate_backend(%s)", (pid,))

    bench.trouble["cut"] = cut_once

    answer = bench.run(Count(trouble="cut"))

    assert value_of(answer) == bench.value() == 1


def test_commit_whose_answer_got_lost_is_not_repeated(bench: Bench) -> None:
    """When the connection dies after the commit, the stored answer is given."""
    request_id = uuid4()
    first = bench.run(Count(), request_id=request_id)

    def cut_once(work: Work) -> None:
        if bench.attempts == 2:
            bench.sql("select pg_terminate_backend(%s)", (work.connection.info.backend_pid,))

    bench.trouble["cut"] = cut_once
    again = bench.run(Count(), request_id=request_id)

    assert again == first
    assert bench.value() == 1


@pytest.mark.allow_log("request failed")
def test_bug_is_answered_and_changes_nothing(bench: Bench) -> None:
    """A handler's mistake is told with its id; the next request is served."""

    def fail(_: Work) -> None:
        raise ZeroDivisionError

    bench.trouble["bug"] = fail
    request_id = uuid4()

    fault = fault_of(bench.run(Count(trouble="bug"), request_id=request_id))

    assert (fault.code, fault.data) == ("server.bug", {"request_id": str(request_id)})
    assert value_of(bench.run(Count())) == 1


@pytest.mark.allow_log("database away")
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.DiskFull, "server.disk_full"),
        (errors.LockNotAvailable, "server.busy"),
        (errors.QueryCanceled, "server.busy"),
    ],
)
def test_trouble_of_the_server_says_what_it_is(bench: Bench, error: type[psycopg.Error], code: str) -> None:
    """A full disk is not called a lost database."""

    def fail(_: Work) -> None:
        raise error

    bench.trouble["trouble"] = fail

    assert fault_of(bench.run(Count(trouble="trouble"))).code == code
    assert value_of(bench.run(Count())) == 1


def test_reading_a_patient_leaves_an_audit_row(bench: Bench) -> None:
    """Who looked is stored; a look that concerns nobody is not."""
    bench.run(Look(patient_id=PatientId(9)))
    bench.run(Look())

    assert bench.sql("select request, patients from audit") == [("Look", [9])]
