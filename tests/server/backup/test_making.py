"""Making backups: whole or not at all, in every place that takes one, and a sentence for each other."""

import errno
import os
import sys
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from hms_server.backup.content import check_whole
from hms_server.backup.copies import DRAFT_ENDING
from hms_server.backup.make import Source, back_up
from hms_server.backup.places import BadPlace, try_place
from hms_server.backup.recovery import RecoveryKey
from hms_server.backup.sealing import Backup
from hms_server.backup.settings import BackupSettings, SettingsUnreadable, load_settings, save_settings
from hms_server.backup.state import BackupState, read_state
from hms_server.backup.trouble import BackupFailed, BackupStopped
from hms_server.contract.private_files import is_private
from hms_server.contract.values import Role
from hms_server.contract.visits import CheckIn
from hms_server.events import current_position
from hms_server.keys import load_or_create
from tests.server.backup.clinics import NIGHT, Clinic, as_nobody_knows
from tests.server.test_events import read_all, tell

SMALL = 20_000
"""Bytes: more than any file of the server's own folder, fewer than any backup."""
FULL = OSError(errno.ENOSPC, "No space left on device")


def test_a_backup_has_its_name_its_content_and_a_state(clinic: Clinic) -> None:
    clinic.work(4)

    made = clinic.back_up()

    assert made.files == (clinic.place / "clinic-2026-11-21-0200.hmsbackup",)
    assert is_private(made.files[0])
    manifest = check_whole(Backup(made.files[0]), clinic.key)
    assert manifest.rows["ticket"] == 4
    assert read_state(clinic.data_dir) == BackupState(
        last_good_at=NIGHT,
        last_good_file=str(made.files[0]),
        last_good_bytes=made.files[0].stat().st_size,
        last_tried_at=NIGHT,
    )


def test_two_backups_of_one_minute_have_two_names(clinic: Clinic) -> None:
    first, second = clinic.back_up(), clinic.back_up()

    assert second.files[0].name == "clinic-2026-11-21-0200-2.hmsbackup"
    assert first.files[0].exists()


def test_work_that_goes_on_is_not_torn_apart(clinic: Clinic) -> None:
    """A check-in that commits while the dump runs is in the backup with all its rows or with none."""
    patients = clinic.desk.patients(40)

    def act(number: int) -> None:
        if number == 0:
            clinic.back_up()
            return
        for patient in patients[number::3]:
            clinic.desk.ask(CheckIn(patient_id=patient), Role.NURSE)

    clinic.desk.together(3, act)

    manifest = check_whole(Backup(clinic.place / "clinic-2026-11-21-0200.hmsbackup"), clinic.key)
    assert manifest.rows["ticket"] == manifest.rows["encounter"]


def test_screens_hear_of_events_while_a_backup_is_made(clinic: Clinic) -> None:
    """A transaction that lasts as long as the dump must hold back nobody's alerts."""
    heard: list[str] = []

    def look() -> bool:
        if not heard:
            with clinic.desk.connect() as connection:
                start = current_position(connection)
                tell(connection, "Alert")
                heard.extend(event.name for event in read_all(connection, count=1, after=start))
        return False

    back_up(clinic.source, now=NIGHT, stopping=look)

    assert heard == ["Alert"]


def test_one_bad_place_does_not_keep_the_other_from_its_backup(clinic: Clinic, tmp_path: Path) -> None:
    clinic.save(tmp_path / "not plugged in", clinic.place)

    made = clinic.back_up()

    assert [file.parent for file in made.files] == [clinic.place]
    assert "not plugged in is not there. Plug its disk in" in made.troubles[0]
    state = read_state(clinic.data_dir)
    assert state.last_good_at == NIGHT
    assert "not plugged in" in state.last_trouble


