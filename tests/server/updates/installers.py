"""Installers as a builder makes them, small and signed with a key of the test's own."""

from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hms_server.contract.updates import InstallerKind, Manifest
from installers.sign import describe, sign

PRIVATE = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = PRIVATE.public_key().public_bytes_raw()
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)


def parts_of(size_bytes: int) -> Iterator[bytes]:
    """Bytes of which no two parts are alike."""
    for number in range(0, size_bytes, 4):
        yield number.to_bytes(4, "big")


def make_installer(
    folder: Path,
    *,
    version: str = "0.3.0",
    platform: str = "linux",
    arch: str = "x86_64",
    kind: InstallerKind = InstallerKind.TAR,
    content: bytes = b"a program",
    private: Ed25519PrivateKey = PRIVATE,
) -> tuple[Path, Manifest]:
    """A signed installer as it lies on a builder's stick."""
    folder.mkdir(exist_ok=True)
    path = folder / f"built-{version}-{arch}.{kind}"
    path.write_bytes(content)
    manifest = describe(path, version_=version, platform_=platform, arch=arch, kind=kind)
    sign(path, manifest, private)
    return path, manifest
