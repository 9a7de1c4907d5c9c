"""Installs a signed Debian package as root, for a person who is none: the signature is what allows it.

The program is called by pkexec under a policy of its own, which lets whoever sits at the machine do this and
nothing else. So all that the caller names is proved here once more, on a copy that only root can write.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from hms_desktop.updates.installation import Installation
from hms_desktop.updates.trusted import UpdateRefused, judge, tr
from hms_server.contract.updates import SIGNED_SUFFIX, Manifest, SignedManifest

ARGUMENT = "--install-update"
POLICY = Path("/usr/share/polkit-1/actions/hms-desktop.update.policy")
"""Comes with the package; without it pkexec asks for an administrator's password."""
MAX_SIGNED_BYTES = 64 << 10
BLOCK_BYTES = 1 << 20
WITHIN_S = 600


def dpkg(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Without questions: nobody may be there."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(  # noqa: S603 - the system's own
        command, capture_output=True, text=True, check=False, timeout=WITHIN_S, env=environment
    )


def install_package(
    path: Path,
    installation: Installation,
    keys: Sequence[bytes],
    *,
    run: Callable[[Sequence[str]], subprocess.CompletedProcess[str]] = dpkg,
) -> Manifest:
    """The package, if it is signed, newer and for this machine. `UpdateRefused`: nothing was changed."""
    manifest = judge(_read_signed(path), installation, keys)
    with TemporaryDirectory(prefix="hms-desktop-update-") as folder:
        copy = Path(folder) / "update.deb"
        if _copy(path, copy, manifest.size_bytes) != manifest.sha256:
            raise UpdateRefused(tr("The file is not the update that was signed. Nothing was changed."))
        install_with(["dpkg", "--install", str(copy)], run)
    return manifest


def install_with(
    command: Sequence[str], run: Callable[[Sequence[str]], subprocess.CompletedProcess[str]]
) -> None:
    """Runs the package manager; says what it said where it refused."""
    try:
        done = run(command)
    except OSError as error:
        raise UpdateRefused(tr("The package manager did not answer. Nothing was changed.")) from error
    except subprocess.TimeoutExpired as error:
        # It may have been in the middle of it.
        sentence = tr("The package manager did not finish. An administrator should run: {command}")
        raise UpdateRefused(sentence.format(command="sudo dpkg --configure -a")) from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or [str(done.returncode)]
        raise UpdateRefused(tr("The package manager refused the update: {reason}").format(reason=said[-1]))


def _read_signed(path: Path) -> SignedManifest:
    try:
        with path.with_name(path.name + SIGNED_SUFFIX).open("rb") as file:
            return msgspec.json.decode(file.read(MAX_SIGNED_BYTES), type=SignedManifest)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UpdateRefused(tr("The description of the update cannot be read. It is not used.")) from error


def _copy(source: Path, target: Path, size_bytes: int) -> str:
    """Hashes what is written: the source may be changed by its owner at any time."""
    digest = hashlib.sha256()
    left = size_bytes + 1
    try:
        with source.open("rb") as reading, target.open("wb") as writing:
            while left > 0 and (block := reading.read(min(BLOCK_BYTES, left))):
                left -= len(block)
                digest.update(block)
                writing.write(block)
    except OSError as error:
        sentence = tr("The update cannot be read: {reason}.")
        raise UpdateRefused(sentence.format(reason=error.strerror or error)) from error
    return digest.hexdigest()


def has_policy(policy: Path = POLICY) -> bool:
    """Whether a signed update needs no password here."""
    return policy.exists() and shutil.which("pkexec") is not None
