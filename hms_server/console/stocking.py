"""`stock`: what a clinic has on its shelves, taken in from a spreadsheet."""

import argparse
import sys
from contextlib import redirect_stdout
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from hms_server.amounts import counted
from hms_server.clock import system_clock
from hms_server.console.ground import Commands, connect, running_database
from hms_server.console.recording import record
from hms_server.console.spreadsheet import PIPE, FileUnfit, read, refuse_existing, write
from hms_server.dispatch import SERVER
from hms_server.pharmacy.stock_list import StockListWrong, take_delivery, write_stock_list
from hms_server.shipped import load_reference
from hms_server.work import Work

NO_CLINIC = "There is no clinic here yet: run 'hms-server setup' first."


def add(commands: Commands) -> None:
    """Adds `stock`."""
    stock = commands.add_parser("stock", help="write a list of all medicines, or take a delivery in from it")
    ways = stock.add_subparsers(required=True, metavar="WAY")
    export = ways.add_parser("export", help="write every medicine as CSV, to fill in what was delivered")
    export.add_argument("file", type=Path, help="a new file, or - for the screen")
    export.set_defaults(run=export_stock)
    importing = ways.add_parser("import", help="put the lines with a quantity on the shelf: all or none")
    importing.add_argument("file", type=Path, help="the file, or - for standard input")
    importing.set_defaults(run=import_stock)


def export_stock(options: argparse.Namespace) -> int:
    """Never writes over a file: it may hold what somebody has just counted."""
    try:
        refuse_existing(options.file)
        with redirect_stdout(sys.stderr), running_database(options) as dsn, connect(dsn) as connection:
            load_reference(connection)
            text = write_stock_list(Work(connection, SERVER, system_clock(), uuid4()))
        write(options.file, text)
    except FileUnfit as wrong:
        return _fail(str(wrong))
    if options.file != PIPE:
        print(f"{options.file}: fill in what was delivered, save it as CSV, then 'hms-server stock import'.")
    return 0


def import_stock(options: argparse.Namespace) -> int:
    """All lines or none."""
    try:
        text = read(options.file)
        with running_database(options) as dsn, connect(dsn) as connection:
            load_reference(connection)
            if connection.execute("select from clinic").fetchone() is None:
                return _fail(NO_CLINIC)
            taken = store_delivery(connection, text, now=system_clock())
    except (FileUnfit, StockListWrong) as wrong:
        return _fail(str(wrong))
    print(f"Taken into stock: {counted(taken, 'line')}.")
    return 0


def store_delivery(connection: psycopg.Connection[Any], text: str, *, now: datetime) -> int:
    """How many lines were taken in, in one transaction with its audit row; every screen is told."""
    work = Work(connection, SERVER, now, uuid4())
    with connection.transaction():
        taken = take_delivery(work, text)
        record(work, "ImportStock")
    return taken


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1
