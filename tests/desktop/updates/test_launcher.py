"""The script that starts the newest version that works, really run by the system's shell."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QLockFile

from hms_desktop.updates import launcher
from hms_desktop.updates.applying import LOCK, Means, apply, means_of
from hms_desktop.updates.launcher import RESTART_CODE
from hms_desktop.updates.placing import place
from hms_desktop.updates.store import SPARED_BYTES
from hms_desktop.updates.trusted import UpdateRefused
from tests.desktop.updates.lines import bundle, manifest_of, tar_of, workstation

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a script for the shell")

COMES_UP = 'rm -f "$HMS_DESKTOP_HOME/trying"'
"""What the real program does once its sign-in page is there."""
WITHIN_S = 60


def pack(folder: Path, content: bytes) -> Path:
    path = folder / "update.tar.gz"
    path.write_bytes(content)
    return path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Version 0.2.0, installed as a person does it the first time; it tells what it was given."""
    built = tmp_path / "built"
    built.mkdir()
    (built / "hms-desktop").write_text(f'#!/bin/sh\n{COMES_UP}\necho "0.2.0 $*"\n')
    (built / "hms-desktop").chmod(0o755)
    (built / "library.so").symlink_to("hms-desktop")
    launcher.install(built, tmp_path / "my clinic", "0.2.0")
    return tmp_path / "my clinic"


