"""The service of Windows, as far as it goes without Windows: its steps, its commands, its rights."""

import argparse
import threading
from collections.abc import Sequence
from pathlib import Path, PureWindowsPath

import pytest

from hms_server.console import windows_commands as words
from hms_server.console.windows_service import (
    ENDED_BY_ITSELF,
    Hosted,
    ServiceTrouble,
    State,
    administrators_access,
    set_up_service,
    start_and_wait,
    stop_and_wait,
)
from hms_server.notify import Notifier

PROGRAM = PureWindowsPath(r"C:\Program Files\HMS Server\program\hms-server.exe")
DATA = PureWindowsPath(r"C:\ProgramData\HMS Server\data")
QUIET_S = 3600.0


class FakeManager:
    """Writes down what Windows is told."""

    def __init__(self) -> None:
        self.told: list[tuple[State, int]] = []
        self.signs = threading.Event()

    def report(self, state: State, *, wait_hint_ms: int, exit_code: int) -> None:
        if (state, exit_code) in self.told:
            self.signs.set()
        self.told.append((state, exit_code))
        assert (wait_hint_ms > 0) == (state in (State.START_PENDING, State.STOP_PENDING))


class FakeScm:
    """Goes through the states that a test names, one a look."""

    def __init__(self, *states: State | None) -> None:
        self._states = list(states)
        self.asked: list[str] = []

    def state(self) -> State | None:
        return self._states.pop(0) if len(self._states) > 1 else self._states[0]

    def start(self) -> None:
        self.asked.append("start")

    def stop(self) -> None:
        self.asked.append("stop")


class FakeWindows:
    """Takes commands and refuses those with a word of its choice."""

    def __init__(self, refused: str = "") -> None:
        self.commands: list[list[str]] = []
        self._refused = refused

    def __call__(self, command: Sequence[str]) -> int:
        self.commands.append(list(command))
        return 5 if self._refused and self._refused in command else 0


def serve_well(stop: threading.Event, notifier: Notifier) -> int:
    """As the server does: ready, then told to stop."""
    notifier.status("getting the database ready")
    notifier.ready("serving")
    stop.set()
    notifier.stopping()
    return 0


def test_an_ordinary_life_goes_through_all_states_once() -> None:
    manager = FakeManager()

    code = Hosted(manager, sign_every_s=QUIET_S).run(serve_well)

    assert code == 0
    assert manager.told == [
        (State.START_PENDING, 0),
        (State.RUNNING, 0),
        (State.STOP_PENDING, 0),
        (State.STOPPED, 0),
    ]


def test_the_notifier_is_heard_so_that_the_server_waits_for_its_clinic() -> None:
    heard: list[bool] = []

    def serve(stop: threading.Event, notifier: Notifier) -> int:
        heard.append(notifier.is_heard)
        stop.set()
        return 0

    Hosted(FakeManager(), sign_every_s=QUIET_S).run(serve)

    assert heard == [True]


def test_it_runs_while_it_waits_for_its_clinic_and_is_not_starting_again_afterwards() -> None:
    """Windows knows no way back from running to starting."""
    manager = FakeManager()

    def serve(stop: threading.Event, notifier: Notifier) -> int:
        notifier.ready("waiting")
        with notifier.patience():
            notifier.ready("serving")
        stop.set()
        return 0

    Hosted(manager, sign_every_s=QUIET_S).run(serve)

    assert [state for state, _ in manager.told].count(State.RUNNING) == 1


def test_a_long_start_gives_signs_of_life() -> None:
    """Otherwise Windows takes a migration for a program that hangs."""
    manager = FakeManager()

    def serve(stop: threading.Event, _: Notifier) -> int:
        assert manager.signs.wait(60)
        stop.set()
        return 0

    Hosted(manager, sign_every_s=0.01).run(serve)

    assert manager.told.count((State.START_PENDING, 0)) > 1


def test_windows_asks_to_stop() -> None:
    """Also twice, as at a shutdown after a stop."""
    manager = FakeManager()
    hosted = Hosted(manager, sign_every_s=QUIET_S)

    def serve(stop: threading.Event, notifier: Notifier) -> int:
        notifier.ready("serving")
        hosted.ask_to_stop()
        hosted.ask_to_stop()
        return 0 if stop.is_set() else 9

    assert hosted.run(serve) == 0
    assert [state for state, _ in manager.told].count(State.STOP_PENDING) == 1


