"""What every source file keeps to: a first sentence, a name that says its role, a size that can be read."""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = ("hms_server", "hms_desktop")
LONGEST_LINES = 400
DRAWERS = {"util", "utils", "helper", "helpers", "common", "misc", "base", "manager", "managers", "tools"}
"""Names under which anything could be kept, so that nothing is found."""
IMPURE = {"psycopg", "zmq", "time", "os", "pathlib", "random", "socket", "threading"}
SLICES = (
    "accounts",
    "patients",
    "visits",
    "triage",
    "consultations",
    "prescribing",
    "pharmacy",
    "billing",
)


def sources(*folders: str) -> list[Path]:
    """The files under version control: what lies half done in a checkout is not judged."""
    listed = subprocess.check_output(["git", "ls-files", "-z", "--", *folders], cwd=ROOT, text=True)
    paths = (ROOT / name for name in listed.split("\0") if name.endswith(".py"))
    return [path for path in paths if path.exists()]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def opening(source: str) -> str:
    """The first paragraph of the module's docstring."""
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n\n")[0]


def is_sentence(text: str) -> bool:
    """Whether the paragraph is one sentence that ends as one."""
    return text.endswith(".") and not any(
        first.endswith((".", "!", "?")) and second[:1].isupper()
        for first, second in zip(text.split(), text.split()[1:], strict=False)
    )


def is_call_of_print(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"


def test_what_these_tests_look_at_is_there() -> None:
    """An empty list would agree with everything."""
    assert len(sources(*PROGRAMS)) > 100
    assert len(sources("tests", "migrations")) > 50


def test_every_module_says_in_one_sentence_what_it_is_for() -> None:
    modules = [path for path in sources(*PROGRAMS, "tests", "migrations") if path.name != "__init__.py"]

    silent = [name_of(path) for path in modules if not is_sentence(opening(path.read_text("utf-8")))]

    assert silent == []


@pytest.mark.parametrize(
    ("source", "good"),
    [
        ('"""Reads committed events in order."""', True),
        ('"""Reads events.\n\nAnd says more below."""', True),
        ("import os", False),
        ('"""Reads events"""', False),
        ('"""Reads events. Wakes servers."""', False),
    ],
)
def test_a_first_sentence_is_told_from_what_is_none(source: str, *, good: bool) -> None:
    assert is_sentence(opening(source)) is good


def test_no_file_is_longer_than_can_be_read_at_a_sitting() -> None:
    long = {
        name_of(path): count
        for path in sources(*PROGRAMS)
        if (count := len(path.read_text("utf-8").splitlines())) > LONGEST_LINES
    }

    assert long == {}


def test_no_file_or_folder_is_a_drawer_for_anything() -> None:
    drawers = [name_of(path) for path in sources(*PROGRAMS) if DRAWERS & {path.stem, *path.parts}]

    assert drawers == []


def test_packages_begin_empty() -> None:
    """Importing a slice's contract must not run anything of the slice."""
    full = [
        name_of(path)
        for path in sources(*PROGRAMS)
        if path.name == "__init__.py" and path.read_text("utf-8").strip()
    ]

    assert full == []


@pytest.mark.parametrize("slice_", SLICES)
def test_a_slice_has_one_word_in_contract_server_and_desktop(slice_: str) -> None:
    assert (ROOT / f"hms_server/contract/{slice_}.py").is_file()
    assert (ROOT / f"hms_server/{slice_}/__init__.py").is_file()
    assert (ROOT / f"hms_desktop/{slice_}/__init__.py").is_file()


def test_programs_log_and_only_the_command_line_prints() -> None:
    printing = [
        name_of(path)
        for path in sources(*PROGRAMS)
        if path.name != "__main__.py"
        and path.parent.name != "console"
        and any(is_call_of_print(node) for node in ast.walk(ast.parse(path.read_text("utf-8"))))
    ]

    assert printing == []


def test_rules_are_pure() -> None:
    """A rule is a sum or a comparison: it reads no database, no clock and no file."""
    impure = {
        name_of(path): found
        for path in sources("hms_server")
        if path.name == "rules.py" and (found := imported_by(path) & IMPURE)
    }

    assert impure == {}


def imported_by(path: Path) -> set[str]:
    """The top-level packages that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names
