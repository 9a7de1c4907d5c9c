"""Servers that die in the middle of a call to the outside: every job ends once, and arrives once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from hms_server.database import connect
from hms_server.dispatch import SERVER
from hms_server.relay import jobs
from hms_server.work import Work
from tests.faults.relay_server import POST_OFFICE
from tests.outside.local import LocalServer, Reply, Seen
from tests.server.relay.post import parcel
from tests.wire.processes import House, Process, open_house, within

WITHIN_S = 120.0


class Office:
    """A post office that keeps what arrives, and asks a test before it answers."""

    def __init__(self) -> None:
        self.parcels: Counter[str] = Counter()
        self.local = LocalServer(self._answer)

    def _answer(self, seen: Seen) -> Reply:
        if seen.method == "POST":
            self.parcels[seen.path] += 1
            return Reply.of({})
        return Reply.of({}, status=200 if self.parcels[seen.path] else 404)

    def hold(self, seconds: float) -> None:
        """The next parcel is taken, and its answer comes late."""

        def late(seen: Seen) -> Reply:
            self._answer(seen)
            return Reply.of({}, delay_s=seconds)

        self.local.troubles.append(late)


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    office = Office()
    with office.local as local:
        monkeypatch.setenv(POST_OFFICE, local.url)
        yield office


@pytest.fixture
def house(database: str, tmp_path: Path) -> Iterator[House]:
    with open_house(database, tmp_path) as house:
        house.sql("create table parcel_stored (number int not null)")
        yield house


def serve(house: House, name: str = "server") -> Process:
    return house.serve(name, module="tests.faults.relay_server")


def send(house: House, *numbers: int) -> None:
    """Asks for the parcels, as a slice does in its own transaction."""
    with connect(house.dsn, application_name="tests") as connection:
        work = Work(connection, SERVER, datetime.now(UTC), uuid4())
        for number in numbers:
            jobs.ask_outside(work, parcel(number))


def let_claims_lapse(house: House) -> None:
    """What a dead server has claimed is free after its time limit: nobody waits so long here."""
    house.sql("update relay_job set run_at = now() where state = 'running'")


def done(house: House) -> int:
    return house.count("select count(*) from relay_job where state = 'done'")


def assert_all_once(house: House, office: Office, count: int) -> None:
    assert done(house) == house.count("select count(*) from relay_job") == count
    assert office.parcels == {f"/parcels/{number}": 1 for number in range(count)}
    assert house.sql("select count(*), count(distinct number) from parcel_stored") == [(count, count)]


@contextmanager
def jobs_locked(house: House) -> Iterator[psycopg.Connection[object]]:
    """Nobody can store what became of a job until this is left."""
    with connect(house.dsn, application_name="locker") as connection:
        connection.execute("select from relay_job for update")
        yield connection
        connection.rollback()


def test_a_job_that_nobody_had_begun_runs_after_the_next_start(house: House, office: Office) -> None:
    serve(house).kill()
    send(house, 0)

    serve(house)

    within(lambda: done(house) == 1, WITHIN_S)
    assert_all_once(house, office, 1)


def test_a_server_that_dies_during_the_call(house: House, office: Office) -> None:
    """The call has arrived, nobody heard the answer, and the second server looks before it asks."""
    first = serve(house)
    office.hold(600)
    send(house, 0)
    within(lambda: bool(office.parcels), WITHIN_S)

    first.kill()
    serve(house, "second")
    let_claims_lapse(house)

    within(lambda: done(house) == 1, WITHIN_S)
    assert_all_once(house, office, 1)
    assert [seen.method for seen in office.local.seen] == ["POST", "GET"]


def test_a_server_that_dies_before_it_has_stored_the_answer(house: House, office: Office) -> None:
    first = serve(house)

    def lock(seen: Seen) -> None:
        del seen
        locked.enter_context(jobs_locked(house))

    with ExitStack() as locked:
        office.local.troubles.append(lock)
        send(house, 0)
        within(lambda: bool(house.sql(STORING)), WITHIN_S)
        first.kill()
    assert done(house) == 0
    serve(house, "second")
    let_claims_lapse(house)

    within(lambda: done(house) == 1, WITHIN_S)
    assert_all_once(house, office, 1)


def test_an_orderly_end_waits_for_no_call_and_hands_its_job_on(house: House, office: Office) -> None:
    first = serve(house)
    office.hold(600)
    send(house, 0)
    within(lambda: bool(office.parcels), WITHIN_S)

    assert first.terminate() == 0
    assert house.sql("select state, uncertain, attempts from relay_job") == [("waiting", True, 0)]
    serve(house, "second")

    within(lambda: done(house) == 1, WITHIN_S)
    assert_all_once(house, office, 1)


def test_two_servers_of_which_one_dies_in_a_rush(house: House, office: Office) -> None:
    first, second = serve(house), serve(house, "second")
    send(house, *range(100))
    within(lambda: done(house) >= 20, WITHIN_S)

    first.kill()
    let_claims_lapse(house)

    within(lambda: done(house) == 100, WITHIN_S)
    assert_all_once(house, office, 100)
    assert second.popen.poll() is None


STORING = """
select pid from pg_stat_activity
where application_name = 'hms-server' and wait_event_type = 'Lock' and query like '%%relay_job%%for update%%'
"""
