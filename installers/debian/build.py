"""Packs the bundles as Debian packages: the same bundle gives the same package, byte for byte."""

import argparse
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from installers.debian.depends import Unmet, packages_for
from installers.debian.icons import ICON_SIZES, draw_icon

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MAINTAINER = "HMS maintainers <maintainers@hms.invalid>"
SCRIPT, TEXT = 0o755, 0o644
NAMES = ("hms-server", "hms-desktop")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """`files` go from the folder into the tree, `manuals` compressed; `scripts` are the maintainer's."""

    folder: Path
    files: Mapping[str, tuple[str, int]]
    manuals: Sequence[str]
    scripts: Sequence[str]
    settings: Sequence[str] = ()
    """Files that an administrator may change, and an upgrade keeps."""


RECIPES: Mapping[str, Recipe] = {
    "hms-server": Recipe(
        folder=HERE / "server",
        files={
            "hms-server": ("usr/bin/hms-server", SCRIPT),
            "launch": ("usr/libexec/hms-server/launch", SCRIPT),
            "pause": ("usr/libexec/hms-server/pause", SCRIPT),
            "hms-server.service": ("lib/systemd/system/hms-server.service", TEXT),
            "default": ("etc/default/hms-server", TEXT),
            "logrotate": ("etc/logrotate.d/hms-server", TEXT),
            "ufw": ("etc/ufw/applications.d/hms-server", TEXT),
            "overrides": ("usr/share/lintian/overrides/hms-server", TEXT),
        },
        manuals=("hms-server.1",),
        scripts=("preinst", "postinst", "prerm", "postrm"),
        settings=(
            "etc/default/hms-server",
            "etc/logrotate.d/hms-server",
            "etc/ufw/applications.d/hms-server",
        ),
    ),
    "hms-desktop": Recipe(
        folder=HERE / "desktop",
        files={
            "hms-desktop": ("usr/bin/hms-desktop", SCRIPT),
            "hms-desktop-autostart": ("usr/bin/hms-desktop-autostart", SCRIPT),
            "keep-running": ("usr/libexec/hms-desktop/keep-running", SCRIPT),
            "hms-desktop.desktop": ("usr/share/applications/hms-desktop.desktop", TEXT),
            "hms-desktop.svg": ("usr/share/icons/hicolor/scalable/apps/hms-desktop.svg", TEXT),
            "hms-desktop.update.policy": ("usr/share/polkit-1/actions/hms-desktop.update.policy", TEXT),
            **{
                f"{name}.desktop": (f"usr/share/hms-desktop/autostart/{name}.desktop", TEXT)
                for name in ("workstation", "display", "kiosk")
            },
            "overrides": ("usr/share/lintian/overrides/hms-desktop", TEXT),
        },
        manuals=("hms-desktop.1", "hms-desktop-autostart.1"),
        scripts=("postrm",),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to pack; `epoch` is the time of every file in it."""

    name: str
    bundle: Path
    output: Path
    version: str
    epoch: int
    compression: Sequence[str] = ("-Zxz",)

    @property
    def recipe(self) -> Recipe:
        return RECIPES[self.name]

    def fill(self, text: str) -> str:
        """Puts this build's own words into a file of the recipe."""
        words = {
            "@NAME@": self.name,
            "@VERSION@": self.version,
            "@DATE@": f"{datetime.fromtimestamp(self.epoch, UTC):%Y-%m-%d}",
            "@COMMON@": (HERE / "server" / "common").read_text(encoding="utf-8").rstrip(),
        }
        for word, meaning in words.items():
            text = text.replace(word, meaning)
        return text


def pack(order: Order) -> Path:
    """The package in `order.output`; `Unmet` where this machine lacks a library that the bundle asks for."""
    architecture = _output_of("dpkg", "--print-architecture")
    target = order.output / f"{order.name}_{order.version}_{architecture}.deb"
    order.output.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="hms-deb-") as folder:
        tree = Path(folder) / order.name
        tree.mkdir(mode=0o755)
        _lay_out(order, tree)
        _describe(order, tree, architecture)
        _give_equal_times(tree, order.epoch)
        subprocess.run(  # noqa: S603 - no shell
            ["/usr/bin/dpkg-deb", "--root-owner-group", *order.compression, "--build", tree, target],
            check=True,
            stdout=subprocess.DEVNULL,
            env=os.environ | {"SOURCE_DATE_EPOCH": str(order.epoch)},
        )
    return target


def _lay_out(order: Order, tree: Path) -> None:
    programs = tree / "usr/lib" / order.name
    shutil.copytree(order.bundle, programs, symlinks=True)
    _set_modes(programs)
    for source, (target, mode) in order.recipe.files.items():
        text = (order.recipe.folder / source).read_text(encoding="utf-8")
        _write(tree / target, order.fill(text).encode(), mode)
    for manual in order.recipe.manuals:
        text = order.fill((order.recipe.folder / manual).read_text(encoding="utf-8"))
        _write(tree / "usr/share/man/man1" / f"{manual}.gz", _packed(text))
    _write_papers(order, tree / "usr/share/doc" / order.name)
    if order.name == "hms-desktop":
        for size in ICON_SIZES:
            place = tree / f"usr/share/icons/hicolor/{size}x{size}/apps/hms-desktop.png"
            _write(place, draw_icon(order.recipe.folder / "hms-desktop.svg", size))


def _write_papers(order: Order, papers: Path) -> None:
    moment = datetime.fromtimestamp(order.epoch, UTC)
    changes = (
        f"{order.name} ({order.version}) stable; urgency=medium\n\n"
        "  * What has changed stands in the README of the sources, under Changes.\n\n"
        f" -- {MAINTAINER}  {moment:%a, %d %b %Y %H:%M:%S +0000}\n"
    )
    _write(papers / "changelog.gz", _packed(changes))
    _write(papers / "copyright", order.fill((HERE / "copyright").read_text(encoding="utf-8")).encode())
    beside = order.bundle.parent
    for name in (f"{order.name}-LICENCES.txt", f"{order.name}.cdx.json"):
        if (beside / name).exists():
            _write(papers / f"{name}.gz", _packed((beside / name).read_text(encoding="utf-8")))


def _describe(order: Order, tree: Path, architecture: str) -> None:
    control = tree / "DEBIAN"
    relations = ", ".join(packages_for(order.bundle))
    fields = (order.recipe.folder / "control").read_text(encoding="utf-8").replace("@SHLIBS@", relations)
    files = sorted(
        path
        for path in tree.rglob("*")
        if path.is_file() and not path.is_symlink() and control not in path.parents
    )
    kilobytes = sum(-(-path.stat().st_size // 1024) for path in files)
    first, _, rest = fields.partition("\n")
    head = [first, f"Version: {order.version}", f"Architecture: {architecture}", f"Maintainer: {MAINTAINER}"]
    _write(control / "control", "\n".join([*head, f"Installed-Size: {kilobytes}", rest]).encode())
    sums = (f"{_md5(path)}  {path.relative_to(tree)}\n" for path in files)
    _write(control / "md5sums", "".join(sums).encode())
    for script in order.recipe.scripts:
        text = (order.recipe.folder / script).read_text(encoding="utf-8")
        _write(control / script, order.fill(text).encode(), SCRIPT)
    if order.recipe.settings:
        listed = "".join(f"/{path}\n" for path in order.recipe.settings)
        _write(control / "conffiles", listed.encode())


def _set_modes(programs: Path) -> None:
    """Nobody but root writes them, and what is no program is not executable."""
    for path in (programs, *programs.rglob("*")):
        if path.is_symlink():
            continue
        started = path.is_dir() or (path.stat().st_mode & 0o100 and ".so" not in path.name)
        path.chmod(SCRIPT if started else TEXT)


def _give_equal_times(tree: Path, epoch: int) -> None:
    for path in (tree, *tree.rglob("*")):
        os.utime(path, (epoch, epoch), follow_symlinks=False)


def _write(path: Path, content: bytes, mode: int = TEXT) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)


def _packed(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _output_of(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603


def _epoch() -> int:
    """The time of the commit, unless SOURCE_DATE_EPOCH names another."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    return int(given or _output_of("git", "-C", str(ROOT), "log", "-1", "--format=%ct"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints each package that was made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="PACKAGE", help=" or ".join(NAMES))
    parser.add_argument("--bundles", type=Path, default=ROOT / "dist")
    parser.add_argument("--output", type=Path, default=ROOT / "dist")
    parser.add_argument("--version", default=version("hms"))
    parser.add_argument("--quick", action="store_true", help="compress little, as tests do")
    options = parser.parse_args(arguments)
    for name in options.names or NAMES:
        if not (options.bundles / name / name).exists():
            print(f"There is no bundle {options.bundles / name}: run 'make bundle' first.", file=sys.stderr)
            return 1
        order = Order(
            name=name,
            bundle=options.bundles / name,
            output=options.output,
            version=options.version,
            epoch=_epoch(),
            compression=("-Zxz", "-z0") if options.quick else ("-Zxz",),
        )
        try:
            print(pack(order))
        except Unmet as unmet:
            print(unmet, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
