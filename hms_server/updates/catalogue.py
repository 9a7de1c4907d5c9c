"""The installers that this server keeps for its workstations, each beside its signed description."""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from hms_server.contract.private_files import replace_private
from hms_server.contract.updates import SIGNED_SUFFIX, Manifest, SignedManifest, file_name
from hms_server.updates.signatures import is_signed

log = structlog.get_logger()

SPARED_BYTES = 1 << 30
"""What has to stay free on the disk, since the database may lie on the same one."""
BLOCK_BYTES = 1 << 20
MAX_SIGNED_BYTES = 64 << 10


class BadInstaller(Exception):  # noqa: N818 - a refusal with a sentence for a person
    """The installer is not kept; nothing was changed."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One installer in the folder."""

    path: Path
    manifest: Manifest
    signed: SignedManifest


def free_bytes_of(folder: Path) -> int:
    return shutil.disk_usage(folder).free


class Catalogue:
    """Used by the server and by commands at the same time: every file appears whole, or not at all."""

    def __init__(
        self, folder: Path | None, *, version: str, free_bytes: Callable[[Path], int] = free_bytes_of
    ) -> None:
        """Without a folder nothing is kept, as in a server that is only tried out."""
        self.version = version
        self._folder = folder
        self._free_bytes = free_bytes

    def all(self) -> list[Kept]:
        """Every installer with a readable description, also those of other versions."""
        if self._folder is None or not self._folder.is_dir():
            return []
        return list(self._read(self._folder))

    def find(self, *, platform: str, arch: str, kind: str) -> Kept | None:
        """The installer of the server's own version for such a workstation."""
        for kept in self.all():
            found = kept.manifest
            asked = (self.version, platform, arch, kind)
            if (found.version, found.platform, found.arch, found.kind) == asked:
                return kept
        return None

    def add(self, path: Path, keys: tuple[bytes, ...]) -> Kept:
        """Checks an installer and keeps a copy, in the place of those for the same kind of workstation."""
        if self._folder is None:
            raise BadInstaller("This server keeps no installers.")
        size = _size_of(path)
        signed = read_signed(path.with_name(path.name + SIGNED_SUFFIX))
        manifest = _checked(signed, keys, version=self.version)
        if size != manifest.size_bytes:
            raise BadInstaller(
                f"{path.name} has {size} bytes, but was signed with {manifest.size_bytes}. Copy it again."
            )
        self._make_room(manifest)
        kept = Kept(path=self._folder / file_name(manifest), manifest=manifest, signed=signed)
        self._copy(path, kept)
        for other in self.all():
            if other.path != kept.path and _serves_the_same(other.manifest, manifest):
                self._drop(other)
        return kept

    def remove(self, name: str) -> Kept:
        """Drops one by its file name."""
        for kept in self.all():
            if kept.path.name == name:
                self._drop(kept)
                return kept
        raise BadInstaller(f"There is no installer {name!r}. 'hms-server updates list' shows what there is.")

    def _read(self, folder: Path) -> Iterator[Kept]:
        for beside in sorted(folder.glob(f"*{SIGNED_SUFFIX}")):
            path = beside.with_name(beside.name.removesuffix(SIGNED_SUFFIX))
            try:
                signed = read_signed(beside)
                manifest = signed.read()
            except (BadInstaller, ValueError) as trouble:
                log.info("installer not readable", file=beside.name, reason=str(trouble))
                continue
            if path.exists():
                yield Kept(path=path, manifest=manifest, signed=signed)

    def _make_room(self, manifest: Manifest) -> None:
        assert self._folder is not None
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._give_to_owner(self._folder)
        for leftover in self._folder.glob(".*.adding"):
            leftover.unlink(missing_ok=True)
        free = self._free_bytes(self._folder)
        if free < manifest.size_bytes + SPARED_BYTES:
            needed = _mb(manifest.size_bytes + SPARED_BYTES)
            raise BadInstaller(
                f"The disk of {self._folder} has {_mb(free)} MB free, and {needed} MB are needed. "
                "Make room first."
            )

    def _copy(self, path: Path, kept: Kept) -> None:
        """The description comes last: it is what makes the installer known."""
        draft = kept.path.with_name(f".{kept.path.name}.adding")
        try:
            found = _copy_hashed(path, draft)
            if found != kept.manifest.sha256:
                raise BadInstaller(
                    f"{path.name} is not the file that was signed: it was changed or damaged. Copy it again."
                )
            self._give_to_owner(draft)
            draft.replace(kept.path)
        except OSError as error:
            raise BadInstaller(f"{path.name} cannot be kept: {error.strerror or error}.") from error
        finally:
            draft.unlink(missing_ok=True)
        beside = _beside(kept.path)
        replace_private(beside, msgspec.json.encode(kept.signed))
        self._give_to_owner(beside)

    def _drop(self, kept: Kept) -> None:
        _beside(kept.path).unlink(missing_ok=True)
        kept.path.unlink(missing_ok=True)

    def _give_to_owner(self, path: Path) -> None:
        """What root adds has to be readable by the user that serves."""
        if sys.platform != "win32" and os.geteuid() == 0 and self._folder is not None:
            owner = self._folder.parent.stat()
            os.chown(path, owner.st_uid, owner.st_gid)


def read_signed(path: Path) -> SignedManifest:
    """The signed description; `BadInstaller` where there is none, or something else."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SIGNED_BYTES)
    except FileNotFoundError as error:
        raise BadInstaller(
            f"{path.name} is missing beside the installer. Whoever built the installer has it."
        ) from error
    except OSError as error:
        raise BadInstaller(f"{path.name} cannot be read: {error.strerror or error}.") from error
    try:
        return msgspec.json.decode(content, type=SignedManifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInstaller(f"{path.name} is damaged. Copy it again, together with the installer.") from error


def is_whole(kept: Kept) -> bool:
    """Whether the file is still the one that was signed; reads all of it."""
    try:
        with kept.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == kept.manifest.sha256
    except OSError:
        return False


def _checked(signed: SignedManifest, keys: tuple[bytes, ...], *, version: str) -> Manifest:
    try:
        manifest = signed.read()
    except ValueError as trouble:
        raise BadInstaller(str(trouble)) from trouble
    if keys and not is_signed(signed, keys):
        raise BadInstaller(
            "The installer was not signed with a key that this server trusts. "
            "Take it from where the server came from."
        )
    if manifest.version != version:
        raise BadInstaller(
            f"The installer has version {manifest.version}, the server {version}. "
            "The server keeps installers of its own version: update it first, or take the fitting one."
        )
    return manifest


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise BadInstaller(f"{path} cannot be read: {error.strerror or error}.") from error


def _copy_hashed(source: Path, target: Path) -> str:
    """Hashes what is written, so that nobody can swap the file between the two."""
    digest = hashlib.sha256()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with source.open("rb") as reading, os.fdopen(descriptor, "wb") as writing:
        while block := reading.read(BLOCK_BYTES):
            digest.update(block)
            writing.write(block)
        writing.flush()
        os.fsync(writing.fileno())
    return digest.hexdigest()


def _serves_the_same(one: Manifest, other: Manifest) -> bool:
    return (one.platform, one.arch, one.kind) == (other.platform, other.arch, other.kind)


def _beside(path: Path) -> Path:
    return path.with_name(path.name + SIGNED_SUFFIX)


def _mb(count: int) -> int:
    return count // (1 << 20)
