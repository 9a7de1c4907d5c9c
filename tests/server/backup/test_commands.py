"""The commands as IT types them, on a data folder with the embedded PostgreSQL; also killed midway."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from hms_server.__main__ import main
from hms_server.backup.recovery import RecoveryKey
from hms_server.backup.settings import load_settings
from hms_server.backup.state import read_state
from hms_server.chosen_database import chosen_database
from hms_server.postgres import EmbeddedPostgres
from tests.server.backup.clinics import rows

PATIENCE_S = 120
QUESTIONS = ("--clinic", "Unity Clinic", "--currency", "NGN")
BIG = """
insert into request (id, name, body_hash, answer, at)
select gen_random_uuid(), 'x', 'x', string_agg(sha256(n::text::bytea || m::text::bytea), ''), now()
from generate_series(1, 150) as n, generate_series(1, 12000) as m group by n
"""
"""Some sixty megabytes that no compression makes smaller, so that there is a midst."""


class Site:
    """A data folder, and what is said about it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        self.said = ""

    def do(self, *arguments: str | Path, code: int = 0) -> str:
        """Runs a command here; its code is as expected."""
        self._capsys.readouterr()
        found = main(["--data-dir", str(self.folder), *map(str, arguments)])
        out, err = self._capsys.readouterr()
        self.said = out + err
        assert found == code, self.said
        return self.said

    def launch(self, *arguments: str | Path) -> subprocess.Popen[bytes]:
        line = [sys.executable, "-m", "hms_server", "--data-dir", self.folder, *arguments]
        return subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture
