"""What the desktop knows of the outside: pushed, fetched after a gap, and forgotten without a server."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs
from pytestqt.qtbot import QtBot

from hms_desktop.relay.state import CALM_MS, JobsState, OutsideState
from hms_desktop.session import Session
from hms_server.contract.accounts import Nothing
from hms_server.contract.envelope import Fault
from hms_server.contract.relay import (
    CancelJob,
    GetReachability,
    JobChanged,
    JobGivenUp,
    JobId,
    Jobs,
    JobState,
    ListJobs,
    Reachabilities,
    Reachability,
    ReachabilityChanged,
)
from tests.desktop.conftest import FakeConnection
from tests.desktop.relay.samples import (
    JOB_ROWS,
    JOBS,
    MAIL_UP,
    PAYSTACK_DOWN,
    PAYSTACK_UP,
    ROWS,
    SMS_REFUSED,
)
from tests.desktop.samples import NOW, SampleLink

BUSY = Fault(code="server.busy", message="The server has too much to do.")


@pytest.fixture
def outside(connection: FakeConnection, session: Session) -> OutsideState:
    connection.answer(GetReachability, Reachabilities(ROWS))
    return OutsideState(session, clock=lambda: NOW, parent=session)


def fetched(outside: OutsideState, qtbot: QtBot) -> OutsideState:
    with qtbot.waitSignal(outside.changed):
        outside.reload()
    return outside


def given_up(number: int) -> JobGivenUp:
    return JobGivenUp(job_id=JobId(number), destination="paystack", summary=f"Refund {number}", why="No.")


def test_what_is_pushed_replaces_what_was_known(
    outside: OutsideState, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Nobody has to ask, and the order stays."""
    fetched(outside, qtbot)

    with qtbot.waitSignal(outside.changed):
        connection.happen(ReachabilityChanged(row=PAYSTACK_UP))

    assert outside.rows == [PAYSTACK_UP, MAIL_UP, SMS_REFUSED]
    assert len(connection.requests(GetReachability)) == 1


def test_who_is_switched_off_is_gone_and_who_is_switched_on_appears(
    outside: OutsideState, connection: FakeConnection, qtbot: QtBot
) -> None:
    fetched(outside, qtbot)
    new = structs.replace(MAIL_UP, destination="gemini", title="Gemini")

    connection.happen(ReachabilityChanged(row=structs.replace(MAIL_UP, switched_on=False)))
    connection.happen(ReachabilityChanged(row=new))

    qtbot.waitUntil(lambda: outside.rows == [PAYSTACK_DOWN, SMS_REFUSED, new])


def test_an_answer_that_an_event_has_overtaken_does_not_take_it_back(
    outside: OutsideState, connection: FakeConnection, qtbot: QtBot
) -> None:
    """The snapshot was read before the event; it arrives after it."""
    fetched(outside, qtbot)
    connection.hold()
    outside.reload()
    with qtbot.waitSignal(outside.changed):
        connection.happen(ReachabilityChanged(row=PAYSTACK_UP))

    with qtbot.waitSignal(outside.changed):
        connection.release()

    assert outside.rows == [PAYSTACK_UP, MAIL_UP, SMS_REFUSED]


def test_after_a_gap_all_is_fetched_again(
    outside: OutsideState, connection: FakeConnection, qtbot: QtBot
) -> None:
    fetched(outside, qtbot)
    connection.answer(GetReachability, Reachabilities([MAIL_UP]))

    connection.lose_events()

    qtbot.waitUntil(lambda: outside.rows == [MAIL_UP])


def test_without_the_server_nobody_knows_and_with_it_the_answer_is_new(
    outside: OutsideState, connection: FakeConnection, qtbot: QtBot
) -> None:
    """An old "reachable" beside a dead link would be a guess."""
    fetched(outside, qtbot)

    with qtbot.waitSignal(outside.changed):
        connection.link(SampleLink(connected=False))
    without = outside.rows
    connection.answer(GetReachability, Reachabilities([MAIL_UP]))
    connection.link(SampleLink(connected=True))

    assert without is None
    qtbot.waitUntil(lambda: outside.rows == [MAIL_UP])


