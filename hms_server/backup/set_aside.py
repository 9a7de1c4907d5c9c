"""What restores and moves have kept aside in the data folder: counted for people, cleared when it is old."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

KEPT = 3
KEPT_FOR = timedelta(days=30)
_NAME = re.compile(r"before-(?:restore|move)-(\d{4}-\d\d-\d\d-\d{6})(?:-(\d+))?")


def folders_aside(data_dir: Path) -> list[Path]:
    """The dated folders of before each restore and move, the newest first; none where nobody may look."""
    return [path for _, path in sorted(_found(data_dir), reverse=True)]


def old_aside(data_dir: Path, now: datetime) -> list[Path]:
    """Those that may go: neither among the newest three nor younger than thirty days by their names."""
    newest_first = sorted(_found(data_dir), reverse=True)
    return [path for (moment, _), path in newest_first[KEPT:] if now - moment >= KEPT_FOR]


def clear_aside(data_dir: Path, now: datetime) -> list[Path]:
    """Deletes what may go, and says what that was; `OSError` where something refuses to."""
    old = old_aside(data_dir, now)
    for path in old:
        shutil.rmtree(path)
    return old


def size_of(folders: list[Path]) -> int:
    """The bytes of all files in them, as far as they can be seen."""
    size = 0
    for folder in folders:
        for home, _, names in os.walk(folder):
            for name in names:
                with suppress(OSError):
                    size += Path(home, name).lstat().st_size
    return size


def _found(data_dir: Path) -> Iterator[tuple[tuple[datetime, int], Path]]:
    """Ordered by the moment in the name, then by its number where a second one was made at that moment."""
    try:
        paths = [path for path in data_dir.iterdir() if path.is_dir() and not path.is_symlink()]
    except OSError:
        return
    for path in paths:
        named = _NAME.fullmatch(path.name)
        if named is None:
            continue
        with suppress(ValueError):
            # Named by this machine's own clock, as people read it.
            moment = datetime.strptime(named[1], "%Y-%m-%d-%H%M%S").astimezone()
            yield (moment, int(named[2] or 1)), path
