"""How the state of a server is said on the screen."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from PySide6.QtCore import QCoreApplication

from hms_desktop.widgets.tokens import Kind
from hms_desktop.widgets.words import since_text
from hms_server.contract.upkeep import BackupRow, DiskRow, Level, ServerCondition, ServerRow

GIGABYTE = 1 << 30
MEGABYTE = 1 << 20


def _tr(text: str) -> str:
    return QCoreApplication.translate("upkeep", text)


def level_word(level: Level) -> tuple[str, Kind]:
    """How urgent a condition is, in a word."""
    return {
        Level.ALARM: (_tr("Alarm"), Kind.DANGER),
        Level.WARNING: (_tr("Soon"), Kind.WARNING),
        Level.NOTE: (_tr("Note"), Kind.INFO),
    }[level]


def running_word(server: ServerRow) -> tuple[str, Kind]:
    """Whether a server works, in a word or two."""
    if server.running:
        return _tr("Running"), Kind.OK
    if server.stopped_at is not None:
        return _tr("Switched off"), Kind.NEUTRAL
    return _tr("Not heard of"), Kind.DANGER


def sign_text(conditions: Sequence[ServerCondition]) -> str:
    """The line in the status bar: the worst, and how many more; nothing while all is well."""
    worth = [each for each in conditions if each.level is not Level.NOTE]
    if not worth:
        return ""
    words = _tr("Server: {title}").format(title=worth[0].title)
    return f"{words}  +{len(worth) - 1}" if len(worth) > 1 else words


def size_text(count: int) -> str:
    """Bytes as people read them."""
    if count >= GIGABYTE:
        return _tr("{size} GB").format(size=f"{count / GIGABYTE:.1f}")
    if count >= MEGABYTE:
        return _tr("{size} MB").format(size=count // MEGABYTE)
    return _tr("{size} KB").format(size=count // (1 << 10))


def database_text(server: ServerRow) -> str:
    """Such as "PostgreSQL 18.1, inside the server, 34 MB"."""
    where = _tr("inside the server") if server.database.embedded else _tr("of your own")
    parts = (f"PostgreSQL {server.database.version}", where, size_text(server.database.size_bytes))
    return ", ".join(parts)


def disk_text(disk: DiskRow) -> str:
    """Room, or why it cannot be told."""
    if disk.trouble:
        return f"{disk.place}: {disk.trouble}"
    words = (
        _tr("{free} free of {whole} ({place}), on the disk of the records")
        if disk.with_data
        else _tr("{free} free of {whole} ({place})")
    )
    free, whole = size_text(disk.free_bytes), size_text(disk.total_bytes)
    return words.format(free=free, whole=whole, place=disk.place)


def disk_title(disk: DiskRow) -> str:
    return _tr("Backup disk") if disk.purpose == "backup" else _tr("Disk")


def backup_text(backup: BackupRow, *, zone: tzinfo, now: datetime) -> str:
    """When the last good one was made, and how large it is."""
    if backup.last_good_at is None:
        return _tr("none yet") if backup.places else _tr("no backup folder is set")
    when = since_text(backup.last_good_at, zone=zone, now=now)
    return f"{when}, {size_text(backup.last_good_bytes)}"


def key_text(backup: BackupRow) -> str:
    """Whether a backup could be opened again."""
    if not backup.has_key:
        return _tr("not made yet")
    return _tr("confirmed") if backup.confirmed else _tr("not confirmed")
