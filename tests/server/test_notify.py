"""What a service manager is told, in the words of sd_notify(3)."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from hms_server import notify
from hms_server.notify import Notifier


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """A service manager's end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(10)
        yield listening


def of(manager: socket.socket, **more: str) -> Notifier:
    return Notifier.from_environment({"NOTIFY_SOCKET": manager.getsockname(), **more})


def heard(manager: socket.socket) -> str:
    return manager.recv(4096).decode()


def test_each_message_is_a_datagram(manager: socket.socket) -> None:
    notifier = of(manager)

    notifier.ready("serving")
    notifier.alive()
    notifier.status("recovering")
    notifier.stopping()

    assert [heard(manager) for _ in range(4)] == [
        "READY=1\nSTATUS=serving",
        "WATCHDOG=1",
        "STATUS=recovering",
        "STOPPING=1\nSTATUS=stopping",
    ]


def test_an_abstract_address_is_understood() -> None:
    """Systemd uses one inside containers."""
    name = f"hms-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name}")
        listening.settimeout(10)

        Notifier(f"@{name}").alive()

        assert heard(listening) == "WATCHDOG=1"


def test_a_long_start_asks_for_time_until_it_is_over(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "EXTEND_EVERY_S", 0.01)

    with of(manager).patience():
        asked = {heard(manager) for _ in range(3)}

    assert asked == {"EXTEND_TIMEOUT_USEC=60000000\nWATCHDOG=1"}


def test_nobody_listens_and_nothing_happens(tmp_path: Path) -> None:
    """Started by hand, or the service manager has gone."""
    by_hand, forsaken = Notifier.from_environment({}), Notifier(str(tmp_path / "gone"))

    with by_hand.patience():
        by_hand.ready("serving")
    forsaken.ready("serving")

    assert not by_hand.is_heard
    assert by_hand.watchdog_s is None


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_meant_for_this_process(
    manager: socket.socket, environment: dict[str, str], seconds: float | None
) -> None:
    """A child that inherits the variables is not watched."""
    assert of(manager, **environment).watchdog_s == seconds
