"""The shipped templates of clinics: departments and rooms with the queues that they call."""

import tomllib
from functools import cache
from pathlib import Path

import msgspec

from hms_server.contract.places import resource
from hms_server.contract.visits import BILLING, DOCTOR, PHARMACY, TRIAGE

QUEUES = {"triage": TRIAGE, "doctor": DOCTOR, "pharmacy": PHARMACY, "billing": BILLING}
"""The words for queues in a set-up, and the letters before their tickets."""


class RoomAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One room; `queue` is a word of `QUEUES` where patients are called from it, empty elsewhere."""

    department: str
    name: str
    queue: str = ""


class Template(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of clinic, in the order in which they are offered."""

    title: str
    description: str
    order: int
    rooms: tuple[RoomAnswer, ...]


def load_templates(folder: Path | None = None) -> dict[str, Template]:
    """By the name of their files, such as "small-clinic"; ValueError names a file that cannot be read."""
    return _load(folder or resource("reference", "templates"))


@cache
def _load(folder: Path) -> dict[str, Template]:
    read = [(path.stem, _read(path)) for path in sorted(folder.glob("*.toml"))]
    return dict(sorted(read, key=lambda named: named[1].order))


def _read(path: Path) -> Template:
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), Template)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"{path.name}: {error}") from error
