"""What the state of a server means: conditions for people, judged from values alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hms_server.amounts import GIGABYTE, size_text
from hms_server.contract.upkeep import BackupRow, DiskRow, Level, ServerCondition

WARN_FREE, ALARM_FREE = 0.10, 0.05
WARN_BELOW, ALARM_BELOW = 100 * GIGABYTE, 50 * GIGABYTE
"""Where this much is free there is no hurry, however small its share of a large disk."""
ALARM_ALWAYS = GIGABYTE
BACKUP_OVERDUE = timedelta(hours=36)
"""A night was missed, and the next one begins."""
PROOF_OVERDUE = timedelta(days=8)
"""Each night's backup is tried; a week without it has a reason that does not pass by itself."""
JUMP_TOLD = timedelta(hours=24)
HEARD_WITHIN = timedelta(minutes=4)
"""A server tells of itself once a minute; one that was not heard for longer does not run."""
SILENCE_TOLD = timedelta(days=7)
ORDER = {level: place for place, level in enumerate(Level)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A condition without the moment it began."""

    code: str
    level: Level
    title: str
    sentence: str
    remedy: str


def judge_silent(host: str, *, seen_at: datetime, now: datetime) -> list[ServerCondition]:
    """What is left to say of a server that fell silent; after a week it was taken away for good."""
    if now - seen_at > SILENCE_TOLD:
        return []
    return [
        ServerCondition(
            code="server_silent",
            level=Level.WARNING,
            title="A server is silent",
            sentence=f"{host} has not been heard of and did not say goodbye.",
            remedy="Look whether its machine is on and plugged in. Taken away, it is forgotten in a week.",
            since=seen_at,
        )
    ]


def judge_disks(disks: Iterable[DiskRow]) -> list[Finding]:
    """Too little room, or a place that cannot be looked at, on the disks of data and backups."""
    found = []
    for disk in disks:
        if disk.trouble:
            found.append(_missing(disk))
        elif (level := disk_level(free=disk.free_bytes, total=disk.total_bytes)) is not None:
            found.append(_full(disk, level))
    return found


def disk_level(*, free: int, total: int) -> Level | None:
    """Alarm below 5 % or 1 GB, warning below 10 %; None where there is room."""
    share = free / total if total else 0.0
    if free < ALARM_ALWAYS or (share < ALARM_FREE and free < ALARM_BELOW):
        return Level.ALARM
    if share < WARN_FREE and free < WARN_BELOW:
        return Level.WARNING
    return None


def judge_backups(backup: BackupRow, *, now: datetime, clinic_since: datetime | None) -> list[Finding]:
    """Whether the clinic could come back from what is stored elsewhere; none before there is a clinic."""
    if clinic_since is None:
        return []
    if not backup.places:
        return [NO_PLACE]
    overdue = _overdue(backup, now=now, clinic_since=clinic_since)
    found = [overdue or _unproved(backup, now=now, clinic_since=clinic_since), _key(backup)]
    return [each for each in found if each is not None]


def judge_clock(*, behind: datetime | None, jumped: "Jump | None", now: datetime) -> list[Finding]:
    """A clock that is late, or that was set by more than moments while the server ran."""
    found = []
    if behind is not None:
        found.append(clock_behind(now=now, behind=behind))
    if jumped is not None and now - jumped.to < JUMP_TOLD:
        found.append(_jumped(jumped))
    return found


@dataclass(frozen=True, slots=True)
class Jump:
    """The clock showed `to` where `due` would have been right by the time that really passed."""

    due: datetime
    to: datetime


def with_since(
    found: Sequence[Finding], earlier: Sequence[ServerCondition], *, now: datetime
) -> list[ServerCondition]:
    """Conditions, the worst first; each keeps the moment it began, also where it became worse."""
    since = {each.code: each.since for each in earlier}
    conditions = [
        ServerCondition(
            code=each.code,
            level=each.level,
            title=each.title,
            sentence=each.sentence,
            remedy=each.remedy,
            since=since.get(each.code, now),
        )
        for each in found
    ]
    return sorted(conditions, key=lambda each: (-ORDER[each.level], each.since, each.code))


def is_news(before: Sequence[ServerCondition], after: Sequence[ServerCondition]) -> bool:
    """Whether people should hear of it: sentences count their bytes, which alone is no news."""
    return {(each.code, each.level) for each in before} != {(each.code, each.level) for each in after}


def clock_behind(*, now: datetime, behind: datetime) -> Finding:
    return Finding(
        code="clock_behind",
        level=Level.ALARM,
        title="The server's clock is wrong",
        sentence=(
            f"It shows {now:%Y-%m-%d %H:%M} UTC, and the clinic's records already reach "
            f"{behind:%Y-%m-%d %H:%M} UTC. Nothing is recorded until it is right."
        ),
        remedy=(
            "Set the server machine's date and time, or connect it to the internet. If the clock is right "
            "and the records are not, run “hms-server clock --is-right” on it."
        ),
    )


NO_PLACE = Finding(
    code="backup_no_place",
    level=Level.ALARM,
    title="There are no backups",
    sentence="No backup folder is set: if this machine breaks, all records are lost.",
    remedy="Plug a disk into the server and run “hms-server backup-places FOLDER” on it.",
)


def _overdue(backup: BackupRow, *, now: datetime, clinic_since: datetime) -> Finding | None:
    last = backup.last_good_at
    if now - (last or clinic_since) < BACKUP_OVERDUE:
        return None
    why = f" The last try said: {backup.last_trouble}" if backup.last_trouble else ""
    words = (
        f"The last good backup is of {last:%Y-%m-%d %H:%M} UTC." if last else "No backup was ever finished."
    )
    return Finding(
        code="backup_overdue" if last else "backup_never",
        level=Level.ALARM,
        title="The backup is overdue" if last else "No backup was made yet",
        sentence=words + why,
        remedy="Look that the backup disk is plugged in and has room, then run “hms-server backup”.",
    )


def _unproved(backup: BackupRow, *, now: datetime, clinic_since: datetime) -> Finding | None:
    last = backup.last_proved_at
    if not backup.has_key or now - (last or clinic_since) < PROOF_OVERDUE:
        return None
    words = f"The last one that was is of {last:%Y-%m-%d %H:%M} UTC." if last else "None ever was."
    return Finding(
        code="backup_unproved",
        level=Level.WARNING,
        title="No backup was tried out",
        sentence=f"The backups of the last days were not loaded to see whether they come back. {words}",
        remedy=(
            "The data folder needs room for a second copy of the records. Then run “hms-server backup "
            "--prove”, or try a file with “hms-server restore --drill FILE”."
        ),
    )


def _key(backup: BackupRow) -> Finding | None:
    if not backup.has_key:
        return Finding(
            code="recovery_key_missing",
            level=Level.ALARM,
            title="There is no recovery key",
            sentence="Backups are sealed to a recovery key, and none was made: none can be written.",
            remedy="Run “hms-server recovery-key” on the server and write the key down.",
        )
    if not backup.confirmed:
        return Finding(
            code="recovery_key_unconfirmed",
            level=Level.WARNING,
            title="The recovery key is not confirmed",
            sentence="Nobody has typed the recovery key back from paper; without it no backup can be opened.",
            remedy="Find the paper and run “hms-server recovery-key --check”, or make a new key.",
        )
    return None


def _full(disk: DiskRow, level: Level) -> Finding:
    where = "of the backups" if disk.purpose == "backup" else "of the clinic's data"
    share = round(100 * disk.free_bytes / disk.total_bytes) if disk.total_bytes else 0
    remedy = (
        "Delete old backups from it, or name a larger disk with “hms-server backup-places”."
        if disk.purpose == "backup"
        else "Remove files that do not belong to the clinic, or move the server to a larger disk."
    )
    return Finding(
        code=f"disk_full:{disk.place}",
        level=level,
        title="The disk is nearly full",
        sentence=(
            f"The disk {where} ({disk.place}) has {size_text(disk.free_bytes)} free of "
            f"{size_text(disk.total_bytes)} ({share} %)."
        ),
        remedy=remedy,
    )


def _missing(disk: DiskRow) -> Finding:
    backup = disk.purpose == "backup"
    return Finding(
        code=f"disk_missing:{disk.place}",
        level=Level.WARNING if backup else Level.ALARM,
        title="A backup disk is not there" if backup else "The data folder cannot be read",
        sentence=f"{disk.place} cannot be looked at: {disk.trouble}.",
        remedy="Plug the disk in, or name another with “hms-server backup-places”."
        if backup
        else "Look at the machine's disk and at the rights of that folder.",
    )


def _jumped(jump: Jump) -> Finding:
    return Finding(
        code="clock_jumped",
        level=Level.WARNING,
        title="The server's clock was changed",
        sentence=(
            f"It jumped from {jump.due:%Y-%m-%d %H:%M} to {jump.to:%Y-%m-%d %H:%M} UTC. What was recorded "
            "before may carry a wrong time."
        ),
        remedy="Look that date and time are right now, and switch on “set the time automatically”.",
    )
