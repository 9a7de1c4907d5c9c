"""One line a fact, on standard error or in files of limited size; no name, no note, no password in it."""

import logging
import logging.handlers
import sys
from pathlib import Path

import structlog

FILE_BYTES = 5_000_000
KEPT_FILES = 7
"""The one that is written and those before it."""


def configure_logging(*, verbose: bool, file: Path | None = None) -> None:
    """Called once by each program, never at import.

    Where a service manager keeps what a program says (systemd's journal), standard error is the place; a
    service of Windows names a `file`, which then never grows beyond seven times five megabytes.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr if file is None else RotatedFile(file)),  # type: ignore[arg-type]
    )


class RotatedFile:
    """As much of a text file as a logger writes to; a full one is put aside, and the oldest is dropped."""

    def __init__(self, path: Path, *, file_bytes: int = FILE_BYTES, kept: int = KEPT_FILES) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=file_bytes, backupCount=kept - 1, encoding="utf-8", delay=True
        )

    def write(self, text: str) -> int:
        """One whole message with its end of line."""
        line = text.rstrip("\n")
        self._handler.emit(logging.LogRecord("hms", logging.INFO, "", 0, line, (), None))
        return len(text)

    def flush(self) -> None:
        """Every line is flushed as it is written."""

    def close(self) -> None:
        """Gives the file back."""
        self._handler.close()


def log_files(path: Path) -> list[Path]:
    """The files that belong to a log, the newest first."""
    return [each for each in (path, *(Path(f"{path}.{n}") for n in range(1, KEPT_FILES))) if each.exists()]
