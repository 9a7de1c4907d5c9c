"""Lists that a person edits in a spreadsheet: out to a file or the screen, and back."""

import io
import sys
from pathlib import Path
from typing import TextIO

PIPE = Path("-")
MARK = "\ufeff"
"""Spreadsheets take a file without this mark for one of another encoding."""


class FileUnfit(Exception):  # noqa: N818 - an answer to the person, not an error of the program
    """The file cannot be used; the sentence says why."""


def refuse_existing(path: Path) -> None:
    """Nothing is written over: it may hold what somebody has just typed."""
    if path != PIPE and path.exists():
        raise FileUnfit(f"{path} exists already: name another file, or delete it.")


def write(path: Path, text: str) -> None:
    """To a file, or where `path` is `-` to standard output."""
    if path == PIPE:
        _in_utf8(sys.stdout)
        print(text if sys.stdout.isatty() else f"{MARK}{text}", end="")
        return
    try:
        path.write_text(f"{MARK}{text}", encoding="utf-8")
    except OSError as error:
        # An installed command works as the server's user, who may not write where the administrator stands.
        raise FileUnfit(
            f"{path} cannot be written: {error.strerror}. Write it yourself: “export - > {path.name}”."
        ) from error


def read(path: Path) -> str:
    """From a file, or where `path` is `-` from standard input."""
    try:
        if path == PIPE:
            _in_utf8(sys.stdin)
            return sys.stdin.read()
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "save it as CSV in UTF-8"
        raise FileUnfit(f"{path} cannot be read: {reason}.") from error


def _in_utf8(stream: TextIO) -> None:
    """Windows gives what is sent to a file its code page, which knows neither the mark nor most letters."""
    if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
        stream.reconfigure(encoding="utf-8")
