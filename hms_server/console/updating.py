"""`updates`: which programs this server hands to its workstations."""

import argparse
import sys
from pathlib import Path

from hms_server.amounts import size_text
from hms_server.config import prepare_data_dir
from hms_server.console.ground import Commands
from hms_server.contract.build import BUILD
from hms_server.contract.updates import SIGNED_SUFFIX, read_keys, trusted_keys
from hms_server.updates.catalogue import BadInstaller, Catalogue, Kept, is_whole
from hms_server.updates.queries import FOLDER

NO_KEY = (
    "The signature was not checked, since this server's program was built without a key. "
    "The workstations check it with theirs."
)


def add(commands: Commands) -> None:
    """Adds `updates`."""
    updates = commands.add_parser("updates", help="programs for workstations, handed out over the network")
    kinds = updates.add_subparsers(required=True, metavar="COMMAND")
    adding = kinds.add_parser("add", help="keep an installer of this server's version")
    adding.add_argument("file", type=Path, help=f"the installer; FILE{SIGNED_SUFFIX} lies beside it")
    adding.add_argument("--key", type=Path, metavar="FILE", help="also trust the public key in this file")
    adding.set_defaults(run=add_installer)
    kinds.add_parser("list", help="show what is kept").set_defaults(run=list_installers)
    removing = kinds.add_parser("remove", help="forget an installer")
    removing.add_argument("name", help="its name as 'list' shows it")
    removing.set_defaults(run=remove_installer)


def add_installer(options: argparse.Namespace) -> int:
    """Checks and keeps it; workstations find it within the hour."""
    prepare_data_dir(options.data_dir)
    try:
        keys = trusted_keys() + (read_keys(options.key.read_text("utf-8")) if options.key else ())
        kept = _catalogue(options).add(options.file, keys)
    except (BadInstaller, ValueError, OSError) as trouble:
        print(trouble, file=sys.stderr)
        return 1
    print(f"Kept: {_line(kept)}")
    if not keys:
        print(NO_KEY)
    return 0


def list_installers(options: argparse.Namespace) -> int:
    """One line each; says what is not offered, and why."""
    found = _catalogue(options).all()
    for kept in found:
        print(_line(kept) + _remark(kept))
    if not found:
        print(f"No installers. 'hms-server updates add FILE' keeps one of version {BUILD.version}.")
    return 0


def remove_installer(options: argparse.Namespace) -> int:
    """A workstation that is fetching it stops, and goes on with the program that it has."""
    try:
        kept = _catalogue(options).remove(options.name)
    except BadInstaller as trouble:
        print(trouble, file=sys.stderr)
        return 1
    print(f"Removed: {kept.path.name}")
    return 0


def _catalogue(options: argparse.Namespace) -> Catalogue:
    return Catalogue(options.data_dir / FOLDER, version=BUILD.version)


def _line(kept: Kept) -> str:
    return f"{kept.path.name}   {size_text(kept.manifest.size_bytes)}"


def _remark(kept: Kept) -> str:
    if kept.manifest.version != BUILD.version:
        return f"   not offered: the server has version {BUILD.version}"
    return "" if is_whole(kept) else "   DAMAGED: add it again"
