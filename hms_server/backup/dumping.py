"""Runs PostgreSQL's own dump and restore as a stream, never with a password on a command line."""

import os
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from typing import IO, Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from hms_server.backup.trouble import BackupFailed
from hms_server.postgres_programs import Programs, last_line

READ_BYTES = 1 << 20
_DUMP = (
    "--format=custom",
    # A small machine is slow at more, and the next levels save little.
    "--compress=gzip:3",
    "--no-owner",
    "--no-privileges",
    "--no-publications",
    "--no-subscriptions",
    "--no-security-labels",
    "--no-tablespaces",
    "--exclude-schema=before_restore_*",
    "--lock-wait-timeout=60s",
    "--no-password",
)
_SCRIPT = ("--no-owner", "--no-privileges", "--no-comments", "--exit-on-error", "--file=-")
_INTO = (
    "--no-psqlrc",
    "--quiet",
    "--set=ON_ERROR_STOP=1",
    # The rest of a message tells the values of a row, which are a patient's.
    "--set=VERBOSITY=terse",
    "--set=SHOW_CONTEXT=never",
    "--no-password",
    "--file=-",
)
# Newer dumps set what servers before 17 do not know.
_UNKNOWN_BEFORE_17 = b"SET transaction_timeout = 0;\n"


class ToolFailed(BackupFailed):
    """A program of PostgreSQL ended with an error; the sentence holds its last line."""


class Tool:
    """One program with pipes; what it says goes to a file, since a full pipe would stop it."""

    def __init__(self, name: str, *arguments: str, dsn: str | None = None, feed: bool, read: bool) -> None:
        self.name = name
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the program
        conninfo, more = _without_password(dsn) if dsn else ("", {})
        where = (f"--dbname={conninfo}",) if dsn else ()
        self.process = Programs.find(None).pipe(
            name,
            *arguments,
            *where,
            stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
            stdout=subprocess.PIPE if read else subprocess.DEVNULL,
            stderr=self._said,
            more=more,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Ends a program that still runs: whoever leaves early does not want its result."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self._said.close()

    @property
    def sink(self) -> IO[bytes]:
        assert self.process.stdin is not None
        return self.process.stdin

    @property
    def source(self) -> IO[bytes]:
        assert self.process.stdout is not None
        return self.process.stdout

    def finish(self) -> None:
        """Waits for its end; `ToolFailed` unless it succeeded."""
        if self.process.stdin is not None:
            with suppress(OSError):
                self.process.stdin.close()
        if self.process.wait() != 0:
            raise self.failure()

    def failure(self) -> ToolFailed:
        """What it said last, as a sentence."""
        self._said.seek(0)
        said = self._said.read()[-8192:].decode(errors="replace")
        return ToolFailed(f"PostgreSQL's program {self.name} failed: {last_line(said)}")


def major_of_tools() -> int:
    """The major version of the programs that come with this one, such as 18."""
    words = Programs.find(None).run("pg_dump", "--version").split()
    return int(words[2].partition(".")[0])


def dump(dsn: str, *, snapshot: str) -> Iterator[bytes]:
    """The database as it was in that snapshot; pg_restore reads the whole dump back on its way.

    `ToolFailed` where dumping or reading back fails; both programs end when the iteration is left.
    """
    with ExitStack() as stack:
        dumping = stack.enter_context(
            Tool("pg_dump", *_DUMP, f"--snapshot={snapshot}", dsn=dsn, feed=False, read=True)
        )
        check = stack.enter_context(Tool("pg_restore", f"--file={os.devnull}", feed=True, read=False))
        while block := dumping.source.read(READ_BYTES):
            try:
                check.sink.write(block)
            except OSError:
                check.finish()
                raise check.failure() from None
            yield block
        dumping.finish()
        check.finish()


def load(blocks: Iterable[bytes], dsn: str, *, before: str = "", after: str = "") -> None:
    """Puts a dump into an empty database, in one transaction: all of it or nothing.

    `before` and `after` are statements in the same transaction. `ToolFailed` where PostgreSQL refuses
    something.
    """
    with ExitStack() as stack:
        script = stack.enter_context(Tool("pg_restore", *_SCRIPT, feed=True, read=True))
        into = stack.enter_context(Tool("psql", *_INTO, dsn=dsn, feed=True, read=False))
        passing = _Passing(script, into, f"begin;\n{before}\n".encode())
        stack.callback(passing.stop)
        passing.start()
        # Where one of the programs has given up, its own words say more than the broken pipe.
        with suppress(OSError):
            for block in blocks:
                script.sink.write(block)
        _close(script.sink)
        passing.join()
        if passing.refused:
            into.process.wait()
            raise into.failure()
        script.finish()
        # Written by nobody but us: where this process is killed, PostgreSQL takes everything back.
        with suppress(OSError):
            into.sink.write(f"\n{after}\ncommit;\n".encode())
        into.finish()


class _Passing(threading.Thread):
    """Carries the statements from one program to the other; `refused`: the other one has given up."""

    def __init__(self, script: Tool, into: Tool, before: bytes) -> None:
        super().__init__(name="hms-restore", daemon=True)
        self._script, self._into, self._before = script, into, before
        self.refused = False

    def run(self) -> None:
        try:
            self._pass()
        except OSError:
            self.refused = True
            # It would wait for a reader for ever, and whoever feeds it with it.
            self._script.process.kill()

    def stop(self) -> None:
        """Ends with both programs."""
        for tool in (self._script, self._into):
            if tool.process.poll() is None:
                tool.process.kill()
        self.join()

    def _pass(self) -> None:
        source, sink = self._script.source, self._into.sink
        sink.write(self._before)
        for line in source:
            if line != _UNKNOWN_BEFORE_17:
                sink.write(line)
            if line.startswith((b"CREATE", b"COPY")):
                break
        while block := source.read(READ_BYTES):
            sink.write(block)
        sink.flush()


def _close(sink: IO[bytes]) -> None:
    with suppress(OSError):
        sink.close()


def _without_password(dsn: str) -> tuple[str, dict[str, str]]:
    """Every user of the machine can read a command line; the environment only the same user."""
    given = {name: str(value) for name, value in conninfo_to_dict(dsn).items()}
    password = given.pop("password", None)
    return make_conninfo("", **given), {"PGPASSWORD": password} if password else {}
