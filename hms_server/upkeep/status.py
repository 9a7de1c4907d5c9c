"""How the server of this machine is, in one page for people and as JSON for programs."""

from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from hms_server.amounts import counted, size_text
from hms_server.backup.set_aside import KEPT, KEPT_FOR, folders_aside, size_of
from hms_server.contract.build import BUILD
from hms_server.contract.upkeep import BackupRow, DiskRow, ServerCondition, ServerRow
from hms_server.upkeep.checking import Ground
from hms_server.upkeep.facts import read_database
from hms_server.upkeep.processes import holder_of, is_ours
from hms_server.upkeep.rules import judge_backups, judge_disks, with_since


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """`program` is the version on this machine; `version` that of the server that runs, perhaps an older."""

    running: bool
    is_set_up: bool
    program: str
    version: str
    since: datetime | None
    host: str
    addresses: list[str]
    port: int
    database: str
    database_bytes: int
    embedded: bool
    sessions: int
    devices: int
    outside_jobs: dict[str, int]
    audit_sealed_up_to: datetime | None
    audit_unsealed: int
    backup: BackupRow
    disks: list[DiskRow]
    conditions: list[ServerCondition]
    other_servers: list[str]
    aside: list[str]
    """What restores and moves have kept of earlier clinics, the newest first."""
    aside_bytes: int


def read_status(ground: Ground) -> Status:
    """What can be known without a server too: disks and backups are looked at here and now."""
    told, row = ground.told, ground.server
    disks = ground.disks
    aside = folders_aside(ground.data_dir)
    others = [each for each in told.servers if each != row] if told else []
    return Status(
        running=is_running(ground, row),
        is_set_up=not ground.is_bare,
        program=BUILD.words,
        version=row.version if row else "",
        since=row.started_at if row else None,
        host=row.host if row else "",
        addresses=row.addresses if row else ground.addresses(),
        port=ground.port,
        database=_database(ground),
        database_bytes=_size(ground),
        embedded=ground.embedded,
        sessions=told.sessions if told else 0,
        devices=told.devices if told else 0,
        outside_jobs=_jobs(ground),
        audit_sealed_up_to=told.sealed_up_to if told else None,
        audit_unsealed=told.unsealed if told else 0,
        backup=ground.backup,
        disks=disks,
        conditions=row.conditions if row and row.running else _conditions(ground, disks),
        other_servers=[f"{each.host} ({'runs' if each.running else 'silent'})" for each in others],
        aside=[path.name for path in aside],
        aside_bytes=size_of(aside),
    )


def is_running(ground: Ground, row: ServerRow | None) -> bool:
    """Whether a server of this machine listens, or told of itself a moment ago."""
    holder = holder_of(ground.port)
    if holder is not None:
        return is_ours(holder)
    return row is not None and row.running


def _conditions(ground: Ground, disks: list[DiskRow]) -> list[ServerCondition]:
    """While no server runs that would tell them."""
    since = ground.value("select created_at from clinic") if ground.connection else None
    found = [*judge_disks(disks), *judge_backups(ground.backup, now=ground.now, clinic_since=since)]
    return with_since(found, [], now=ground.now)


def _database(ground: Ground) -> str:
    if ground.connection is None:
        return f"does not answer: {ground.why}"
    version = read_database(ground.connection, embedded=ground.embedded).version
    return f"PostgreSQL {version}, {'embedded' if ground.embedded else 'of your own'}"


def _size(ground: Ground) -> int:
    return read_database(ground.connection, embedded=ground.embedded).size_bytes if ground.connection else 0


def _jobs(ground: Ground) -> dict[str, int]:
    if ground.connection is None:
        return {}
    with suppress(psycopg.Error):
        rows: list[Any] = ground.connection.execute(JOBS).fetchall()
        return dict(rows)
    return {}


def status_lines(status: Status) -> list[str]:
    """For people."""
    lines = [
        _running_line(status),
        f"Program on this machine: {status.program}",
        f"Reached at: {', '.join(status.addresses) or 'no address in a network'}, port {status.port}",
        *_kept_lines(status),
        f"Last good backup: {_backup(status.backup)}",
    ]
    lines += [f"Disk of the {disk.purpose}: {_disk(disk)}" for disk in status.disks]
    if status.aside:
        aside = f"{counted(len(status.aside), 'folder')}, {size_text(status.aside_bytes)}"
        lines.append(f"Kept aside by restores and moves: {aside}. {CLEARED}")
    lines += [f"Another server: {other}" for other in status.other_servers]
    for each in status.conditions:
        lines += [f"{each.level.value.upper()}: {each.sentence}", f"      → {each.remedy}"]
    if status.running and status.is_set_up:
        return lines if status.conditions else [*lines, "Nothing has to be done."]
    return [*lines, SEEK if status.is_set_up else SET_UP]


def _kept_lines(status: Status) -> list[str]:
    """Of a database that does not answer, nothing is known, and zeros would say that nothing is there."""
    if not status.database_bytes:
        return [f"Database: {status.database}"]
    return [
        f"Database: {status.database} ({size_text(status.database_bytes)})",
        f"Signed in: {status.sessions}; paired workstations: {status.devices}",
        f"Jobs outside: {_counted(status.outside_jobs)}",
        f"Audit trail: {_sealed(status)}",
    ]


def _sealed(status: Status) -> str:
    waiting = counted(status.audit_unsealed, "row")
    if status.audit_sealed_up_to is None:
        return f"nothing is sealed yet; waiting: {waiting}"
    return f"sealed up to {_moment(status.audit_sealed_up_to)}; waiting: {waiting}"


def _running_line(status: Status) -> str:
    if not status.is_set_up:
        return "There is no clinic here yet."
    if not status.running:
        return "The server does NOT run."
    # In its first moments it has told nothing of itself yet.
    since = f" since {_moment(status.since)}" if status.since else ""
    version = f", version {status.version}" if status.version else ""
    return f"The server runs{since}{version}."


def _moment(moment: datetime | None) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}" if moment else "an unknown moment"


def _backup(backup: BackupRow) -> str:
    if backup.last_good_at is None:
        return "none"
    tried = f"loaded to try it {_moment(backup.last_proved_at)}" if backup.last_proved_at else "never tried"
    size = size_text(backup.last_good_bytes)
    return f"{_moment(backup.last_good_at)}, {size}, {backup.last_good_file}; {tried}"


def _disk(disk: DiskRow) -> str:
    if disk.trouble:
        return f"{disk.place}: {disk.trouble}"
    same = ", the disk of the data" if disk.with_data else ""
    return f"{size_text(disk.free_bytes)} free of {size_text(disk.total_bytes)} ({disk.place}{same})"


def _counted(jobs: dict[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(jobs.items())) or "none"


CLEARED = f"All but the newest {KEPT} go after {KEPT_FOR.days} days."
SET_UP = "Set the clinic up: “sudo hms-server setup”."
SEEK = "Start it: “sudo systemctl start hms-server”. What stands against it, says “sudo hms-server doctor”."
JOBS = "select state, count(*) from relay_job group by state"
