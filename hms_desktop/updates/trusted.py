"""Whether an offered update may be used here: who signed it, what it is, and that it is no step back."""

from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from PySide6.QtCore import QCoreApplication

from hms_desktop.updates.installation import Installation
from hms_server.contract.updates import Manifest, SignedManifest, Version


class UpdateRefused(Exception):  # noqa: N818 - a refusal with a sentence for a person
    """The update is not used, and the program that is there goes on working."""


def judge(signed: SignedManifest, installation: Installation, keys: Sequence[bytes]) -> Manifest:
    """What the update is; `UpdateRefused` says why it may not be used. The signature is looked at first."""
    if not keys:
        raise UpdateRefused(tr("This program was built without a key for updates. Install it by hand."))
    if not any(_has_signed(key, signed) for key in keys):
        raise UpdateRefused(
            tr("The update on the server was not signed by the makers of this program. It is not used.")
        )
    try:
        manifest = signed.read()
    except ValueError as trouble:
        raise UpdateRefused(
            tr("The description of the update on the server cannot be read. It is not used.")
        ) from trouble
    mine = (installation.platform, installation.arch, installation.kind)
    if (manifest.platform, manifest.arch, manifest.kind) != mine:
        raise UpdateRefused(tr("The update on the server is for another kind of machine. It is not used."))
    if not is_newer(manifest.version, installation.version):
        sentence = tr("The update on the server has version {offered}, which is not newer than {mine}.")
        raise UpdateRefused(sentence.format(offered=manifest.version, mine=installation.version))
    return manifest


def is_newer(version: str, than: str) -> bool:
    """Whether it comes after; what is no version comes after nothing."""
    try:
        return Version.read(version) > Version.read(than)
    except ValueError:
        return False


def tr(text: str) -> str:
    """The words of this slice that belong to no widget."""
    return QCoreApplication.translate("Updates", text)


def _has_signed(key: bytes, signed: SignedManifest) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signed.signature, signed.signed_bytes)
    except (InvalidSignature, ValueError):
        return False
    return True
