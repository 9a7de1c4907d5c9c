"""The installers for Windows: they compile, name only what exists, and never delete the clinic's data."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from hms_desktop.server_setup.program import find_program

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "installers" / "windows"
SCRIPTS = ("server.nsi", "desktop.nsi")
WORKFLOW = ROOT / ".github" / "workflows" / "windows.yml"


def script(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.skipif(shutil.which("makensis") is None, reason="makensis is missing: apt-get install nsis")
def test_the_script_compiles_without_a_warning(name: str, tmp_path: Path) -> None:
    """Against a bundle's folder of two files."""
    bundle, made = tmp_path / "bundle", tmp_path / "hms-1.0.0.exe"
    (bundle / "_internal").mkdir(parents=True)
    for path in ("hms-server.exe", "hms-desktop.exe", "_internal/base_library.zip"):
        (bundle / path).write_bytes(b"MZ")
    facts = (f"-DVERSION={version()}", f"-DSOURCE={bundle}", f"-DOUTPUT={made}")

    done = subprocess.run(
        ["makensis", "-V2", "-WX", *facts, FOLDER / name], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert made.read_bytes().startswith(b"MZ")


@pytest.mark.parametrize("missing", ["VERSION", "SOURCE", "OUTPUT"])
@pytest.mark.skipif(shutil.which("makensis") is None, reason="makensis is missing: apt-get install nsis")
def test_the_compiler_is_told_what_is_missing(missing: str, tmp_path: Path) -> None:
    facts = {"VERSION": "1.0.0", "SOURCE": str(tmp_path), "OUTPUT": str(tmp_path / "hms-1.0.0.exe")}
    given = [f"-D{name}={value}" for name, value in facts.items() if name != missing]

    done = subprocess.run(
        ["makensis", "-V2", *given, FOLDER / "server.nsi"], capture_output=True, text=True, check=False
    )

    assert done.returncode != 0
    assert f"-D{missing}=" in done.stdout + done.stderr


def version() -> str:
    with (ROOT / "pyproject.toml").open("rb") as file:
        found: str = tomllib.load(file)["project"]["version"]
    return found


def includes(name: str) -> list[str]:
    return [line for line in re.findall(r'!include "([^"]+)"', script(name)) if line not in OF_NSIS]


OF_NSIS = {"LogicLib.nsh", "x64.nsh", "FileFunc.nsh"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_file_that_a_script_includes_exists(name: str) -> None:
    assert includes(name)
    for included in includes(name):
        assert (FOLDER / included).is_file()


@pytest.mark.parametrize(("name", "program"), [("server.nsi", "hms-server"), ("desktop.nsi", "hms-desktop")])
def test_a_script_starts_only_the_program_of_its_bundle(name: str, program: str) -> None:
    code = re.sub(r"(?m)^;.*$", "", script(name))
    started = set(re.findall(r"([\w-]+)\.exe", code)) - {"uninstall"}

    assert started == {program}


def test_each_command_that_the_server_script_gives_is_one_of_the_servers() -> None:
    """Read by the server's own parser, as Windows has it."""
    given = set(re.findall(r'\$\{Server\} "\w+" "([^"]+)"', script("server.nsi")))
    acts = set(re.findall(r'\("(\w+)", "', service_source()))

    assert given >= {"service install", "service start", "service stop", "service remove", "snapshot"}
    for words in given:
        command, _, rest = words.partition(" ")
        assert command in ("service", "snapshot")
        assert rest in (acts if command == "service" else {"", "--put-back"})


def service_source() -> str:
    return (ROOT / "hms_server" / "console" / "windows_service.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SCRIPTS)
def test_only_the_programs_own_folder_is_ever_deleted(name: str) -> None:
    """A mistake there would cost a clinic its records."""
    deleted = re.findall(r"^\s*(?:RMDir|Delete) (?:/r )?\"([^\"]+)\"", script(name), re.MULTILINE)

    assert deleted
    for path in deleted:
        assert path.startswith(("$INSTDIR", "$SMPROGRAMS\\${TITLE}", "$DESKTOP\\${TITLE}")), path


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_question_stops_a_silent_installation(name: str) -> None:
    everything = script(name) + script("common.nsh")

    for line in everything.splitlines():
        assert "MessageBox" not in line or "/SD " in line, line


def test_an_upgrade_copies_before_it_replaces_and_starts_after() -> None:
    aside = script("server.nsi").partition("Function PutAside")[2].partition("FunctionEnd")[0]
    order = [aside.index(words) for words in ('"service stop"', '"snapshot"', 'Rename "$INSTDIR\\program"')]

    assert order == sorted(order)


def test_the_way_back_puts_program_and_clinic_in_their_places() -> None:
    back = script("server.nsi").partition("Function GoBack")[2].partition("FunctionEnd")[0]
    steps = (
        '"service hold"',
        'Rename "$INSTDIR\\before" "$INSTDIR\\program"',
        '"snapshot --put-back"',
        '"service install"',
    )
    order = [back.index(words) for words in steps]

    assert order == sorted(order)
    assert back.rindex('"service start"') > order[-1]


def test_the_workstation_finds_the_server_where_the_installers_put_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the set-up in a window."""
    titles = [re.findall(r'!define TITLE "([^"]+)"', script(name))[0] for name in SCRIPTS]
    server, desktop = (tmp_path / title / "program" for title in titles)
    for folder, name in ((server, "hms-server"), (desktop, "hms-desktop")):
        folder.mkdir(parents=True)
        (folder / name).touch()
    monkeypatch.setattr(sys, "executable", str(desktop / "hms-desktop"))

    assert find_program() == server / "hms-server"


def test_uninstalling_says_where_the_data_is() -> None:
    uninstall = script("server.nsi").partition('Section "Uninstall"')[2]

    assert "stay in $Data" in uninstall
    assert not re.findall(r"(?:RMDir|Delete)[^\n]*\$Data", uninstall)


def test_the_service_stays_typed_for_windows() -> None:
    """What only Windows runs is at least read by the type checker."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--platform", "win32", "hms_server/console/windows_service.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


def test_the_workflow_builds_and_tries_what_exists() -> None:
    """On Windows, both programs, with files of this tree alone."""
    text = WORKFLOW.read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    named = set(re.findall(r"installers[/\\][\w./\\-]+\.(?:spec|nsi|ps1)", text))

    assert {job["runs-on"] for job in jobs.values()} == {"windows-2022"}
    assert {Path(name.replace("\\", "/")).name for name in named} >= {"server.spec", "desktop.spec", *SCRIPTS}
    for name in named:
        assert (ROOT / name.replace("\\", "/")).is_file(), name
