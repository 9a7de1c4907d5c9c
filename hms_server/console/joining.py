"""`server-code` and `join`: a second machine becomes a server of the same clinic, with the same keys."""

import argparse
import socket
import sys
from pathlib import Path

import psycopg

from hms_server.accounts.pairing_codes import open_code
from hms_server.accounts.setup import is_set_up
from hms_server.announce import local_addresses
from hms_server.chosen_database import choose_database
from hms_server.clock import system_clock
from hms_server.config import PORT, prepare_data_dir
from hms_server.console.ground import (
    Commands,
    connect,
    is_used_by_a_server,
    running_database,
)
from hms_server.contract.pairing import PAIRING_PORT, Purpose
from hms_server.contract.private_files import create_private, replace_private
from hms_server.joining import JoinRefused, fetch_keys
from hms_server.keys import ServerKeys, encode, load, read_keys, with_new_pair
from hms_server.neighbours import BEFORE, are_half_new, claim_clinic, clinic_key, endpoint, replace_key

HIGHEST_PORT = 65535
OWN_POSTGRESQL = (
    "This server keeps the clinic's records in its own PostgreSQL, which no other machine can reach. "
    "Move them to a PostgreSQL of their own first: see 'Moving' in the manual."
)

LOST = (
    "Keys of providers and stored messages cannot be opened any more: enter the providers' keys anew. The "
    "audit trail so far was chained with the lost keys, and 'hms-server verify' cannot prove it with these."
)


def add(commands: Commands) -> None:
    """Adds `server-code`, `join` and `new-keys`."""
    code = commands.add_parser("server-code", help="print a code that lets a second server join")
    code.set_defaults(run=print_server_code)

    join = commands.add_parser("join", help="make this machine a second server of a clinic")
    join.add_argument("address", help="address of the first server, such as 192.168.1.5")
    join.add_argument("--code", help="the code that 'hms-server server-code' printed there")
    join.add_argument(
        "--database",
        metavar="DSN",
        default=argparse.SUPPRESS,
        help="the PostgreSQL of the clinic; - to be asked",
    )
    join.set_defaults(run=join_clinic)

    anew = commands.add_parser("new-keys", help="new keys for the clinic: the earlier were copied or lost")
    anew.add_argument("--clinic", required=True, metavar="NAME", help="the clinic's name, to confirm")
    anew.set_defaults(run=take_new_keys)


def print_server_code(options: argparse.Namespace) -> int:
    """Opens a code and says what to type on the other machine; the running server answers to it."""
    if not options.database:
        print(OWN_POSTGRESQL, file=sys.stderr)
        return 1
    keys = load(options.data_dir / "keys.json")
    with running_database(options) as dsn, connect(dsn) as connection:
        claim_clinic(connection, keys.public_key)
        now = system_clock()
        opened = open_code(connection, device_name="second server", now=now, purpose=Purpose.SERVER)
    address = next(iter(local_addresses()), socket.gethostname())
    print(f"{opened.code}   valid until {opened.expires_at.astimezone():%H:%M}, for one server")
    print("Whoever types this code gets the clinic's keys. On the second machine, type:")
    print(f"  hms-server join {address} --database -")
    print("It asks for the address of the clinic's PostgreSQL (DSN), then for this code.")
    return 0


def join_clinic(options: argparse.Namespace) -> int:
    """Fetches the keys, and remembers the database; nothing is stored unless both fit together."""
    if not options.database:
        raise JoinRefused(
            "Name the clinic's PostgreSQL with --database DSN: both servers work on the same one."
        )
    desk = desk_of(options.address)
    expected = _key_of_clinic(options.database)
    code = options.code or _ask_code()
    handover = fetch_keys(desk, code, machine=socket.gethostname())
    keys = read_keys(handover.keys)
    if keys.public_key != expected:
        raise JoinRefused(
            f"The server at {options.address} serves “{handover.clinic_name}”, and that database belongs to "
            "another clinic. Check the address and the DSN; nothing was stored."
        )
    prepare_data_dir(options.data_dir)
    _keep(options.data_dir / "keys.json", keys, handover.keys)
    choose_database(options.data_dir, options.database)
    print(f"This machine is a server of “{handover.clinic_name}” now. Start it with 'hms-server run', or")
    print("with 'systemctl restart hms-server' where the package is installed. Workstations find it alone.")
    return 0


