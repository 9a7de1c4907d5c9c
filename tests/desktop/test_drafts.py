"""Drafts survive a crash, open for one patient only, and never reach the disk on the GUI thread."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from structlog.testing import capture_logs

from hms_desktop.drafts import LATEST_MS, PAUSE_MS, Autosaver, Draft, DraftKey, DraftStore
from hms_server.contract.values import EncounterId, PatientId, StaffId
from tests.desktop.samples import NOW

KEY_BYTES = bytes(range(32))
ROOT = Path(__file__).parents[2]

TYPING = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication, QTimer
from hms_desktop.drafts import Autosaver, DraftKey, DraftStore

app = QCoreApplication([])
saver = Autosaver(DraftStore(Path(sys.argv[1]), bytes(range(32))))
key = DraftKey(staff_id=7, patient_id=12, encounter_id=31, kind="note")
typed = []

def type_on():
    typed.append(str(len(typed)))
    saver.keep(key, {"subjective": " ".join(typed)})

timer = QTimer(interval=20)
timer.timeout.connect(type_on)
timer.start()
saver.saved.connect(lambda _key, _at: print("saved", flush=True))
app.exec()
"""


def key_of(patient: int = 12, *, staff: int = 7, encounter: int | None = 31, kind: str = "note") -> DraftKey:
    return DraftKey(
        staff_id=StaffId(staff),
        patient_id=PatientId(patient),
        encounter_id=None if encounter is None else EncounterId(encounter),
        kind=kind,
    )


@pytest.fixture
def store(tmp_path: Path) -> DraftStore:
    return DraftStore(tmp_path / "drafts", KEY_BYTES, clock=lambda: NOW)


def test_text_comes_back_with_its_time(store: DraftStore) -> None:
    """What was kept is found again, letter by letter."""
    store.save(key_of(), {"plan": "Amoxicillin 500 mg – tds\nẹ jọ̀ọ́"})

    assert store.load(key_of()) == Draft({"plan": "Amoxicillin 500 mg – tds\nẹ jọ̀ọ́"}, NOW)


@pytest.mark.parametrize("other", [key_of(13), key_of(staff=8), key_of(encounter=32), key_of(kind="vitals")])
def test_never_opens_for_somebody_else(store: DraftStore, tmp_path: Path, other: DraftKey) -> None:
    """Even a file that somebody renamed does not bring its text to another patient, person or visit."""
    store.save(key_of(), {"plan": "for patient 12"})
    (tmp_path / "drafts" / key_of().file_name).rename(tmp_path / "drafts" / other.file_name)

    with capture_logs() as logs:
        found = store.load(other)

    assert found is None
    assert logs[0]["event"] == "draft does not open"


def test_disk_shows_nothing_of_the_text(store: DraftStore, tmp_path: Path) -> None:
    """The file is encrypted and closed to other users of the machine."""
    store.save(key_of(), {"plan": "HIV test"})

    (file,) = (tmp_path / "drafts").iterdir()
    assert b"HIV" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


def test_cleared_text_is_gone(store: DraftStore, tmp_path: Path) -> None:
    """Nothing stays behind, not even what a crash left half written."""
    store.save(key_of(), {"plan": "x"})
    (tmp_path / "drafts" / f".{key_of().file_name}.0123").write_bytes(b"half")

    store.clear(key_of())

    assert store.load(key_of()) is None
    assert list((tmp_path / "drafts").iterdir()) == []


def test_pending_names_own_drafts_newest_first(store: DraftStore, tmp_path: Path) -> None:
    """After a crash a person is offered all of their own text and none of their colleagues'."""
    registration = DraftKey(staff_id=StaffId(7), patient_id=None, encounter_id=None, kind="registration")
    for age_s, key in enumerate([registration, key_of(), key_of(13), key_of(staff=8)]):
        store.save(key, {"a": "b"})
        past = time.time() - age_s * 60
        os.utime(tmp_path / "drafts" / key.file_name, (past, past))

    assert store.pending(StaffId(7)) == [registration, key_of(), key_of(13)]
    assert store.pending(StaffId(9)) == []


def test_another_key_takes_over_what_it_can(store: DraftStore, tmp_path: Path) -> None:
    """With the time of each and in their order; what does not open stays as it is."""
    for number in (1, 2, 3):
        store.save(key_of(number), {"plan": f"for {number}"})
        os.utime(tmp_path / "drafts" / key_of(number).file_name, (number, number))
    damaged = tmp_path / "drafts" / key_of(2).file_name
    damaged.write_bytes(b"damaged")
    after = DraftStore(tmp_path / "drafts", b"n" * 32)

    with capture_logs():
        after.take_from(store)

    assert after.load(key_of(1)) == Draft({"plan": "for 1"}, NOW)
    assert damaged.read_bytes() == b"damaged"
    names = [key for key in after.all_keys() if key != key_of(2)]
    assert names == [key_of(3), key_of(1)]


