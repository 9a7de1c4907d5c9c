"""Which packages of this distribution a bundle needs: what its files ask for and do not bring along."""

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

_MAGIC = b"\x7fELF"
_NEEDED = re.compile(r"^\s+NEEDED\s+(\S+)$", re.MULTILINE)
_SONAME = re.compile(r"^\s+SONAME\s+(\S+)$", re.MULTILINE)
_GLIBC = re.compile(r"\bGLIBC_(\d+)\.(\d+)")
_KNOWN = re.compile(r"^\s+(\S+) \(.*\) => (\S+)$", re.MULTILINE)
_LIBC = re.compile(r"^(libc|libm|libdl|libpthread|librt|libutil|libresolv|ld-linux.*)\.so\.\d+$")


class Unmet(Exception):  # noqa: N818 - an answer to whoever builds
    """No installed package has what the bundle asks for; the sentence names it."""


def packages_for(bundle: Path) -> list[str]:
    """The relations for `Depends`, sorted; the C library with the oldest version that will do."""
    headers = [_run("objdump", "-p", path) for path in _programs(bundle)]
    brought = {path.name for path in bundle.rglob("*.so*")}
    brought |= {name for header in headers for name in _SONAME.findall(header)}
    needed = {name for header in headers for name in _NEEDED.findall(header)} - brought
    return sorted({f"libc6 (>= {_oldest_glibc(headers)})", *_owners(n for n in needed if not _LIBC.match(n))})


def _programs(bundle: Path) -> Iterator[Path]:
    for path in sorted(bundle.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(4) == _MAGIC:
                    yield path


def _oldest_glibc(headers: Iterable[str]) -> str:
    found = {(int(major), int(minor)) for header in headers for major, minor in _GLIBC.findall(header)}
    major, minor = max(found)
    return f"{major}.{minor}"


def _owners(names: Iterable[str]) -> Iterator[str]:
    known = dict(_KNOWN.findall(_run("/sbin/ldconfig", "-p")))
    for name in sorted(names):
        if name not in known:
            message = f"{name} is neither in the bundle nor on this machine: install it, then build again."
            raise Unmet(message)
        yield _owner(Path(known[name]))


def _owner(library: Path) -> str:
    # dpkg knows a file by the path it was packed under, before /lib became a link to /usr/lib.
    real = library.resolve()
    for path in (library, real, Path("/usr", *library.parts[1:]), Path("/", *real.parts[2:])):
        found = subprocess.run(  # noqa: S603 - no shell
            ["/usr/bin/dpkg", "-S", path], capture_output=True, text=True, check=False
        )
        if found.returncode == 0:
            return found.stdout.partition(":")[0]
    message = f"{library} belongs to no package of this machine."
    raise Unmet(message)


def _run(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - no shell
