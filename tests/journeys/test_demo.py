"""`hms-server demo` as somebody without a display starts it, with nothing left behind afterwards."""

import os
import subprocess
import sys
from pathlib import Path

from PySide6.QtGui import QImage

from hms_server.postgres import EmbeddedPostgres

DISPLAYS = {"DISPLAY", "WAYLAND_DISPLAY"}
STEPS = 14


def test_without_a_display_the_demo_makes_pictures_of_a_whole_day(data_dir: Path, tmp_path: Path) -> None:
    """In a waiting room that is half full already, a picture of every step; then everything has stopped."""
    without_display = {name: value for name, value in os.environ.items() if name not in DISPLAYS}

    done = subprocess.run(
        [sys.executable, "-m", "hms_server", "--data-dir", str(data_dir), "demo"],
        cwd=tmp_path,
        env=without_display | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    pictures = sorted((tmp_path / "demo-pictures").glob("*.png"))
    assert len(pictures) == STEPS
    assert [str(path.relative_to(tmp_path)) in done.stdout for path in pictures] == [True] * STEPS
    images = [QImage(str(path)) for path in pictures]
    assert {(image.width(), image.height()) for image in images} == {(1440, 900)}
    assert "5 workspaces, 0 further windows or dialogs" in done.stdout
    assert not EmbeddedPostgres(data_dir).is_running()
