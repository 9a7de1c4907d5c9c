"""The recipe of the Debian packages, packed around a bundle of two small programs."""

import gzip
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from installers.debian import build
from installers.debian.build import NAMES, RECIPES, Order, main, pack

EPOCH = 1_700_000_000
SCRIPTS = [
    build.HERE / folder / name
    for folder, names in (
        ("server", ("preinst", "postinst", "prerm", "postrm", "launch", "pause", "hms-server")),
        ("desktop", ("postrm", "hms-desktop", "hms-desktop-autostart", "keep-running")),
        (".", ("libraries",)),
    )
    for name in names
]

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("dpkg-deb", "objdump"))), reason="needs Debian's dpkg-deb and binutils"
)


@pytest.fixture
def bundles(tmp_path: Path) -> Path:
    """The real ones take minutes to make; each of these is one program of the system."""
    for name in NAMES:
        (tmp_path / "bundles" / name / "_internal").mkdir(parents=True)
        shutil.copy("/bin/true", tmp_path / "bundles" / name / name)
        (tmp_path / "bundles" / name / "_internal" / "data.bin").write_bytes(b"\0" * 3000)
        (tmp_path / "bundles" / f"{name}-LICENCES.txt").write_text("Whose it is.\n")
    return tmp_path / "bundles"


def packed(bundles: Path, name: str, *, output: str = "out", version: str = "1.2.3") -> Path:
    order = Order(
        name=name,
        bundle=bundles / name,
        output=bundles.parent / output,
        version=version,
        epoch=EPOCH,
        compression=("-Znone",),
    )
    return pack(order)


def listed(package: Path) -> dict[str, tuple[str, str]]:
    """Path → rights and owner."""
    text = subprocess.run(["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True)
    rows = [line.split(None, 5) for line in text.stdout.splitlines()]
    return {row[5].partition(" -> ")[0].removeprefix("./"): (row[0], row[1]) for row in rows}


def field(package: Path, name: str) -> str:
    done = subprocess.run(["dpkg-deb", "--field", package, name], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def unpacked(package: Path, folder: Path) -> Path:
    subprocess.run(["dpkg-deb", "--raw-extract", package, folder], check=True)
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_the_same_bundle_gives_the_same_package(bundles: Path, name: str) -> None:
    """Byte for byte, whenever and wherever it is packed."""
    first = packed(bundles, name)
    os.utime(bundles / name / name, (1, 1))
    second = packed(bundles, name, output="again")

    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_roots_and_nobody_else_may_write(bundles: Path, name: str) -> None:
    for path, (rights, owner) in listed(packed(bundles, name)).items():
        assert owner == "root/root", path
        assert rights[5] == "-", path
        assert rights[8] == "-", path
        assert "s" not in rights, path


@pytest.mark.parametrize("name", NAMES)
def test_what_the_bundle_brings_and_the_papers_are_inside(bundles: Path, name: str) -> None:
    found = listed(packed(bundles, name))

    for path in (
        f"usr/lib/{name}/{name}",
        f"usr/lib/{name}/_internal/data.bin",
        f"usr/bin/{name}",
        f"usr/share/doc/{name}/copyright",
        f"usr/share/doc/{name}/changelog.gz",
        f"usr/share/doc/{name}/{name}-LICENCES.txt.gz",
        f"usr/share/man/man1/{name}.1.gz",
    ):
        assert path in found, path


def test_it_depends_on_the_c_library_that_its_programs_were_built_for(bundles: Path) -> None:
    relations = field(packed(bundles, "hms-server"), "Depends")

    assert re.search(r"libc6 \(>= 2\.\d+\)", relations)
    assert "adduser" in relations
    assert "@" not in relations


def test_no_word_of_the_recipe_is_left_open(bundles: Path, tmp_path: Path) -> None:
    for name in NAMES:
        tree = unpacked(packed(bundles, name), tmp_path / name)
        own = [path for path in tree.rglob("*") if path.is_file() and "lib/hms" not in str(path)]
        for path in own:
            content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            assert not re.search(rb"@[A-Z]+@", content), path


def test_the_sums_are_those_of_the_files(bundles: Path, tmp_path: Path) -> None:
    tree = unpacked(packed(bundles, "hms-server"), tmp_path / "tree")

    subprocess.run(["md5sum", "--check", "--quiet", "DEBIAN/md5sums"], cwd=tree, check=True)


def test_what_an_administrator_changes_is_kept(bundles: Path, tmp_path: Path) -> None:
    tree = unpacked(packed(bundles, "hms-server"), tmp_path / "tree")
    kept = set((tree / "DEBIAN/conffiles").read_text().split())

    assert kept == {f"/{path.relative_to(tree)}" for path in (tree / "etc").rglob("*") if path.is_file()}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_script_is_one_for_the_simplest_shell(script: Path) -> None:
    subprocess.run(["sh", "-n", script], check=True)
    assert script.read_text().startswith("#!/bin/sh\n")


def test_the_unit_starts_what_the_package_brings() -> None:
    recipe = RECIPES["hms-server"]
    unit = (recipe.folder / "hms-server.service").read_text()
    program = re.findall(r"^ExecStart=(\S+)", unit, re.MULTILINE)[0]

    assert program.lstrip("/") in {target for target, _ in recipe.files.values()}
    for setting in ("Type=notify", "User=hms", "NoNewPrivileges=yes", "KillMode=mixed", "WatchdogSec="):
        assert setting in unit


def failed(tmp_path: Path, result: str = "exit-code") -> str:
    """How long the unit waits after one more failure; "" where it does not."""
    (tmp_path / "sleep").write_text('#!/bin/sh\necho "$1"\n')
    (tmp_path / "sleep").chmod(0o755)
    told = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "RUNTIME_DIRECTORY": str(tmp_path),
        "SERVICE_RESULT": result,
    }
    done = subprocess.run(
        [build.HERE / "server" / "pause"], env=told, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_attempts_to_start_come_more_and_more_slowly(tmp_path: Path) -> None:
    """And for ever, since nobody is there to start the server by hand."""
    assert [failed(tmp_path) for _ in range(8)] == ["0", "5", "15", "35", "75", "115", "115", "115"]


def test_a_stop_and_a_long_service_begin_anew(tmp_path: Path) -> None:
    before = [failed(tmp_path) for _ in range(3)]
    ordered = failed(tmp_path, "success")
    after_stop = failed(tmp_path)
    failed(tmp_path)
    os.utime(tmp_path / "failures", (EPOCH, EPOCH))
    after_service = failed(tmp_path)

    assert before[-1] == "15"
    assert (ordered, after_stop, after_service) == ("", "0", "0")


def test_a_bundle_that_is_not_there_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--bundles", str(tmp_path), "--output", str(tmp_path)])

    assert code == 1
    assert "make bundle" in capsys.readouterr().err


def test_a_library_that_nobody_has_ends_the_packing_with_its_name(
    bundles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package that installs and does not start would be worse."""
    from installers.debian import depends

    monkeypatch.setattr(depends, "_LIBC", re.compile("nothing"))
    monkeypatch.setattr(depends, "_KNOWN", re.compile("(a)(b)"))

    with pytest.raises(depends.Unmet, match=r"libc\.so\.6 is neither in the bundle"):
        packed(bundles, "hms-server")
