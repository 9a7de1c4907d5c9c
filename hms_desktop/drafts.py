"""Typed text that the server does not have yet: kept encrypted on this workstation, tied to one patient."""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer, Signal, Slot
from shiboken6 import isValid

from hms_server.contract.private_files import replace_private
from hms_server.contract.values import EncounterId, PatientId, StaffId

log = structlog.get_logger()

T = TypeVar("T")

KEY_BYTES = 32
NONCE_BYTES = 12
PAUSE_MS = 1000
LATEST_MS = 3000
"""Also somebody who types without a pause never loses more than this."""

_NAME = re.compile(r"(\d+)-(\d+|new)-(\d+|none)-([a-z_]+)\.draft")


@dataclass(frozen=True, kw_only=True)
class DraftKey:
    """Whose text about whom, and what for in letters a–z; somebody not yet registered has no id."""

    staff_id: StaffId
    patient_id: PatientId | None
    encounter_id: EncounterId | None
    kind: str

    @property
    def file_name(self) -> str:
        patient = "new" if self.patient_id is None else self.patient_id
        encounter = "none" if self.encounter_id is None else self.encounter_id
        return f"{self.staff_id}-{patient}-{encounter}-{self.kind}.draft"


class Draft(msgspec.Struct, frozen=True):
    """What stood in the fields, and since when it is kept."""

    data: dict[str, str]
    saved_at: datetime


def _utc_now() -> datetime:
    return datetime.now(UTC)


