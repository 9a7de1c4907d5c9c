"""`run`: serves the clinic."""

import argparse
import signal
import threading

from hms_server.app import Server, load_reference
from hms_server.config import PORT, Settings
from hms_server.console.ground import Commands, connect, embedded, running_database
from hms_server.console.setting_up import add_clinic_options, create_clinic_once
from hms_server.contract.pairing import PAIRING_PORT


def add(commands: Commands) -> None:
    """Adds `run`."""
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
    add_clinic_options(run)
    run.set_defaults(run=run_server)


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
        create_clinic_once(dsn, options)
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
