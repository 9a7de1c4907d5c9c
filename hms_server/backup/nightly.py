"""Makes the nightly backup by itself while the server runs."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import structlog

from hms_server.backup.make import Source, back_up
from hms_server.backup.set_aside import clear_aside
from hms_server.backup.settings import BackupSettings, load_settings
from hms_server.backup.state import BackupState, read_state
from hms_server.backup.trouble import BackupFailed, BackupStopped
from hms_server.clock import Clock
from hms_server.database import connect
from hms_server.postgres_programs import PostgresFailed

log = structlog.get_logger()

LOOK_EVERY_S = 60.0
RETRY_AFTER = timedelta(hours=1)


def is_due(state: BackupState, settings: BackupSettings, now: datetime, zone: tzinfo) -> bool:
    """Whether a backup is to be made now; `settings.hour` is an hour of `zone`.

    One that was missed, because the server was off or a disk was away, is made as soon as that is over: a
    failed one is tried again every hour. Without a place or a recovery key there is nothing to try.
    """
    if not settings.places or settings.recovery_public is None:
        return False
    if state.last_tried_at is not None and timedelta() <= now - state.last_tried_at < RETRY_AFTER:
        return False
    return state.last_good_at is None or not _last_turn(settings.hour, now, zone) <= state.last_good_at <= now


def _last_turn(hour: int, now: datetime, zone: tzinfo) -> datetime:
    local = now.astimezone(zone)
    turn = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return turn if turn <= local else turn - timedelta(days=1)


class NightlyBackup:
    """A thread that looks once a minute; it ends in the midst of a backup when the server is stopped.

    `proving`: each backup is loaded into a PostgreSQL of its own on its way, where there is room for one.
    """

    def __init__(self, data_dir: Path, dsn: Callable[[], str], clock: Clock, *, proving: bool = True) -> None:
        self._data_dir = data_dir
        self._proving = proving
        self._dsn = dsn
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hms-backup", daemon=True)

    def start(self) -> None:
        """Begins to look."""
        self._thread.start()

    def stop(self) -> None:
        """Waits for the thread; a backup under way is given up and leaves no file."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def look_once(self) -> None:
        """Makes a backup if one is due."""
        try:
            settings = load_settings(self._data_dir)
            if not settings.places or not is_due(
                read_state(self._data_dir), settings, self._clock(), self._zone()
            ):
                return
            source = Source(dsn=self._dsn(), data_dir=self._data_dir)
            made = back_up(source, now=self._clock(), stopping=self._stopping.is_set, proving=self._proving)
        except BackupStopped:
            log.info("the backup was given up because the server stops")
        except psycopg.OperationalError as error:
            log.info("the backup waits for the database", error=str(error))
        except (BackupFailed, PostgresFailed, psycopg.Error, OSError) as failure:
            log.warning("no backup was made", reason=str(failure))
        else:
            names = [str(file) for file in made.files]
            log.info("backed up", files=names, bytes=made.size, proved=made.proved)
            if made.troubles:
                log.warning("a place got no backup", reason=" ".join(made.troubles))

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            self.look_once()
            self.clear_once()

    def clear_once(self) -> None:
        """Deletes what restores and moves kept aside long ago."""
        try:
            cleared = clear_aside(self._data_dir, self._clock())
        except OSError as error:
            log.info("what was kept aside stays", reason=str(error))
            return
        if cleared:
            log.info("cleared what was kept aside", folders=[path.name for path in cleared])

    def _zone(self) -> tzinfo:
        with connect(self._dsn(), application_name="hms-server backup") as connection:
            row = connection.execute("select time_zone from clinic").fetchone()
        return ZoneInfo(row[0] if row else "UTC")