def start(home: Path, *arguments: str) -> tuple[int, list[str]]:
    done = subprocess.run(
        [home / "hms-desktop", *arguments], capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    return done.returncode, [*done.stdout.splitlines(), *done.stderr.splitlines()]


def test_one_window_at_a_time_puts_a_version_there(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A display and a kiosk of one machine update in the same minute of the night."""
    content = bundle("echo 0.3.0")
    path, manifest, mine = pack(tmp_path, content), manifest_of(content), workstation(home)
    other = QLockFile(str(home / LOCK))
    could_begin: list[bool] = []

    def placing(*arguments: Any) -> None:
        could_begin.append(other.tryLock(0))
        place(*arguments)

    monkeypatch.setattr("hms_desktop.updates.applying.place", placing)
    apply(path, manifest, mine)

    assert could_begin == [False]
    assert launcher.read_word(home / "current") == "0.3.0"
    monkeypatch.setattr("hms_desktop.updates.applying.PLACING_S", 0)
    assert other.tryLock(0)
    with pytest.raises(UpdateRefused, match="Another window"):
        apply(path, manifest, mine)
    other.unlock()


def test_it_starts_what_was_installed_with_its_arguments(home: Path) -> None:
    assert start(home, "--server", "clinic one:7717") == (0, ["0.2.0 --server clinic one:7717"])


def test_it_may_be_started_through_a_link(home: Path, tmp_path: Path) -> None:
    """As from a menu or from a folder of programs."""
    (tmp_path / "link").symlink_to(home / "hms-desktop")

    done = subprocess.run([tmp_path / "link"], capture_output=True, text=True, timeout=WITHIN_S, check=True)

    assert done.stdout == "0.2.0 \n"


def test_the_programs_exit_code_is_its_own(home: Path) -> None:
    (home / "versions/0.2.0/hms-desktop").write_text("#!/bin/sh\nexit 3\n")

    assert start(home) == (3, [])


def test_a_new_version_is_started_and_stays(home: Path, tmp_path: Path) -> None:
    place(pack(tmp_path, bundle(f"{COMES_UP}; echo 0.3.0")), home, "0.3.0")

    assert start(home) == (0, ["0.3.0"])
    assert not (home / "trying").exists()
    assert launcher.read_word(home / "previous") == "0.2.0"


def test_the_program_is_started_anew_where_it_asks_for_it(home: Path, tmp_path: Path) -> None:
    """It ends with a code of its own after it has put the new version beside itself."""
    update = pack(tmp_path, bundle(f"{COMES_UP}; echo 0.3.0"))
    code = (
        "import pathlib; from hms_desktop.updates.placing import place;"
        f"place(pathlib.Path({str(update)!r}), pathlib.Path({str(home)!r}), '0.3.0')"
    )
    script = f'#!/bin/sh\necho 0.2.0\n"{sys.executable}" -c "{code}"\nexit {RESTART_CODE}\n'
    (home / "versions/0.2.0/hms-desktop").write_text(script)

    assert start(home) == (0, ["0.2.0", "0.3.0"])


def test_a_version_that_ends_at_once_makes_room_for_the_one_before(home: Path, tmp_path: Path) -> None:
    """After two tries, without anybody doing anything."""
    place(pack(tmp_path, bundle("echo broken; exit 1")), home, "0.3.0")

    assert start(home) == (0, ["broken", "broken", "0.2.0 "])
    assert launcher.failed_version(home) == "0.3.0"
    assert start(home) == (0, ["0.2.0 "])


def test_a_version_that_hangs_makes_room_after_two_starts(home: Path, tmp_path: Path) -> None:
    """The person switches the machine off, twice."""
    place(pack(tmp_path, bundle('echo $$ > "$HMS_DESKTOP_HOME/pid"; exec sleep 600')), home, "0.3.0")

    for _ in range(2):
        (home / "pid").unlink(missing_ok=True)
        with subprocess.Popen([home / "hms-desktop"]) as started:
            until = threading.Event()
            while not (home / "pid").exists() or not (home / "pid").read_text().strip():
                until.wait(0.02)
            os.kill(int((home / "pid").read_text()), signal.SIGKILL)
            started.send_signal(signal.SIGTERM)
            started.wait(WITHIN_S)
        if launcher.failed_version(home):
            break

    assert start(home)[1][-1] == "0.2.0 "
    assert launcher.failed_version(home) == "0.3.0"


def test_the_script_hands_on_the_order_to_end(home: Path) -> None:
    """So that nothing stays behind when the session ends."""
    (home / "versions/0.2.0/hms-desktop").write_text(
        '#!/bin/sh\ntrap "echo told; exit 5" TERM\necho ready\nwhile :; do sleep 0.05; done\n'
    )
    with subprocess.Popen([home / "hms-desktop"], stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n"
        started.send_signal(signal.SIGTERM)
        assert started.stdout.read() == "told\n"
        assert started.wait(WITHIN_S) == 5


@pytest.mark.parametrize("damage", ["", "\n", "9.9.9\n", "../../etc\n"])
def test_a_damaged_pointer_leads_to_the_version_before(home: Path, tmp_path: Path, damage: str) -> None:
    place(pack(tmp_path, bundle(f"{COMES_UP}; echo 0.3.0")), home, "0.3.0")
    start(home)
    (home / "current").write_text(damage)

    assert start(home) == (0, ["0.2.0 "])


def test_without_any_version_a_sentence_is_said(home: Path) -> None:
    (home / "versions/0.2.0/hms-desktop").unlink()

    code, lines = start(home)

    assert code == 1
    assert "Install the program anew" in lines[-1]


def test_two_versions_stay_and_older_ones_go(home: Path, tmp_path: Path) -> None:
    for version in ("0.3.0", "0.4.0"):
        place(pack(tmp_path, bundle(f"{COMES_UP}; echo {version}")), home, version)
        start(home)

    assert sorted(path.name for path in (home / "versions").iterdir()) == ["0.3.0", "0.4.0"]


def test_coming_up_is_told_once(home: Path, tmp_path: Path) -> None:
    place(pack(tmp_path, bundle("echo 0.3.0")), home, "0.3.0")

    assert launcher.came_up(home)
    assert not launcher.came_up(home)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "cannot be unpacked"),
        (b"no archive at all", "cannot be unpacked"),
        (bundle("echo 0.3.0")[:60], "cannot be unpacked"),
        (bundle("echo 0.3.0")[:40] + b"\xff" * 80, "cannot be unpacked"),
        (tar_of({"other/hms-desktop": b"x"}), "holds no program"),
        (tar_of({"../escaped": b"x", "hms-desktop/hms-desktop": b"x"}), "cannot be unpacked"),
        (tar_of({"hms-desktop/hms-desktop": b"x"}, links={"hms-desktop/out": "/etc"}), "cannot be unpacked"),
    ],
    # An archive has the moment of its making inside: no name for a test that every process is to find.
    ids=["empty", "no-archive", "cut", "damaged", "no-program", "escaping", "link-outside"],
)
def test_what_cannot_be_unpacked_changes_nothing(
    home: Path, tmp_path: Path, content: bytes, sentence: str
) -> None:
    """Signed or not: the version that is there is the one that is started."""
    with pytest.raises(UpdateRefused, match=sentence):
        place(pack(tmp_path, content), home, "0.3.0")

    assert start(home) == (0, ["0.2.0 "])
    assert not (tmp_path / "escaped").exists()


def test_a_full_disk_is_told_before_anything_is_unpacked(home: Path, tmp_path: Path) -> None:
    with pytest.raises(UpdateRefused, match="too full for the update: 1 MB"):
        place(pack(tmp_path, bundle("echo")), home, "0.3.0", free_bytes=lambda _: SPARED_BYTES)

    assert start(home) == (0, ["0.2.0 "])


def test_what_another_window_has_put_there_is_not_put_there_twice(home: Path, tmp_path: Path) -> None:
    """It may be running from there by now."""
    content = bundle(f"{COMES_UP}; echo 0.3.0")
    place(pack(tmp_path, content), home, "0.3.0")
    before = (home / "versions/0.3.0").stat().st_ino

    apply(pack(tmp_path, content), manifest_of(content), workstation(home))

    assert (home / "versions/0.3.0").stat().st_ino == before


def test_a_home_of_somebody_else_is_updated_by_hand(tmp_path: Path) -> None:
    assert means_of(workstation(tmp_path)) is Means.ALONE
    assert means_of(workstation(tmp_path / "missing")) is Means.BY_HAND


def test_only_a_bundle_is_installed(tmp_path: Path) -> None:
    with pytest.raises(UpdateRefused, match="holds no bundle"):
        launcher.install(tmp_path, tmp_path / "home", "0.2.0")
