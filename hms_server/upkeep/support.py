"""Packs a file for whoever helps from afar: how the server is, and nothing of any patient."""

import os
import platform
import sys
import zipfile
from collections.abc import Iterable, Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from hms_server.backup.settings import BackupSettings, SettingsUnreadable, load_settings
from hms_server.contract.build import BUILD
from hms_server.logs import log_files
from hms_server.postgres_tuning import this_machine, tuned
from hms_server.upkeep.checking import Ground
from hms_server.upkeep.database_checks import known_revisions
from hms_server.upkeep.doctor import examine
from hms_server.upkeep.scrubbing import Scrubber, own_scrubber
from hms_server.upkeep.status import read_status

TAIL_BYTES = 2_000_000
"""Of each log; older lines help nobody."""
JOURNAL_LINES = "5000"
SERVICE_LOG = Path("logs", "server.log")
"""Where the service of Windows writes, inside the data folder."""
ABOUT = """\
A support file of a clinic's server.

It holds no patient's data, no password and no key: settings are named one by one, tables are counted and
never read, and of the logs only the program's own words are left ("…" and "#" stand for the rest).
"""


def write_bundle(ground: Ground, path: Path | None, *, log_file: Path | None = None) -> Path:
    """Writes the file, readable by its owner alone, and says where it is; OSError where it cannot.

    Never into a file that is there: in a folder of everybody's it may be somebody else's, or lead elsewhere.
    """
    target = path or Path.cwd() / f"hms-support-{ground.now:%Y%m%d-%H%M%S}.zip"
    scrubber = own_scrubber(_names(ground))
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("README.txt", ABOUT)
        for name, content in _reports(ground, scrubber).items():
            packed.writestr(f"{name}.json", msgspec.json.format(msgspec.json.encode(content)))
        for name, lines in _logs(ground, log_file):
            packed.writestr(f"logs/{name}", "\n".join(scrubber.lines(lines)))
    return target.absolute()


def _reports(ground: Ground, scrubber: Scrubber) -> dict[str, Any]:
    return {
        "versions": _versions(ground),
        "settings": _settings(ground),
        "machine": {"memory": this_machine().memory, "processors": this_machine().processors},
        "doctor": [
            {
                "code": result.check.code,
                "verdict": result.answer.verdict.value,
                "sentence": scrubber.line(result.answer.sentence),
            }
            for result in examine(ground)
        ],
        "status": _status(ground, scrubber),
        "tables": _rows(ground, TABLES),
        "activity": _rows(ground, ACTIVITY),
        "migrations": {"known": sorted(known_revisions()), "database": _rows(ground, MIGRATION)},
    }


def _versions(ground: Ground) -> dict[str, Any]:
    database = ground.connection.info.server_version if ground.connection else None
    packages = {one.metadata["Name"]: one.version for one in distributions()}
    return {
        "program": BUILD.version,
        "commit": BUILD.commit,
        "built_at": BUILD.built_at,
        "python": platform.python_version(),
        "system": platform.platform(),
        "machine": platform.machine(),
        "frozen": bool(getattr(sys, "frozen", False)),
        "postgresql": database,
        "packages": dict(sorted(packages.items())),
    }


def _settings(ground: Ground) -> dict[str, Any]:
    """Named one by one, so that a setting which is added later is not shown before somebody has thought."""
    try:
        backup = load_settings(ground.data_dir)
    except SettingsUnreadable:
        backup = BackupSettings()
    wanted = tuned(this_machine())
    return {
        "embedded": ground.embedded,
        "port": ground.port,
        "pairing_port": ground.pairing_port,
        "time_zone": ground.value("select time_zone from clinic"),
        "currency": ground.value("select currency from clinic"),
        "backup_places": len(backup.places),
        "backup_hour": backup.hour,
        "recovery_key": backup.recovery_public is not None,
        "recovery_key_confirmed": backup.confirmed,
        "postgresql_wanted": dict(wanted),
        "postgresql": {row["name"]: row["setting"] for row in _rows(ground, SETTINGS, (list(wanted),))},
        "providers_on": [row["name"] for row in _rows(ground, PROVIDERS)],
    }


def _status(ground: Ground, scrubber: Scrubber) -> dict[str, Any]:
    status = read_status(ground)
    return {
        "running": status.running,
        "version": status.version,
        "since": status.since,
        "database_bytes": status.database_bytes,
        "sessions": status.sessions,
        "devices": status.devices,
        "outside_jobs": status.outside_jobs,
        "audit_sealed_up_to": status.audit_sealed_up_to,
        "audit_unsealed": status.audit_unsealed,
        "last_good_backup": status.backup.last_good_at,
        "last_backup_bytes": status.backup.last_good_bytes,
        "last_backup_trouble": scrubber.line(status.backup.last_trouble),
        "disks": [
            {"purpose": disk.purpose, "free": disk.free_bytes, "total": disk.total_bytes}
            for disk in status.disks
        ],
        "conditions": [
            {"code": each.code.partition(":")[0], "level": each.level.value, "since": each.since}
            for each in status.conditions
        ],
        "other_servers": len(status.other_servers),
    }


def _logs(ground: Ground, log_file: Path | None) -> Iterator[tuple[str, Iterable[str]]]:
    journal = ground.run("journalctl", "-u", "hms-server", "-n", JOURNAL_LINES, "-o", "cat", "--no-pager")
    if journal is not None and journal.code == 0 and "No entries" not in journal.out:
        yield "journal.txt", journal.out.splitlines()
    for number, path in enumerate(log_files(log_file or ground.data_dir / SERVICE_LOG)):
        yield f"server-{number}.txt", _tail(path)
    cluster_log = ground.data_dir / "postgres" / "cluster" / "log"
    try:
        files = sorted(cluster_log.glob("*.log"))
    except OSError:
        files = []
    for number, path in enumerate(files):
        yield f"postgresql-{number}.txt", _tail(path)


def _tail(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - TAIL_BYTES, 0))
            return file.read().decode("utf-8", errors="replace").splitlines()
    except OSError as error:
        return [f"cannot be read: {type(error).__name__}"]


def _names(ground: Ground) -> list[str]:
    return [row["name"] for row in _rows(ground, NAMES)]


def _rows(ground: Ground, query: Any, params: tuple[Any, ...] = ()) -> list[dict[str, Any]]:
    """Rows of the catalogue by column; none without a database, or where it is in disorder."""
    if ground.connection is None:
        return []
    try:
        cursor = ground.connection.execute(query, params)
        columns = [column.name for column in cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    except psycopg.Error:
        return []


TABLES = """
select relname as name, n_live_tup as rows, n_dead_tup as dead,
    pg_total_relation_size(relid) as bytes, last_autovacuum, last_autoanalyze
from pg_stat_user_tables order by relname
"""
ACTIVITY = """
select coalesce(state, backend_type) as state, wait_event_type, wait_event, count(*) as count,
    max(extract(epoch from now() - xact_start))::int as oldest_s
from pg_stat_activity where datname = current_database() group by 1, 2, 3 order by 1, 2, 3
"""
MIGRATION = "select version_num from alembic_version"
SETTINGS = (
    "select name, setting || coalesce(' ' || unit, '') as setting from pg_settings where name = any(%s)"
)
PROVIDERS = "select name from relay_provider where enabled order by name"
NAMES = """
select relname::text as name from pg_class where relnamespace = 'public'::regnamespace
union select conname::text from pg_constraint where connamespace = 'public'::regnamespace
"""
