"""`import fhir` takes records over from elsewhere; `verify` walks the audit chain."""

import argparse
import sys
from pathlib import Path

from hms_server import audit
from hms_server.amounts import counted
from hms_server.clock import system_clock
from hms_server.console.ground import Commands, connect, running_database
from hms_server.keys import load
from hms_server.neighbours import refuse_other_keys


def add(commands: Commands) -> None:
    """Adds `import` and `verify`."""
    importing = commands.add_parser("import", help="take over records from elsewhere")
    formats = importing.add_subparsers(required=True, metavar="FORMAT")
    fhir = formats.add_parser("fhir", help="FHIR R4 bundles in JSON; may be repeated")
    fhir.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="a file, or a folder of .json files"
    )
    fhir.set_defaults(run=import_fhir)

    verify = commands.add_parser("verify", help="walk the audit chain and say whether it holds")
    verify.set_defaults(run=verify_audit)


def import_fhir(options: argparse.Namespace) -> int:
    """Takes over patients with their records; code 1 when a file could not be read."""
    from hms_server.fhir.command import import_files  # noqa: PLC0415 - its models take a second to load

    with running_database(options) as dsn, connect(dsn) as connection:
        done = import_files(connection, options.paths, clock=system_clock, say=print)
    return 0 if done else 1


def verify_audit(options: argparse.Namespace) -> int:
    """Prints the verdict; code 2 when the chain is broken."""
    path = options.data_dir / "keys.json"
    keys = load(path)
    with running_database(options) as dsn, connect(dsn) as connection:
        # With other keys each row would look altered.
        refuse_other_keys(connection, keys, path)
        verdict = audit.verify(connection, keys.audit_key)
    checked = counted(verdict.checked, "row")
    if verdict.fault is not None:
        print(f"The audit trail is broken after {checked}: {verdict.fault}", file=sys.stderr)
        return 2
    print(f"The audit trail holds: {checked} checked, {verdict.unsealed} not sealed yet.")
    return 0
