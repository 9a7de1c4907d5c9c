"""Reads what a server can see of itself: its disks, its backups, its database, the newest stored moment."""

import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import psycopg

from hms_server.backup.settings import SettingsUnreadable, load_settings
from hms_server.backup.state import read_state
from hms_server.contract.upkeep import BackupRow, DatabaseRow, DiskRow

ANSWER_S = 5.0


class Disks:
    """Looks at disks without waiting for one that does not answer, such as a folder of a machine that is off.

    The system lets nobody interrupt such a look; its thread is left behind, and only one for each place.
    """

    def __init__(self, *, answer_s: float = ANSWER_S) -> None:
        self._answer_s = answer_s
        self._looks: dict[str, _Look] = {}

    def read(self, data_dir: Path, places: Iterable[str]) -> list[DiskRow]:
        """Room below the data folder, then below each folder of backups."""
        data = self._look_at(str(data_dir))
        backups = [(place, self._look_at(place)) for place in places]
        return [
            _row(str(data_dir), data, purpose="data", with_data=False),
            *(_row(place, look, purpose="backup", with_data=_is_same(look, data)) for place, look in backups),
        ]

    def _look_at(self, place: str) -> "_Look":
        look = self._looks.get(place)
        if look is None or not look.is_alive():
            look = self._looks[place] = _Look(place)
            look.start()
            look.join(self._answer_s)
        return look


def _is_same(look: "_Look", data: "_Look") -> bool:
    return look.device is not None and look.device == data.device


def _row(place: str, look: "_Look", *, purpose: str, with_data: bool) -> DiskRow:
    if look.usage is None:
        trouble = look.trouble or "it does not answer"
        return DiskRow(place=place, purpose=purpose, free_bytes=0, total_bytes=0, trouble=trouble)
    free, total = look.usage
    return DiskRow(place=place, purpose=purpose, free_bytes=free, total_bytes=total, with_data=with_data)


class _Look(threading.Thread):
    def __init__(self, place: str) -> None:
        super().__init__(name="hms-disk", daemon=True)
        self._place = place
        self.usage: tuple[int, int] | None = None
        self.device: int | None = None
        self.trouble = ""

    def run(self) -> None:
        try:
            found = psutil.disk_usage(self._place)
        except OSError as error:
            self.trouble = error.strerror or str(error)
        else:
            self.usage = (found.free, found.total)
            with suppress(OSError):
                self.device = Path(self._place).stat().st_dev


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
        last_proved_at=state.last_proved_at,
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
