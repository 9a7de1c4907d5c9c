"""Work on other threads: results come to the window's thread, and nobody waits for what is abandoned."""

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread
from pytestqt.qtbot import QtBot

from hms_desktop.widgets.background import Background

PATIENCE_S = 20.0


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What holds the work back; opened at the latest when the test ends."""
    made = threading.Event()
    yield made
    made.set()


def test_results_come_to_the_thread_of_the_windows(qtbot: QtBot) -> None:
    """While the work runs on another one."""
    threads: list[QThread] = []
    results: list[QThread] = []
    background = Background()

    def done(thread: QThread) -> None:
        results.append(thread)
        threads.append(QThread.currentThread())

    background.run(QThread.currentThread, done)

    qtbot.waitUntil(lambda: bool(threads))
    assert threads == [QThread.currentThread()]
    assert results != threads


def test_a_page_that_is_left_does_not_wait_for_its_printer(qtbot: QtBot, gate: threading.Event) -> None:
    """The page goes at once, the work runs to its end, and its answer is dropped."""
    page = QObject()
    answers: list[bool] = []
    ended = threading.Event()
    background = Background(page)

    def work() -> bool:
        opened = gate.wait(PATIENCE_S)
        ended.set()
        return opened

    background.run(work, answers.append)
    page.deleteLater()
    QCoreApplication.sendPostedEvents(page, QEvent.Type.DeferredDelete)
    still_running = not ended.is_set()
    gate.set()

    assert still_running
    assert ended.wait(PATIENCE_S)
    background.finish()
    QCoreApplication.processEvents()
    assert answers == []


def test_work_in_order_runs_one_after_the_other(qtbot: QtBot, gate: threading.Event) -> None:
    """Signing out is never overtaken by the next sign-in."""
    order: list[str] = []
    answers: list[None] = []
    background = Background(in_order=True)

    def first() -> None:
        gate.wait(PATIENCE_S)
        order.append("first")

    background.run(first, answers.append)
    background.run(lambda: order.append("second"), answers.append)
    gate.set()

    qtbot.waitUntil(lambda: len(answers) == 2)
    assert order == ["first", "second"]


@pytest.mark.allow_log("background work failed")
def test_a_mistake_is_logged_and_does_not_keep_anybody_waiting(qtbot: QtBot) -> None:
    """`finish` returns although there was no result."""
    background = Background()

    def fail() -> None:
        raise ValueError("a mistake in the program")

    background.run(fail, lambda _: pytest.fail("there is no result"))

    background.finish()
