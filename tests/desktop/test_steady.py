"""The interpreter's settings, which keep the window from waiting for other threads and the collector."""

import subprocess
import sys


def test_what_is_loaded_is_left_alone_by_the_collector() -> None:
    """In a process of its own, since it cannot be taken back."""
    program = (
        "import gc, sys; from hms_desktop.steady import SWITCH_S, keep_steady; keep_steady();"
        "sys.exit(not gc.get_freeze_count() or round(sys.getswitchinterval(), 6) != SWITCH_S)"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
