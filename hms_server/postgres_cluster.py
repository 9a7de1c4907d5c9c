"""The files of the embedded PostgreSQL: where they lie, how they are made, what its server is told."""

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from hms_server.postgres_programs import PostgresFailed, Programs, last_line
from hms_server.postgres_tuning import this_machine, tuned

DATABASE = "hms"
KEPT_LOGS = 7
_ADMINISTRATOR = "postgres"

_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "fsync": "on",
        "synchronous_commit": "on",
        "wal_compression": "on",
        "autovacuum": "on",
        "random_page_cost": "1.1",
        "jit": "off",
        "idle_in_transaction_session_timeout": "60s",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "logging_collector": "on",
        "log_directory": "log",
        # A new file each day and every few megabytes; `prune_logs` keeps the newest, so neither age nor a
        # rush of messages fills the disk.
        "log_filename": "postgresql-%Y-%m-%d_%H%M%S.log",
        "log_rotation_age": "1d",
        "log_rotation_size": "10MB",
        "log_truncate_on_rotation": "on",
        # What a message says of the values of a row is a patient's data, and a log is read by anybody.
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "log_parameter_max_length": "0",
    }
)
_ACCESS = """\
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The files below `home`, of which only `data` belongs to PostgreSQL's user."""

    home: Path

    @property
    def data(self) -> Path:
        return self.home / "cluster"

    @property
    def passwords(self) -> Path:
        """In libpq's own format, so that a DSN names the file and carries no secret."""
        return self.home / "pgpass"

    @property
    def start_log(self) -> Path:
        return self.data / "start.log"

    @property
    def _draft(self) -> Path:
        return self.home / "cluster.new"

    def remove(self) -> None:
        """Under another name first: one that bears its own name is complete, and the next clears up."""
        if self._draft.exists():
            shutil.rmtree(self._draft)
        self.data.rename(self._draft)
        shutil.rmtree(self._draft)

    def create(self, programs: Programs) -> None:
        """Makes the cluster under another name first: one that bears its own name is complete."""
        draft = self._draft
        if draft.exists():
            shutil.rmtree(draft)
        draft.mkdir(mode=0o700)
        programs.give(draft)
        locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8")
        # Nobody can sign in before the cluster has passwords and rules of its own.
        safety = ("--auth=reject", "--data-checksums", "--no-instructions")
        programs.run("initdb", "-D", draft, "-U", _ADMINISTRATOR, *locale, *safety)
        _append(draft / "postgresql.conf", "include '../hms.conf'\n")
        (draft / "pg_hba.conf").write_text(_ACCESS, encoding="utf-8")
        self.configure({})
        self._create_database(programs, draft)
        draft.rename(self.data)

    def configure(self, settings: Mapping[str, str]) -> None:
        """Writes what the server reads at its next start; what `alter system` set goes over it."""
        merged = {**_SETTINGS, **tuned(this_machine()), **settings}
        lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in merged.items()]
        path = self.home / "hms.conf"
        path.write_text("".join(lines), encoding="utf-8")
        path.chmod(0o644)

    def refuse_foreign(self, programs: Programs) -> None:
        """Says what is wrong with a cluster that this program cannot open."""
        if not self.passwords.exists():
            message = f"The passwords of PostgreSQL are missing: put {self.passwords} back from a backup."
            raise PostgresFailed(message)
        written_by = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        ours = programs.run("postgres", "--version").split()[2].partition(".")[0]
        if written_by != ours:
            message = (
                f"The data in {self.data} was written by PostgreSQL {written_by} and this program brings "
                f"PostgreSQL {ours}: restore a backup into a new data folder."
            )
            raise PostgresFailed(message)

    def prune_logs(self, *, keep: int = KEPT_LOGS) -> int:
        """Removes all but the newest files of PostgreSQL's log, and says how many; the one in use stays."""
        logs = sorted(self.data.glob("log/*.log"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for path in logs[keep:]:
            path.unlink(missing_ok=True)
        return len(logs[keep:])

    def last_log_line(self) -> str:
        """What PostgreSQL said last about why it did not start, or where it stands."""
        logs = [*self.data.glob("log/*.log"), self.start_log]
        written = [path for path in logs if path.exists() and path.stat().st_size]
        if not written:
            return "it left no message"
        newest = max(written, key=lambda path: path.stat().st_mtime_ns)
        return last_line(newest.read_text(encoding="utf-8", errors="replace")[-4096:])

    def _create_database(self, programs: Programs, draft: Path) -> None:
        administrator, user = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        statements = (
            f"alter role {_ADMINISTRATOR} password '{administrator}';\n"
            # An ordinary role: row-level security binds it; restores and tests create databases.
            f"create role {DATABASE} login createdb password '{user}';\n"
            f"create database {DATABASE} owner {DATABASE};\n"
        )
        quiet = ("-c", "logging_collector=off")
        said = programs.run("postgres", "--single", *quiet, "-D", draft, "postgres", text_in=statements)
        if "ERROR:" in said:
            message = f"PostgreSQL could not create its database: {last_line(said)}"
            raise PostgresFailed(message)
        self.passwords.unlink(missing_ok=True)
        self.passwords.touch(mode=0o600)
        lines = f"*:*:*:{_ADMINISTRATOR}:{administrator}\n*:*:*:{DATABASE}:{user}\n"
        self.passwords.write_text(lines, encoding="utf-8")


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)