def test_a_failed_answer_is_asked_for_again_by_itself(
    outside: OutsideState, connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.answer(GetReachability, BUSY)
    outside._again.setInterval(20)
    fetched(outside, qtbot)
    assert outside.rows is None

    connection.answer(GetReachability, Reachabilities(ROWS))

    qtbot.waitUntil(lambda: outside.rows == ROWS)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(
    changes=st.lists(st.sampled_from([PAYSTACK_UP, PAYSTACK_DOWN, MAIL_UP, SMS_REFUSED])), off=st.booleans()
)
def test_old_snapshot_and_events_give_the_new_snapshot(
    outside: OutsideState,
    changes: list[Reachability],
    off: bool,  # noqa: FBT001
) -> None:
    """Whatever happened in between, the last word on each destination counts, and each stands there once."""
    outside.rows = list(ROWS)
    news = [*changes, *([structs.replace(MAIL_UP, switched_on=False)] if off else [])]

    for row in news:
        outside._on_event(ReachabilityChanged(row=row))

    last = {row.destination: row for row in (*ROWS, *news)}
    assert outside.rows is not None
    assert {row.destination: row for row in outside.rows} == {
        name: row for name, row in last.items() if row.switched_on
    }
    assert len(outside.rows) == len({row.destination for row in outside.rows})


def test_what_is_given_up_in_one_breath_is_told_once(
    outside: OutsideState, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Fifty refunds of a revoked key must not be fifty toasts."""
    told: list[list[JobGivenUp]] = []
    outside.given_up.connect(told.append)

    for number in range(50):
        connection.happen(given_up(number))

    qtbot.waitUntil(lambda: [len(news) for news in told] == [50])


def test_what_was_given_up_while_nobody_looked_is_told_at_sign_in(
    outside: OutsideState, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Only what is recent: what failed last year is no news each morning."""
    recent = JOB_ROWS[2]
    old = structs.replace(recent, id=JobId(99), since=NOW.replace(year=2025))
    connection.answer(ListJobs, Jobs(rows=[recent, old], counts={}))

    with qtbot.waitSignal(outside.left_over) as told:
        outside.tell_left_over()

    assert told.args == [1]
    assert connection.requests(ListJobs) == [ListJobs(state=JobState.FAILED)]


def test_a_rush_of_jobs_is_one_fetch_and_never_waits_for_its_end(
    connection: FakeConnection, session: Session, qtbot: QtBot
) -> None:
    """Events that never pause must not put the list off for ever."""
    connection.answer(ListJobs, JOBS)
    state = JobsState(session, parent=session)
    state._gather.setInterval(150)
    state.set_seen(seen=True)
    qtbot.waitUntil(lambda: len(connection.requests(ListJobs)) == 1)

    def rush() -> bool:
        connection.happen(JobChanged(job_id=JobId(1), state=JobState.WAITING))
        return len(connection.requests(ListJobs)) >= 3

    qtbot.waitUntil(rush, timeout=20_000)
    state.set_seen(seen=False)


def test_a_list_that_nobody_sees_is_not_fetched(
    connection: FakeConnection, session: Session, qtbot: QtBot
) -> None:
    state = JobsState(session, parent=session)
    state._gather.setInterval(1)

    connection.happen(JobChanged(job_id=JobId(1), state=JobState.DONE))
    qtbot.wait(50)

    assert not connection.requests(ListJobs)
    assert state._calm.interval() == CALM_MS
    assert not state._calm.isActive()


def test_of_two_answers_the_one_asked_for_last_counts(
    connection: FakeConnection, session: Session, qtbot: QtBot
) -> None:
    """Whoever has chosen another filter meanwhile does not see the old one's rows."""
    connection.answer(ListJobs, lambda request: Jobs(rows=[], counts={str(request.state): 1}))
    came: list[Jobs] = []
    state = JobsState(session, parent=session)
    state.came.connect(came.append)
    connection.hold()

    state.choose(state=JobState.FAILED, destination=None)
    state.choose(state=JobState.DONE, destination="smtp")
    connection.release()

    qtbot.waitUntil(lambda: [jobs.counts for jobs in came] == [{"done": 1}])
    assert connection.requests(ListJobs)[-1] == ListJobs(state=JobState.DONE, destination="smtp")


def test_calling_off_says_what_will_become_of_it(
    connection: FakeConnection, session: Session, qtbot: QtBot
) -> None:
    """A running one is told to stop; nobody says that it is gone."""
    connection.answer(CancelJob, Nothing())
    said: list[str] = []
    state = JobsState(session, parent=session)
    state.done.connect(said.append)

    state.cancel(JOB_ROWS[0])
    state.cancel(JOB_ROWS[1])

    qtbot.waitUntil(lambda: len(said) == 2)
    assert "told to stop" in said[0]
    assert "called off" in said[1]
