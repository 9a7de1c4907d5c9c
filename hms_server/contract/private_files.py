"""Files that hold keys: written whole or not at all, and readable by their owner alone."""

import os
import secrets
import stat
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def create_private(path: Path, content: bytes) -> bool:
    """Makes the file, durably; False, and nothing changed, where somebody else was faster."""
    draft = _write_draft(path, content)
    try:
        # A link, not a rename: of two programs that start at once, the second must not replace the first.
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    _sync_folder(path.parent)
    return True


def replace_private(path: Path, content: bytes) -> None:
    """Puts new content in the place of the old, durably; a crash leaves the one or the other."""
    draft = _write_draft(path, content)
    try:
        draft.replace(path)
    except OSError:
        draft.unlink()
        raise
    _sync_folder(path.parent)


def is_private(path: Path) -> bool:
    """Whether nobody but its owner may read the file; on Windows the user's own folder sees to that."""
    return os.name != "posix" or not path.stat().st_mode & _OTHERS


def _write_draft(path: Path, content: bytes) -> Path:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        draft.unlink()
        raise
    return draft


def _sync_folder(folder: Path) -> None:
    # Windows cannot open a folder; NTFS journals the new name by itself.
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
