"""`device code` pairs a workstation; `user` adds somebody who may sign in."""

import argparse

from hms_server.accounts.pairing_codes import open_code
from hms_server.accounts.passwords import generate_password
from hms_server.accounts.setup import add_staff
from hms_server.clock import system_clock
from hms_server.console.ground import Commands, connect, running_database
from hms_server.contract.values import Role


def add(commands: Commands) -> None:
    """Adds `device` and `user`."""
    device = commands.add_parser("device", help="pair workstations")
    device_commands = device.add_subparsers(required=True, metavar="COMMAND")
    code = device_commands.add_parser("code", help="print a code that pairs one new workstation")
    code.add_argument("--name", default="workstation", help="what to call the new device")
    code.set_defaults(run=print_pairing_code)

    user = commands.add_parser("user", help="add somebody who may sign in")
    user.add_argument("user_name")
    user.add_argument("name")
    user.add_argument("roles", nargs="+", type=Role, metavar="ROLE", help=", ".join(Role))
    user.set_defaults(run=add_user)


def print_pairing_code(options: argparse.Namespace) -> int:
    """Opens a code and prints it; a running server answers to it within a second."""
    with running_database(options) as dsn, connect(dsn) as connection:
        opened = open_code(connection, device_name=options.name, now=system_clock())
    print(f"{opened.code}   valid until {opened.expires_at.astimezone():%H:%M}, for one workstation")
    return 0


def add_user(options: argparse.Namespace) -> int:
    """Adds a member of staff with a generated password."""
    password = generate_password()
    with running_database(options) as dsn, connect(dsn) as connection:
        add_staff(
            connection,
            user_name=options.user_name,
            name=options.name,
            roles=options.roles,
            password=password,
            now=system_clock(),
        )
    print(f"User name: {options.user_name.lower()}\nPassword: {password}\nIt is shown this once.")
    return 0
