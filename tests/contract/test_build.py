"""Which build this is: from the bundle's own file, or from the installed distribution."""

import argparse
from importlib.metadata import version

import pytest

from hms_server.contract.build import BUILD, Build, ShowBuild, ThisBuild


def test_a_tree_of_sources_knows_its_version_and_no_more() -> None:
    assert (BUILD.version, BUILD.commit, BUILD.built_at) == (version("hms"), "", "")
    assert BUILD.words == version("hms")


def test_a_bundle_names_its_commit_and_time() -> None:
    this = ThisBuild()
    vars(this)["whole"] = Build(version="1.2.0", commit="3f2a9c1d55", built_at="2026-11-21T19:00:00Z")

    assert this.words == "1.2.0 (3f2a9c1d, 2026-11-21T19:00:00Z)"


def test_the_version_is_one_line_after_which_nothing_else_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    parser = argparse.ArgumentParser(prog="hms-server")
    parser.add_argument("--version", action=ShowBuild)
    parser.add_argument("command")

    with pytest.raises(SystemExit) as ended:
        parser.parse_args(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"hms-server {version('hms')}\n"
