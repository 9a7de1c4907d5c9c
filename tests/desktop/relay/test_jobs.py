"""The administrator's view outside: which jobs there are and why, letting one run, calling one off."""

from collections.abc import Callable

import pytest
from msgspec import structs
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from hms_desktop.relay.panel import OutsidePanel
from hms_desktop.relay.state import OutsideState
from hms_desktop.session import Session
from hms_server.contract.accounts import Nothing
from hms_server.contract.envelope import Fault
from hms_server.contract.relay import (
    CancelJob,
    GetReachability,
    JobChanged,
    JobId,
    Jobs,
    JobState,
    ListJobs,
    Reachabilities,
    ReachabilityChanged,
    RetryJob,
)
from tests.desktop.conftest import FakeConnection
from tests.desktop.relay.samples import JOB_ROWS, JOBS, PAYSTACK_DOWN, PAYSTACK_UP, ROWS
from tests.desktop.samples import NOW, ZONE

RUNNING, WAITING, FAILED, DONE = JOB_ROWS[:4]
OpenPage = Callable[[], OutsidePanel]


@pytest.fixture
def open_page(connection: FakeConnection, session: Session, qtbot: QtBot) -> OpenPage:
    """Shows three destinations and all kinds of jobs."""
    connection.answer(GetReachability, Reachabilities(ROWS))
    connection.answer(ListJobs, JOBS)
    connection.answer(CancelJob, Nothing())
    connection.answer(RetryJob, Nothing())

    def make() -> OutsidePanel:
        outside = OutsideState(session, clock=lambda: NOW, parent=session)
        panel = OutsidePanel(session, outside=outside, clock=lambda: NOW, zone=ZONE)
        qtbot.addWidget(panel)
        panel.resize(1180, 600)
        with qtbot.waitActive(panel):
            panel.show()
            panel.activateWindow()
        outside.reload()
        qtbot.waitUntil(lambda: panel.jobs.table.model().rowCount() == len(JOBS.rows))
        qtbot.waitUntil(lambda: panel.destinations.model().rowCount() == len(ROWS))
        panel.jobs.take_focus()
        return panel

    return make


def cells(panel: OutsidePanel, row: int) -> list[str]:
    model = panel.jobs.table.model()
    return [model.index(row, column).data() for column in range(model.columnCount())]


def key(key: Qt.Key) -> None:
    focused = QApplication.focusWidget()
    assert focused is not None
    QTest.keyClick(focused, key)


def test_each_job_says_what_for_whom_how_far_and_why(open_page: OpenPage) -> None:
    """Whom it is for is said by title."""
    panel = open_page()

    assert cells(panel, 1) == [
        "Check payment HMS-2026-000481 of bill B-001202",
        "Paystack",
        "Waiting",
        "10:40",
        "2",
        "10:44",
        PAYSTACK_DOWN.sentence,
    ]
    assert cells(panel, 3)[1:4] == ["E-mail", "Done", "10:38"]


def test_buttons_count_all_jobs_and_the_heading_says_what_is_left_out(open_page: OpenPage) -> None:
    jobs = open_page().jobs

    said = [button.text() for button in jobs.filters.values()]

    assert said == ["All 1208", "Waiting 1", "Running 1", "Done 1204", "Failed 1", "Called off 1"]
    assert jobs._more.text() == "The last 23 of 1208"


def test_the_filters_go_to_the_server(open_page: OpenPage, connection: FakeConnection, qtbot: QtBot) -> None:
    """It has more rows than are shown here."""
    jobs = open_page().jobs
    connection.answer(ListJobs, Jobs(rows=[], counts={"failed": 0}))

    jobs.filters[JobState.FAILED].setFocus()
    key(Qt.Key.Key_Space)
    jobs.destination.set_value("smtp")
    jobs.destination.editor.activated.emit(jobs.destination.editor.currentIndex())

    qtbot.waitUntil(lambda: jobs._list.state() == "empty")
    assert connection.requests(ListJobs)[-2:] == [
        ListJobs(state=JobState.FAILED),
        ListJobs(state=JobState.FAILED, destination="smtp"),
    ]
    assert jobs._list._empty.text() == "There is no such job"


