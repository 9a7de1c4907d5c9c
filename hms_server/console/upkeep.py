"""`status`, `doctor` and `support` look at a clinic's server; `clock` says that its clock is right."""

import argparse
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from hms_server.config import PORT
from hms_server.console.ground import Commands
from hms_server.contract.pairing import PAIRING_PORT
from hms_server.upkeep.approach import come_near
from hms_server.upkeep.checking import Ground, Verdict
from hms_server.upkeep.doctor import Result, examine, is_wrong
from hms_server.upkeep.facts import newest_moment
from hms_server.upkeep.status import Status, read_status, status_lines
from hms_server.upkeep.support import write_bundle
from hms_server.upkeep.time_watch import trust_clock

MARKS = {Verdict.GOOD: "ok  ", Verdict.NOTE: "note", Verdict.UNKNOWN: "?   ", Verdict.WRONG: "!!  "}


def add(commands: Commands) -> None:
    """Adds `status`, `doctor`, `support` and `clock`."""
    status = commands.add_parser("status", help="say how the server is; code 1 where it does not run")
    _add_ports(status)
    status.add_argument("--json", action="store_true", help="for programs")
    status.set_defaults(run=show_status)

    doctor = commands.add_parser("doctor", help="look for the likely troubles; code 1 where one is found")
    _add_ports(doctor)
    doctor.add_argument("--json", action="store_true", help="for programs")
    doctor.add_argument("--all", action="store_true", help="also what is good")
    doctor.set_defaults(run=examine_server)

    support = commands.add_parser("support", help="pack a file for whoever helps; without patients' data")
    _add_ports(support)
    support.add_argument("file", nargs="?", type=Path, metavar="FILE", help="default: hms-support-….zip here")
    support.set_defaults(run=pack_support)

    clock = commands.add_parser("clock", help="look at the server's clock")
    clock.add_argument(
        "--is-right",
        action="store_true",
        help="the clock is right, and newer records are not: go on recording",
    )
    clock.set_defaults(run=look_at_clock)


def _add_ports(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=PORT, help="the port of “run”")
    parser.add_argument("--pairing-port", type=int, default=PAIRING_PORT, help="the pairing port of “run”")


def show_status(options: argparse.Namespace) -> int:
    """Prints how the server is; code 1 where it does not run."""
    with _near(options) as ground:
        status = read_status(ground)
    print(_json(status) if options.json else "\n".join(status_lines(status)))
    return 0 if status.running else 1


def examine_server(options: argparse.Namespace) -> int:
    """Prints every trouble with its remedy; code 1 where something is wrong."""
    with _near(options) as ground:
        results = examine(ground)
    print(_json([_plain(result) for result in results]) if options.json else _told(results, options))
    return 1 if is_wrong(results) else 0


def pack_support(options: argparse.Namespace) -> int:
    """Writes the file and prints where it is."""
    try:
        with _near(options) as ground:
            path = write_bundle(ground, options.file, log_file=options.log_file)
    except OSError as error:
        print(f"The file cannot be written: {error.strerror or error}. Name another place.", file=sys.stderr)
        return 1
    print(f"{path}\nIt holds no patient's data; you may look into it before you send it.")
    return 0


def look_at_clock(options: argparse.Namespace) -> int:
    """Prints the newest stored moment beside the clock; code 2 without a database."""
    options.port, options.pairing_port = PORT, PAIRING_PORT
    with _near(options) as ground:
        if ground.connection is None:
            print(f"The database does not answer: {ground.why}.", file=sys.stderr)
            return 2
        newest = newest_moment(ground.connection)
        print(f"This machine: {ground.now:%Y-%m-%d %H:%M:%S} UTC")
        print(f"Newest record: {newest:%Y-%m-%d %H:%M:%S} UTC" if newest else "There is no record yet.")
        if options.is_right and newest is not None:
            trust_clock(options.data_dir, newest)
            print("Records up to then do not count against the clock; the server goes on within seconds.")
    return 0


def _near(options: argparse.Namespace) -> AbstractContextManager[Ground]:
    return come_near(options.data_dir, options.database, port=options.port, pairing_port=options.pairing_port)


def _told(results: list[Result], options: argparse.Namespace) -> str:
    lines = []
    for result in results:
        answer = result.answer
        if answer.verdict is Verdict.GOOD and not options.all:
            continue
        lines.append(f"{MARKS[answer.verdict]}  {answer.sentence}")
        if answer.remedy:
            lines.append(f"      → {answer.remedy}")
        if answer.verdict is Verdict.WRONG:
            lines.append(f"      (page “Troubles” of the manual: {result.check.title})")
    good = sum(result.answer.verdict is Verdict.GOOD for result in results)
    lines.append(f"{good} of {len(results)} checks found nothing to do.")
    return "\n".join(lines)


def _plain(result: Result) -> dict[str, str]:
    answer = result.answer
    return {
        "code": result.check.code,
        "title": result.check.title,
        "verdict": answer.verdict.value,
        "sentence": answer.sentence,
        "remedy": answer.remedy,
    }


def _json(value: Status | list[dict[str, str]]) -> str:
    return msgspec.json.format(msgspec.json.encode(value)).decode()
