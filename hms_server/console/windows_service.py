"""`service`: the server as a service of Windows, from its installation to its end."""

import argparse
import getpass
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import PureWindowsPath
from typing import Protocol

import structlog

from hms_server.console import windows_commands as commands_of
from hms_server.console.ground import Commands
from hms_server.console.serving import add_run_options, serve_until
from hms_server.logs import configure_logging
from hms_server.notify import Notifier
from hms_server.postgres import EmbeddedPostgres

log = structlog.get_logger()

SIGN_EVERY_S = 10.0
WAIT_HINT_MS = 60_000
"""How long Windows waits for the next sign before it takes the service for dead."""
SETTLED_AFTER_S = 10.0
LOOK_EVERY_S = 0.5
WITHIN_S = 4 * 3600
"""A big database needs hours for a migration."""
SPECIFIC_ERROR = 1066
"""ERROR_SERVICE_SPECIFIC_ERROR: the code stands in the second field."""
ENDED_BY_ITSELF = 3


class State(IntEnum):
    """As Windows numbers them."""

    STOPPED = 1
    START_PENDING = 2
    STOP_PENDING = 3
    RUNNING = 4


NEXT = {
    State.STOPPED: {State.START_PENDING},
    State.START_PENDING: {State.RUNNING, State.STOP_PENDING, State.STOPPED},
    State.RUNNING: {State.STOP_PENDING, State.STOPPED},
    State.STOP_PENDING: {State.STOPPED},
}


class ServiceTrouble(Exception):  # noqa: N818 - it is what the administrator reads
    """The service cannot be installed, started or stopped; one sentence says what to do."""


class Manager(Protocol):
    """Whom the service tells how it is."""

    def report(self, state: State, *, wait_hint_ms: int, exit_code: int) -> None: ...


class Scm(Protocol):
    """What can be asked of Windows about the installed service."""

    def state(self) -> State | None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


class Hosted:
    """One life of the service: Windows hears each step once, and signs of life while a step lasts."""

    def __init__(self, manager: Manager, *, sign_every_s: float = SIGN_EVERY_S) -> None:
        self.stop = threading.Event()
        self.state = State.STOPPED
        self._manager = manager
        self._sign_every_s = sign_every_s
        self._lock = threading.Lock()

    def run(self, serve: Callable[[threading.Event, Notifier], int]) -> int:
        """Serves until it is asked to stop; the code is what Windows was told, 0 for an end in order."""
        self.become(State.START_PENDING)
        over = threading.Event()
        signs = threading.Thread(target=self._give_signs, args=(over,), name="hms-service", daemon=True)
        signs.start()
        try:
            code = self._serve(serve)
        finally:
            over.set()
            signs.join()
        self.become(State.STOPPED, exit_code=code)
        return code

    def ask_to_stop(self) -> None:
        """Windows or an administrator wants the end; what is under way is finished."""
        self.become(State.STOP_PENDING)
        self.stop.set()

    def become(self, state: State, *, exit_code: int = 0) -> None:
        """Tells Windows of the next step; a step that cannot follow is none."""
        with self._lock:
            if state not in NEXT[self.state]:
                return
            self.state = state
            pending = state in (State.START_PENDING, State.STOP_PENDING)
            self._manager.report(state, wait_hint_ms=WAIT_HINT_MS if pending else 0, exit_code=exit_code)

    def _serve(self, serve: Callable[[threading.Event, Notifier], int]) -> int:
        try:
            code = serve(self.stop, ServiceNotifier(self))
        except Exception:
            # The top of the service's thread: the reason goes to the log, and Windows starts it again.
            log.exception("the service has ended")
            return 1
        if code == 0 and not self.stop.is_set():
            log.error("the service has ended without being asked to")
            return ENDED_BY_ITSELF
        return code

    def _give_signs(self, over: threading.Event) -> None:
        while not over.wait(self._sign_every_s):
            with self._lock:
                if self.state in (State.START_PENDING, State.STOP_PENDING):
                    self._manager.report(self.state, wait_hint_ms=WAIT_HINT_MS, exit_code=0)


