"""The guards themselves fail the tests that they are there for."""

import os
from pathlib import Path

import pytest

LEAVE_A_THREAD = """
import threading

def test_leaves_a_thread():
    threading.Thread(target=threading.Event().wait, name="forgotten", daemon=True).start()
"""
LOG = """
import logging
import pytest
import structlog

def test_logs():
    logging.getLogger("clinic").warning("the cable is out")

def test_logs_structured():
    structlog.get_logger().error("cable_out", room=3)

@pytest.mark.allow_log("cable_out", "the cable is out")
def test_expects():
    structlog.get_logger().error("cable_out", room=3)
    logging.getLogger("clinic").warning("the cable is out")

def test_expects_later(log_guard):
    structlog.get_logger().error("cable_out", room=3)
    log_guard.allow("cable_out")

def test_whispers():
    logging.getLogger("clinic").info("the cable is in")
    structlog.get_logger().info("cable_in")
"""
CALL_OUTSIDE = """
import contextlib
import socket

def test_calls_outside():
    with socket.socket() as caller, contextlib.suppress(OSError):
        caller.connect(("192.0.2.1", 80))

def test_calls_itself():
    with socket.socket() as listener, socket.socket() as caller:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        caller.connect(listener.getsockname())
"""


def run(pytester: pytest.Pytester, source: str) -> pytest.RunResult:
    """Runs the tests in `source` in a process of its own, where no guard but theirs is on."""
    pytester.makepyfile(source)
    pytester.plugins = ["tests.guards"]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        environment.setenv("PYTHONPATH", str(Path(__file__).parents[2]), prepend=os.pathsep)
        return pytester.runpytest_subprocess()


def test_forgotten_thread_fails(pytester: pytest.Pytester) -> None:
    """A thread that outlives its test is named."""
    result = run(pytester, LEAVE_A_THREAD)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*Threads left behind: forgotten*"])


def test_unexpected_log_lines_fail(pytester: pytest.Pytester) -> None:
    """Warnings and errors fail unless allowed by marker or fixture; what is less grave passes."""
    result = run(pytester, LOG)

    result.assert_outcomes(passed=5, errors=2)
    result.stdout.fnmatch_lines(["*warning clinic: the cable is out*", "*error*cable_out*"])


def test_calling_outside_fails(pytester: pytest.Pytester) -> None:
    """The call is refused and the test fails, though the program took the refusal in its stride."""
    result = run(pytester, CALL_OUTSIDE)

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*Called beyond this machine: ('192.0.2.1', 80)*"])