class DraftStore:
    """One encrypted file for each key. Waits for the disk: windows go through `Autosaver`.

    The key is sealed in with the text: a file under the name of another patient does not open.
    """

    def __init__(self, folder: Path, key_bytes: bytes, *, clock: Callable[[], datetime] = _utc_now) -> None:
        self._folder = folder
        self._cipher = AESGCM(key_bytes)
        self._clock = clock

    def save(self, key: DraftKey, data: dict[str, str]) -> Draft:
        """Keeps the text, durably: a crash leaves this draft or the one before. The disk may refuse."""
        draft = Draft(data, self._clock())
        self._seal(key, draft)
        return draft

    def take_from(self, other: "DraftStore") -> None:
        """Seals what another key sealed in the same folder with this one; what does not open stays there."""
        for key in reversed(other.all_keys()):
            draft = other.load(key)
            if draft is not None:
                self._seal(key, draft)

    def _seal(self, key: DraftKey, draft: Draft) -> None:
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, msgspec.json.encode(draft), key.file_name.encode())
        replace_private(self._folder / key.file_name, nonce + sealed)

    def load(self, key: DraftKey) -> Draft | None:
        """The text kept under exactly this key; None if there is none, or none that can still be opened."""
        try:
            content = (self._folder / key.file_name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            log.warning("draft not readable", draft=key.file_name, reason=str(error))
            return None
        nonce, sealed = content[:NONCE_BYTES], content[NONCE_BYTES:]
        try:
            opened = self._cipher.decrypt(nonce, sealed, key.file_name.encode())
        except (InvalidTag, ValueError):
            # Nobody can get the text back: the file was changed, or the workstation has a new key.
            log.warning("draft does not open", draft=key.file_name)
            return None
        return msgspec.json.decode(opened, type=Draft)

    def clear(self, key: DraftKey) -> None:
        """Forgets the text, also what a crash left half written of it."""
        (self._folder / key.file_name).unlink(missing_ok=True)
        for leftover in self._folder.glob(f".{key.file_name}.*"):
            leftover.unlink(missing_ok=True)

    def pending(self, staff_id: StaffId) -> list[DraftKey]:
        """Everything that this person typed and that was never stored, the newest first."""
        return [key for key in self.all_keys() if key.staff_id == staff_id]

    def all_keys(self) -> list[DraftKey]:
        """Of everybody's drafts, the newest first."""
        if not self._folder.exists():
            return []
        files = sorted(self._folder.iterdir(), key=lambda file: file.stat().st_mtime, reverse=True)
        return [key for file in files if (key := _key_of(file.name)) is not None]


def draft_store(folder: Path, secret_key: str) -> DraftStore:
    """The drafts of this workstation: whoever copies them without its own key cannot read them."""
    key = hashlib.sha256(b"hms-desktop drafts\0" + secret_key.encode()).digest()
    return DraftStore(folder / "drafts", key)


def carry_over(folder: Path, old_secret_key: str, new_secret_key: str) -> None:
    """What was typed before this workstation was paired again is offered after it too."""
    try:
        draft_store(folder, new_secret_key).take_from(draft_store(folder, old_secret_key))
    except OSError as error:
        log.warning("drafts not carried over", reason=str(error))


def _key_of(file_name: str) -> DraftKey | None:
    match = _NAME.fullmatch(file_name)
    if match is None:
        return None
    staff, patient, encounter, kind = match.groups()
    return DraftKey(
        staff_id=StaffId(int(staff)),
        patient_id=None if patient == "new" else PatientId(int(patient)),
        encounter_id=None if encounter == "none" else EncounterId(int(encounter)),
        kind=kind,
    )


def _wind_up(*executors: ThreadPoolExecutor) -> None:
    for executor in executors:
        executor.shutdown(wait=False)


class Autosaver(QObject):
    """Keeps what is typed a second after the last key, never later than three; the disk on its own thread.

    Whatever is asked about one key happens in the order in which it was asked. Text is handed over together
    with its key, so that it cannot end up under the patient who was opened meanwhile.
    """

    saved = Signal(object, object)
    """A `DraftKey` and the time from which it is safe."""
    failed = Signal(object, str)
    """A `DraftKey` and why the disk refused: the person has to know that this text would not survive."""

    _finished = Signal(object)

    def __init__(self, store: DraftStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._unsaved: tuple[DraftKey, dict[str, str]] | None = None
        # Not a pool of Qt: this one finishes its queue also after this object is gone, before Python ends.
        self._disk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hms-drafts")
        # Who opens the next patient does not wait until the disk has the last one's text for certain.
        self._reading = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hms-drafts-read")
        self._under_way: Counter[DraftKey] = Counter()
        self.destroyed.connect(partial(_wind_up, self._disk, self._reading))
        self._pause = self._timer(PAUSE_MS)
        self._latest = self._timer(LATEST_MS)
        self._finished.connect(self._on_finished, Qt.ConnectionType.QueuedConnection)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.flush)

    def keep(self, key: DraftKey, data: dict[str, str]) -> None:
        """What stands in the fields now. Call it at every change."""
        if self._unsaved is not None and self._unsaved[0] != key:
            self.write_now()
        self._unsaved = (key, dict(data))
        self._pause.start()
        if not self._latest.isActive():
            self._latest.start()

    def find(self, key: DraftKey, done: Callable[[Draft | None], object]) -> None:
        """`done` gets what is kept under this key, on the thread of the windows."""
        self.write_now()
        executor = self._disk if self._under_way[key] else self._reading
        self._run(lambda: self._store.load(key), done, executor=executor)

    def pending(self, staff_id: StaffId, done: Callable[[list[DraftKey]], object]) -> None:
        """`done` gets all that this person has typed and not stored, on the thread of the windows."""
        self.write_now()
        self._run(lambda: self._store.pending(staff_id), done)

    def discard(self, key: DraftKey) -> None:
        """The server has the text, or the person does not want it."""
        if self._unsaved is not None and self._unsaved[0] == key:
            self._unsaved = None
            self._stop()
        self._change(key, lambda: self._store.clear(key), lambda _: None)

    @Slot()
    def write_now(self) -> None:
        """Does not wait for the pause; for a page that is left."""
        self._stop()
        if self._unsaved is None:
            return
        key, data = self._unsaved
        self._unsaved = None
        self._change(key, lambda: self._save(key, data), lambda outcome: self._report(key, outcome))

    @Slot()
    def flush(self) -> None:
        """Returns when everything is on the disk; for a program that ends."""
        self.write_now()
        self._disk.submit(lambda: None).result()

    @Slot()
    def close(self) -> None:
        """Like `flush`, and ends the threads: nothing can be kept afterwards."""
        self.flush()
        for executor in (self._disk, self._reading):
            executor.shutdown()

    def _timer(self, after_ms: int) -> QTimer:
        timer = QTimer(self, singleShot=True, interval=after_ms)
        timer.timeout.connect(self.write_now)
        return timer

    def _stop(self) -> None:
        self._pause.stop()
        self._latest.stop()

    def _save(self, key: DraftKey, data: dict[str, str]) -> Draft | str:
        try:
            return self._store.save(key, data)
        except OSError as error:
            log.warning("draft not kept", reason=str(error))
            return error.strerror or str(error)

    def _report(self, key: DraftKey, outcome: Draft | str) -> None:
        if isinstance(outcome, Draft):
            self.saved.emit(key, outcome.saved_at)
        else:
            self.failed.emit(key, outcome)

    def _change(self, key: DraftKey, work: Callable[[], T], done: Callable[[T], object]) -> None:
        def finish(result: T) -> None:
            self._under_way[key] -= 1
            done(result)

        self._under_way[key] += 1
        self._run(work, finish)

    def _run(
        self,
        work: Callable[[], T],
        done: Callable[[T], object],
        *,
        executor: ThreadPoolExecutor | None = None,
    ) -> None:
        def run() -> None:
            try:
                result = work()
            except Exception:  # a thread's top: nobody above could log it
                log.exception("drafts failed")
                return
            if isValid(self):
                self._finished.emit(lambda: done(result))

        (executor or self._disk).submit(run)

    @Slot(object)
    def _on_finished(self, hand_over: Callable[[], object]) -> None:
        hand_over()
