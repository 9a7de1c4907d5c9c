"""`setup`: creates the clinic without serving."""

import argparse
import getpass
import os
import sys

from hms_server.accounts.passwords import generate_password
from hms_server.accounts.setup import ClinicPlan, SetupRefused, create_clinic, is_set_up
from hms_server.clock import system_clock
from hms_server.console.ground import Commands, connect, running_database

PASSWORD_VARIABLE = "HMS_ADMIN_PASSWORD"  # noqa: S105 - the name of a variable, not a password


def add(commands: Commands) -> None:
    """Adds `setup`."""
    setup = commands.add_parser("setup", help="create the clinic and its administrator")
    add_clinic_options(setup)
    setup.set_defaults(run=set_up)


def add_clinic_options(parser: argparse.ArgumentParser) -> None:
    """What names the clinic where nobody is to be asked."""
    clinic = parser.add_argument_group("first start")
    clinic.add_argument("--clinic", metavar="NAME")
    clinic.add_argument("--time-zone", default="Africa/Lagos")
    clinic.add_argument("--currency", default="NGN")
    clinic.add_argument("--admin", default="admin", metavar="USER", help="user name of the administrator")


def set_up(options: argparse.Namespace) -> int:
    """Creates the clinic without serving."""
    with running_database(options) as dsn:
        if not create_clinic_once(dsn, options):
            print("The clinic exists already; nothing was changed.")
    return 0


def create_clinic_once(dsn: str, options: argparse.Namespace) -> bool:
    """Whether it had to be created; what it asks for is asked at the terminal."""
    with connect(dsn) as connection:
        if is_set_up(connection):
            return False
        name = options.clinic or _ask("Name of the clinic: ")
        plan = ClinicPlan(name=name, time_zone=options.time_zone, currency=options.currency)
        password, generated = _choose_password()
        create_clinic(connection, plan, admin_name=options.admin, password=password, now=system_clock())
    if generated:
        print(f"Administrator: {options.admin}\nPassword: {password}\nIt is shown this once; write it down.")
    return True


def _ask(question: str) -> str:
    if not sys.stdin.isatty():
        raise SetupRefused("This is the first start: name the clinic with --clinic NAME.")
    return input(question)


def _choose_password() -> tuple[str, bool]:
    """Typed twice at a terminal, taken from the environment, or generated; never a default."""
    if given := os.environ.get(PASSWORD_VARIABLE):
        return given, False
    if not sys.stdin.isatty():
        return generate_password(), True
    typed = getpass.getpass("Password of the administrator (empty: generate one): ")
    if not typed:
        return generate_password(), True
    if getpass.getpass("Once more: ") != typed:
        raise SetupRefused("The two passwords differ. Nothing was created; start again.")
    return typed, False
