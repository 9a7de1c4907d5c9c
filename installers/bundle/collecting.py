"""What both bundles are packed with: files of the tree, facts of the build, and papers about all parts."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol

from hms_server.contract.updates import TRUSTED
from installers.bundle.baked import bake
from installers.bundle.papers import write_bill, write_licences
from installers.bundle.parts import Part, parts_of, python, starter
from installers.bundle.trimming import Entry, trim, without_dead_links
from installers.sign import bake_keys

RESOURCES = "hms_server/contract/_resources"
ABOUT = f"{RESOURCES}/about"
NO_RESOURCE = frozenset({"__pycache__"})


class Analysis(Protocol):
    """As much as is used of what PyInstaller has found."""

    pure: list[Entry]
    binaries: list[Entry]
    datas: list[Entry]


def tree(source: Path, target: str) -> list[tuple[str, str]]:
    """Every file below `source`, each with its folder in the bundle; nothing where there is none."""
    files = (
        path for path in source.rglob("*") if path.is_file() and not NO_RESOURCE.intersection(path.parts)
    )
    return [(str(path), str(PurePosixPath(target, *path.relative_to(source).parent.parts))) for path in files]


def resources(root: Path, names: Iterable[str]) -> list[tuple[str, str]]:
    """Folders of `resources`, to where `contract.places` looks for them."""
    return [row for name in names for row in tree(root / "resources" / name, f"{RESOURCES}/{name}")]


def finish(
    analysis: Analysis,
    *,
    name: str,
    root: Path,
    work: Path,
    dist: Path,
    needs: Callable[[str], Iterable[str]],
    more: Sequence[Part] = (),
) -> None:
    """Trims the lists and adds the facts and papers, which are laid beside the bundle as well."""
    analysis.binaries[:] = [
        _stripped(entry, work) for entry in without_dead_links(trim(analysis.binaries, needs))
    ]
    analysis.datas[:] = trim(analysis.datas, needs)
    work.mkdir(parents=True, exist_ok=True)
    facts = bake(work, root=root)
    files = [Path(entry[1]) for entry in (*analysis.pure, *analysis.binaries, *analysis.datas) if entry[1]]
    found = parts_of(path for path in files if path.is_absolute())
    parts = sorted(
        {(part.kind, part.name): part for part in (*found, python(), starter(), *more)}.values(), key=_order
    )
    dist.mkdir(parents=True, exist_ok=True)
    papers = {"LICENCES.txt": dist / f"{name}-LICENCES.txt", "sbom.cdx.json": dist / f"{name}.cdx.json"}
    write_licences(papers["LICENCES.txt"], parts, title=f"Licences of what is inside of {name}")
    write_bill(papers["sbom.cdx.json"], parts, name=name, facts=facts)
    keys = bake_keys(work)
    trusted = {TRUSTED[-1]: keys} if keys is not None else {}
    for inside, path in {"build.json": facts, **papers, **trusted}.items():
        analysis.datas.append((f"{ABOUT}/{inside}", str(path), "DATA"))


def _order(part: Part) -> tuple[str, str]:
    return part.name.lower(), part.kind


def _stripped(entry: Entry, work: Path) -> Entry:
    """Python's own library without what only a debugger reads; wheels have done so with theirs."""
    name, source, kind = entry
    if (
        sys.platform != "linux"
        or not Path(name).name.startswith("libpython")
        or shutil.which("strip") is None
    ):
        return entry
    work.mkdir(parents=True, exist_ok=True)
    copy = work / Path(name).name
    shutil.copy2(source, copy)
    subprocess.run(["strip", "--strip-unneeded", str(copy)], check=True)  # noqa: S603, S607 - the builder's own program
    return name, str(copy), kind
