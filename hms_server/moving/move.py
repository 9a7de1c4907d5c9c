"""Moves the clinic between the embedded PostgreSQL and one of its own, with proof of equality."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hms_server.backup import draft
from hms_server.backup.arrival import TargetRefused, arrive, clear, describe, is_empty, refuse_used
from hms_server.backup.content import count_rows
from hms_server.backup.dumping import dump
from hms_server.backup.make import refuse_newer_database
from hms_server.backup.trouble import BackupFailed
from hms_server.chosen_database import choose_database
from hms_server.contract.private_files import create_private
from hms_server.database import connect, refuse_missing_extensions
from hms_server.moving.proof import Line, Prints, as_table, compare, take_prints
from hms_server.postgres import EmbeddedPostgres

Say = Callable[[str], object]
PROOFS = "moves"
_NAME = "hms-server move"


class NotEqual(BackupFailed):
    """The copy is not what was copied; the clinic stays where it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """`proof` is the table that was printed, `kept` the file with it, `aside` an embedded one of before."""

    proof: str
    kept: Path
    where: str
    aside: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """From which database, for which data folder."""

    source: str
    data_dir: Path
    now: datetime


def move_out(move: Move, target: str, say: Say) -> Moved:
    """To a PostgreSQL of the clinic's own, which must be empty. The source stays as it is."""
    with draft.alone(move.data_dir):
        refuse_used(move.source)
        _refuse_unfit(target)
        lines = _copy(move, target, say)
        moved = _keep(move, target, lines)
        choose_database(move.data_dir, target)
    return moved


def move_home(move: Move, say: Say, *, replacing: bool = False) -> Moved:
    """To the embedded PostgreSQL of the data folder. `replacing`: an older one there goes aside."""
    with draft.alone(move.data_dir):
        old = EmbeddedPostgres(move.data_dir)
        if (move.data_dir / draft.POSTGRES).exists() and not replacing:
            raise TargetRefused(
                f"The data folder {move.data_dir} has an embedded database already, perhaps the one that was "
                "moved out; nothing was changed. Say --replace to keep it aside under a dated name."
            )
        refuse_used(move.source)
        if old.is_running():
            refuse_used(old.ensure_running())
            old.stop()
        lines, where = _copy_into_draft(move, say)
        kept = _store(move, lines)
        aside = draft.put_in_place(move.data_dir, move.now, parts=(draft.POSTGRES,), before="move")
        choose_database(move.data_dir, None)
    return Moved(proof=as_table(lines), kept=kept, where=where, aside=aside)


def _copy_into_draft(move: Move, say: Say) -> tuple[list[Line], str]:
    postgres = EmbeddedPostgres(draft.begin(move.data_dir))
    try:
        dsn = postgres.ensure_running()
        lines = _copy(move, dsn, say)
        postgres.stop()
    except BaseException:
        draft.drop(move.data_dir)
        raise
    return lines, f"the embedded PostgreSQL in {move.data_dir}"


def _refuse_unfit(target: str) -> None:
    refuse_used(target)
    with connect(target, application_name=_NAME) as connection:
        # What cannot be backed up afterwards is no place for a clinic.
        refuse_newer_database(connection)
        refuse_missing_extensions(connection)
    if not is_empty(target):
        raise TargetRefused(
            "The database to move to is not empty; nothing was changed. Create a new one there and name that."
        )


def _copy(move: Move, target: str, say: Say) -> list[Line]:
    say("Copying the database.")
    with connect(move.source, application_name=_NAME) as connection:
        refuse_newer_database(connection)
        connection.execute("set transaction isolation level repeatable read read only")
        for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
            connection.execute("select set_config(%s, '0', true)", (limit,))
        row = connection.execute("select pg_export_snapshot()").fetchone()
        if row is None:
            raise LookupError("the database gave no snapshot")
        rows = count_rows(connection)
        arrive(dump(move.source, snapshot=row[0]), target, rows=rows, now=move.now)
    say("Comparing every row of both.")
    lines = compare(_prints(move.source), _prints(target))
    try:
        # What a server that was started meanwhile has stored since the comparison would stay behind.
        refuse_used(move.source)
    except TargetRefused:
        with suppress(BackupFailed):
            clear(target)
        raise
    if different := [line.name for line in lines if not line.equal]:
        with suppress(BackupFailed):
            clear(target)
        raise NotEqual(
            f"{as_table(lines)}\nThe copy differs from the original in {', '.join(different)}. The clinic "
            "stays where it was; the copy was removed."
        )
    return lines


def _prints(dsn: str) -> Prints:
    with connect(dsn, application_name=_NAME) as connection:
        return take_prints(connection, lambda _: None)


def _keep(move: Move, target: str, lines: list[Line]) -> Moved:
    with connect(target, application_name=_NAME) as connection:
        where = describe(connection)
    return Moved(proof=as_table(lines), kept=_store(move, lines), where=where)


def _store(move: Move, lines: list[Line]) -> Path:
    kept = move.data_dir / PROOFS / f"move-{move.now.astimezone():%Y-%m-%d-%H%M%S}.txt"
    create_private(kept, as_table(lines).encode())
    return kept
