"""Finds `hms-server` here and runs its set-up: answers go in by standard input, lines come back."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, QProcess, Signal

from hms_server.contract.setup import PlanFault, SetupDone, SetupLine, SetupNews, SetupPlan

_NAME = "hms-server.exe" if sys.platform == "win32" else "hms-server"
_SYSTEM_FOLDERS = ("/usr/", "/opt/")
_PKEXEC_CANCELLED = (126, 127)
"""What pkexec gives back where nobody has allowed it."""


def find_program() -> Path | None:
    """Beside this program, or where the system finds programs; None where it is not installed."""
    here = Path(sys.executable)
    beside = [here.with_name(_NAME), here.parents[1] / "server" / _NAME]
    # Where the installer for Windows puts it.
    beside += [folder / "HMS Server" / "program" / _NAME for folder in here.parents]
    found = next((path for path in beside if path.is_file()), None)
    if found is None and (named := shutil.which(_NAME)):
        found = Path(named)
    return found


def command_for(program: Path, *, is_root: bool | None = None, pkexec: str | None = None) -> list[str]:
    """How the program is started with the rights it needs; a packaged one asks for the administrator's."""
    if is_root is None:
        is_root = sys.platform == "win32" or os.geteuid() == 0
    if is_root or not str(program).startswith(_SYSTEM_FOLDERS):
        return [str(program)]
    helper = shutil.which("pkexec") if pkexec is None else pkexec
    return [helper, str(program)] if helper else [str(program)]


class SetupProgram(QObject):
    """One run at a time; every run ends with exactly one of `done` and `failed`."""

    news = Signal(str)
    done = Signal(object)
    """A `SetupDone`."""
    failed = Signal(object)
    """A list of `PlanFault`; one without a key is about the whole."""

    def __init__(
        self,
        program: Path,
        *,
        arguments: Sequence[str] = (),
        before: Sequence[str] | None = None,
        parent: QObject | None = None,
    ) -> None:
        """`arguments` come before the command, such as a data folder; `before` stands before the program."""
        super().__init__(parent)
        self.program = program
        self._arguments = list(arguments)
        self._command = command_for(program) if before is None else [*before, str(program)]
        self._process: QProcess | None = None
        self._rest = b""
        self._has_ended = False

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def set_up(self, plan: SetupPlan) -> None:
        """Hands the answers over. The password stands in no file and in no list of processes."""
        self._rest, self._has_ended = b"", False
        process = self._prepare(self._command, ["setup", "--from", "-", "--json"])
        process.readyReadStandardOutput.connect(lambda: self._on_output(process))
        process.finished.connect(lambda code, _status: self._on_finished(process, code))
        process.start()
        process.write(msgspec.json.encode(plan))
        process.closeWriteChannel()

    def stop(self) -> None:
        """Ends what runs; a set-up that is ended before its last step has stored nothing."""
        process, self._process = self._process, None
        if process is not None:
            process.blockSignals(True)
            process.kill()
            process.waitForFinished(5000)

    def _prepare(self, command: Sequence[str], arguments: Sequence[str]) -> QProcess:
        process = QProcess(self)
        process.setProgram(command[0])
        process.setArguments([*command[1:], *self._arguments, *arguments])
        process.errorOccurred.connect(self._on_error)
        self._process = process
        return process

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            sentence = self.tr("The program {path} could not be started.").format(path=self.program)
            self._end([PlanFault("", sentence)])

    def _on_output(self, process: QProcess) -> None:
        *lines, self._rest = (self._rest + bytes(process.readAllStandardOutput().data())).split(b"\n")
        for line in filter(None, lines):
            try:
                said = msgspec.json.decode(line, type=SetupLine)
            except msgspec.DecodeError:
                continue
            if isinstance(said, SetupNews):
                self.news.emit(said.text)
            elif not self._has_ended:
                self._has_ended = True
                if isinstance(said, SetupDone):
                    self.done.emit(said)
                else:
                    self.failed.emit(said.faults)

    def _on_finished(self, process: QProcess, code: int) -> None:
        self._on_output(process)
        said = bytes(process.readAllStandardError().data()).decode("utf-8", "replace").strip()
        process.deleteLater()
        self._process = None
        if self._has_ended:
            return
        if code in _PKEXEC_CANCELLED and len(self._command) > 1:
            sentence = self.tr("Nobody has allowed it with the password of this machine. Nothing was stored.")
        else:
            last = said.splitlines()[-1] if said else str(code)
            sentence = self.tr("The set-up ended early: {reason}").format(reason=last)
        self._end([PlanFault("", sentence)])

    def _end(self, faults: list[PlanFault]) -> None:
        self._process = None
        if not self._has_ended:
            self._has_ended = True
            self.failed.emit(faults)
