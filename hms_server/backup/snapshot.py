"""A copy of the clinic inside its data folder, for an upgrade that may have to be taken back.

It is a backup whose key lies beside it, in files for the server's user alone: no more and no less private
than the database in the same folder. It is no substitute for a backup on another disk.
"""

from datetime import datetime
from pathlib import Path

from hms_server.backup.copies import ENDING
from hms_server.backup.make import Source, make
from hms_server.backup.recovery import RecoveryKey
from hms_server.backup.restore import Order, Restored, Say, restore_embedded, restore_external
from hms_server.backup.sealing import Backup
from hms_server.backup.settings import BackupSettings
from hms_server.backup.trouble import BackupFailed
from hms_server.contract.private_files import create_private

FOLDER = "snapshot"
_KEY_ENDING = ".key"


class NoSnapshot(BackupFailed):
    """There is nothing to put back."""


def take(source: Source, *, now: datetime) -> Path:
    """Makes the snapshot and then drops the one before; BackupFailed leaves that one as it is."""
    folder = source.data_dir / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    key = RecoveryKey.new()
    made = make(source, BackupSettings(recovery_public=key.public), places=(folder,), now=now)
    file = made.files[0]
    create_private(file.with_suffix(_KEY_ENDING), key.text.encode())
    for old in folder.iterdir():
        if old.stem != file.stem:
            old.unlink()
    return file


def put_back(data_dir: Path, *, dsn: str | None, now: datetime, say: Say) -> Restored:
    """Puts the snapshot in the place of what is there now, which goes aside under a dated name."""
    file = _newest(data_dir / FOLDER)
    key = RecoveryKey.typed(file.with_suffix(_KEY_ENDING).read_text(encoding="ascii"))
    order = Order(backup=Backup(file), key=key, data_dir=data_dir, replacing=True, now=now)
    if dsn is None:
        return restore_embedded(order, say)
    return restore_external(order, dsn, say)


def _newest(folder: Path) -> Path:
    # One without its key was not finished.
    whole = [file for file in folder.glob(f"*{ENDING}") if file.with_suffix(_KEY_ENDING).exists()]
    if not whole:
        raise NoSnapshot(f"There is no snapshot in {folder}: restore a backup instead.")
    return max(whole, key=lambda file: Backup(file).header.made_at)
