"""`hms-server demo`: a seeded clinic, its server, and one window or pictures of a whole day."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from hms_server.clock import system_clock
from hms_server.demo.home import DESKTOP, Say, furnish, open_home
from hms_server.demo.process import pair_workstation, running_server, write_sign_in

PICTURES = Path("demo-pictures")


def run_demo(folder: Path, *, fresh: bool, pictures: Path | None, say: Say) -> int:
    """Returns when the window is closed, or the pictures are made; everything it started has ended then."""
    began = time.monotonic()
    signal.signal(signal.SIGTERM, _stop)
    try:
        with open_home(folder, say=say) as dsn:
            people = furnish(folder, dsn, now=system_clock(), fresh=fresh)
            workstation = pair_workstation(folder, dsn, now=system_clock())
            with running_server(folder, dsn) as address:
                path = write_sign_in(folder, workstation, address=address, people=people)
                say(f"The clinic is ready after {time.monotonic() - began:.1f} s; its people are in {path}.")
                return _show(path, pictures)
    except KeyboardInterrupt:
        say("The demo is stopped.")
        return 0


def has_display() -> bool:
    """Whether a window could be seen."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _show(sign_in: Path, pictures: Path | None) -> int:
    home = str(sign_in.with_name(DESKTOP))
    if pictures is None and has_display():
        return _run("hms_desktop", "--folder", home, "--demo-sign-in", str(sign_in))
    folder = str(pictures or PICTURES)
    return _run("hms_desktop.demo_day", "--folder", home, "--pictures", folder, str(sign_in))


def _run(module: str, *arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", module, *arguments], check=False).returncode  # noqa: S603 - our own program


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
