"""Looking at disks never keeps the house waiting."""

import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from hms_server.upkeep.facts import Disks


def test_a_disk_that_does_not_answer_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One thread is left behind for it, however often it is looked at; later it answers again."""
    released, asked = threading.Event(), []
    really = psutil.disk_usage

    def hang(place: str) -> Any:
        if place.endswith("nas"):
            asked.append(place)
            released.wait(60)
        return really(str(tmp_path))

    monkeypatch.setattr(psutil, "disk_usage", hang)
    disks = Disks(answer_s=0.05)

    rows = [disks.read(tmp_path, [str(tmp_path / "nas")]) for _ in range(3)]
    released.set()
    for thread in [each for each in threading.enumerate() if each.name == "hms-disk"]:
        thread.join(60)
    (_, again) = disks.read(tmp_path, [str(tmp_path / "nas")])

    assert [nas.trouble for _, nas in rows] == ["it does not answer"] * 3
    assert [data.trouble for data, _ in rows] == [""] * 3
    assert len(asked) == 2
    assert again.total_bytes > 0


def test_a_place_that_is_gone_says_why(tmp_path: Path) -> None:
    (_, gone) = Disks().read(tmp_path, [str(tmp_path / "gone")])

    assert "No such file" in gone.trouble
