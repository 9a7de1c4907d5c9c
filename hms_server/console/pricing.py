"""`prices`: the clinic's price list out to a spreadsheet, and back."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from hms_server.amounts import counted
from hms_server.billing.price_desk import tell_prices
from hms_server.billing.price_list import PriceLine, PriceListWrong, read_list, store_list, write_list
from hms_server.clock import system_clock
from hms_server.console.ground import Commands, connect, running_database
from hms_server.console.recording import record
from hms_server.console.spreadsheet import PIPE, FileUnfit, read, refuse_existing, write
from hms_server.dispatch import SERVER
from hms_server.shipped import load_reference
from hms_server.work import Work


def add(commands: Commands) -> None:
    """Adds `prices`."""
    prices = commands.add_parser("prices", help="write the price list, or read it with your prices")
    ways = prices.add_subparsers(required=True, metavar="WAY")
    export = ways.add_parser("export", help="write everything that can be charged as CSV")
    export.add_argument("file", type=Path, help="a new file, or - for the screen")
    export.set_defaults(run=export_prices)
    importing = ways.add_parser("import", help="take over the prices of such a file; they hold from today on")
    importing.add_argument("file", type=Path, help="the file, or - for standard input")
    importing.set_defaults(run=import_prices)


def export_prices(options: argparse.Namespace) -> int:
    """Never writes over a file: it may hold prices that somebody has just typed."""
    try:
        refuse_existing(options.file)
        with redirect_stdout(sys.stderr), running_database(options) as dsn, connect(dsn) as connection:
            load_reference(connection)
            text = write_list(connection, now=system_clock())
        write(options.file, text)
    except (FileUnfit, PriceListWrong) as wrong:
        print(wrong, file=sys.stderr)
        return 1
    if options.file != PIPE:
        print(f"{options.file}: fill in the last column, save it as CSV, then 'hms-server prices import'.")
    return 0


def import_prices(options: argparse.Namespace) -> int:
    """All lines or none."""
    now = system_clock()
    try:
        text = read(options.file)
        with running_database(options) as dsn, connect(dsn) as connection:
            load_reference(connection)
            changed = read_list(connection, text, now=now)
            store_prices(connection, changed, now=now)
    except (FileUnfit, PriceListWrong) as wrong:
        print(wrong, file=sys.stderr)
        return 1
    print(f"Changed: {counted(len(changed), 'price')}. From now on; bills that exist stay as they are.")
    if leaps := [f"{line.code}: {line.leap}" for line in changed if line.leap]:
        print("\n".join(["Look at these once more; they are stored:", *leaps]))
    return 0


def store_prices(connection: psycopg.Connection[Any], changed: Sequence[PriceLine], *, now: datetime) -> None:
    """In one transaction with its audit row and word to every desk.

    A list without a new price changes and records nothing.
    """
    if not changed:
        return
    with connection.transaction():
        store_list(connection, changed, now=now)
        work = Work(connection, SERVER, now, uuid4())
        tell_prices(work, [line.code for line in changed])
        record(work, "ImportPrices")