def test_a_disk_that_becomes_full_at_the_flush_leaves_no_draft(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some file systems say it as late as that; the older backups stay."""
    before = clinic.back_up(NIGHT - timedelta(days=1)).files[0]
    fsync = os.fsync

    def refuse(descriptor: int) -> None:
        if os.fstat(descriptor).st_size > SMALL:
            raise FULL
        fsync(descriptor)

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", refuse)
        with pytest.raises(BackupFailed, match="disk became full"):
            clinic.back_up()

    assert list(clinic.place.iterdir()) == [before]
    assert "became full" in read_state(clinic.data_dir).last_trouble
    assert read_state(clinic.data_dir).last_good_file == str(before)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of a file")
def test_a_disk_that_becomes_full_while_writing_leaves_no_draft(clinic: Clinic) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, hard))
    try:
        with pytest.raises(BackupFailed, match="disk became full"):
            clinic.back_up()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert list(clinic.place.iterdir()) == []


def test_a_place_with_too_little_room_is_not_even_begun(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: _Usage())

    with pytest.raises(BackupFailed, match="has 1 MB free and a backup needs about"):
        clinic.back_up()

    assert list(clinic.place.iterdir()) == []
    assert "1 MB free" in read_state(clinic.data_dir).last_trouble


class _Usage:
    free = 1 << 20


def test_what_reads_back_differently_is_no_backup(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cheap disk says that all is well and stores something else."""
    fsync = os.fsync

    def spoil(descriptor: int) -> None:
        fsync(descriptor)
        size = os.fstat(descriptor).st_size
        if size > SMALL:
            os.pwrite(descriptor, b"\x00\x01\x02", size // 2)

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", spoil)
        with pytest.raises(BackupFailed, match="reads back differently"):
            clinic.back_up()

    assert list(clinic.place.iterdir()) == []


def test_without_key_or_place_the_sentence_says_what_to_do(clinic: Clinic) -> None:
    save_settings(clinic.data_dir, BackupSettings(places=(clinic.place,)))
    with pytest.raises(BackupFailed, match="make one with 'hms-server recovery-key'"):
        clinic.back_up()

    save_settings(clinic.data_dir, BackupSettings(recovery_public=clinic.key.public))
    with pytest.raises(BackupFailed, match="'hms-server backup-places FOLDER'"):
        clinic.back_up()

    assert "backup-places" in read_state(clinic.data_dir).last_trouble


def test_a_named_folder_is_used_alone_and_nothing_in_it_is_deleted(clinic: Clinic, tmp_path: Path) -> None:
    (tmp_path / "stick").mkdir()
    for hour in range(3):
        clinic.back_up(NIGHT - timedelta(hours=hour), tmp_path / "stick")

    assert len(list((tmp_path / "stick").iterdir())) == 3
    assert list(clinic.place.iterdir()) == []


def test_old_backups_go_and_those_of_another_clinic_stay(clinic: Clinic) -> None:
    """Two clinics may share one disk on the network."""
    foreign = clinic.back_up(NIGHT - timedelta(days=300)).files[0]
    (clinic.data_dir / "keys.json").unlink()
    (clinic.place / "clinic-2020-01-01-0000.hmsbackup").write_bytes(b"no backup, but somebody's")
    for day in range(9, -1, -1):
        clinic.back_up(NIGHT - timedelta(days=day))

    names = sorted(file.name for file in clinic.place.iterdir())

    assert foreign.exists()
    assert "clinic-2020-01-01-0000.hmsbackup" in names
    assert len(names) == 2 + 7


def test_the_newest_backup_stays_also_where_the_clock_is_behind(clinic: Clinic) -> None:
    """A small machine wakes up in another year: what it has just made is not the oldest of all."""
    for month in range(12):
        clinic.back_up(NIGHT - timedelta(days=30 * month))

    made = clinic.back_up(NIGHT - timedelta(days=3000))

    assert made.files[0].exists()
    assert len(list(clinic.place.iterdir())) == 13


def test_a_backup_without_the_keys_of_the_clinic_is_none(clinic: Clinic) -> None:
    """Lost or mixed up, they are told, and none are made in their place."""
    keys_file = clinic.data_dir / "keys.json"
    clinic.desk.sql("update clinic set server_key = %s", (clinic.server_key,))
    clinic.back_up()
    keys_file.unlink()

    with pytest.raises(BackupFailed, match=r"There is no key file .* a backup would be of no use"):
        clinic.back_up()
    assert not keys_file.exists()
    load_or_create(keys_file)
    with pytest.raises(BackupFailed, match="are not those of the clinic in this database"):
        clinic.back_up()

    assert len(list(clinic.place.iterdir())) == 1


def test_a_draft_of_a_killed_backup_is_cleared_and_a_young_one_left(clinic: Clinic) -> None:
    dead = clinic.place / f".clinic-2026-11-20-0200-1{DRAFT_ENDING}"
    alive = clinic.place / f".clinic-2026-11-21-0159-2{DRAFT_ENDING}"
    for draft, age in ((dead, timedelta(hours=2)), (alive, timedelta(minutes=1))):
        draft.write_bytes(b"half")
        moment = (NIGHT - age).timestamp()
        os.utime(draft, (moment, moment))

    clinic.back_up()

    assert not dead.exists()
    assert alive.exists()


def test_a_server_that_stops_gives_the_backup_up(clinic: Clinic) -> None:
    with pytest.raises(BackupStopped):
        back_up(clinic.source, now=NIGHT, stopping=lambda: True)

    assert list(clinic.place.iterdir()) == []
    assert read_state(clinic.data_dir) == BackupState()


def test_a_database_that_is_away_is_told(clinic: Clinic) -> None:
    with pytest.raises(psycopg.OperationalError):
        back_up(Source(dsn=as_nobody_knows(clinic.dsn), data_dir=clinic.data_dir), now=NIGHT)

    assert "The database does not answer" in read_state(clinic.data_dir).last_trouble


def test_places_are_tried_by_writing(tmp_path: Path) -> None:
    assert try_place(tmp_path) > 0
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(BadPlace, match="does not say where it begins"):
        try_place(Path("backups"))
    (tmp_path / "file").touch()
    with pytest.raises(BadPlace, match="is not there"):
        try_place(tmp_path / "file")


@pytest.mark.skipif(sys.platform != "linux", reason="a folder that nobody at all can write to")
def test_whoever_has_to_write_to_a_place_is_named() -> None:
    """Whoever mends the rights of a folder does not know under which user the server works."""
    user = Path("/proc/self").owner()

    with pytest.raises(BadPlace, match=rf"cannot be written: .*\({user}\) write to it"):
        try_place(Path("/proc"))


def test_settings_are_kept_and_damage_is_told(tmp_path: Path) -> None:
    assert load_settings(tmp_path) == BackupSettings()
    settings = BackupSettings(
        places=(Path("/mnt/disk"),), recovery_public=RecoveryKey.new().public, confirmed=True, hour=23
    )

    save_settings(tmp_path, settings)

    assert load_settings(tmp_path) == settings
    assert is_private(tmp_path / "backup.json")
    (tmp_path / "backup.json").write_text("{")
    with pytest.raises(SettingsUnreadable, match=r"backup.json cannot be read"):
        load_settings(tmp_path)


def test_a_damaged_state_counts_as_no_backup(tmp_path: Path) -> None:
    (tmp_path / "backup-state.json").write_text("{")

    state = read_state(tmp_path)

    assert state.last_good_at is None
    assert "cannot be read" in state.last_trouble
