"""A server's side of updates without a network, which can be told to misbehave, and workstations."""

import hashlib
import io
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hms_desktop.connection.faults import FaultError
from hms_desktop.updates.installation import Installation
from hms_server.contract.envelope import Fault, Request
from hms_server.contract.updates import (
    PART_BYTES,
    SIGNED_FOR,
    GetUpdate,
    InstallerKind,
    Manifest,
    ReadUpdatePart,
    SignedManifest,
    UpdateOffer,
    UpdatePart,
)

PRIVATE = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
KEYS = (PRIVATE.public_key().public_bytes_raw(),)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
LINK_DOWN = Fault(code="link.down", message="There is no connection to the server.")


def manifest_of(content: bytes, **differing: Any) -> Manifest:
    """What a builder would sign of these bytes."""
    described: dict[str, Any] = {
        "version": "0.3.0",
        "platform": "linux",
        "arch": "x86_64",
        "kind": InstallerKind.TAR,
        "size_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    return Manifest(**(described | differing))


def signed(manifest: Manifest, private: Ed25519PrivateKey = PRIVATE) -> SignedManifest:
    content = msgspec.json.encode(manifest)
    return SignedManifest(manifest=content, signature=private.sign(SIGNED_FOR + content))


def workstation(home: Path | None = None, **differing: Any) -> Installation:
    """One of version 0.2.0 whose program was unpacked into a folder."""
    described: dict[str, Any] = {
        "version": "0.2.0",
        "platform": "linux",
        "arch": "x86_64",
        "kind": InstallerKind.TAR,
        "program": Path("/nowhere/hms-desktop"),
        "home": home,
    }
    return Installation(**(described | differing))


def tar_of(files: dict[str, bytes], *, links: dict[str, str] | None = None) -> bytes:
    """A bundle packed as one file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
        for name, target in (links or {}).items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            tar.addfile(entry)
    return packed.getvalue()


def bundle(script: str) -> bytes:
    """The smallest program that there is."""
    return tar_of({"hms-desktop/hms-desktop": f"#!/bin/sh\n{script}\n".encode()})


@dataclass
class FakeLine:
    """Serves `content` under the offer; `interrupt` may raise or answer in the place of a part."""

    content: bytes = b""
    offer: UpdateOffer | Fault = field(default_factory=lambda: UpdateOffer(server_version="0.2.0"))
    interrupt: Callable[[ReadUpdatePart], UpdatePart | None] = lambda _: None
    asked: list[Request[Any]] = field(default_factory=list)
    closed: int = 0

    def ask(self, request: Request[Any]) -> Any:
        self.asked.append(request)
        if isinstance(request, GetUpdate):
            if isinstance(self.offer, Fault):
                raise FaultError(self.offer)
            return self.offer
        assert isinstance(request, ReadUpdatePart)
        instead = self.interrupt(request)
        return instead or UpdatePart(data=self.content[request.offset : request.offset + PART_BYTES])

    @property
    def offsets(self) -> Sequence[int]:
        return [request.offset for request in self.asked if isinstance(request, ReadUpdatePart)]

    def close(self) -> None:
        self.closed += 1


def serving(content: bytes, *, private: Ed25519PrivateKey = PRIVATE, **differing: Any) -> FakeLine:
    """A server that has this installer."""
    manifest = manifest_of(content, **differing)
    offer = UpdateOffer(server_version=manifest.version, update=signed(manifest, private))
    return FakeLine(content=content, offer=offer)