def site(
    data_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    """A clinic that was just set up, in a folder of its own."""
    monkeypatch.setenv("HMS_ADMIN_PASSWORD", "correct horse battery")
    # A command sets logging up for its whole process, with the standard error of that moment.
    logging = structlog.get_config()
    # PostgreSQL's own user has to pass where the tests run as root.
    data_dir.chmod(0o711)
    site = Site(data_dir / "server", capsys)
    site.do("setup", *QUESTIONS)
    yield site
    structlog.configure(**logging)


@pytest.fixture
def key_file(site: Site, data_dir: Path) -> Path:
    """The sheet as it was printed, copied into a file."""
    path = data_dir / "sheet.txt"
    path.write_text(site.do("recovery-key"))
    return path


@pytest.fixture
def disk(data_dir: Path) -> Path:
    (data_dir / "disk").mkdir()
    return data_dir / "disk"


def until(condition: Callable[[], bool]) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end_s, "did not happen in time"
        time.sleep(0.01)


def add_staff(site: Site, name: str) -> None:
    site.do("user", name, "Somebody", "nurse")


def staff(site: Site) -> int:
    """How many people may sign in, asked with the embedded database running for as long as that takes."""
    postgres = EmbeddedPostgres(site.folder)
    ((count,),) = rows(postgres.ensure_running(), "select count(*) from staff")
    postgres.stop()
    return int(count)


def test_from_the_key_to_a_restored_clinic(site: Site, key_file: Path, disk: Path, data_dir: Path) -> None:
    """The whole way: key, place, backup, drill, restore over what is there."""
    assert "no recovery key" not in site.do("backup-places", disk, "--hour", "3")
    assert load_settings(site.folder).hour == 3
    file = Path(site.do("backup").strip())
    assert file.parent == disk
    assert f"{file}" == read_state(site.folder).last_good_file
    add_staff(site, "late")

    drilled = site.do("restore", file, "--key-file", key_file, "--drill")
    assert "Unity Clinic, as of" in drilled
    assert "each counted" in drilled
    assert staff(site) == 2
    assert not (site.folder / "drill").exists()

    assert "--replace" in site.do("restore", file, "--key-file", key_file, code=1)
    assert staff(site) == 2
    told = site.do("restore", file, "--key-file", key_file, "--replace")
    assert "What was there before is kept in" in told
    assert staff(site) == 1
    (aside,) = site.folder.glob("before-restore-*")
    assert (aside / "postgres" / "cluster").is_dir()
    assert (aside / "keys.json").read_bytes() == (site.folder / "keys.json").read_bytes()


def test_a_snapshot_is_put_back_after_a_failed_upgrade(site: Site) -> None:
    assert "There is no snapshot" in site.do("snapshot", "--put-back", code=1)
    site.do("snapshot")
    add_staff(site, "first")
    file = Path(site.do("snapshot").strip())
    add_staff(site, "second")

    assert "is not in the clinic any more" in site.do("snapshot", "--put-back")

    assert staff(site) == 2
    assert sorted(path.suffix for path in file.parent.iterdir()) == [".hmsbackup", ".key"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in file.parent.iterdir() if os.name == "posix")


def test_what_is_missing_is_said_in_a_sentence(site: Site, data_dir: Path, disk: Path) -> None:
    assert "make one with 'hms-server recovery-key'" in site.do("backup", disk, code=1)
    assert "is not there" in site.do("backup-places", data_dir / "absent", code=1)
    assert "is no backup of this program" in site.do("restore", site.folder / "postgres" / "pgpass", code=1)
    absent = Site(data_dir / "elsewhere", site._capsys)
    assert "There is no clinic in" in absent.do("backup", disk, code=1)
    assert "no address of a database" in site.do("move", "--to", "the big machine", code=1)
    assert not absent.folder.exists()


def test_a_second_recovery_key_is_made_only_when_asked_for(site: Site, key_file: Path, disk: Path) -> None:
    """Old backups open with the old key, new ones with the new."""
    old = Path(site.do("backup", disk).strip())
    assert "There is a recovery key already, with the mark" in site.do("recovery-key", code=1)

    new_file = key_file.with_name("new.txt")
    new_file.write_text(site.do("recovery-key", "--replace"))
    new = Path(site.do("backup", disk).strip())

    assert "not the recovery key of the backup" in site.do(
        "restore", new, "--key-file", key_file, "--drill", code=1
    )
    site.do("restore", old, "--key-file", key_file, "--drill")
    site.do("restore", new, "--key-file", new_file, "--drill")


def test_a_key_with_a_typing_error_or_none_is_told(site: Site, key_file: Path, disk: Path) -> None:
    file = Path(site.do("backup", disk).strip())
    wrong = key_file.with_name("wrong.txt")
    wrong.write_text(RecoveryKey.new().text[:-1] + "?")

    assert "“?” is neither" in site.do("restore", file, "--key-file", wrong, code=1)
    assert "cannot be read" in site.do("restore", file, "--key-file", disk / "none", code=1)


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9")
def test_killed_in_the_midst_of_a_backup_and_of_a_restore(site: Site, key_file: Path, disk: Path) -> None:
    """No file that looks like a backup; no clinic that is half restored; the next attempt works."""
    postgres = EmbeddedPostgres(site.folder)
    rows(postgres.ensure_running(), "with big as (" + BIG.strip() + " returning 1) select count(*) from big")

    backing_up = site.launch("backup", disk)
    until(lambda: any(path.stat().st_size > 5_000_000 for path in disk.iterdir()))
    backing_up.send_signal(signal.SIGKILL)
    backing_up.wait()
    assert list(disk.glob("*.hmsbackup")) == []

    file = Path(site.do("backup", disk).strip())
    add_staff(site, "late")
    restoring = site.launch("restore", file, "--key-file", key_file, "--replace")
    draft = site.folder / "restoring" / "postgres" / "cluster"
    until((draft / "postmaster.pid").exists)
    time.sleep(0.3)
    restoring.send_signal(signal.SIGKILL)
    restoring.wait()

    assert staff(site) == 2
    assert "The audit trail holds" in site.do("verify")
    assert not (site.folder / "restoring").exists()
    site.do("restore", file, "--key-file", key_file, "--replace")
    assert staff(site) == 1


def test_a_move_there_and_back(site: Site, empty_database: str) -> None:
    """The choice is kept in the data folder, so that every later command finds the clinic."""
    add_staff(site, "before")
    told = site.do("move", "--to", empty_database)
    assert "equal" in told
    assert "The clinic is in PostgreSQL" in told
    add_staff(site, "after")
    assert rows(empty_database, "select count(*) from staff") == [(3,)]
    assert staff(site) == 2

    assert "--replace" in site.do("move", "--to", "embedded", code=1)
    told = site.do("move", "--to", "embedded", "--replace")

    assert "The embedded database of before is kept in" in told
    assert staff(site) == 3
    assert len(list((site.folder / "moves").iterdir())) == 2
    assert "already" in site.do("move", "--to", "embedded", code=1)


def test_a_backup_of_a_clinic_that_was_moved(
    site: Site, key_file: Path, disk: Path, empty_database: str
) -> None:
    """Backed up from where it is, and restored to there."""
    site.do("move", "--to", empty_database)
    file = Path(site.do("backup", disk).strip())
    add_staff(site, "late")

    assert "holds a clinic already" in site.do("restore", file, "--key-file", key_file, code=1)
    assert "schema before_restore_" in site.do("restore", file, "--key-file", key_file, "--replace")

    assert rows(empty_database, "select count(*) from staff") == [(1,)]


def test_a_restore_into_a_named_database_is_served_from_there(
    site: Site, key_file: Path, disk: Path, data_dir: Path, empty_database: str
) -> None:
    """Also where nobody says the name again: the next start would find no clinic."""
    file = Path(site.do("backup", disk).strip())
    fresh = Site(data_dir / "fresh", site._capsys)

    fresh.do("--database", empty_database, "restore", file, "--key-file", key_file)

    assert chosen_database(fresh.folder) == empty_database


def test_an_embedded_database_without_a_clinic_stands_in_no_way(
    site: Site, key_file: Path, disk: Path, data_dir: Path
) -> None:
    """As a command leaves it that was tried on a machine where nothing was set up yet."""
    file = Path(site.do("backup", disk).strip())
    fresh = Site(data_dir / "fresh", site._capsys)
    EmbeddedPostgres(fresh.folder).ensure_running()
    EmbeddedPostgres(fresh.folder).stop()

    fresh.do("restore", file, "--key-file", key_file)

    assert staff(fresh) == 1
