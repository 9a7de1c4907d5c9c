"""Updates in the program itself: attended once it is paired, and absent where nobody wants them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from hms_desktop.app import App
from hms_desktop.updates import launcher
from hms_desktop.updates.attending import UpdateOptions
from hms_server.contract.envelope import OLDEST_PROTOCOL
from hms_server.following import protocol_fault
from tests.desktop.programs import programs, quiet_way
from tests.desktop.updates.lines import KEYS, FakeLine, bundle, serving, workstation


@pytest.fixture
def line() -> FakeLine:
    return serving(bundle("echo 0.3.0"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    built = tmp_path / "built"
    built.mkdir()
    (built / "hms-desktop").write_text("#!/bin/sh\n")
    launcher.install(built, tmp_path / "home", "0.2.0")
    return tmp_path / "home"


@pytest.fixture
def start(qapp: QApplication, tmp_path: Path, line: FakeLine, home: Path) -> Iterator[Callable[..., App]]:
    """The paired program with nobody signed in."""
    updates = UpdateOptions(
        folder=tmp_path, connect=lambda _: line, installation=workstation(home), keys=lambda: KEYS
    )
    with programs(qapp, tmp_path, quiet_way()) as start:
        yield lambda *, updated=True: start(updates=updates if updated else None)


def test_an_update_is_offered_at_the_sign_in_page_and_gone_while_somebody_works(
    start: Callable[..., App], qtbot: QtBot
) -> None:
    app = start()
    assert app.updates is not None
    strip = app.updates.strip
    app.updates.state.look()
    qtbot.waitUntil(lambda: "Version 0.3.0 is ready." in strip.text(), timeout=20_000)

    # Not typed: keys at a test's speed are a scanner's.
    app.login.sign_in_requested.emit("blessing", "right")
    qtbot.waitUntil(lambda: app.desk is not None, timeout=20_000)

    assert strip.text() == ""


def test_the_program_ends_so_that_the_new_one_is_started(
    start: Callable[..., App], qtbot: QtBot, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes: list[int] = []
    enabled: list[bool] = []
    monkeypatch.setattr("PySide6.QtCore.QCoreApplication.exit", codes.append)
    app = start()
    assert app.updates is not None
    app.updates.state.look()
    qtbot.waitUntil(lambda: bool(app.updates and app.updates.strip.text()), timeout=20_000)

    app.updates.state.update_now()
    enabled.append(app.login.isEnabled())
    qtbot.waitUntil(lambda: bool(codes), timeout=20_000)

    assert enabled == [False], "who signs in now would be cut off"
    assert codes == [launcher.RESTART_CODE]
    assert launcher.read_word(home / "current") == "0.3.0"


def test_a_new_version_stays_once_its_sign_in_page_is_there(start: Callable[..., App], home: Path) -> None:
    (home / "trying").write_text("1\n")

    app = start()

    assert not (home / "trying").exists()
    assert app.updates is not None
    assert "has version 0.2.0 now" in app.updates.strip.text()


def test_a_program_without_updates_asks_for_none(start: Callable[..., App], line: FakeLine) -> None:
    app = start(updated=False)

    assert app.updates is None
    assert line.asked == []


def test_a_protocol_that_is_no_longer_spoken_is_refused_with_what_to_do() -> None:
    older, newer = protocol_fault(OLDEST_PROTOCOL - 1), protocol_fault(OLDEST_PROTOCOL + 99)

    assert older is not None
    assert older.code == "protocol.older"
    assert "Update it" in older.message
    assert newer is not None
    assert newer.code == "protocol.newer"
    assert "Update the server first" in newer.message
    assert protocol_fault(OLDEST_PROTOCOL) is None
