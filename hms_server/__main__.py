"""The command line of the server: each module of `console` adds its commands."""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from pathlib import Path

import psycopg

from hms_server.accounts.setup import SetupRefused
from hms_server.backup.trouble import BackupFailed
from hms_server.chosen_database import ChoiceUnreadable, chosen_database
from hms_server.config import default_data_dir
from hms_server.console.given_database import given_database, hide_password
from hms_server.contract.build import ShowBuild
from hms_server.database import DatabaseUnfit
from hms_server.joining import JoinRefused
from hms_server.keys import KeyFileError
from hms_server.listening import ListenRefused
from hms_server.logs import configure_logging
from hms_server.postgres_programs import PostgresFailed

MODULES = {
    "serving": ("run",),
    "setting_up": ("setup",),
    "joining": ("server-code", "join", "new-keys"),
    "people": ("device", "user"),
    "pricing": ("prices",),
    "stocking": ("stock",),
    "records": ("import", "verify"),
    "backing_up": ("backup", "restore", "snapshot", "recovery-key", "backup-places"),
    "moving": ("move",),
    "updating": ("updates",),
    "upkeep": ("status", "doctor", "support", "clock"),
    "trying": ("demo",),
    "windows_service": ("service",) if sys.platform == "win32" else (),
}
"""Which module of `console` adds which commands, in the order of the help.

Only the module of the command that was given is loaded: on a small machine all of them take seconds.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; a trouble that a person can mend ends with one sentence and code 1."""
    options = _parser_for(sys.argv[1:] if arguments is None else arguments).parse_args(arguments)
    if arguments is None:
        hide_password(options.database)
    configure_logging(verbose=options.verbose, file=options.log_file)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        options.database = given_database(options.database) or chosen_database(options.data_dir)
        with _access_to_data(options):
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


def _access_to_data(options: argparse.Namespace) -> AbstractContextManager[None]:
    if sys.platform != "win32":
        return nullcontext()
    from hms_server.console.windows_service import administrators_access  # noqa: PLC0415 - loads all

    return administrators_access(options)


def build_parser() -> argparse.ArgumentParser:
    """All commands with their help."""
    return _with_commands(MODULES)


def _parser_for(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """The parser of the command that is given; all of them where none is."""
    first = argparse.ArgumentParser(add_help=False, parents=[_global_options()])
    first.add_argument("command", nargs="?")
    known, _ = first.parse_known_args(arguments)
    found = [module for module, commands in MODULES.items() if known.command in commands]
    return _with_commands(found or MODULES)


def _with_commands(modules: Iterable[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hms-server", description="The server of a clinic.", parents=[_global_options()]
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in modules:
        import_module(f"hms_server.console.{module}").add(commands)
    return parser


def _global_options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--version", action=ShowBuild)
    parser.add_argument("--data-dir", type=Path, default=default_data_dir(), help="the server's own folder")
    parser.add_argument(
        "--database",
        metavar="DSN",
        help="a PostgreSQL of your own instead of the embedded one; - to be asked; or the variable "
        "HMS_DATABASE",
    )
    parser.add_argument("--verbose", action="store_true", help="log every request")
    parser.add_argument(
        "--log-file", type=Path, metavar="FILE", help="log there, in files of limited size, for a service"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
