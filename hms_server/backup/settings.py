"""Where backups go, at which hour, and to which recovery key they are sealed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from hms_server.backup.trouble import BackupFailed
from hms_server.contract.private_files import replace_private

FILE = "backup.json"
DEFAULT_HOUR = 2


class SettingsUnreadable(BackupFailed):
    """The file of the settings is damaged; the sentence names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSettings:
    """`places` are folders; `hour` is by the clinic's clock.

    `recovery_public` seals a backup and opens none; `confirmed` says that somebody typed the recovery key
    back from paper.
    """

    places: tuple[Path, ...] = ()
    recovery_public: bytes | None = None
    confirmed: bool = False
    hour: int = DEFAULT_HOUR


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    places: list[str] = []
    recovery_public: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)] | None = None
    confirmed: bool = False
    hour: Annotated[int, msgspec.Meta(ge=0, le=23)] = DEFAULT_HOUR


def load_settings(data_dir: Path) -> BackupSettings:
    """What was saved; without places and key where nothing was, `SettingsUnreadable` where it is damaged."""
    path = data_dir / FILE
    try:
        stored = msgspec.json.decode(path.read_bytes(), type=_Stored)
    except FileNotFoundError:
        return BackupSettings()
    except (msgspec.DecodeError, OSError) as error:
        raise SettingsUnreadable(
            f"The file {path} cannot be read ({error}): delete it, and name the places and the recovery key "
            "anew with 'hms-server backup-places' and 'hms-server recovery-key'."
        ) from error
    return BackupSettings(
        places=tuple(Path(place) for place in stored.places),
        recovery_public=stored.recovery_public,
        confirmed=stored.confirmed,
        hour=stored.hour,
    )


def save_settings(data_dir: Path, settings: BackupSettings) -> None:
    """Holds from now on; a running server reads it before its next backup."""
    stored = _Stored(
        places=[str(place) for place in settings.places],
        recovery_public=settings.recovery_public,
        confirmed=settings.confirmed,
        hour=settings.hour,
    )
    replace_private(data_dir / FILE, msgspec.json.format(msgspec.json.encode(stored)))
