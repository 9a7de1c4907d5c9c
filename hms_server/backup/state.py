"""What became of the backups: read by the alarms, the administrator's panel and the doctor."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from hms_server.contract.private_files import replace_private

FILE = "backup-state.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupState:
    """Times are aware UTC; `last_trouble` is empty after a backup that reached every place.

    `last_proved_at`: when a backup was last loaded into a database of its own and counted there.
    """

    last_good_at: datetime | None = None
    last_good_file: str | None = None
    last_good_bytes: int | None = None
    last_tried_at: datetime | None = None
    last_trouble: str = ""
    last_proved_at: datetime | None = None


def read_state(data_dir: Path) -> BackupState:
    """What was stored last; a damaged file counts as no backup, which is an alarm."""
    path = data_dir / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=BackupState)
    except FileNotFoundError:
        return BackupState()
    except (msgspec.DecodeError, OSError) as error:
        return BackupState(last_trouble=f"The file {path} cannot be read ({error}).")


def write_state(data_dir: Path, state: BackupState) -> None:
    """Replaces what was stored."""
    replace_private(data_dir / FILE, msgspec.json.format(msgspec.json.encode(state)))
