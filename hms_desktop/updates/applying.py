"""Puts a proved update in the place of the program, in the way in which the program came onto the machine."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

import structlog
from PySide6.QtCore import QLockFile

from hms_desktop.updates.installation import Installation
from hms_desktop.updates.launcher import RESTART_CODE, has_current, install
from hms_desktop.updates.packaged import ARGUMENT, has_policy, install_with
from hms_desktop.updates.placing import place
from hms_desktop.updates.trusted import UpdateRefused, tr
from hms_server.contract.updates import InstallerKind, Manifest

log = structlog.get_logger()

NOT_ALLOWED = (126, 127)
"""How pkexec ends where the person gave no password of an administrator."""
PATIENCE_S = 900
"""A person has to find the password; the package manager waits for another one."""
LOCK = "placing.lock"
"""Held in the program's folder by the window that puts a version there: several may share it."""
PLACING_S = 120
"""So long another window is waited for."""


class Means(Enum):
    """Who has to be there for an update."""

    ALONE = "alone"
    """Nobody: it can happen at night."""
    ADMINISTRATOR = "administrator"
    """Somebody who types an administrator's password when the machine asks for it."""
    BY_HAND = "by hand"
    """An administrator with a command."""


def means_of(installation: Installation) -> Means:
    """What it takes on this machine."""
    if installation.kind is InstallerKind.TAR and installation.home is not None:
        return Means.ALONE if os.access(installation.home, os.W_OK) else Means.BY_HAND
    if installation.kind is InstallerKind.DEB:
        if has_policy():
            return Means.ALONE
        return Means.ADMINISTRATOR if shutil.which("pkexec") else Means.BY_HAND
    return Means.ADMINISTRATOR


def command_for(path: Path, installation: Installation) -> str:
    """What an administrator types where the program itself may not; empty where no command does it."""
    if installation.kind is not InstallerKind.DEB:
        return ""
    # Not dpkg itself: the program proves the file once more, which lies where others than root may change it.
    return f"sudo hms-desktop {ARGUMENT} {shlex.quote(str(path))}"


def apply(path: Path, manifest: Manifest, installation: Installation) -> None:
    """Waits until it is done. `UpdateRefused`: the program that runs goes on, as if nothing had been."""
    if installation.kind is InstallerKind.TAR and installation.home is not None:
        with _alone_in(installation.home):
            if not has_current(installation.home, manifest.version):
                place(path, installation.home, manifest.version)
    elif installation.kind is InstallerKind.DEB:
        if _installed_package() != manifest.version:
            _ask_for_root(path, installation)
    elif installation.kind is InstallerKind.NSIS:
        _start_windows_installer(path, installation)
    else:
        raise UpdateRefused(tr("This program was put here by hand, and is updated by hand."))


def install_bundle(home: Path, installation: Installation) -> Path:
    """Puts the bundle that runs into a folder in which it can be updated; gives what is to be started."""
    if installation.kind is InstallerKind.NSIS or not installation.is_bundle:
        raise UpdateRefused(tr("Only a bundle for Linux can be installed into a folder."))
    try:
        return install(installation.program.parent, home.absolute(), installation.version)
    except OSError as error:
        sentence = tr("The program cannot be installed there: {reason}.")
        raise UpdateRefused(sentence.format(reason=error.strerror or error)) from error


def end(code: int, *, installation: Installation) -> int:
    """The exit code of the program; after an update it begins anew, where nobody else sees to that."""
    if code != RESTART_CODE or installation.kind is InstallerKind.TAR:
        return code
    if installation.kind is InstallerKind.DEB:
        # The bundle's starter would take what it has told this process for its own.
        os.environ["PYINSTALLER_RESET_ENVIRONMENT"] = "1"
        os.execv(installation.program, [str(installation.program), *sys.argv[1:]])  # noqa: S606 - ourselves
    return 0


def windows_command(path: Path, program: Path, arguments: Sequence[str], *, process_id: int) -> list[str]:
    """Waits until this program has ended, asks for the administrator, installs silently, starts it again."""
    steps = [
        f"Wait-Process -Id {process_id} -ErrorAction SilentlyContinue",
        f"Start-Process -FilePath {_quoted(str(path))} -ArgumentList '/S' -Verb RunAs -Wait",
        f"Start-Process -FilePath {_quoted(str(program))}",
    ]
    if arguments:
        # One string: PowerShell joins a list without quoting what has spaces.
        steps[-1] += f" -ArgumentList {_quoted(subprocess.list2cmdline(arguments))}"
    return ["powershell", "-NoProfile", "-WindowStyle", "Hidden", "-Command", "; ".join(steps)]


def _ask_for_root(path: Path, installation: Installation) -> None:
    """By the program's own policy, which needs no password; else as an administrator.

    Either way the program proves the file as root: between our proof and a typed password it may be changed.
    """
    install_with(["pkexec", str(installation.program), ARGUMENT, str(path)], _run_as_root)


@contextmanager
def _alone_in(home: Path) -> Iterator[None]:
    """Two windows that update in the same minute of the night must not unpack into the same folder."""
    lock = QLockFile(str(home / LOCK))
    lock.setStaleLockTime(0)
    end_s = time.monotonic() + PLACING_S
    # Where there can be no lock there can be no new version either, and placing it says why.
    while not lock.tryLock(0) and lock.error() == QLockFile.LockError.LockFailedError:
        if time.monotonic() >= end_s:
            raise UpdateRefused(tr("Another window is updating this program. Try again later."))
        time.sleep(0.5)
    try:
        yield
    finally:
        lock.unlock()


def _installed_package() -> str:
    """The version that the package manager knows: another window may have been quicker."""
    command = ["dpkg-query", "--show", "--showformat=${Version}", "hms-desktop"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30).stdout  # noqa: S603 - the system's own
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _run_as_root(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(  # noqa: S603 - the system's own
        command, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    if done.returncode in NOT_ALLOWED:
        log.info("not allowed", output=done.stderr[-500:])
        raise UpdateRefused(
            tr("An administrator of this machine has to allow the update. Nothing was changed.")
        )
    return done


def _start_windows_installer(path: Path, installation: Installation) -> None:
    command = windows_command(path, installation.program, sys.argv[1:], process_id=os.getpid())
    try:
        subprocess.Popen(command)  # noqa: S603 - the system's own
    except OSError as error:
        raise UpdateRefused(tr("The installer cannot be started. Nothing was changed.")) from error


def _quoted(text: str) -> str:
    """As PowerShell reads it back, whatever signs are in it."""
    return "'" + text.replace("'", "''") + "'"