def take_new_keys(options: argparse.Namespace) -> int:
    """For a clinic whose keys were copied or are lost for good: the records stay, workstations pair anew.

    Keys that are the clinic's still get a new pair for the wire and keep what opens the sealed records; where
    they are lost, those of this server become the clinic's.
    """
    path = options.data_dir / "keys.json"
    keys = load(path)
    with running_database(options) as dsn, connect(dsn) as connection:
        row = connection.execute("select name, server_key from clinic").fetchone()
        if row is None or row[0] != options.clinic:
            raise JoinRefused("That is not the name of the clinic in this database. Nothing was changed.")
        if is_used_by_a_server(dsn):
            raise JoinRefused(
                "A server of the clinic is running. Stop all of them first; nothing was changed."
            )
        was_lost = _are_others(path, row[1], keys)
        if row[1] in (None, keys.public_key):
            keys = _exchange_pair(path, keys)
        replace_key(connection, keys.public_key)
        if not was_lost:
            # Else they may be the very keys that are missed.
            path.with_name(BEFORE).unlink(missing_ok=True)
    print(
        "The clinic has new keys. Start this server, let other servers join anew, and pair all workstations."
    )
    if was_lost:
        print(LOST)
    return 0


def _exchange_pair(path: Path, keys: ServerKeys) -> ServerKeys:
    """In two steps, of which the database is the second; killed in between, the same command goes on."""
    replace_private(path.with_name(BEFORE), encode(keys))
    new = with_new_pair(keys)
    replace_private(path, encode(new))
    return new


def _are_others(path: Path, expected: str | None, keys: ServerKeys) -> bool:
    """Whether the clinic's own keys are lost, and these open nothing that was sealed with them."""
    return expected not in (None, keys.public_key) and not are_half_new(path, expected, keys)


def desk_of(text: str) -> str:
    """The pairing desk of a typed address, as ZeroMQ wants it."""
    host, port = text.strip().removeprefix("tcp://"), str(PAIRING_PORT)
    if host.startswith("["):
        host, _, rest = host[1:].partition("]")
        port = rest.removeprefix(":") or port
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    is_port = port.isascii() and port.isdecimal() and 0 < int(port) <= HIGHEST_PORT
    if not host or any(letter.isspace() or letter in "/*;[]" for letter in host) or not is_port:
        raise JoinRefused(f"“{text}” is not an address. Type a name or a number such as 192.168.1.5.")
    # People copy the port that workstations use from the server's own line; the desk has another one.
    return endpoint(host, PAIRING_PORT if int(port) == PORT else int(port))


def _key_of_clinic(dsn: str) -> str:
    """The public key of the clinic in that database, which only looking must not bring to another version."""
    try:
        with connect(dsn) as connection:
            key = clinic_key(connection) if is_set_up(connection) else None
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
        raise JoinRefused(
            "That database holds no clinic of this version of the program. Install the same version on both "
            "machines, and start the first server with that database before this one joins."
        ) from error
    if key is None:
        raise JoinRefused(
            "No server has served a clinic in this database yet. Start the first server with it, then join."
        )
    return key


def _ask_code() -> str:
    if not sys.stdin.isatty():
        raise JoinRefused("Give the code that 'hms-server server-code' printed with --code.")
    return input("Code from 'hms-server server-code' on the first server: ")


def _keep(path: Path, keys: ServerKeys, content: bytes) -> None:
    """Never in the place of other keys: they may be all that opens another clinic's records."""
    if create_private(path, content):
        return
    if load(path) != keys:
        raise JoinRefused(
            f"This machine has the keys of another clinic in {path}. Move that file away, then join again."
        )
