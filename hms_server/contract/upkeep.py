"""How each server of the clinic is doing, for administrators: conditions, remedies, disks and backups."""

from datetime import datetime
from enum import StrEnum

import msgspec

from hms_server.contract.envelope import Event, Request


class Level(StrEnum):
    """How urgent a condition is; in this order, the worst last."""

    NOTE = "note"
    """Worth knowing; nothing has to be done."""
    WARNING = "warning"
    """Will become trouble when nobody looks after it in the next days."""
    ALARM = "alarm"
    """Work or data is in danger now."""


class ServerCondition(msgspec.Struct, frozen=True, kw_only=True):
    """Something about a server that a person should know; `code` stays the same while it lasts."""

    code: str
    level: Level
    title: str
    sentence: str
    remedy: str
    since: datetime


class DiskRow(msgspec.Struct, frozen=True, kw_only=True):
    """Room on the disk below `place`, in bytes; `purpose` is data or backup."""

    place: str
    purpose: str
    free_bytes: int
    total_bytes: int
    trouble: str = ""
    """Why it could not be looked at, empty where it was."""
    with_data: bool = False
    """A place of backups on the very disk of the clinic's records, to be lost together with it."""


class BackupRow(msgspec.Struct, frozen=True, kw_only=True):
    """The last backups; `confirmed` says that the recovery key was typed back from paper."""

    places: list[str] = []
    last_good_at: datetime | None = None
    last_good_file: str = ""
    last_good_bytes: int = 0
    last_tried_at: datetime | None = None
    last_trouble: str = ""
    last_proved_at: datetime | None = None
    """When a backup was last loaded into a database of its own, and counted there."""
    has_key: bool = False
    confirmed: bool = False


class DatabaseRow(msgspec.Struct, frozen=True, kw_only=True):
    """`embedded`: inside the server's own data folder; otherwise a PostgreSQL of the clinic's own."""

    embedded: bool
    version: str
    size_bytes: int


class ServerRow(msgspec.Struct, frozen=True, kw_only=True):
    """What one server last told of itself, at `seen_at`; `running` is judged when somebody asks."""

    id: str
    host: str
    version: str
    commit: str = ""
    started_at: datetime
    seen_at: datetime
    stopped_at: datetime | None = None
    running: bool = True
    addresses: list[str] = []
    port: int = 0
    database: DatabaseRow
    disks: list[DiskRow] = []
    backup: BackupRow = BackupRow()
    conditions: list[ServerCondition] = []
    old_desktops: list[str] = []
    """Workstations that said that their program is older, such as "Front desk (0.1.0)"."""


class ServerConditions(msgspec.Struct, frozen=True, kw_only=True):
    """Every server that was heard of in the last month, the longest running first."""

    servers: list[ServerRow]
    devices: int
    """Workstations that may connect."""
    sessions: int
    """People and displays signed in."""
    sealed_up_to: datetime | None
    """The moment of the last audit row in the sealed chain."""
    unsealed: int
    """Audit rows that wait for their seal."""


class GetServerConditions(Request[ServerConditions], frozen=True, kw_only=True):
    """For administrators."""


class ConditionsChanged(Event, frozen=True, kw_only=True):
    """A condition of one server began, ended or became worse or better; these are all it has now."""

    server: str
    host: str
    conditions: list[ServerCondition]
