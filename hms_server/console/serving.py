"""`run`: serves the clinic."""

import argparse
import signal
from contextlib import ExitStack
from dataclasses import replace
from threading import Event

from hms_server.accounts.setup import is_set_up
from hms_server.app import Server
from hms_server.backup.arrival import describe
from hms_server.config import PORT, Settings
from hms_server.console.elsewhere import Lookout
from hms_server.console.ground import Commands, connect, embedded, running_database
from hms_server.console.service import Anteroom, watch_over
from hms_server.console.setting_up import add_clinic_options, create_clinic_once
from hms_server.contract.pairing import PAIRING_PORT
from hms_server.notify import Notifier
from hms_server.shipped import load_reference
from hms_server.upkeep.endpoint import PORT as METRICS_PORT


def add(commands: Commands) -> None:
    """Adds `run`."""
    run = commands.add_parser("run", help="serve the clinic until stopped")
    add_run_options(run)
    run.set_defaults(run=run_server)


def add_run_options(run: argparse.ArgumentParser) -> None:
    """What the server is told when it is started, by a person or by a service manager."""
    run.add_argument("--bind", default="*", help="address to listen on (default: all)")
    run.add_argument("--port", type=int, default=PORT, help="for workstations (default: %(default)s)")
    run.add_argument(
        "--pairing-port", type=int, default=PAIRING_PORT, help="for new ones (default: %(default)s)"
    )
    run.add_argument(
        "--workers", type=int, default=Settings.workers, help="requests at a time (default: %(default)s)"
    )
    run.add_argument(
        "--webhook",
        type=_address,
        metavar="HOST:PORT",
        help="take Paystack's notices there, behind the clinic's own TLS (default: nowhere)",
    )
    run.add_argument(
        "--metrics-port",
        type=int,
        default=METRICS_PORT,
        metavar="PORT",
        help="/health and /metrics on this machine alone; 0: nowhere",
    )
    run.add_argument("--no-announce", action="store_true", help="do not announce the server by zeroconf")
    run.add_argument(
        "--once",
        action="store_true",
        help="only try whether this version starts with the data that there is; opens no port to the network",
    )
    add_clinic_options(run)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise argparse.ArgumentTypeError("write it as HOST:PORT, such as 127.0.0.1:8080")
    return host.strip("[]"), int(port)


def run_server(options: argparse.Namespace) -> int:
    """Serves until SIGTERM or Ctrl+C; under a service manager it waits for its clinic first."""
    if options.once:
        return try_out(options)
    stop = Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    return serve_until(options, stop, Notifier.from_environment())


def serve_until(options: argparse.Namespace, stop: Event, notifier: Notifier) -> int:
    """Serves until `stop` is set; a service manager that listens hears each step."""
    anteroom = Anteroom(options, stop, notifier)
    while anteroom.waits_for_database():
        if _serve(options, anteroom, stop, notifier):
            break
        anteroom.remember()
    return 0


def _serve(options: argparse.Namespace, anteroom: Anteroom, stop: Event, notifier: Notifier) -> bool:
    """Returns when it is over; False where there is no clinic yet."""
    with ExitStack() as starting:
        starting.enter_context(notifier.patience())
        notifier.status("getting the database ready")
        lookout = Lookout(options.data_dir / "keys.json", announces=not options.no_announce)
        with running_database(options) as dsn:
            if not anteroom.finds_clinic(dsn):
                return False
            create_clinic_once(dsn, options)
            with connect(dsn) as connection:
                load_reference(connection)
                lookout.refuse_older_past(connection)
                if options.database:
                    print(f"The clinic is in {describe(connection)}.", flush=True)
            revive = None if options.database else embedded(options).ensure_running
            server = Server(_settings(options), dsn, revive=revive)
            server.start()
            print(f"Serving at {server.router.endpoint}", flush=True)
            notifier.ready(f"serving at {server.router.endpoint}")
            starting.close()
            watch_over(server, stop, notifier)
            notifier.stopping()
            server.stop()
    return True


def try_out(options: argparse.Namespace) -> int:
    """Shows that this version starts with the data that there is; nothing leaves, and no port is open."""
    with running_database(options) as dsn:
        with connect(dsn) as connection:
            if not is_set_up(connection):
                print("This version starts; there is no clinic yet.")
                return 0
            load_reference(connection)
        quiet = replace(
            _settings(options),
            bind="127.0.0.1",
            port=0,
            pairing_port=0,
            announce=False,
            webhook=None,
            metrics_port=0,
        )
        Server(quiet, dsn).try_out()
    print("This version starts with the data of this clinic.")
    return 0


def _settings(options: argparse.Namespace) -> Settings:
    return Settings(
        data_dir=options.data_dir,
        dsn=options.database,
        bind=options.bind,
        port=options.port,
        pairing_port=options.pairing_port,
        workers=options.workers,
        announce=not options.no_announce,
        webhook=options.webhook,
        metrics_port=options.metrics_port,
    )
