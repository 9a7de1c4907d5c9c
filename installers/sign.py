"""Makes the key with which installers are signed, signs them, and packs the workstation's bundle as one file.

The private key stays with whoever builds; the public one is baked into the bundles (HMS_UPDATE_KEY names its
file at `make bundle`). Run it as `python -m installers.sign`.
"""

import argparse
import base64
import gzip
import hashlib
import os
import platform
import sys
import tarfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hms_server.contract.private_files import create_private
from hms_server.contract.updates import (
    PRIVATE_MARK,
    SIGNED_FOR,
    SIGNED_SUFFIX,
    InstallerKind,
    Manifest,
    SignedManifest,
    Version,
    file_name,
    normal_arch,
    read_keys,
)

KEY_VARIABLE = "HMS_UPDATE_KEY"
PUBLIC_SUFFIX = ".pub"
TOP = "hms-desktop"
"""The one folder in a packed bundle."""
ENDINGS = {".deb": InstallerKind.DEB, ".exe": InstallerKind.NSIS, ".gz": InstallerKind.TAR}


class SigningRefused(Exception):  # noqa: N818 - a refusal with a sentence for a person
    """Nothing was written; one sentence for whoever builds."""


def make_keys(path: Path) -> Path:
    """A new private key in that file, for its owner alone; gives the file of the public one beside it."""
    private = Ed25519PrivateKey.generate()
    if not create_private(
        path, PRIVATE_MARK.encode() + base64.b64encode(private.private_bytes_raw()) + b"\n"
    ):
        raise SigningRefused(f"{path} exists already. A key is never overwritten: name another file.")
    public = path.with_name(path.name + PUBLIC_SUFFIX)
    public.write_text(_public_line(private), encoding="utf-8")
    return public


def sign(path: Path, manifest: Manifest, private: Ed25519PrivateKey) -> Path:
    """Writes the signed description beside the installer and gives its path."""
    content = msgspec.json.encode(manifest)
    signed = SignedManifest(manifest=content, signature=private.sign(SIGNED_FOR + content))
    beside = path.with_name(path.name + SIGNED_SUFFIX)
    beside.write_bytes(msgspec.json.encode(signed))
    return beside


def describe(
    path: Path, *, version_: str, platform_: str, arch: str, kind: InstallerKind, notes: str = ""
) -> Manifest:
    """What is to be signed of this file, for the machine that is named."""
    try:
        Version.read(version_)
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except (ValueError, OSError) as trouble:
        raise SigningRefused(str(trouble)) from trouble
    return Manifest(
        version=version_,
        platform=platform_,
        arch=normal_arch(arch),
        kind=kind,
        size_bytes=path.stat().st_size,
        sha256=sha256,
        notes=notes,
    )


def read_private(path: Path) -> Ed25519PrivateKey:
    """The key that `make_keys` wrote."""
    try:
        content = path.read_text(encoding="ascii").strip()
        key = Ed25519PrivateKey.from_private_bytes(
            base64.b64decode(content.removeprefix(PRIVATE_MARK), validate=True)
        )
    except (OSError, ValueError) as trouble:
        raise SigningRefused(f"{path} is no key for signing: {trouble}.") from trouble
    if not content.startswith(PRIVATE_MARK):
        raise SigningRefused(f"{path} is no key for signing: name the private one, as 'keys' made it.")
    return key


def pack(bundle: Path, folder: Path, *, version_: str, arch: str) -> Path:
    """One .tar.gz of a bundle's folder; the same files give the same bytes."""
    if not (bundle / TOP).is_file():
        raise SigningRefused(f"{bundle} is no bundle of the workstation: it has no program {TOP!r}.")
    named = Manifest(
        version=version_,
        platform="linux",
        arch=normal_arch(arch),
        kind=InstallerKind.TAR,
        size_bytes=1,
        sha256="0" * 64,
    )
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / file_name(named)
    with (
        target.open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for path in sorted(bundle.rglob("*")):
            tar.add(path, f"{TOP}/{path.relative_to(bundle)}", recursive=False, filter=_anonymous)
    return target


def bake_keys(target: Path, *, environment: Mapping[str, str] = os.environ) -> Path | None:
    """Writes `update.keys` below `target` for a bundle, from the file that HMS_UPDATE_KEY names.

    None, and nothing is written, where the variable is not set: such a build trusts no update.
    """
    named = environment.get(KEY_VARIABLE)
    if not named:
        return None
    try:
        text = Path(named).read_text(encoding="utf-8")
        keys = read_keys(text)
    except (OSError, ValueError) as trouble:
        raise SigningRefused(f"{KEY_VARIABLE} names no public key: {trouble}") from trouble
    if not keys:
        raise SigningRefused(f"There is no public key in {named}.")
    target.mkdir(parents=True, exist_ok=True)
    path = target / "update.keys"
    path.write_text("".join(f"{base64.b64encode(key).decode()}\n" for key in keys), encoding="utf-8")
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """One of the commands; a refusal is one sentence and code 1."""
    options = build_parser().parse_args(arguments)
    try:
        print(options.run(options))  # noqa: T201 - a command
    except SigningRefused as trouble:
        print(trouble, file=sys.stderr)  # noqa: T201 - as above
        return 1
    return 0


def build_parser() -> argparse.ArgumentParser:
    """All arguments with their help."""
    parser = argparse.ArgumentParser(prog="python -m installers.sign", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    keys = commands.add_parser("keys", help="make a key pair: FILE and FILE.pub")
    keys.add_argument("file", type=Path)
    keys.set_defaults(run=lambda options: make_keys(options.file))
    packing = commands.add_parser("pack", help="pack a bundle's folder as hms-desktop-….tar.gz")
    packing.add_argument("bundle", type=Path)
    packing.add_argument("folder", type=Path, help="where to put the file")
    packing.add_argument("--version", default=version("hms"))
    packing.add_argument("--arch", default=platform.machine())
    packing.set_defaults(run=_pack)
    signing = commands.add_parser("sign", help="sign an installer: writes FILE.signed beside it")
    signing.add_argument("file", type=Path)
    signing.add_argument("--key", type=Path, required=True, help="the private key")
    signing.add_argument("--version", default=version("hms"))
    signing.add_argument("--arch", default=platform.machine())
    signing.add_argument("--notes", default="", help="what is new, in a sentence or two")
    signing.set_defaults(run=_sign)
    return parser


def _pack(options: argparse.Namespace) -> Path:
    return pack(options.bundle, options.folder, version_=options.version, arch=options.arch)


def _sign(options: argparse.Namespace) -> Path:
    kind = ENDINGS.get(options.file.suffix)
    if kind is None:
        raise SigningRefused(
            f"{options.file.name} is no installer: it ends neither in .deb, .exe nor .tar.gz."
        )
    manifest = describe(
        options.file,
        version_=options.version,
        platform_="win32" if kind is InstallerKind.NSIS else "linux",
        arch=options.arch,
        kind=kind,
        notes=options.notes,
    )
    return sign(options.file, manifest, read_private(options.key))


def _public_line(private: Ed25519PrivateKey) -> str:
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return base64.b64encode(public).decode() + "\n"


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = 0
    return entry


if __name__ == "__main__":
    sys.exit(main())
