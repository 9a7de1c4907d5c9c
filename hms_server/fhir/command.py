"""Imports files one after the other and tells of each what became of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from hms_server.events import CHANNEL
from hms_server.fhir.bundle import read_bundle
from hms_server.fhir.document import bundle_files, label
from hms_server.fhir.report import BundleContent, BundleRefused, LeftOut
from hms_server.fhir.store import Stored, Tally, store_bundle

Say = Callable[[str], None]

MAX_PROBLEMS_TOLD = 20
_WORDS = {
    "Patient": ("patient", "patients"),
    "Encounter": ("visit", "visits"),
    "AllergyIntolerance": ("allergy", "allergies"),
    "Condition": ("diagnosis", "diagnoses"),
    "MedicationRequest": ("medicine", "medicines"),
    "Observation": ("observation", "observations"),
}


def import_files(
    connection: psycopg.Connection[Any], paths: Sequence[Path], *, clock: Callable[[], datetime], say: Say
) -> bool:
    """Whether every file could be read; one that cannot is named with the reason, and the others go on."""
    files, refused = _files(paths)
    imported = 0
    for sentence in refused:
        say(f"Nothing was taken: {sentence}")
    for number, path in enumerate(files, start=1):
        place = f"[{number}/{len(files)}]"
        say(f"{place} {label(path)}: reading")
        try:
            content, stored = import_file(connection, path, now=clock())
        except BundleRefused as error:
            refused.append(str(error))
            say(f"{place} Nothing was taken: {error}")
            continue
        imported += 1
        for line in describe(content, stored):
            say(f"{place}   {line}")
    say(f"{imported} imported, {len(refused)} refused.")
    return not refused


def import_file(
    connection: psycopg.Connection[Any], path: Path, *, now: datetime
) -> tuple[BundleContent, Stored]:
    """Reads and stores one file, and wakes the servers so that open screens see it."""
    row = connection.execute("select time_zone from clinic").fetchone()
    zone = ZoneInfo(row[0]) if row else now.tzinfo
    content = read_bundle(path, today=now.astimezone(zone).date())
    stored = store_bundle(connection, content, now=now)
    connection.execute(f"notify {CHANNEL}")
    return content, stored


def describe(content: BundleContent, stored: Stored) -> Iterator[str]:
    """What was taken, what was left out and why, and what was wrong; each on its own line."""
    yield _taken_line(stored.taken)
    yield from _left_out_lines((*content.left_out, *stored.reasons()))
    problems = [*content.problems, *stored.problems]
    for problem in problems[:MAX_PROBLEMS_TOLD]:
        yield f"wrong – {problem.sentence()}"
    if len(problems) > MAX_PROBLEMS_TOLD:
        yield f"wrong – and {len(problems) - MAX_PROBLEMS_TOLD} more"
    for note in content.notes:
        yield f"note – {note}"


def _left_out_lines(left_out: Iterable[LeftOut]) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for each in left_out:
        by_reason.setdefault(each.reason, []).append(f"{each.count} {each.resource_type}")
    for reason, counts in by_reason.items():
        yield f"left out – {', '.join(counts)}: {reason}"


def _taken_line(taken: dict[str, Tally]) -> str:
    counts = [
        f"{tally.total} {_WORDS[kind][tally.total != 1]}" for kind, tally in taken.items() if tally.total
    ]
    added = sum(tally.added for tally in taken.values())
    changed = sum(tally.changed for tally in taken.values())
    if not counts:
        return "nothing in it could be taken"
    news = f"{added} new, {changed} changed" if added or changed else "all of it is here already"
    return f"taken – {', '.join(counts)} ({news})"


def _files(paths: Sequence[Path]) -> tuple[list[Path], list[str]]:
    files: list[Path] = []
    refused: list[str] = []
    for path in paths:
        try:
            files.extend(bundle_files(path))
        except BundleRefused as error:
            refused.append(str(error))
    return files, refused
