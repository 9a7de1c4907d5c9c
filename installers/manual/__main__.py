"""`make manual`: takes the pictures in a made-up clinic, and writes the manual as a PDF."""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

from hms_server.clock import system_clock
from hms_server.contract.manual import load_manual
from hms_server.demo.home import DESKTOP, furnish, open_home
from hms_server.demo.process import pair_workstation, running_server, write_sign_in
from installers.manual.book import unplaced
from installers.manual.paper import write

_NUMBER = re.compile(r"^\d+-")


def main(arguments: Sequence[str] | None = None) -> int:
    """Code 1 where a picture could not be taken or a page has no place in the book."""
    parser = argparse.ArgumentParser(prog="installers.manual", description=__doc__)
    parser.add_argument("target", type=Path, help="the PDF")
    parser.add_argument(
        "--pictures", type=Path, metavar="FOLDER", help="use these instead of taking new ones"
    )
    asked = parser.parse_args(arguments)
    manual = load_manual()
    if left_out := unplaced(list(manual.pages)):
        _say(f"These pages have no place in installers/manual/book.py: {', '.join(left_out)}.")
        return 1
    asked.target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="hms-manual-") as scratch:
        # PostgreSQL runs as another user where this is root, and has to reach its own folder.
        Path(scratch).chmod(0o711)
        folder = asked.pictures or Path(scratch) / "pictures"
        if asked.pictures is None and not take_pictures(folder):
            return 1
        pages = write(asked.target, manual, album(folder), version=version("hms"), made=date.today())  # noqa: DTZ011 - the date on the cover is that of the builder's calendar
    size = asked.target.stat().st_size / 1e6
    _say(f"{asked.target}: {pages} pages, {size:.1f} MB")
    return 0


def take_pictures(folder: Path) -> bool:
    """A day in the clinic first, then every workspace; whether all of it came about."""
    home = folder.parent / "clinic"
    with open_home(home, say=_say) as dsn:
        people = furnish(home, dsn, now=system_clock(), fresh=True)
        workstation = pair_workstation(home, dsn, now=system_clock())
        with running_server(home, dsn) as address:
            sign_in = write_sign_in(home, workstation, address=address, people=people)
            desktop = str(home / DESKTOP)
            return all(
                _run(*module, "--folder", desktop, "--pictures", str(folder), str(sign_in)) == 0
                for module in (("hms_desktop.demo_day", "--plain"), ("installers.manual.tour",))
            )


def album(folder: Path) -> dict[str, Path]:
    """The pictures by their names without numbers; of two with one name the last."""
    return {_NUMBER.sub("", path.stem): path for path in sorted(folder.glob("*.png"))}


def _run(module: str, *arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", module, *arguments], check=False).returncode  # noqa: S603 - our own program


def _say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201 - what this command is for


if __name__ == "__main__":
    sys.exit(main())
