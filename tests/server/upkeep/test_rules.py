"""When a server says that something is wrong with it, and how urgent that is."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from hms_server.amounts import GIGABYTE
from hms_server.contract.upkeep import BackupRow, DiskRow, Level, ServerCondition
from hms_server.upkeep.rules import (
    ORDER,
    Finding,
    Jump,
    disk_level,
    is_news,
    judge_backups,
    judge_clock,
    judge_disks,
    with_since,
)

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=90)
GOOD = BackupRow(
    places=["/backup"],
    last_good_at=NOW - timedelta(hours=7),
    last_proved_at=NOW - timedelta(days=7),
    has_key=True,
    confirmed=True,
)


def codes(found: list[Finding]) -> list[str]:
    return [each.code for each in found]


@pytest.mark.parametrize(
    ("free_gb", "total_gb", "level"),
    [
        (20, 64, None),
        (6.5, 64, None),
        (6.3, 64, Level.WARNING),
        (3.3, 64, Level.WARNING),
        (3.1, 64, Level.ALARM),
        (0.9, 4, Level.ALARM),
        (0.9, 1, Level.ALARM),
        (150, 4000, None),
        (90, 4000, Level.WARNING),
        (40, 4000, Level.ALARM),
    ],
)
def test_how_full_a_disk_may_be(free_gb: float, total_gb: float, level: Level | None) -> None:
    assert disk_level(free=int(free_gb * GIGABYTE), total=int(total_gb * GIGABYTE)) is level


@given(st.integers(1, 1 << 45), st.data())
def test_less_room_is_never_less_urgent(total: int, data: st.DataObject) -> None:
    more = data.draw(st.integers(0, total))
    less = data.draw(st.integers(0, more))

    urgency = {None: -1} | ORDER
    assert urgency[disk_level(free=less, total=total)] >= urgency[disk_level(free=more, total=total)]


def test_a_full_disk_is_told_with_its_place_and_its_room() -> None:
    disk = DiskRow(place="/srv", purpose="data", free_bytes=3 << 30, total_bytes=64 << 30)

    (found,) = judge_disks([disk])

    assert found.code == "disk_full:/srv"
    assert "3.0 GB free of 64.0 GB (5 %)" in found.sentence


def test_a_backup_disk_that_is_gone_is_a_warning_and_the_data_folder_an_alarm() -> None:
    gone = [
        DiskRow(place=place, purpose=purpose, free_bytes=0, total_bytes=0, trouble="No such file")
        for place, purpose in (("/backup", "backup"), ("/srv", "data"))
    ]

    assert [(each.code, each.level) for each in judge_disks(gone)] == [
        ("disk_missing:/backup", Level.WARNING),
        ("disk_missing:/srv", Level.ALARM),
    ]


@pytest.mark.parametrize(
    ("backup", "clinic_since", "expected"),
    [
        (GOOD, LONG_AGO, []),
        (BackupRow(), LONG_AGO, ["backup_no_place"]),
        (BackupRow(), NOW, ["backup_no_place"]),
        (BackupRow(), None, []),
        (BackupRow(places=["/b"], has_key=True, confirmed=True), NOW - timedelta(hours=2), []),
        (BackupRow(places=["/b"], has_key=True, confirmed=True), LONG_AGO, ["backup_never"]),
        (BackupRow(places=["/b"]), NOW, ["recovery_key_missing"]),
        (structs.replace(GOOD, confirmed=False), LONG_AGO, ["recovery_key_unconfirmed"]),
        (structs.replace(GOOD, last_proved_at=NOW - timedelta(days=8)), LONG_AGO, ["backup_unproved"]),
        (structs.replace(GOOD, last_proved_at=None), LONG_AGO, ["backup_unproved"]),
        (structs.replace(GOOD, last_proved_at=None), NOW - timedelta(days=7), []),
        (structs.replace(GOOD, last_good_at=NOW - timedelta(hours=36)), LONG_AGO, ["backup_overdue"]),
        (structs.replace(GOOD, last_good_at=NOW - timedelta(hours=35)), LONG_AGO, []),
    ],
)
def test_when_backups_are_not_good_enough(
    backup: BackupRow, clinic_since: datetime | None, expected: list[str]
) -> None:
    assert codes(judge_backups(backup, now=NOW, clinic_since=clinic_since)) == expected


def test_why_a_backup_failed_is_told() -> None:
    backup = BackupRow(
        places=["/b"],
        last_good_at=LONG_AGO,
        last_trouble="The disk is not there.",
        has_key=True,
        confirmed=True,
    )

    (found,) = judge_backups(backup, now=NOW, clinic_since=LONG_AGO)

    assert found.sentence.endswith("The last try said: The disk is not there.")


def test_a_jump_of_the_clock_is_told_for_a_day() -> None:
    jump = Jump(due=NOW, to=NOW + timedelta(hours=3))
    soon, late = jump.to + timedelta(hours=23), jump.to + timedelta(hours=25)

    assert codes(judge_clock(behind=None, jumped=jump, now=soon)) == ["clock_jumped"]
    assert judge_clock(behind=None, jumped=jump, now=late) == []


def test_the_worst_stands_first_and_each_keeps_its_beginning() -> None:
    warning = Finding(code="a", level=Level.WARNING, title="A", sentence="A.", remedy="Do a.")
    alarm = Finding(code="b", level=Level.ALARM, title="B", sentence="B.", remedy="Do b.")
    earlier = with_since([warning], [], now=NOW)

    conditions = with_since([warning, alarm], earlier, now=NOW + timedelta(hours=1))

    assert [(each.code, each.since) for each in conditions] == [("b", NOW + timedelta(hours=1)), ("a", NOW)]


def test_only_what_begins_ends_or_changes_its_level_is_news() -> None:
    """The free bytes in a sentence change every minute."""

    def told(level: Level, words: str) -> list[ServerCondition]:
        found = Finding(code="disk", level=level, title="Disk", sentence=words, remedy="Do.")
        return with_since([found], [], now=NOW)

    before = told(Level.WARNING, "6 GB free.")
    assert not is_news(before, told(Level.WARNING, "5 GB free."))
    assert is_news(before, told(Level.ALARM, "5 GB free."))
    assert is_news(before, [])