class ServiceNotifier(Notifier):
    """Puts what the server tells its service manager into the words of Windows."""

    def __init__(self, hosted: Hosted) -> None:
        super().__init__()
        self._hosted = hosted

    @property
    def is_heard(self) -> bool:
        return True

    def _send(self, text: str) -> None:
        told = dict(line.partition("=")[::2] for line in text.splitlines())
        if status := told.get("STATUS"):
            log.info("status", status=status)
        if "READY" in told:
            self._hosted.become(State.RUNNING)
        if "STOPPING" in told:
            self._hosted.become(State.STOP_PENDING)


def start_and_wait(
    scm: Scm,
    *,
    sleep: Callable[[float], None] = time.sleep,
    settled_after_s: float = SETTLED_AFTER_S,
    within_s: float = WITHIN_S,
) -> None:
    """Returns when the service runs and has gone on to do so; a restart by Windows counts as a failure."""
    if scm.state() is not State.RUNNING:
        scm.start()
    waited_s = ran_s = 0.0
    while ran_s < settled_after_s:
        state = scm.state()
        if state in (None, State.STOPPED) or (ran_s and state is not State.RUNNING):
            raise ServiceTrouble(
                "The service does not start. The file logs\\server.log in its data says why."
            )
        if waited_s >= within_s:
            raise ServiceTrouble("The service is still starting after four hours. Look into its server.log.")
        sleep(LOOK_EVERY_S)
        waited_s += LOOK_EVERY_S
        if state is State.RUNNING:
            ran_s += LOOK_EVERY_S


def stop_and_wait(
    scm: Scm, *, sleep: Callable[[float], None] = time.sleep, within_s: float = WITHIN_S
) -> None:
    """Returns when nothing of the service runs any more; one that is not installed is stopped."""
    if scm.state() in (None, State.STOPPED):
        return
    scm.stop()
    waited_s = 0.0
    while scm.state() not in (None, State.STOPPED):
        if waited_s >= within_s:
            raise ServiceTrouble("The service does not stop. Restart the machine, then try again.")
        sleep(LOOK_EVERY_S)
        waited_s += LOOK_EVERY_S


Run = Callable[[commands_of.Command], int]


def carry_out(commands: list[commands_of.Command], run: Run) -> None:
    """Runs one after the other; the first that fails is named to whoever installs."""
    for command in commands:
        code = run(command)
        if code and not commands_of.may_fail(command):
            words = subprocess.list2cmdline(command)
            raise ServiceTrouble(f"Windows refused with code {code}, as administrator try: {words}")


def run_command(command: commands_of.Command) -> int:
    """One of Windows' own programs; what it prints is shown."""
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own words, no shell


def run_quietly(command: commands_of.Command) -> int:
    """The same without a word: what the person has asked for stands alone."""
    return subprocess.run(command, check=False, capture_output=True).returncode  # noqa: S603 - our own words, no shell


def set_up_service(program: PureWindowsPath, data_dir: PureWindowsPath, scm: Scm, run: Run) -> None:
    """Installs the service, or brings one that is there to this version; safe to be repeated."""
    known = scm.state() is not None
    words = commands_of.configure if known else commands_of.install
    carry_out([*words(program, data_dir), *commands_of.protect(data_dir)], run)
    carry_out(commands_of.open_firewall(program), run)


@contextmanager
def administrators_access(options: argparse.Namespace, *, run: Run = run_quietly) -> Iterator[None]:
    """As long as a command works with the service's folder, PostgreSQL may be started by the person, too."""
    shared = os.environ.get("PROGRAMDATA", "")
    is_service = getattr(options, "is_service", False)
    foreign = not shared or is_service or not options.data_dir.is_relative_to(shared)
    if foreign or EmbeddedPostgres(options.data_dir).is_running():
        yield
        return
    folder = PureWindowsPath(options.data_dir)
    user = rf"{os.environ.get('USERDOMAIN', '.')}\{getpass.getuser()}"
    run(commands_of.let_in(folder, user))
    try:
        yield
    finally:
        run(commands_of.keep_out(folder, user))


