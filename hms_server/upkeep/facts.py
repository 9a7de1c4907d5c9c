"""Reads what a server can see of itself: its disks, its backups, its database, the newest stored moment."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import psycopg

from hms_server.backup.settings import SettingsUnreadable, load_settings
from hms_server.backup.state import read_state
from hms_server.contract.upkeep import BackupRow, DatabaseRow, DiskRow


def read_disks(data_dir: Path, places: Iterable[str]) -> list[DiskRow]:
    """Room below the data folder, then below each folder of backups."""
    backups = [_read_disk(Path(place), purpose="backup") for place in places]
    return [_read_disk(data_dir, purpose="data"), *backups]


def _read_disk(place: Path, *, purpose: str) -> DiskRow:
    try:
        usage = psutil.disk_usage(str(place))
    except OSError as error:
        trouble = error.strerror or str(error)
        return DiskRow(place=str(place), purpose=purpose, free_bytes=0, total_bytes=0, trouble=trouble)
    return DiskRow(place=str(place), purpose=purpose, free_bytes=usage.free, total_bytes=usage.total)


def read_backup(data_dir: Path) -> BackupRow:
    """Where backups go and what became of the last ones; settings that cannot be read count as none."""
    state = read_state(data_dir)
    try:
        settings = load_settings(data_dir)
    except SettingsUnreadable as trouble:
        return BackupRow(last_good_at=state.last_good_at, last_trouble=str(trouble))
    return BackupRow(
        places=[str(place) for place in settings.places],
        last_good_at=state.last_good_at,
        last_good_file=state.last_good_file or "",
        last_good_bytes=state.last_good_bytes or 0,
        last_tried_at=state.last_tried_at,
        last_trouble=state.last_trouble,
        has_key=settings.recovery_public is not None,
        confirmed=settings.confirmed,
    )


def read_database(connection: psycopg.Connection[Any], *, embedded: bool) -> DatabaseRow:
    """Which PostgreSQL, and how much room the clinic's database takes."""
    row = connection.execute(DATABASE).fetchone()
    version, size = row or ("", 0)
    return DatabaseRow(embedded=embedded, version=version, size_bytes=size)


def newest_moment(connection: psycopg.Connection[Any]) -> datetime | None:
    """When the last thing happened that is stored; None in a database where nothing has happened yet."""
    row = connection.execute(NEWEST).fetchone()
    moment: datetime | None = row[0] if row else None
    return moment


def clinic_since(connection: psycopg.Connection[Any]) -> datetime | None:
    """When the clinic was made; None before its first start."""
    row = connection.execute("select created_at from clinic").fetchone()
    return row[0] if row else None


DATABASE = "select current_setting('server_version'), pg_database_size(current_database())"
NEWEST = """
select greatest(
    (select at from event order by event.transaction desc, number desc limit 1),
    (select at from audit order by audit.transaction desc, number desc limit 1)
)
"""
