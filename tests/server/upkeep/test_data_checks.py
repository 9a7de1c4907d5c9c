"""The doctor looks at what the clinic would lose; each trouble is really made."""

import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from hms_server.backup.settings import BackupSettings, save_settings
from hms_server.backup.state import BackupState, write_state
from hms_server.keys import load_or_create
from hms_server.upkeep import data_checks as checks
from hms_server.upkeep.checking import Verdict
from tests.server.desk import Desk
from tests.server.upkeep.grounds import NOW, ground, mounted, says

ON_WINDOWS = sys.platform == "win32"
AS_ROOT = not ON_WINDOWS and os.geteuid() == 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir(mode=0o700)
    return made


def test_a_disk_with_room_is_good(folder: Path) -> None:
    assert says(checks.check_disk_room(ground(folder))) is Verdict.GOOD


@pytest.mark.skipif(ON_WINDOWS, reason="needs a disk of its own")
def test_a_full_disk_is_found(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=2m") as disk:
        answer = checks.check_disk_room(ground(disk))

    assert says(answer) is Verdict.WRONG
    assert "free of 2 MB" in answer.sentence


def test_a_folder_that_takes_files_is_good_and_keeps_none(folder: Path) -> None:
    assert says(checks.check_writable(ground(folder))) is Verdict.GOOD
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_not_there_is_found(folder: Path) -> None:
    absent = ground(folder / "absent")

    assert says(checks.check_writable(absent)) is Verdict.WRONG
    assert says(checks.check_folder_rights(absent)) is (Verdict.UNKNOWN if ON_WINDOWS else Verdict.WRONG)


@pytest.mark.skipif(ON_WINDOWS, reason="needs a disk of its own")
def test_a_disk_that_became_read_only_is_found(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=2m", "ro") as disk:
        answer = checks.check_writable(ground(disk))

    assert says(answer) is Verdict.WRONG
    assert "Read-only" in answer.sentence


@pytest.mark.skipif(ON_WINDOWS, reason="Windows has other rights")
@pytest.mark.parametrize(
    ("mode", "verdict"),
    [(0o700, Verdict.GOOD), (0o701, Verdict.GOOD), (0o750, Verdict.WRONG), (0o755, Verdict.WRONG)],
)
def test_only_the_server_may_look_into_its_folder(folder: Path, mode: int, verdict: Verdict) -> None:
    folder.chmod(mode)

    assert says(checks.check_folder_rights(ground(folder))) is verdict


@pytest.mark.skipif(not AS_ROOT, reason="only root gives files away")
def test_a_file_that_a_command_of_root_left_behind_is_found(folder: Path) -> None:
    os.chown(folder, 12345, 12345)
    (folder / "keys.json").write_text("{}")

    answer = checks.check_folder_rights(ground(folder))

    assert says(answer) is Verdict.WRONG
    assert "keys.json belongs to another user" in answer.sentence


def test_keys_are_missed_only_where_there_is_a_clinic(folder: Path, desk: Desk) -> None:
    with desk.connect() as connection:
        missed = checks.check_keys(ground(folder, connection=connection))

    assert says(missed) is Verdict.WRONG
    assert says(checks.check_keys(ground(folder))) is Verdict.NOTE
    assert not (folder / "keys.json").exists()


def test_good_keys_are_good(folder: Path) -> None:
    load_or_create(folder / "keys.json")

    assert says(checks.check_keys(ground(folder))) is Verdict.GOOD


@pytest.mark.skipif(ON_WINDOWS, reason="Windows has other rights")
def test_keys_that_others_may_read_are_found(folder: Path) -> None:
    load_or_create(folder / "keys.json")
    (folder / "keys.json").chmod(0o644)

    assert says(checks.check_keys(ground(folder))) is Verdict.WRONG


def test_damaged_keys_are_found(folder: Path) -> None:
    load_or_create(folder / "keys.json")
    whole = (folder / "keys.json").read_bytes()
    (folder / "keys.json").write_bytes(whole[:40])

    answer = checks.check_keys(ground(folder))

    assert says(answer) is Verdict.WRONG
    assert "damaged" in answer.sentence


def save(folder: Path, *, confirmed: bool = True) -> None:
    (folder / "disk").mkdir()
    save_settings(
        folder,
        BackupSettings(places=(folder / "disk",), recovery_public=b"p" * 32, confirmed=confirmed),
    )


@pytest.mark.parametrize(
    ("hours", "verdict"), [(7, Verdict.NOTE), (35, Verdict.NOTE), (37, Verdict.WRONG), (9999, Verdict.WRONG)]
)
def test_how_old_the_last_backup_may_be(folder: Path, desk: Desk, hours: int, verdict: Verdict) -> None:
    """A test has one disk, which is worth a note."""
    save(folder)
    write_state(folder, BackupState(last_good_at=NOW - timedelta(hours=hours), last_proved_at=NOW))

    with desk.connect() as connection:
        assert says(checks.check_backup(ground(folder, connection=connection))) is verdict


def test_a_clinic_without_backups_is_found_also_while_its_database_is_away(folder: Path) -> None:
    assert says(checks.check_backup(ground(folder))) is Verdict.WRONG
    save(folder)
    assert says(checks.check_backup(ground(folder))) is Verdict.WRONG


def test_the_first_backup_of_a_new_clinic_is_due_tonight(folder: Path, desk: Desk) -> None:
    save(folder)

    with desk.connect() as connection:
        assert says(checks.check_backup(ground(folder, connection=connection))) is Verdict.NOTE


@pytest.mark.skipif(ON_WINDOWS, reason="needs a disk of its own")
def test_backups_beside_the_records_are_told(folder: Path, tmp_path: Path) -> None:
    """Also of several places, as long as none is on a disk of its own."""
    save(folder)
    write_state(folder, BackupState(last_good_at=NOW, last_proved_at=NOW))
    beside = checks.check_backup(ground(folder))
    with mounted(tmp_path / "usb", "size=2m") as usb:
        places = (folder / "disk", usb)
        save_settings(folder, BackupSettings(places=places, recovery_public=b"p" * 32, confirmed=True))
        apart = checks.check_backup(ground(folder))

    assert says(beside) is Verdict.NOTE
    assert "same disk" in beside.sentence
    assert says(apart) is Verdict.GOOD


def test_backups_that_nobody_tried_are_found(folder: Path) -> None:
    save(folder)
    write_state(folder, BackupState(last_good_at=NOW, last_proved_at=NOW - timedelta(days=9)))

    answer = checks.check_backup(ground(folder))

    assert says(answer) is Verdict.WRONG
    assert "2026-02-21 08:00 UTC" in answer.sentence


def test_a_recovery_key_that_nobody_typed_back_is_found(folder: Path) -> None:
    none = checks.check_recovery_key(ground(folder))
    save(folder, confirmed=False)
    write_state(folder, BackupState(last_good_at=NOW))
    unconfirmed = checks.check_recovery_key(ground(folder))

    assert says(none) is Verdict.UNKNOWN
    assert says(unconfirmed) is Verdict.WRONG


def test_a_confirmed_recovery_key_is_good(folder: Path) -> None:
    save(folder)
    write_state(folder, BackupState(last_good_at=NOW))

    assert says(checks.check_recovery_key(ground(folder))) is Verdict.GOOD