if sys.platform == "win32":
    import pywintypes
    import servicemanager
    import win32service
    import win32serviceutil

    ABSENT = 1060
    """ERROR_SERVICE_DOES_NOT_EXIST."""

    class WindowsScm:
        """The service control manager of this machine."""

        def state(self) -> State | None:
            try:
                number = win32serviceutil.QueryServiceStatus(commands_of.NAME)[1]
            except pywintypes.error as error:
                if error.winerror == ABSENT:
                    return None
                raise
            return State(number) if number in set(State) else State.STOP_PENDING

        def start(self) -> None:
            _try(lambda: win32serviceutil.StartService(commands_of.NAME))

        def stop(self) -> None:
            _try(lambda: win32serviceutil.StopService(commands_of.NAME))

    def _try(act: Callable[[], object]) -> None:
        try:
            act()
        except pywintypes.error as error:
            raise ServiceTrouble(f"Windows refused: {error.strerror}") from error

    class ClinicService(win32serviceutil.ServiceFramework):
        """What Windows starts; `options` is set before it is asked to."""

        _svc_name_ = commands_of.NAME
        _svc_display_name_ = commands_of.TITLE
        options = argparse.Namespace()

        def __init__(self, args: list[str]) -> None:
            super().__init__(args)
            self.hosted = Hosted(self)

        def report(self, state: State, *, wait_hint_ms: int, exit_code: int) -> None:
            self.ReportServiceStatus(
                int(state),
                waitHint=wait_hint_ms,
                win32ExitCode=SPECIFIC_ERROR if exit_code else 0,
                svcExitCode=exit_code,
            )

        def SvcRun(self) -> None:  # noqa: N802 - pywin32's name
            code = self.hosted.run(lambda stop, notifier: serve_until(self.options, stop, notifier))
            if code:
                # pywin32 would report an end in order after this one, and Windows would start nothing again.
                os._exit(code)

        def SvcStop(self) -> None:  # noqa: N802 - pywin32's name
            self.hosted.ask_to_stop()

        def SvcShutdown(self) -> None:  # noqa: N802 - pywin32's name
            self.hosted.ask_to_stop()

    def dispatch(options: argparse.Namespace) -> int:
        """Called by Windows alone: hands this process over to it."""
        logs = options.data_dir / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        configure_logging(verbose=options.verbose, file=logs / "server.log")
        # A service has no window: what the server prints would fail.
        sys.stdout = sys.stderr = (logs / "printed.log").open("w", encoding="utf-8", buffering=1)
        ClinicService.options = options
        servicemanager.Initialize(commands_of.NAME, sys.executable)
        servicemanager.PrepareToHostSingle(ClinicService)
        try:
            servicemanager.StartServiceCtrlDispatcher()  # type: ignore[no-untyped-call]  # pywin32 leaves it open
        except win32service.error as error:
            log.error("only Windows itself starts the service", reason=str(error))  # noqa: TRY400 - no trace needed
            return 1
        return 0

    def manage(options: argparse.Namespace) -> int:
        """Installs, starts, stops or removes the service."""
        scm = WindowsScm()
        act = options.act
        try:
            if act == "install":
                options.data_dir.mkdir(parents=True, exist_ok=True)
                set_up_service(
                    PureWindowsPath(sys.executable), PureWindowsPath(options.data_dir), scm, run_command
                )
            elif act == "start":
                start_and_wait(scm)
            else:
                if act == "hold" and scm.state() is not None:
                    carry_out(commands_of.hold(), run_command)
                stop_and_wait(scm)
                if act == "remove" and scm.state() is not None:
                    carry_out(commands_of.remove(), run_command)
        except ServiceTrouble as trouble:
            print(trouble, file=sys.stderr)
            return 1
        return 0

    def add(commands: Commands) -> None:
        """Adds `service`, which exists on Windows alone."""
        service = commands.add_parser("service", help="the server as a service of Windows")
        acts = service.add_subparsers(required=True, metavar="WHAT")
        for act, words in (
            ("install", "make or update the service, its rights and its firewall rules"),
            ("start", "start it and wait until it runs"),
            ("stop", "stop it and wait until it has ended"),
            ("hold", "stop it and let nothing start it until it is installed again"),
            ("remove", "take it away; the data stays"),
        ):
            acts.add_parser(act, help=words).set_defaults(run=manage, act=act, is_service=True)
        hosted = acts.add_parser("dispatch", help="called by Windows")
        add_run_options(hosted)
        hosted.set_defaults(run=dispatch, is_service=True)

else:

    def add(_: Commands) -> None:
        """Elsewhere systemd keeps the server; there is nothing to add."""
