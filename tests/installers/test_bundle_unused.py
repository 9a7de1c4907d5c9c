"""Nothing is missed of what the bundles leave out: both programs load and draw without it."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUNDLE = ROOT / "installers" / "bundle"

BLOCKED = """
import sys

class Unused:
    def find_spec(self, name, path=None, target=None):
        if any(name == each or name.startswith(each + ".") for each in UNUSED):
            raise ModuleNotFoundError(f"{name} is not in the bundle", name=name)

sys.meta_path.insert(0, Unused())

import importlib, pkgutil

def load(package):
    found = importlib.import_module(package)
    for module in pkgutil.walk_packages(found.__path__, package + "."):
        if not any(module.name.startswith(each) for each in (*UNUSED, *ELSEWHERE)):
            importlib.import_module(module.name)
"""
DESKTOP = """
load("hms_desktop")
from hms_desktop.printing.blocks import Barcode, Text
from hms_desktop.printing.sheet import Sheet, compose
label = Sheet(width_mm=62, height_mm=40, margin_mm=2)
body = [Barcode(value="T-001", height_mm=9), Text(text="Ọ̀ṣun", size_pt=6)]
assert compose(label, body, title="", page_words="").startswith(b"%PDF")
"""
SERVER = """
load("hms_server")
import phonenumbers
assert phonenumbers.is_valid_number(phonenumbers.parse("0803 123 4567", "NG"))
import alembic.command, google.genai, sqlalchemy.dialects.postgresql.psycopg, uuid, zoneinfo
"""
ELSEWHERE = ("hms_server.__main__", "hms_desktop.__main__")
"""These start when they are loaded."""


def unused_of(program: str) -> list[str]:
    """The names that the recipe of the bundle leaves out."""
    recipe = (BUNDLE / f"{program}.spec").read_text(encoding="utf-8")
    listed = re.search(r"^UNUSED = (\[.*?^\])", recipe, re.MULTILINE | re.DOTALL)
    assert listed is not None
    names = ast.parse(listed[1], mode="eval").body
    assert isinstance(names, ast.List)
    return [
        each.value for each in names.elts if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]


@pytest.mark.parametrize(("program", "what"), [("desktop", DESKTOP), ("server", SERVER)])
def test_the_program_loads_and_works_without_what_is_left_out(program: str, what: str) -> None:
    """Each module of it, also those that it loads late."""
    beginning = f"UNUSED = {unused_of(program)!r}\nELSEWHERE = {ELSEWHERE!r}\n"

    done = subprocess.run(
        [sys.executable, "-c", beginning + BLOCKED + what],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]


def test_what_is_left_out_is_told_by_its_name() -> None:
    """A name that nobody has any more would hide that something is packed again."""
    assert {"unittest", "pytest", "tests", "PySide6"} <= set(unused_of("server"))
    assert {"unittest", "psycopg", "PySide6.QtNetwork", "hms_desktop.demo_day"} <= set(unused_of("desktop"))
