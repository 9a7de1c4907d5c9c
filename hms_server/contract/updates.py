"""How a workstation asks its server for a newer program, and what is signed of one.

These requests stay as they are for good: they are what the oldest program in a clinic asks the newest server.
"""

import base64
import binascii
import re
from enum import StrEnum
from functools import total_ordering
from typing import Annotated, Self

import msgspec

from hms_server.contract.envelope import Request
from hms_server.contract.places import resource

PART_BYTES = 64 << 10
"""Small, so that on a slow network nobody's answer waits long behind one."""
MAX_UPDATE_BYTES = 1 << 30
SIGNED_SUFFIX = ".signed"
"""Beside an installer lies a file of the same name with this ending: its `SignedManifest` as JSON."""
SIGNED_FOR = b"hms desktop update v1\0"
"""Begins what is signed, so that a signature made for anything else means nothing here."""
TRUSTED = ("about", "update.keys")
"""Among the resources of a bundle that was built with a key: one public key a line, in base 64."""
KEY_BYTES = 32
PRIVATE_MARK = "private "
"""Begins the file of a builder's private key, which would else look like a public one and be handed out."""

_VERSION = re.compile(r"(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?(?:rc(\d{1,6}))?", re.ASCII)
_FINAL = 10**6
"""Above every release candidate."""

Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Word = Annotated[str, msgspec.Meta(max_length=40)]


class InstallerKind(StrEnum):
    """How a workstation's program came onto its machine, and thus how it is replaced."""

    DEB = "deb"
    NSIS = "nsis"
    TAR = "tar"


@total_ordering
class Version(msgspec.Struct, frozen=True):
    """`0.3`, `0.3.1` or `0.4.0rc2`; a release candidate comes before its release."""

    parts: tuple[int, int, int, int]
    text: str

    @classmethod
    def read(cls, text: str) -> Self:
        """ValueError, with a sentence, for anything else."""
        match = _VERSION.fullmatch(text)
        if match is None:
            raise ValueError(f"{text[:40]!r} is not a version. Write it like 0.3.1.")
        major, minor, patch, candidate = match.groups()
        last = _FINAL if candidate is None else int(candidate)
        return cls((int(major), int(minor), int(patch or 0), last), text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.parts == other.parts

    def __lt__(self, other: "Version") -> bool:
        return self.parts < other.parts

    def __hash__(self) -> int:
        return hash(self.parts)


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is signed of an installer; `platform` as Python's `sys.platform`, `arch` as `uname -m` has it."""

    version: str
    platform: Word
    arch: Word
    kind: InstallerKind
    size_bytes: Annotated[int, msgspec.Meta(gt=0, le=MAX_UPDATE_BYTES)]
    sha256: Sha256
    build: Annotated[str, msgspec.Meta(max_length=100)] = ""
    notes: Annotated[str, msgspec.Meta(max_length=2000)] = ""


class SignedManifest(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes of a `Manifest` as JSON, exactly as they were signed, and the Ed25519 signature."""

    manifest: bytes
    signature: bytes

    @property
    def signed_bytes(self) -> bytes:
        """What the signature is over."""
        return SIGNED_FOR + self.manifest

    def read(self) -> Manifest:
        """What it says; ValueError, with a sentence, where it cannot be read; proves no author."""
        try:
            found = msgspec.json.decode(self.manifest, type=Manifest)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"The description of the installer cannot be read: {error}.") from error
        Version.read(found.version)
        return found


class UpdateOffer(msgspec.Struct, frozen=True, kw_only=True):
    """`update` is None where the server has nothing newer for this kind of workstation.

    `required`: this program cannot work with the server any more, whether there is an update or not.
    """

    server_version: str
    required: bool = False
    update: SignedManifest | None = None


class GetUpdate(Request[UpdateOffer], frozen=True, kw_only=True):
    """Says what the workstation's program is, without sign-in; `kind` is empty where no installer made it."""

    version: Word
    protocol: int
    platform: Word
    arch: Word
    kind: Word


class UpdatePart(msgspec.Struct, frozen=True, kw_only=True):
    """Without `data` the workstation asks again after `wait_ms`: others go first."""

    data: bytes = b""
    wait_ms: int = 0


class ReadUpdatePart(Request[UpdatePart], frozen=True, kw_only=True):
    """At most `PART_BYTES` of the installer from `offset` on; needs no sign-in."""

    sha256: Sha256
    offset: Annotated[int, msgspec.Meta(ge=0, le=MAX_UPDATE_BYTES)]


def normal_arch(machine: str) -> str:
    """One word for what the systems call differently: `AMD64` is `x86_64`, `arm64` is `aarch64`."""
    found = machine.lower()
    return {"amd64": "x86_64", "x64": "x86_64", "arm64": "aarch64"}.get(found, found)


def file_name(manifest: Manifest) -> str:
    """What an installer is called in a folder that holds several."""
    ending = {InstallerKind.DEB: "deb", InstallerKind.NSIS: "exe", InstallerKind.TAR: "tar.gz"}[manifest.kind]
    return f"hms-desktop-{manifest.version}-{manifest.platform}-{_bare(manifest.arch)}.{ending}"


def trusted_keys() -> tuple[bytes, ...]:
    """The keys that this build believes; none where it was built without one. ValueError if damaged."""
    try:
        path = resource(*TRUSTED)
    except FileNotFoundError:
        return ()
    return read_keys(path.read_text(encoding="utf-8"))


def read_keys(text: str) -> tuple[bytes, ...]:
    """One Ed25519 public key a line; ValueError, with a sentence, for a line that is none."""
    lines = [line.strip() for line in text.splitlines()]
    return tuple(_read_key(line) for line in lines if line and not line.startswith("#"))


def _read_key(line: str) -> bytes:
    if line.startswith(PRIVATE_MARK):
        # Never shown: the sentence ends up in the log of a build.
        raise ValueError("This is the private key for updates. Name the file beside it that ends in .pub.")
    try:
        key = base64.b64decode(line, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"{line[:60]!r} is not a public key for updates.")
    return key


def _bare(word: str) -> str:
    return re.sub(r"[^a-z0-9_]", "-", word.lower())
