"""Which database a command is told to use, and how its password keeps out of the list of processes."""

import os
import sys
from collections.abc import Sequence

import psycopg
from psycopg.conninfo import conninfo_to_dict

from hms_server.console.ground import typed_address

VARIABLE = "HMS_DATABASE"
_OPTION = "--database"
_SECRETS = frozenset({"password", "sslpassword"})
READABLE = (
    "The password of the database stands on the command line, where everybody on this machine can read it. "
    f"Next time write “{_OPTION} -” and type the address, or put it into the variable {VARIABLE}."
)


def given_database(option: str | None) -> str | None:
    """`--database`, where “-” asks for it; else what the variable says, which no other program inherits."""
    told = os.environ.pop(VARIABLE, "")
    return typed_address(option) if option else told or None


def hide_password(option: str | None) -> None:
    """Begins this very command anew with the address in its environment, where it holds a password.

    Everybody may read a command line as long as it runs, the environment of a process only its own user. On
    Windows others cannot read either, and a program cannot begin anew in its own place.
    """
    if option is None or sys.platform == "win32" or not _holds_password(option):
        return
    print(READABLE, file=sys.stderr, flush=True)
    # Of a bundle, the program is all that stands before the options.
    given = sys.argv if hasattr(sys, "_MEIPASS") else sys.orig_argv
    command = [sys.executable, *without_database(given[1:])]
    os.execve(sys.executable, command, {**os.environ, VARIABLE: option})  # noqa: S606 - this very program


def without_database(arguments: Sequence[str]) -> list[str]:
    """The same command line, where `--database` stands nowhere, neither before nor behind the command."""
    rest, skips = [], False
    for argument in arguments:
        name, separator, _ = argument.partition("=")
        if skips:
            skips = False
        elif _names_database(name):
            skips = not separator
        else:
            rest.append(argument)
    return rest


def _names_database(name: str) -> bool:
    """The parser of the command line takes a beginning as well, where no other option has the same."""
    return len(name) > len("--data") and _OPTION.startswith(name)


def _holds_password(dsn: str) -> bool:
    try:
        return not _SECRETS.isdisjoint(conninfo_to_dict(dsn))
    except psycopg.ProgrammingError:
        # Whoever connects with it says what is wrong with it.
        return False