def test_a_destination_that_was_switched_off_can_still_be_chosen(open_page: OpenPage) -> None:
    """Its old jobs are still there."""
    jobs = open_page().jobs

    assert [jobs.destination.editor.itemText(number) for number in range(5)] == [
        "All outside",
        "E-mail",
        "Paystack",
        "termii",
        "Twilio (SMS)",
    ]


def test_the_chosen_job_says_who_asked_for_it_and_why_in_full(open_page: OpenPage) -> None:
    """And only what can be done with it can be pressed."""
    jobs = open_page().jobs
    can = {}

    for job in (RUNNING, WAITING, FAILED, DONE):
        jobs.table.choose(job.id)
        can[job.state] = (jobs.run_button.isEnabled(), jobs.cancel_button.isEnabled())
    jobs.table.choose(WAITING.id)

    assert can == {
        JobState.RUNNING: (False, True),
        JobState.WAITING: (True, True),
        JobState.FAILED: (True, False),
        JobState.DONE: (False, False),
    }
    assert jobs._detail.text() == "Job 2, asked for 10:02 by Ama Serwaa (paystack.verify)"
    assert jobs._why.text() == PAYSTACK_DOWN.sentence


def test_a_failed_job_runs_again_by_its_key(
    open_page: OpenPage, connection: FakeConnection, qtbot: QtBot
) -> None:
    jobs = open_page().jobs
    jobs.table.choose(FAILED.id)

    key(Qt.Key.Key_F6)

    qtbot.waitUntil(lambda: "runs as soon as it can" in jobs.notice.text())
    assert connection.requests(RetryJob) == [RetryJob(job_id=FAILED.id)]


def test_calling_off_names_the_job_and_is_asked_once(
    open_page: OpenPage, connection: FakeConnection, qtbot: QtBot
) -> None:
    """F7 asks, F7 again means it."""
    jobs = open_page().jobs
    jobs.table.choose(WAITING.id)

    key(Qt.Key.Key_F7)
    asked = jobs.notice.text()
    before = list(connection.requests(CancelJob))
    key(Qt.Key.Key_F7)

    qtbot.waitUntil(lambda: "is called off" in jobs.notice.text())
    assert WAITING.summary in asked
    assert before == []
    assert connection.requests(CancelJob) == [CancelJob(job_id=WAITING.id)]


def test_a_question_about_one_job_never_acts_on_another(
    open_page: OpenPage, connection: FakeConnection
) -> None:
    """Neither after the arrow keys nor after Esc."""
    jobs = open_page().jobs
    jobs.table.choose(RUNNING.id)
    key(Qt.Key.Key_F7)

    key(Qt.Key.Key_Down)
    moved = jobs.notice.text()
    key(Qt.Key.Key_F7)
    asked = jobs.notice.text()
    key(Qt.Key.Key_Escape)
    key(Qt.Key.Key_F7)

    assert moved == ""
    assert WAITING.summary in asked
    assert WAITING.summary in jobs.notice.text()
    assert not connection.requests(CancelJob)


def test_a_job_that_leaves_the_list_takes_its_question_along(
    open_page: OpenPage, connection: FakeConnection, qtbot: QtBot
) -> None:
    """The next row moves up below the cursor: the second F7 must not hit it."""
    jobs = open_page().jobs
    jobs.state._gather.setInterval(1)
    jobs.table.choose(RUNNING.id)
    key(Qt.Key.Key_F7)
    connection.answer(ListJobs, structs.replace(JOBS, rows=JOB_ROWS[1:]))

    connection.happen(JobChanged(job_id=RUNNING.id, state=JobState.DONE))
    qtbot.waitUntil(lambda: jobs.table.model().rowCount() == len(JOB_ROWS) - 1)
    key(Qt.Key.Key_F7)

    assert not connection.requests(CancelJob)