@pytest.mark.allow_log("the service has ended")
def test_a_failure_ends_with_a_code_so_that_windows_starts_it_again() -> None:
    manager = FakeManager()

    def serve(_: threading.Event, __: Notifier) -> int:
        raise RuntimeError("the disk is gone")

    assert Hosted(manager, sign_every_s=QUIET_S).run(serve) == 1
    assert manager.told[-1] == (State.STOPPED, 1)


@pytest.mark.allow_log("without being asked to")
def test_an_end_that_nobody_asked_for_is_a_failure() -> None:
    manager = FakeManager()

    assert Hosted(manager, sign_every_s=QUIET_S).run(lambda *_: 0) == ENDED_BY_ITSELF
    assert manager.told[-1] == (State.STOPPED, ENDED_BY_ITSELF)


def test_starting_waits_until_it_goes_on_running() -> None:
    scm = FakeScm(State.STOPPED, State.START_PENDING, State.START_PENDING, State.RUNNING)
    pauses: list[float] = []

    start_and_wait(scm, sleep=pauses.append, settled_after_s=2)

    assert scm.asked == ["start"]
    assert sum(pauses) == pytest.approx(3)


@pytest.mark.parametrize(
    "states",
    [
        (State.STOPPED, State.START_PENDING, State.STOPPED),
        (State.STOPPED, State.RUNNING, State.RUNNING, State.STOPPED),
        (State.STOPPED, State.RUNNING, State.RUNNING, State.START_PENDING),
        (State.STOPPED, None),
    ],
)
def test_one_that_dies_at_the_start_is_told_so(states: tuple[State | None, ...]) -> None:
    """A restart by Windows in between does not hide it."""
    with pytest.raises(ServiceTrouble, match=r"server\.log"):
        start_and_wait(FakeScm(*states), sleep=lambda _: None)


def test_what_runs_is_not_started_twice() -> None:
    scm = FakeScm(State.RUNNING)

    start_and_wait(scm, sleep=lambda _: None)

    assert scm.asked == []


def test_stopping_waits_for_the_end() -> None:
    scm = FakeScm(State.RUNNING, State.STOP_PENDING, State.STOP_PENDING, State.STOPPED)

    stop_and_wait(scm, sleep=lambda _: None)

    assert scm.asked == ["stop"]


@pytest.mark.parametrize("state", [None, State.STOPPED])
def test_what_does_not_run_needs_no_stop(state: State | None) -> None:
    scm = FakeScm(state)

    stop_and_wait(scm, sleep=lambda _: None)

    assert scm.asked == []


def test_one_that_never_ends_is_said_so() -> None:
    with pytest.raises(ServiceTrouble, match="does not stop"):
        stop_and_wait(FakeScm(State.STOP_PENDING), sleep=lambda _: None)


def test_the_account_of_a_service_has_the_identifier_that_windows_gives_it() -> None:
    """Checked against the one that every Windows has."""
    known = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"

    assert words.service_sid("TrustedInstaller") == known


def test_the_ports_are_open_on_private_networks_only() -> None:
    """To this program alone; rules of a version before go first, so that none stands twice."""
    commands = [" ".join(command) for command in words.open_firewall(PROGRAM)]
    add = "netsh advfirewall firewall add rule name=hms-server-"
    who = f"program={PROGRAM} profile=private enable=yes"

    assert commands == [
        "netsh advfirewall firewall delete rule name=hms-server-tcp",
        "netsh advfirewall firewall delete rule name=hms-server-mdns",
        f"{add}tcp dir=in action=allow protocol=TCP localport=7717,7718 {who}",
        f"{add}mdns dir=in action=allow protocol=UDP localport=5353 {who}",
    ]