def test_saves_after_a_pause(qtbot: QtBot, store: DraftStore) -> None:
    """One write for quick keys, with the last text, and its time for the screen."""
    saver = Autosaver(store)
    for text in ("f", "fe", "fever"):
        saver.keep(key_of(), {"subjective": text})

    with qtbot.waitSignal(saver.saved, timeout=PAUSE_MS * 3) as saved:
        pass

    assert saved.args == [key_of(), NOW]
    assert store.load(key_of()) == Draft({"subjective": "fever"}, NOW)


def test_saves_also_without_a_pause(qtbot: QtBot, store: DraftStore) -> None:
    """Somebody who types on and on is saved after three seconds all the same."""
    saver = Autosaver(store)
    started = time.monotonic()

    with qtbot.waitSignal(saver.saved, timeout=LATEST_MS * 2) as saved:
        while time.monotonic() - started < timedelta(milliseconds=LATEST_MS + 300).total_seconds():
            saver.keep(key_of(), {"subjective": "x"})
            qtbot.wait(50)

    assert saved.signal_triggered
    saver.flush()


def test_other_patient_does_not_swallow_unsaved_text(store: DraftStore) -> None:
    """Whoever is opened next, each text lies under its own patient."""
    saver = Autosaver(store)

    saver.keep(key_of(12), {"plan": "of twelve"})
    saver.keep(key_of(13), {"plan": "of thirteen"})
    saver.flush()

    assert store.load(key_of(12)) == Draft({"plan": "of twelve"}, NOW)
    assert store.load(key_of(13)) == Draft({"plan": "of thirteen"}, NOW)


def test_stored_text_does_not_come_back(store: DraftStore) -> None:
    """A text that is discarded while it waits to be saved is never saved afterwards."""
    saver = Autosaver(store)
    saver.keep(key_of(), {"plan": "signed"})
    saver.discard(key_of())
    saver.flush()

    assert store.load(key_of()) is None


def test_finds_what_was_just_typed(qtbot: QtBot, store: DraftStore) -> None:
    """Who leaves a patient and comes back at once sees the very last letter."""
    saver = Autosaver(store)
    found: list[Draft | None] = []

    saver.keep(key_of(), {"plan": "last letter"})
    saver.find(key_of(), found.append)
    qtbot.waitUntil(lambda: bool(found))

    assert found == [Draft({"plan": "last letter"}, NOW)]


def test_disk_is_not_touched_by_the_thread_of_the_windows(qtbot: QtBot, tmp_path: Path) -> None:
    """The clock of the store, read while saving, is read on another thread."""
    threads: list[int] = []

    def clock() -> datetime:
        threads.append(threading.get_ident())
        return NOW

    saver = Autosaver(DraftStore(tmp_path, KEY_BYTES, clock=clock))
    with qtbot.waitSignal(saver.saved):
        saver.keep(key_of(), {"plan": "x"})

    assert threads
    assert threads[0] != threading.get_ident()


def test_says_when_the_disk_refuses(qtbot: QtBot, tmp_path: Path) -> None:
    """A person must not believe in a draft that is not there."""
    (tmp_path / "drafts").write_text("a file where the folder should be")
    saver = Autosaver(DraftStore(tmp_path / "drafts", KEY_BYTES))

    with capture_logs() as logs, qtbot.waitSignal(saver.failed) as failed:
        saver.keep(key_of(), {"plan": "x"})

    assert failed.args is not None
    assert failed.args[0] == key_of()
    assert logs[0]["event"] == "draft not kept"


def test_survives_a_kill_while_typing(tmp_path: Path) -> None:
    """SIGKILL between any two keys loses seconds at most, and never leaves half a draft."""
    process = subprocess.Popen(
        [sys.executable, "-c", TYPING, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process, process.stdout:
        assert process.stdout.readline() == "saved\n"
        process.send_signal(signal.SIGKILL)

    found = DraftStore(tmp_path, KEY_BYTES).load(key_of())
    assert found is not None
    numbers = found.data["subjective"].split()
    assert numbers == [str(number) for number in range(len(numbers))]
    assert len(numbers) > 20
