"""What a server process is told when it starts."""

import os
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import platformdirs

from hms_server.contract.pairing import PAIRING_PORT

PORT = 7717
INSTALLED = "HMS Server"
"""In ProgramData, made by the installer for Windows; anybody may see it, but not the data inside."""


def default_data_dir() -> Path:
    """The server's own folder where nobody named another."""
    if sys.platform != "win32" and os.geteuid() == 0:
        # PostgreSQL does not run as root, and its own user may not enter root's home.
        return Path("/var/lib/hms-server")
    if sys.platform == "win32":
        # The service's, once its installer has made it: every command means the same clinic.
        installed = Path(os.environ.get("PROGRAMDATA", ""), INSTALLED)
        if installed.is_dir():
            return installed / "data"
    return Path(platformdirs.user_data_dir("hms-server", appauthor=False))


def prepare_data_dir(path: Path) -> None:
    """Makes the server's own folder, for its user alone."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`dsn` names a PostgreSQL of one's own; without it the embedded one runs inside `data_dir`."""

    data_dir: Path = field(default_factory=default_data_dir)
    dsn: str | None = None
    bind: str = "*"
    port: int = PORT
    pairing_port: int = PAIRING_PORT
    workers: int = 2
    announce: bool = True
    idle_after: timedelta = timedelta(minutes=30)
    requests_per_second: int = 1000
    events_kept: timedelta = timedelta(days=2)
    answers_kept: timedelta = timedelta(days=7)
    webhook: tuple[str, int] | None = None
    """Where Paystack's notices are taken, apart from everything else; None: nowhere."""
    jobs_kept: timedelta = timedelta(days=90)
    metrics_port: int = 0
    """Where `/health` and `/metrics` are served on the loopback; 0: nowhere."""

    @property
    def keys_path(self) -> Path:
        return self.data_dir / "keys.json"
