"""`move`: takes the clinic to another PostgreSQL and proves that nothing is missing there."""

import argparse
import sys

import psycopg
from psycopg.conninfo import conninfo_to_dict

from hms_server.backup.draft import finish_interrupted
from hms_server.backup.trouble import BackupFailed
from hms_server.clock import system_clock
from hms_server.console.ground import Commands, embedded, is_used_by_a_server, typed_address
from hms_server.moving.move import Move, Moved, move_home, move_out

HOME = "embedded"


def add(commands: Commands) -> None:
    """Adds `move`."""
    move = commands.add_parser("move", help="take the clinic to another PostgreSQL, with proof of equality")
    move.add_argument(
        "--to", required=True, metavar="DSN", help=f"an empty database, - to be asked, or {HOME}"
    )
    move.add_argument("--replace", action="store_true", help="keep an embedded database that is there aside")
    move.set_defaults(run=move_clinic)


def move_clinic(options: argparse.Namespace) -> int:
    """Prints the proof; the next start of the server uses the new place."""
    finish_interrupted(options.data_dir)
    options.to = typed_address(options.to)
    if options.to != HOME:
        _refuse_garbled(options.to)
    moved = _home(options) if options.to == HOME else _out(options)
    print(moved.proof)
    print(f"The clinic is in {moved.where} now; 'hms-server run' uses it from its next start on.")
    print(f"This proof is kept in {moved.kept}. What was copied from stays where it is, and is used no more.")
    if moved.aside is not None:
        print(f"The embedded database of before is kept in {moved.aside}.")
    return 0


def _out(options: argparse.Namespace) -> Moved:
    if options.database:
        return move_out(_move(options, options.database), options.to, print)
    if not (options.data_dir / "postgres").exists():
        raise BackupFailed(f"There is no clinic in {options.data_dir}: nothing to move.")
    postgres = embedded(options)
    dsn = postgres.ensure_running()
    try:
        return move_out(_move(options, dsn), options.to, print)
    finally:
        if not is_used_by_a_server(dsn):
            postgres.stop()


def _home(options: argparse.Namespace) -> Moved:
    if not options.database:
        print("The clinic is in the embedded PostgreSQL already.", file=sys.stderr)
        raise BackupFailed("Nothing was changed.")
    return move_home(_move(options, options.database), print, replacing=options.replace)


def _refuse_garbled(dsn: str) -> None:
    try:
        conninfo_to_dict(dsn)
    except psycopg.ProgrammingError as error:
        raise BackupFailed(
            'That is no address of a database. Write it like "host=db.clinic.lan dbname=hms user=hms", or '
            f"{HOME}: {error}"
        ) from error


def _move(options: argparse.Namespace, source: str) -> Move:
    return Move(source=source, data_dir=options.data_dir, now=system_clock())
