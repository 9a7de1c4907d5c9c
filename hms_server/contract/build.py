"""Which build of the program this is: version, commit and time, as they were baked in when it was bundled."""

import argparse
import sys
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import TextIO

import msgspec

from hms_server.contract.places import resource

BAKED = ("about", "build.json")
"""What `make bundle` puts among the resources of the bundle; a tree of sources has none."""
UNKNOWN = "0"


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """`commit` and `built_at` (ISO 8601, UTC) are empty where nothing was bundled."""

    version: str
    commit: str = ""
    built_at: str = ""


class ThisBuild:
    """Read when somebody asks for it, so that the start does not wait for it."""

    @property
    def version(self) -> str:
        return self.whole.version

    @property
    def commit(self) -> str:
        return self.whole.commit

    @property
    def built_at(self) -> str:
        return self.whole.built_at

    @cached_property
    def whole(self) -> Build:
        """All three, to be sent or shown."""
        return read_build()

    @property
    def words(self) -> str:
        """One line for a person: `0.1.0 (3f2a9c1d, 2026-11-21T19:00:00Z)`, or the version alone."""
        details = ", ".join(part for part in (self.commit[:8], self.built_at) if part)
        return f"{self.version} ({details})" if details else self.version


def read_build() -> Build:
    """What was baked in; without it the version of the installed distribution."""
    try:
        return msgspec.json.decode(resource(*BAKED).read_bytes(), type=Build)
    except FileNotFoundError:
        return Build(version=_installed_version())


def _installed_version() -> str:
    try:
        return version("hms")
    except PackageNotFoundError:
        # A bare tree of sources that nobody has installed.
        return UNKNOWN


BUILD = ThisBuild()


class ShowBuild(argparse.Action):
    """`--version` of both programs; unlike argparse's own it reads nothing before it is asked."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print version, commit and time of the build")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        # A program of Windows without a console has nowhere to print.
        out: TextIO | None = sys.stdout
        if out is not None:
            out.write(f"{parser.prog} {BUILD.words}\n")
        parser.exit()
