"""The command line of the server."""

import argparse
import getpass
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from hms_server import audit, database
from hms_server.accounts.pairing_codes import open_code
from hms_server.accounts.passwords import generate_password
from hms_server.accounts.setup import ClinicPlan, SetupRefused, add_staff, create_clinic, is_set_up
from hms_server.app import Server, load_reference, prepare_data_dir
from hms_server.clock import system_clock
from hms_server.config import PORT, Settings, default_data_dir
from hms_server.contract.pairing import PAIRING_PORT
from hms_server.contract.values import Role
from hms_server.keys import KeyFileError, load_or_create
from hms_server.listening import ListenRefused
from hms_server.logs import configure_logging
from hms_server.postgres import EmbeddedPostgres
from hms_server.postgres_programs import PostgresFailed

SERVERS = "select from pg_stat_activity where application_name = 'hms-server' limit 1"
PASSWORD_VARIABLE = "HMS_ADMIN_PASSWORD"  # noqa: S105 - the name of a variable, not a password


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; a trouble that a person can mend ends with one sentence and code 1."""
    options = build_parser().parse_args(arguments)
    configure_logging(verbose=options.verbose)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except (database.DatabaseUnfit, PostgresFailed, KeyFileError, ListenRefused, SetupRefused) as trouble:
        print(trouble, file=sys.stderr)
        return 1
    except psycopg.OperationalError as error:
        print(f"The database does not answer: {error}", file=sys.stderr)
        return 1


def build_parser() -> argparse.ArgumentParser:
    """All commands with their help."""
    parser = argparse.ArgumentParser(prog="hms-server", description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=default_data_dir(), help="the server's own folder")
    parser.add_argument(
        "--database", metavar="DSN", help="a PostgreSQL of your own instead of the embedded one"
    )
    parser.add_argument("--verbose", action="store_true", help="log every request")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="serve the clinic until stopped")
    run.add_argument("--bind", default="*", help="address to listen on (default: all)")
    run.add_argument("--port", type=int, default=PORT)
    run.add_argument("--pairing-port", type=int, default=PAIRING_PORT)
    run.add_argument("--workers", type=int, default=Settings.workers)
    run.add_argument("--no-announce", action="store_true", help="do not announce the server by zeroconf")
    _add_clinic_options(run)
    run.set_defaults(run=run_server)

    setup = commands.add_parser("setup", help="create the clinic and its administrator")
    _add_clinic_options(setup)
    setup.set_defaults(run=set_up)

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

    importing = commands.add_parser("import", help="take over records from elsewhere")
    formats = importing.add_subparsers(required=True, metavar="FORMAT")
    fhir = formats.add_parser("fhir", help="FHIR R4 bundles in JSON; may be repeated")
    fhir.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="a file, or a folder of .json files"
    )
    fhir.set_defaults(run=import_fhir)

    demo = commands.add_parser(
        "demo", help="a made-up clinic with a window to try it, or pictures of its day"
    )
    demo.add_argument("--fresh", action="store_true", help="make the clinic anew, also if today's is there")
    demo.add_argument(
        "--pictures",
        type=Path,
        metavar="FOLDER",
        help="play one patient's day and keep a picture of each step",
    )
    demo.set_defaults(run=show_demo)

    verify = commands.add_parser("verify", help="walk the audit chain and say whether it holds")
    verify.set_defaults(run=verify_audit)
    return parser


def _add_clinic_options(parser: argparse.ArgumentParser) -> None:
    clinic = parser.add_argument_group("first start")
    clinic.add_argument("--clinic", metavar="NAME")
    clinic.add_argument("--time-zone", default="Africa/Lagos")
    clinic.add_argument("--currency", default="NGN")
    clinic.add_argument("--admin", default="admin", metavar="USER", help="user name of the administrator")


@contextmanager
def running_database(options: argparse.Namespace) -> Iterator[str]:
    """The DSN of a migrated database; an embedded one that nobody else uses is stopped afterwards."""
    prepare_data_dir(options.data_dir)
    dsn = options.database or embedded(options).ensure_running()
    try:
        database.migrate(dsn, database.migrations_folder())
        yield dsn
    finally:
        if not options.database and not _is_used_by_a_server(dsn):
            embedded(options).stop()


def embedded(options: argparse.Namespace) -> EmbeddedPostgres:
    """The PostgreSQL inside the data directory, running or not."""
    return EmbeddedPostgres(options.data_dir, progress=print)


def _is_used_by_a_server(dsn: str) -> bool:
    try:
        with _connect(dsn) as connection:
            # PostgreSQL needs a moment to notice that our own connections are closed.
            for _ in range(10):
                if connection.execute(SERVERS).fetchone() is None:
                    return False
                time.sleep(0.1)
            return True
    except psycopg.OperationalError:
        return False


def run_server(options: argparse.Namespace) -> int:
    """Serves until SIGTERM or Ctrl+C."""
    settings = Settings(
        data_dir=options.data_dir,
        dsn=options.database,
        bind=options.bind,
        port=options.port,
        pairing_port=options.pairing_port,
        workers=options.workers,
        announce=not options.no_announce,
    )
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with running_database(options) as dsn:
        _create_clinic_once(dsn, options)
        with _connect(dsn) as connection:
            load_reference(connection)
        revive = None if options.database else embedded(options).ensure_running
        server = Server(settings, dsn, revive=revive)
        server.start()
        print(f"Serving at {server.router.endpoint}", flush=True)
        while not stop.wait(0.5):
            pass
        server.stop()
    return 0


def set_up(options: argparse.Namespace) -> int:
    """Creates the clinic without serving."""
    with running_database(options) as dsn:
        if not _create_clinic_once(dsn, options):
            print("The clinic exists already; nothing was changed.")
    return 0


def _create_clinic_once(dsn: str, options: argparse.Namespace) -> bool:
    with _connect(dsn) as connection:
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


def print_pairing_code(options: argparse.Namespace) -> int:
    """Opens a code and prints it; a running server answers to it within a second."""
    with running_database(options) as dsn, _connect(dsn) as connection:
        opened = open_code(connection, device_name=options.name, now=system_clock())
    print(f"{opened.code}   valid until {opened.expires_at.astimezone():%H:%M}, for one workstation")
    return 0


def add_user(options: argparse.Namespace) -> int:
    """Adds a member of staff with a generated password."""
    password = generate_password()
    with running_database(options) as dsn, _connect(dsn) as connection:
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


def import_fhir(options: argparse.Namespace) -> int:
    """Takes over patients with their records; code 1 when a file could not be read."""
    from hms_server.fhir.command import import_files  # noqa: PLC0415 - its models take a second to load

    with running_database(options) as dsn, _connect(dsn) as connection:
        done = import_files(connection, options.paths, clock=system_clock, say=print)
    return 0 if done else 1


def show_demo(options: argparse.Namespace) -> int:
    """Runs the demo in a folder and database of its own, never in those of a clinic."""
    from hms_server.demo.command import run_demo  # noqa: PLC0415 - no other command needs its parts
    from hms_server.demo.home import DemoUnfit, demo_folder  # noqa: PLC0415 - as above

    folder = demo_folder() if options.data_dir == default_data_dir() else options.data_dir
    try:
        return run_demo(folder, fresh=options.fresh, pictures=options.pictures, say=print)
    except DemoUnfit as unfit:
        print(unfit, file=sys.stderr)
        return 1


def verify_audit(options: argparse.Namespace) -> int:
    """Prints the verdict; code 2 when the chain is broken."""
    keys = load_or_create(options.data_dir / "keys.json")
    with running_database(options) as dsn, _connect(dsn) as connection:
        verdict = audit.verify(connection, keys.audit_key)
    if verdict.fault is not None:
        print(f"The audit trail is broken after {verdict.checked} rows: {verdict.fault}", file=sys.stderr)
        return 2
    print(f"{verdict.checked} audit rows fit together, {verdict.unsealed} are not sealed yet.")
    return 0


def _connect(dsn: str) -> psycopg.Connection[Any]:
    return database.connect(dsn, application_name="hms-server command", autocommit=True)


if __name__ == "__main__":
    sys.exit(main())
