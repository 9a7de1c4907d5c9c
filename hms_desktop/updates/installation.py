"""What this workstation's program is and how it came onto the machine, and thus how it can be replaced."""

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hms_server.contract.build import BUILD
from hms_server.contract.updates import InstallerKind, normal_arch

HOME_VARIABLE = "HMS_DESKTOP_HOME"
"""Set by the launcher that keeps versions side by side: its folder."""
PACKAGE_FILES = Path("/var/lib/dpkg/info/hms-desktop.list")


@dataclass(frozen=True, kw_only=True)
class Installation:
    """`kind` is None where no installer has put the program: such a one is replaced by hand."""

    version: str
    platform: str
    arch: str
    kind: InstallerKind | None
    program: Path
    home: Path | None = None
    is_bundle: bool = False


def this_installation(
    *,
    environment: Mapping[str, str] = os.environ,
    package_files: Path = PACKAGE_FILES,
    program: Path | None = None,
    frozen: bool = hasattr(sys, "_MEIPASS"),
    system: str = sys.platform,
) -> Installation:
    """Looked up once at the start; `frozen` is what PyInstaller's bundles are."""
    own = program or Path(sys.executable)
    home = Path(environment[HOME_VARIABLE]) if environment.get(HOME_VARIABLE) else None
    return Installation(
        version=BUILD.version,
        platform=system,
        arch=normal_arch(platform.machine()),
        kind=_kind(own, home, package_files, frozen=frozen, system=system),
        program=own,
        home=home,
        is_bundle=frozen,
    )


def _kind(
    program: Path, home: Path | None, package_files: Path, *, frozen: bool, system: str
) -> InstallerKind | None:
    if home is not None and (home / "versions").is_dir():
        return InstallerKind.TAR
    if not frozen:
        return None
    if system == "win32":
        return InstallerKind.NSIS
    return InstallerKind.DEB if _is_packaged(program, package_files) else None


def _is_packaged(program: Path, package_files: Path) -> bool:
    """Whether Debian's package manager has put this very program here."""
    try:
        return str(program) in package_files.read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
