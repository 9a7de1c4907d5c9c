"""The nightly backup: at its hour, made up for when it was missed, and never a nuisance."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_server.backup.content import check_whole
from hms_server.backup.nightly import RETRY_AFTER, NightlyBackup, is_due
from hms_server.backup.sealing import Backup
from hms_server.backup.settings import BackupSettings
from hms_server.backup.state import BackupState, read_state, write_state
from tests.guards import LogGuard
from tests.server.backup.clinics import NIGHT, Clinic, as_nobody_knows

LAGOS = ZoneInfo("Africa/Lagos")
SETTINGS = BackupSettings(places=(Path("/mnt/disk"),), recovery_public=bytes(32), hour=2)
HOUR = timedelta(hours=1)


def good(at: datetime) -> BackupState:
    return BackupState(last_good_at=at, last_tried_at=at)


@pytest.mark.parametrize(
    ("state", "now", "due"),
    [
        (BackupState(), NIGHT, True),
        (good(NIGHT - timedelta(days=1)), NIGHT - timedelta(minutes=1), False),
        (good(NIGHT - timedelta(days=1)), NIGHT, True),
        (good(NIGHT), NIGHT + 23 * HOUR, False),
        (good(NIGHT), NIGHT + 24 * HOUR, True),
        # By hand in the evening: that night's is made all the same.
        (good(NIGHT - 4 * HOUR), NIGHT, True),
        # The machine was off for the night.
        (good(NIGHT - timedelta(days=3)), NIGHT + 7 * HOUR, True),
        # The disk was not plugged in.
        (BackupState(last_good_at=NIGHT - timedelta(days=1), last_tried_at=NIGHT), NIGHT + HOUR / 2, False),
        (BackupState(last_good_at=NIGHT - timedelta(days=1), last_tried_at=NIGHT), NIGHT + HOUR, True),
        # The clock was years ahead when the last one was made.
        (good(NIGHT + timedelta(days=900)), NIGHT, True),
    ],
)
def test_when_a_backup_is_due(state: BackupState, now: datetime, *, due: bool) -> None:
    assert is_due(state, SETTINGS, now, LAGOS) is due


def test_without_place_or_key_there_is_nothing_to_try() -> None:
    """The alarms speak of it; an attempt every hour would only fill the log."""
    assert not is_due(BackupState(), BackupSettings(recovery_public=bytes(32)), NIGHT, LAGOS)
    assert not is_due(BackupState(), BackupSettings(places=SETTINGS.places), NIGHT, LAGOS)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - the zone is added below
    st.integers(0, 23),
    st.sampled_from(["Africa/Lagos", "Africa/Cairo", "Africa/Casablanca", "UTC"]),
)
def test_no_day_without_a_backup(moment: datetime, hour: int, zone: str) -> None:
    """Whatever the hour and the clock changes: looked at every hour, never 26 hours go by."""
    now = moment.replace(tzinfo=UTC)
    settings = BackupSettings(places=SETTINGS.places, recovery_public=bytes(32), hour=hour)
    state = good(now)
    for _ in range(80):
        now += HOUR
        if is_due(state, settings, now, ZoneInfo(zone)):
            state = good(now)
        assert state.last_good_at is not None
        assert now - state.last_good_at <= 26 * HOUR


def test_a_due_backup_is_made_once(clinic: Clinic) -> None:
    nightly = NightlyBackup(clinic.data_dir, lambda: clinic.dsn, lambda: NIGHT, proving=False)

    nightly.look_once()
    nightly.look_once()

    assert [file.name for file in clinic.place.iterdir()] == ["clinic-2026-11-21-0200.hmsbackup"]


def test_a_nightly_backup_proves_itself(clinic: Clinic, data_dir: Path) -> None:
    """Loaded and counted on its way, in a PostgreSQL that is gone afterwards."""
    tickets = clinic.work(2)
    shutil.copytree(clinic.data_dir, data_dir, dirs_exist_ok=True)

    NightlyBackup(data_dir, lambda: clinic.dsn, lambda: NIGHT).look_once()

    (file,) = clinic.place.iterdir()
    assert check_whole(Backup(file), clinic.key).rows["ticket"] == len(tickets)
    assert read_state(data_dir).last_proved_at == NIGHT
    assert not (data_dir / "proof").exists()


def test_a_failure_is_told_and_tried_again_an_hour_later(clinic: Clinic, log_guard: LogGuard) -> None:
    log_guard.allow("no backup was made")
    clinic.place.rmdir()
    now = [NIGHT]
    nightly = NightlyBackup(clinic.data_dir, lambda: clinic.dsn, lambda: now[0], proving=False)

    nightly.look_once()
    assert "is not there" in read_state(clinic.data_dir).last_trouble

    clinic.place.mkdir()
    nightly.look_once()
    assert list(clinic.place.iterdir()) == []
    now[0] += RETRY_AFTER
    nightly.look_once()
    assert len(list(clinic.place.iterdir())) == 1


def test_a_place_that_got_none_is_told_in_the_log(clinic: Clinic, log_guard: LogGuard) -> None:
    log_guard.allow("a place got no backup")
    clinic.save(clinic.place, clinic.place / "absent")

    NightlyBackup(clinic.data_dir, lambda: clinic.dsn, lambda: NIGHT, proving=False).look_once()

    assert read_state(clinic.data_dir).last_good_at == NIGHT


def test_a_database_that_is_away_is_waited_for(clinic: Clinic) -> None:
    """It comes back by itself; a backup that could not even begin is no failed one."""
    nightly = NightlyBackup(
        clinic.data_dir, lambda: as_nobody_knows(clinic.dsn), lambda: NIGHT, proving=False
    )

    nightly.look_once()

    assert read_state(clinic.data_dir) == BackupState()


def test_damaged_settings_and_a_lost_key_file_do_not_end_the_thread(
    clinic: Clinic, log_guard: LogGuard
) -> None:
    log_guard.allow("no backup was made")
    (clinic.data_dir / "keys.json").write_text("{}")
    (clinic.data_dir / "keys.json").chmod(0o600)
    nightly = NightlyBackup(clinic.data_dir, lambda: clinic.dsn, lambda: NIGHT, proving=False)
    nightly.look_once()
    assert "is damaged" in read_state(clinic.data_dir).last_trouble

    write_state(clinic.data_dir, BackupState())
    (clinic.data_dir / "backup.json").write_text("{")
    nightly.look_once()

    assert list(clinic.place.iterdir()) == []


def test_the_thread_ends_with_the_server(clinic: Clinic) -> None:
    nightly = NightlyBackup(clinic.data_dir, lambda: clinic.dsn, lambda: NIGHT, proving=False)
    nightly.start()

    nightly.stop()
    NightlyBackup(clinic.data_dir, lambda: clinic.dsn, lambda: NIGHT, proving=False).stop()
