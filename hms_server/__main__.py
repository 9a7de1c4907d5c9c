"""The command line of the server: each module of `console` adds its commands."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg

from hms_server.accounts.setup import SetupRefused
from hms_server.backup.trouble import BackupFailed
from hms_server.chosen_database import ChoiceUnreadable, chosen_database
from hms_server.config import default_data_dir
from hms_server.console import (
    backing_up,
    joining,
    moving,
    people,
    pricing,
    records,
    serving,
    setting_up,
    stocking,
    trying,
    updating,
    upkeep,
    windows_service,
)
from hms_server.console.given_database import given_database, hide_password
from hms_server.contract.build import ShowBuild
from hms_server.database import DatabaseUnfit
from hms_server.joining import JoinRefused
from hms_server.keys import KeyFileError
from hms_server.listening import ListenRefused
from hms_server.logs import configure_logging
from hms_server.postgres_programs import PostgresFailed

COMMANDS = (
    serving,
    setting_up,
    joining,
    people,
    pricing,
    stocking,
    records,
    backing_up,
    moving,
    updating,
    upkeep,
    trying,
    windows_service,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; a trouble that a person can mend ends with one sentence and code 1."""
    options = build_parser().parse_args(arguments)
    if arguments is None:
        hide_password(options.database)
    configure_logging(verbose=options.verbose, file=options.log_file)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        options.database = given_database(options.database) or chosen_database(options.data_dir)
        with windows_service.administrators_access(options):
            return run(options)
    except (
        BackupFailed,
        DatabaseUnfit,
        PostgresFailed,
        KeyFileError,
        JoinRefused,
        ListenRefused,
        SetupRefused,
        ChoiceUnreadable,
    ) as trouble:
        print(trouble, file=sys.stderr)
        return 1
    except psycopg.OperationalError as error:
        print(f"The database does not answer: {error}", file=sys.stderr)
        return 1


def build_parser() -> argparse.ArgumentParser:
    """All commands with their help."""
    parser = argparse.ArgumentParser(prog="hms-server", description="The server of a clinic.")
    parser.add_argument("--version", action=ShowBuild)
    parser.add_argument("--data-dir", type=Path, default=default_data_dir(), help="the server's own folder")
    parser.add_argument(
        "--database",
        metavar="DSN",
        help="a PostgreSQL of your own instead of the embedded one; - to be asked",
    )
    parser.add_argument("--verbose", action="store_true", help="log every request")
    parser.add_argument(
        "--log-file", type=Path, metavar="FILE", help="log there, in files of limited size, for a service"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
