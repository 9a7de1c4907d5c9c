"""`demo`: a made-up clinic to try the program with."""

import argparse
import sys
from pathlib import Path

from hms_server.config import default_data_dir
from hms_server.console.ground import Commands

BUNDLED = (
    "The demo needs the sources: make demo. To try this installation, set up a clinic for training "
    "with “hms-server setup”."
)


def add(commands: Commands) -> None:
    """Adds `demo`."""
    demo = commands.add_parser(
        "demo", help="a made-up clinic with a window to try it, or pictures of its day"
    )
    demo.add_argument("--fresh", action="store_true", help="make the clinic anew, also if today's is there")
    demo.add_argument(
        "--pictures",
        type=Path,
        metavar="FOLDER",
        help="play one patient's day and keep a picture of each step",
    )
    demo.set_defaults(run=show_demo)


def show_demo(options: argparse.Namespace) -> int:
    """Runs the demo in a folder and database of its own, never in those of a clinic."""
    if hasattr(sys, "_MEIPASS"):
        # The demo starts both programs by Python, and a bundle has none.
        print(BUNDLED, file=sys.stderr)
        return 1
    from hms_server.demo.command import run_demo  # noqa: PLC0415 - no other command needs its parts
    from hms_server.demo.home import DemoUnfit, demo_folder  # noqa: PLC0415 - as above

    folder = demo_folder() if options.data_dir == default_data_dir() else options.data_dir
    try:
        return run_demo(folder, fresh=options.fresh, pictures=options.pictures, say=print)
    except DemoUnfit as unfit:
        print(unfit, file=sys.stderr)
        return 1
