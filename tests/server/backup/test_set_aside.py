"""What restores and moves keep aside goes when it is old, and never all of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hms_server.backup.draft import DRAFT, put_in_place
from hms_server.backup.nightly import NightlyBackup
from hms_server.backup.set_aside import clear_aside, folders_aside, size_of

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


def restore(data_dir: Path, at: datetime, *, before: str = "restore") -> Path:
    """As a restore does it: what is there goes aside under the name of that moment."""
    (data_dir / "keys.json").write_text("{}")
    (data_dir / DRAFT).mkdir()
    aside = put_in_place(data_dir, at, parts=("keys.json",), before=before)
    assert aside is not None
    return aside


def test_the_newest_three_and_those_of_thirty_days_stay(tmp_path: Path) -> None:
    """By the moment in their names: copying a folder to another disk makes all its files young."""
    ages = (400, 90, 60, 45, 40)
    old = [restore(tmp_path, NOW - timedelta(days=age)) for age in ages[:3]]
    last = [restore(tmp_path, NOW - timedelta(days=age), before="move") for age in ages[3:]]
    names = ("before-restore-mine", "before-restore-2020-99-99-000000", "postgres")
    others = [tmp_path / name for name in names]
    for other in others:
        other.mkdir()

    cleared = clear_aside(tmp_path, NOW)

    assert cleared == [old[1], old[0]]
    assert folders_aside(tmp_path) == [last[1], last[0], old[2]]
    assert size_of(folders_aside(tmp_path)) == 3 * len("{}")
    assert all(other.exists() for other in others)
    young = [restore(tmp_path, NOW - timedelta(days=29)) for _ in range(4)]
    assert clear_aside(tmp_path, NOW) == [last[1], last[0], old[2]]
    assert folders_aside(tmp_path) == young[::-1]


def test_the_server_clears_it_away_by_itself(tmp_path: Path) -> None:
    for age in (90, 80, 70, 60):
        restore(tmp_path, NOW - timedelta(days=age))

    NightlyBackup(tmp_path, lambda: "", lambda: NOW).clear_once()

    assert len(folders_aside(tmp_path)) == 3
