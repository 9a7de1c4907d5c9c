"""What checks stand on in tests: a folder, a clock, a database if one is given, programs that answer."""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hms_server.contract.upkeep import DatabaseRow, ServerRow
from hms_server.upkeep.checking import Answer, Ground, Ran, Verdict

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
DATABASE = DatabaseRow(embedded=True, version="18.1", size_bytes=30 << 20)


def ground(data_dir: Path, **given: Any) -> Ground:
    """A server of nobody's, at ports that nobody has."""
    usual: dict[str, Any] = {
        "data_dir": data_dir,
        "embedded": True,
        "port": 1,
        "pairing_port": 2,
        "clock": lambda: NOW,
        "why": "it does not run",
        "run": programs({}),
    }
    return Ground(**(usual | given))


def server_row(**given: Any) -> ServerRow:
    usual: dict[str, Any] = {
        "id": "a",
        "host": "clinic-server",
        "version": "0.1.0",
        "started_at": NOW - timedelta(days=3),
        "seen_at": NOW,
        "addresses": ["192.0.2.7"],
        "database": DATABASE,
    }
    return ServerRow(**(usual | given))


def programs(answers: Mapping[str, Ran]) -> Callable[..., Ran | None]:
    """Programs of the system by their command lines; others are not installed."""

    def run(*arguments: str) -> Ran | None:
        return answers.get(" ".join(arguments))

    return run


def says(answer: Answer) -> Verdict:
    """The verdict; whoever is told that something is wrong is also told what to do."""
    if answer.verdict is Verdict.WRONG:
        assert answer.remedy
    assert answer.sentence.endswith(".")
    return answer.verdict


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    """A disk of its own, in memory; only root may have one."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", folder], check=False, capture_output=True
    )
    if os.geteuid() != 0 or done.returncode != 0:
        pytest.skip("no disk may be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)
