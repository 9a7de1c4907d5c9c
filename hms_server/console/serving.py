"""`run`: serves the clinic; `setup`: creates it without serving."""

import argparse
import getpass
import os
import signal
import sys
import threading

from hms_server.accounts.passwords import generate_password
from hms_server.accounts.setup import ClinicPlan, SetupRefused, create_clinic, is_set_up
from hms_server.app import Server, load_reference
from hms_server.clock import system_clock
from hms_server.config import PORT, Settings
from hms_server.console.ground import Commands, connect, embedded, running_database
from hms_server.contract.pairing import PAIRING_PORT

PASSWORD_VARIABLE = "HMS_ADMIN_PASSWORD"  # noqa: S105 - the name of a variable, not a password


def add(commands: Commands) -> None:
    """Adds `run` and `setup`."""
    run = commands.add_parser("run", help="serve the clinic until stopped")
    run.add_argument("--bind", default="*", help="address to listen on (default: all)")
    run.add_argument("--port", type=int, default=PORT)
    run.add_argument("--pairing-port", type=int, default=PAIRING_PORT)
    run.add_argument("--workers", type=int, default=Settings.workers)
    run.add_argument(
        "--webhook",
        type=_address,
        metavar="HOST:PORT",
        help="take Paystack's notices there, behind the clinic's own TLS (default: nowhere)",
    )
    run.add_argument("--no-announce", action="store_true", help="do not announce the server by zeroconf")
    _add_clinic_options(run)
    run.set_defaults(run=run_server)

    setup = commands.add_parser("setup", help="create the clinic and its administrator")
    _add_clinic_options(setup)
    setup.set_defaults(run=set_up)


def _add_clinic_options(parser: argparse.ArgumentParser) -> None:
    clinic = parser.add_argument_group("first start")
    clinic.add_argument("--clinic", metavar="NAME")
    clinic.add_argument("--time-zone", default="Africa/Lagos")
    clinic.add_argument("--currency", default="NGN")
    clinic.add_argument("--admin", default="admin", metavar="USER", help="user name of the administrator")


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise argparse.ArgumentTypeError("write it as HOST:PORT, such as 127.0.0.1:8080")
    return host.strip("[]"), int(port)


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
        webhook=options.webhook,
    )
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with running_database(options) as dsn:
        _create_clinic_once(dsn, options)
        with connect(dsn) as connection:
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