def test_the_data_is_closed_to_everybody_else() -> None:
    """What the folder above allows does not count any more."""
    owner, command = words.protect(DATA)

    assert owner == ["icacls", str(DATA), "/setowner", "*S-1-5-32-544", "/Q"]
    assert command[:4] == ["icacls", str(DATA), "/inheritance:r", "/grant:r"]
    assert command[4:] == [
        f"*{words.service_sid()}:(OI)(CI)F",
        "*S-1-5-18:(OI)(CI)F",
        "*S-1-5-32-544:(OI)(CI)F",
        "/Q",
    ]


def test_a_first_installation_makes_the_service_as_it_should_be() -> None:
    windows = FakeWindows()

    set_up_service(PROGRAM, DATA, FakeScm(None), windows)

    path = f'"{PROGRAM}" --data-dir "{DATA}" service dispatch'
    account = ["obj=", r"NT SERVICE\hms-server"]
    restarts = "restart/5000/restart/30000/restart/60000"
    assert windows.commands[:6] == [
        ["sc.exe", "create", "hms-server", "binPath=", path, "DisplayName=", words.TITLE, "type=", "own"],
        ["sc.exe", "config", "hms-server", "binPath=", path, "start=", "delayed-auto", *account],
        ["sc.exe", "config", "hms-server", "depend=", "Tcpip"],
        ["sc.exe", "description", "hms-server", words.DESCRIPTION],
        ["sc.exe", "sidtype", "hms-server", "unrestricted"],
        ["sc.exe", "failure", "hms-server", "reset=", "86400", "actions=", restarts],
    ]
    assert windows.commands[6] == ["sc.exe", "failureflag", "hms-server", "1"]
    assert {command[0] for command in windows.commands[7:]} == {"icacls", "netsh"}


def test_an_upgrade_changes_the_service_that_is_there() -> None:
    windows = FakeWindows()

    set_up_service(PROGRAM, DATA, FakeScm(State.STOPPED), windows)

    assert [command[:2] for command in windows.commands[:1]] == [["sc.exe", "config"]]
    assert not [command for command in windows.commands if "create" in command]


def test_a_refusal_of_windows_is_named_with_the_command() -> None:
    with pytest.raises(ServiceTrouble, match="code 5, as administrator try: icacls"):
        set_up_service(PROGRAM, DATA, FakeScm(None), FakeWindows(refused="icacls"))


def test_rules_that_were_not_there_are_no_trouble() -> None:
    windows = FakeWindows(refused="delete")

    set_up_service(PROGRAM, DATA, FakeScm(None), windows)

    assert windows.commands[-1][3] == "add"


def test_a_service_on_hold_is_started_by_nobody() -> None:
    """Windows' own restart after a failure would come in the middle of the way back."""
    assert words.hold() == [["sc.exe", "config", "hms-server", "start=", "disabled"]]


def test_taking_it_away_leaves_the_data() -> None:
    commands = words.remove()

    assert commands[-1] == ["sc.exe", "delete", "hms-server"]
    assert not [command for command in commands if str(DATA) in command]


def test_a_person_at_the_console_gets_in_as_long_as_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL puts the administrators' group away, and would not read its own files."""
    monkeypatch.setenv("PROGRAMDATA", str(tmp_path))
    monkeypatch.setenv("USERDOMAIN", "CLINIC")
    monkeypatch.setenv("LOGNAME", "ada")
    monkeypatch.setenv("USERNAME", "ada")
    folder, windows = tmp_path / "HMS Server" / "data", FakeWindows()
    shown = str(PureWindowsPath(folder))

    with administrators_access(argparse.Namespace(data_dir=folder), run=windows):
        during = list(windows.commands)

    assert during == [["icacls", shown, "/grant", r"CLINIC\ada:(OI)(CI)F", "/Q"]]
    assert windows.commands[1:] == [["icacls", shown, "/remove:g", r"CLINIC\ada", "/Q"]]


@pytest.mark.parametrize("is_service", [True, False])
def test_elsewhere_and_for_the_service_itself_nothing_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_service: bool
) -> None:
    monkeypatch.setenv("PROGRAMDATA", str(tmp_path / "shared"))
    folder = tmp_path / ("shared" if is_service else "mine")
    windows = FakeWindows()

    with administrators_access(argparse.Namespace(data_dir=folder, is_service=is_service), run=windows):
        pass

    assert windows.commands == []