def test_a_job_that_ended_meanwhile_is_said_and_the_list_is_fetched(
    open_page: OpenPage, connection: FakeConnection, qtbot: QtBot
) -> None:
    jobs = open_page().jobs
    jobs.state._gather.setInterval(1)
    over = Fault(code="relay.job_state", message="This job is over already.", field="job_id")
    connection.answer(CancelJob, over)
    fetched = len(connection.requests(ListJobs))
    jobs.table.choose(WAITING.id)

    key(Qt.Key.Key_F7)
    key(Qt.Key.Key_F7)

    qtbot.waitUntil(lambda: jobs.notice.text() == over.message)
    qtbot.waitUntil(lambda: len(connection.requests(ListJobs)) > fetched)


def test_what_happens_appears_by_itself_and_the_chosen_row_stays(
    open_page: OpenPage, connection: FakeConnection, qtbot: QtBot
) -> None:
    jobs = open_page().jobs
    jobs.state._gather.setInterval(1)
    jobs.table.choose(WAITING.id)
    new = structs.replace(WAITING, id=JobId(500), summary="New")
    done = structs.replace(WAITING, state=JobState.DONE, next_at=None)
    connection.answer(ListJobs, Jobs(rows=[new, done, *JOB_ROWS[2:]], counts={"done": 1205}))

    connection.happen(ReachabilityChanged(row=PAYSTACK_UP))

    qtbot.waitUntil(lambda: jobs.filters[JobState.DONE].text() == "Done 1205")
    assert jobs.table.chosen_row() == done
    assert not jobs.run_button.isEnabled()


def test_a_try_in_vain_is_seen_without_an_event(
    open_page: OpenPage, connection: FakeConnection, qtbot: QtBot
) -> None:
    """At a calm pace, and only while somebody looks."""
    panel = open_page()
    panel.jobs.state._calm.start(20)
    connection.answer(ListJobs, structs.replace(JOBS, rows=[structs.replace(WAITING, attempts=9)]))

    qtbot.waitUntil(lambda: cells(panel, 0)[4] == "9")
    panel.hide()

    assert not panel.jobs.state._calm.isActive()


def test_a_list_that_cannot_be_fetched_is_not_an_empty_one(
    open_page: OpenPage, connection: FakeConnection, qtbot: QtBot
) -> None:
    jobs = open_page().jobs
    connection.answer(ListJobs, Fault(code="server.busy", message="The server has too much to do."))

    jobs.state.fetch()
    qtbot.waitUntil(lambda: jobs._list.state() == "error")
    connection.answer(ListJobs, JOBS)
    jobs._list._retry.click()

    qtbot.waitUntil(lambda: jobs._list.state() == "filled")


def test_what_was_given_up_is_shown_whatever_was_chosen_before(
    open_page: OpenPage, connection: FakeConnection
) -> None:
    jobs = open_page().jobs
    jobs.destination.set_value("smtp")
    jobs.filters[JobState.DONE].setChecked(True)

    jobs.show_failed()

    assert connection.requests(ListJobs)[-1] == ListJobs(state=JobState.FAILED)
    assert jobs.filters[JobState.FAILED].isChecked()


def test_destinations_say_state_since_and_remedy(
    open_page: OpenPage, connection: FakeConnection, qtbot: QtBot
) -> None:
    panel = open_page()
    model = panel.destinations.model()

    said = [model.index(0, column).data() for column in range(6)]
    connection.happen(ReachabilityChanged(row=PAYSTACK_UP))

    assert said == ["Paystack", "Unreachable", "10:12", "3 payments wait", "TEST", PAYSTACK_DOWN.sentence]
    qtbot.waitUntil(lambda: model.index(0, 1).data() == "Reachable")


def test_who_can_be_reached_is_not_known_without_the_server(
    open_page: OpenPage, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Which is not the same as nobody."""
    panel = open_page()
    connection.answer(GetReachability, Fault(code="server.busy", message="Busy."))

    panel._outside.reload()

    qtbot.waitUntil(lambda: panel._list.state() == "error")
