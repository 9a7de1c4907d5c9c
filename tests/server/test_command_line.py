"""The command line loads what its command needs, and knows every command."""

import argparse
import subprocess
import sys
from importlib import import_module

import pytest

from hms_server.__main__ import MODULES, main


@pytest.mark.parametrize("module", MODULES)
def test_a_module_adds_the_commands_that_the_table_says(module: str) -> None:
    commands = argparse.ArgumentParser().add_subparsers()

    import_module(f"hms_server.console.{module}").add(commands)

    assert tuple(commands.choices) == MODULES[module]


def test_a_look_at_the_server_does_not_load_the_server() -> None:
    """On a small machine that would be the most of the time it takes."""
    code = (
        "import contextlib, sys\nfrom hms_server.__main__ import main\n"
        "with contextlib.suppress(SystemExit): main(['--data-dir', 'run', 'status', '--help'])\n"
        "print([one for one in ('hms_server.app', 'hms_server.routes', 'requests') if one in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "required: COMMAND"),
        (["--data-dir", "run"], "required: COMMAND"),
        (["nonsense"], "'status', 'doctor'"),
        (["--help"], "say how the server is"),
    ],
)
def test_whoever_names_no_command_is_told_all(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(arguments)

    assert told in "".join(capsys.readouterr())
