"""Damage of every kind at every place of a bundle: a record, a sentence, never a crash."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hms_server.fhir.report import BundleContent, BundleRefused

DEMO = Path(__file__).parents[3] / "resources" / "demo" / "fhir"
MISSING = object()
Place = tuple[str | int, ...]


def places(node: Any, here: Place = ()) -> Iterator[Place]:
    """Every place in the document, the innermost first."""
    steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, each in steps:
        yield from places(each, (*here, step))
    if here:
        yield here


def damaged(document: Any, place: Place, value: Any) -> str:
    broken = copy.deepcopy(document)
    node = broken
    for step in place[:-1]:
        node = node[step]
    if value is MISSING:
        del node[place[-1]]
    else:
        node[place[-1]] = value
    return json.dumps(broken)


@pytest.mark.parametrize(
    "value",
    [MISSING, None, True, -1, 10**30, "", "\0", "\ud800", "x", [], [None], {}, {"resourceType": "Patient"}],
    ids=lambda value: "missing" if value is MISSING else repr(value),
)
@pytest.mark.parametrize("name", ["two_patients_found", "kwame_mensah"])
def test_damage_never_breaks_the_reader(
    read_text: Callable[[str], BundleContent], name: str, value: object
) -> None:
    """Whatever stands at whichever place of one resource of every type."""
    document = json.loads((DEMO / f"{name}.json").read_text(encoding="utf-8"))
    kept: dict[str, Any] = {}
    for entry in document["entry"]:
        kept.setdefault(entry["resource"]["resourceType"], entry)
    document["entry"] = list(kept.values())

    for place in places(document):
        text = damaged(document, place, value)
        # Damage at the top may refuse the file; damage inside one entry never does.
        content = read_text(text) if len(place) > 1 else content_or_none(read_text, text)
        # What cannot be encoded could be neither printed nor stored.
        msgspec.json.encode(content)


def content_or_none(read_text: Callable[[str], BundleContent], text: str) -> BundleContent | None:
    try:
        return read_text(text)
    except BundleRefused:
        return None
