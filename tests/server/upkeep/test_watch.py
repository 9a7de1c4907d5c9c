"""What a server sees of itself reaches administrators once, and survives its restart."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hms_server.backup.settings import BackupSettings, save_settings
from hms_server.backup.state import BackupState, write_state
from hms_server.contract.upkeep import ConditionsChanged, GetServerConditions, Level, ServerConditions
from hms_server.contract.values import Role
from hms_server.upkeep.desktops import DesktopVersions
from hms_server.upkeep.rules import HEARD_WITHIN
from hms_server.upkeep.time_watch import ClockWatch
from hms_server.upkeep.watch import REMEMBERED, Identity, Watch
from tests.guards import LogGuard
from tests.server.desk import Desk


class Watched:
    """A server on the desk's database, whose watch looks whenever the test says so."""

    def __init__(self, desk: Desk, data_dir: Path, *, port: int = 7717) -> None:
        self._desk = desk
        self.passed = 0.0
        identity = Identity.here(data_dir=data_dir, port=port, embedded=False)
        self.clock_watch = ClockWatch(lambda: desk.now, lambda: self.passed)
        self.watch = Watch(
            identity,
            desk.dispatcher,
            self.clock_watch,
            clock=lambda: desk.now,
            addresses=lambda: ["192.0.2.7"],
            desktops=DesktopVersions(),
            look_every_s=0.0,
        )

    def wait(self, **amount: float) -> None:
        """Time passes, and the clock goes with it."""
        self._desk.pass_time(**amount)
        self.passed += timedelta(**amount).total_seconds()

    def look(self) -> None:
        with self._desk.connect() as connection:
            self.watch.look(connection)


@pytest.fixture
def watched(desk: Desk, tmp_path: Path) -> Iterator[Watched]:
    yield Watched(desk, tmp_path)
    desk.dispatcher.close_thread()


def told(desk: Desk) -> ServerConditions:
    return desk.ask(GetServerConditions(), Role.ADMINISTRATOR)


def keep_backups(folder: Path, desk: Desk) -> None:
    (folder / "disk").mkdir(exist_ok=True)
    places = (folder / "disk",)
    save_settings(folder, BackupSettings(places=places, recovery_public=b"p" * 32, confirmed=True))
    write_state(folder, BackupState(last_good_at=desk.now, last_good_file="a.hms", last_good_bytes=7 << 20))


def test_administrators_see_what_the_server_sees(desk: Desk, watched: Watched, tmp_path: Path) -> None:
    keep_backups(tmp_path, desk)

    watched.look()

    (row,) = told(desk).servers
    assert row.running
    assert row.addresses == ["192.0.2.7"]
    assert row.database.size_bytes > 0
    assert [disk.purpose for disk in row.disks] == ["data", "backup"]
    assert row.backup.last_good_file == "a.hms"
    assert "backup" not in {each.code.partition("_")[0] for each in row.conditions}


def test_a_condition_is_told_once_when_it_begins_and_once_when_it_ends(
    desk: Desk, watched: Watched, tmp_path: Path
) -> None:
    for _ in range(3):
        watched.look()
        watched.wait(minutes=1)
    begun = desk.events(ConditionsChanged)
    keep_backups(tmp_path, desk)
    for _ in range(3):
        watched.look()
        watched.wait(minutes=1)

    ended = desk.events(ConditionsChanged)[1:]
    assert ["backup_no_place" in {each.code for each in event.conditions} for event in begun] == [True]
    assert ["backup_no_place" in {each.code for each in event.conditions} for event in ended] == [False]


def test_a_restart_tells_nothing_anew_and_keeps_since_when(
    desk: Desk, watched: Watched, tmp_path: Path
) -> None:
    watched.look()
    began = told(desk).servers[0].conditions[0].since
    watched.wait(hours=3)
    again = Watched(desk, tmp_path)

    again.look()

    assert len(desk.events(ConditionsChanged)) == 1
    assert told(desk).servers[0].conditions[0].since == began


def test_a_backup_that_is_missed_becomes_an_alarm(desk: Desk, watched: Watched, tmp_path: Path) -> None:
    keep_backups(tmp_path, desk)
    watched.look()
    before = {each.code for each in told(desk).servers[0].conditions}
    watched.wait(hours=37)

    watched.look()

    conditions = {each.code: each.level for each in told(desk).servers[0].conditions}
    assert "backup_overdue" not in before
    assert conditions["backup_overdue"] is Level.ALARM


def test_a_backup_disk_that_is_unplugged_is_told(desk: Desk, watched: Watched, tmp_path: Path) -> None:
    keep_backups(tmp_path, desk)
    (tmp_path / "disk").rmdir()

    watched.look()

    assert f"disk_missing:{tmp_path / 'disk'}" in {each.code for each in told(desk).servers[0].conditions}


def test_a_jump_of_the_clock_is_told_at_once(desk: Desk, watched: Watched, log_guard: LogGuard) -> None:
    log_guard.allow("the clock jumped")
    watched.look()
    desk.pass_time(hours=2)

    watched.look()

    assert "clock_jumped" in {each.code for each in told(desk).servers[0].conditions}


def test_who_falls_silent_is_seen_and_who_says_goodbye_too(desk: Desk, tmp_path: Path) -> None:
    """Two servers of one clinic; each shows both."""
    (tmp_path / "second").mkdir()
    silent, leaving = Watched(desk, tmp_path), Watched(desk, tmp_path / "second", port=7727)
    silent.look()
    leaving.look()
    both = [row.running for row in told(desk).servers]
    leaving.watch.say_goodbye()
    left = [row.running for row in told(desk).servers]
    desk.now += HEARD_WITHIN
    gone = [row.running for row in told(desk).servers]

    assert both == [True, True]
    assert sorted(left) == [False, True]
    told_of = [[each.code for each in row.conditions] for row in told(desk).servers]
    desk.pass_time(days=8)

    assert gone == [False, False]
    assert sorted(told_of) == [[], ["server_silent"]]
    assert [row.conditions for row in told(desk).servers] == [[], []]
    assert [row.stopped_at is None for row in told(desk).servers].count(False) == 1


def test_a_server_that_was_taken_away_is_forgotten(desk: Desk, watched: Watched, tmp_path: Path) -> None:
    watched.look()
    watched.wait(seconds=REMEMBERED.total_seconds() + 60)
    (tmp_path / "second").mkdir()

    Watched(desk, tmp_path / "second", port=7727).look()

    assert [row.port for row in told(desk).servers] == [7727]


def test_counts_say_who_is_there_and_how_far_the_chain_is_sealed(desk: Desk, watched: Watched) -> None:
    desk.sql("insert into device (public_key, name, paired_at) values ('a', 'Front desk', %s)", (desk.now,))

    answer = told(desk)

    assert (answer.devices, answer.sessions, answer.sealed_up_to) == (1, 0, None)


def test_what_another_version_told_is_passed_over(desk: Desk, watched: Watched) -> None:
    watched.look()
    desk.sql("update server_state set told = 'x'")

    assert told(desk).servers == []
    watched.watch._earlier = None
    watched.look()
    assert len(told(desk).servers) == 1
