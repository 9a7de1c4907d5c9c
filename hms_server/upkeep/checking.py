"""What a check of the doctor is: a likely trouble, how to look for it, and what was found."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from hms_server.clock import Clock
from hms_server.contract.upkeep import BackupRow, DiskRow, ServerConditions, ServerRow
from hms_server.upkeep.facts import Disks, read_backup
from hms_server.upkeep.neighbours import Seen

PROGRAM_LIMIT_S = 10.0


class Verdict(StrEnum):
    GOOD = "good"
    NOTE = "note"
    """Worth knowing; nothing has to be done."""
    UNKNOWN = "not checked"
    """It could not be looked at, which is not the same as good."""
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Answer:
    """A sentence on what was found, and what to do where something has to be done."""

    verdict: Verdict
    sentence: str
    remedy: str = ""


def good(sentence: str) -> Answer:
    return Answer(Verdict.GOOD, sentence)


def note(sentence: str, remedy: str = "") -> Answer:
    return Answer(Verdict.NOTE, sentence, remedy)


def unknown(sentence: str, remedy: str = "") -> Answer:
    return Answer(Verdict.UNKNOWN, sentence, remedy)


def wrong(sentence: str, remedy: str) -> Answer:
    return Answer(Verdict.WRONG, sentence, remedy)


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program of the system said."""

    code: int
    out: str


def run_program(*arguments: str) -> Ran | None:
    """Runs a program of the system to ask it something; None where there is none, or it does not answer."""
    program = find_program(arguments[0])
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - fixed words of the checks, no shell
            [program, *arguments[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=PROGRAM_LIMIT_S,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return Ran(done.returncode, done.stdout)


def find_program(name: str) -> str | None:
    """Where a program of the system lies; None where it is not installed."""
    return shutil.which(name, path=_search_path())


def _search_path() -> str:
    # Programs that show the firewall lie where an ordinary user does not look.
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What the checks stand on. `connection` is None where the database cannot be reached, and `why` says it.

    `server` is what the server of this machine and folder told last, whether it runs or not.
    """

    data_dir: Path
    embedded: bool
    port: int
    pairing_port: int
    clock: Clock
    connection: psycopg.Connection[Any] | None = None
    why: str = ""
    server: ServerRow | None = None
    told: ServerConditions | None = None
    addresses: Callable[[], list[str]] = list
    look_around: Callable[[], Seen] = field(default=lambda: Seen(trouble="nobody looked"))
    run: Callable[..., Ran | None] = run_program
    find: Callable[[str], str | None] = find_program

    @cached_property
    def seen(self) -> Seen:
        """Who announces himself in the network; looked at once."""
        return self.look_around()

    @cached_property
    def backup(self) -> BackupRow:
        return read_backup(self.data_dir)

    @cached_property
    def disks(self) -> list[DiskRow]:
        """Below the data folder and each place of backups; looked at once."""
        return Disks().read(self.data_dir, self.backup.places)

    @property
    def is_bare(self) -> bool:
        """Whether no clinic was set up here yet, or one for training was ended."""
        if self.connection is not None:
            there = self.value("select to_regclass('public.clinic') is not null")
            return not there or self.value("select 1 from clinic") is None
        cluster = self.data_dir / "postgres" / "cluster"
        return self.embedded and not cluster.exists()

    @property
    def now(self) -> datetime:
        return self.clock()

    def value(self, query: LiteralString) -> Any:
        """The first column of the first row; None without a database, or without such a row."""
        if self.connection is None:
            return None
        row = self.connection.execute(query).fetchone()
        return row[0] if row else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`title` is the trouble in the words of whoever has it; the manual has a section under it."""

    code: str
    title: str
    look: Callable[[Ground], Answer]
