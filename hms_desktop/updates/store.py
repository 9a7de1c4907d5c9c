"""Where an update is kept while it comes, and what a person has chosen about it."""

import hashlib
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec
import structlog

from hms_desktop.updates.trusted import UpdateRefused, tr
from hms_server.contract.private_files import replace_private
from hms_server.contract.updates import SIGNED_SUFFIX, Manifest, SignedManifest, file_name

log = structlog.get_logger()

PLAN = "plan.json"
LOCK = "fetching.lock"
"""Held by the window that fetches: those of one person share the folder."""
PART_SUFFIX = ".part"
SPARED_BYTES = 200 << 20
"""What drafts and prints must still find on the disk."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What was chosen about a version: tonight, or not to be asked again before a time."""

    version: str = ""
    tonight: bool = False
    quiet_until: datetime | None = None


def free_bytes_of(folder: Path) -> int:
    return shutil.disk_usage(folder).free


class UpdateStore:
    """One folder, one update at a time. A download goes on where it stopped, also after a restart."""

    def __init__(self, folder: Path, *, free_bytes: Callable[[Path], int] = free_bytes_of) -> None:
        self.folder = folder
        self._free_bytes = free_bytes

    def begin(self, manifest: Manifest) -> int:
        """How many bytes are here already. Forgets other updates; refuses where the disk has no room."""
        path = self.path_of(manifest)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for other in self.folder.iterdir():
                kept = (PLAN, LOCK, path.name, path.name + SIGNED_SUFFIX, self._part(manifest).name)
                if other.name not in kept and other.is_file():
                    other.unlink()
            here = self._size_here(manifest)
            free = self._free_bytes(self.folder)
        except OSError as error:
            raise _disk_refused(error) from error
        if free < manifest.size_bytes - here + SPARED_BYTES:
            sentence = tr(
                "The disk is too full for the update: {needed} MB more are needed. Make room first."
            )
            lacking = manifest.size_bytes - here + SPARED_BYTES - free
            raise UpdateRefused(sentence.format(needed=1 + (lacking >> 20)))
        return here

    def append(self, manifest: Manifest, offset: int, data: bytes) -> int:
        """Keeps the next bytes and gives how many there are then."""
        try:
            with self._part(manifest).open("r+b" if offset else "wb") as file:
                file.seek(offset)
                file.write(data)
                file.truncate()
        except OSError as error:
            raise _disk_refused(error) from error
        return offset + len(data)

    def keep_signed(self, manifest: Manifest, signed: SignedManifest) -> None:
        """Beside the file, for whoever has to prove it once more."""
        path = self.path_of(manifest)
        try:
            replace_private(path.with_name(path.name + SIGNED_SUFFIX), msgspec.json.encode(signed))
        except OSError as error:
            raise _disk_refused(error) from error

    def finish(self, manifest: Manifest) -> Path:
        """The whole file, proved to be the one that was signed; another one is thrown away."""
        part, path = self._part(manifest), self.path_of(manifest)
        try:
            if not path.exists():
                part.replace(path)
        except OSError as error:
            raise _disk_refused(error) from error
        self.prove(manifest)
        return path

    def prove(self, manifest: Manifest) -> None:
        """To be asked again right before it is used, since a file may change while it lies there."""
        path = self.path_of(manifest)
        try:
            if _sha256_of(path) == manifest.sha256:
                return
            path.unlink()
        except OSError as error:
            raise _disk_refused(error) from error
        raise UpdateRefused(
            tr("What came from the server is not the update that was signed. It was thrown away.")
        )

    def forget(self) -> None:
        """Nothing is kept any more: the update is installed, or is none for this workstation."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def path_of(self, manifest: Manifest) -> Path:
        """Where the whole file lies once it is there: a name that somebody may have to type."""
        return self.folder / file_name(manifest)

    def plan(self) -> Plan:
        """What was chosen last; a missing or damaged file means nothing was."""
        try:
            return msgspec.json.decode((self.folder / PLAN).read_bytes(), type=Plan)
        except FileNotFoundError:
            return Plan()
        except (OSError, msgspec.DecodeError) as error:
            log.info("plan of updates not read", reason=str(error))
            return Plan()

    def keep_plan(self, plan: Plan) -> None:
        """Where the disk refuses, the choice lasts until the program ends."""
        try:
            replace_private(self.folder / PLAN, msgspec.json.encode(plan))
        except OSError as error:
            log.info("plan of updates not kept", reason=str(error))

    def _part(self, manifest: Manifest) -> Path:
        return self.folder / f"{manifest.sha256}{PART_SUFFIX}"

    def _size_here(self, manifest: Manifest) -> int:
        whole, part = self.path_of(manifest), self._part(manifest)
        if whole.exists():
            if _sha256_of(whole) == manifest.sha256:
                return manifest.size_bytes
            # The same version may have been built again since.
            whole.unlink()
        here = part.stat().st_size if part.exists() else 0
        # What is longer than it may be is not the beginning of it.
        return here if here <= manifest.size_bytes else 0


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _disk_refused(error: OSError) -> UpdateRefused:
    log.info("update not kept", reason=str(error))
    sentence = tr("The update cannot be kept on this machine: {reason}.")
    return UpdateRefused(sentence.format(reason=error.strerror or str(error)))
