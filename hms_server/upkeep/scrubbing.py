"""Takes everything out of a log line but words of the program itself: what is not known is not shown."""

import builtins
import importlib.util
import pkgutil
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

import hms_server

GONE = "…"
NUMBER = "#"
LONGEST_NUMBER = 4
"""Digits; more could be a telephone number, a date of birth, an amount or an address."""
LEFT_OUT = ("hms_server.demo", "hms_server.fhir")
"""Made-up patients, and words of other systems."""
_STAMP = re.compile(
    r"^(?:timestamp=')?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d| [A-Z]{3})?)"
    r"'?(?: \[\d+\])?"
)
_FRAME = re.compile(r'File "[^"]*?((?:hms_server|migrations)[^"]*\.py)", line (\d+), in (\w+)')
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# A run of digits with what people put between them counts as one number.
_PARTS = re.compile(
    rf"({_UUID})|(\d(?:[\d .,:/()+-]*\d)?)|([^\W\d]\w*)|(\s+|[\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]+)"
)
_WORD = re.compile(r"[a-z]{2,}")
_COMPOUND = re.compile(r"[a-z]+(?:_[a-z0-9]+)+|(?:[A-Z][a-z]+){2,}")
"""Names as programs write them, `request_id` or `CheckIn`, and no person does."""
_POSTGRES = """
a abort aborted accept accepting after aggressive all and apart archive are as at authentication
automatic autovacuum average backend background be before being broken buffers by cache canceling cannot
cast catalog changed changes checkpoint checkpointer checkpoints checksum child client closed closing
cluster column commit complete connection connections consistent constraint could crash current data
database deadlock denied detected directory disk distance does down due duplicate duration during elapsed
encoding end entry error estimate exceeded exclusion exist exit exited extension fail failed failure fast
file files flushed for foreign forked found frequently from frozen full function has have hint host id
identity idle immediate in index input interrupted invalid is it its key last launcher length limit line
listening local lock log logging logical longest lost lsn maximum memory message missing mode must name
needed new no not null occurring of off on only open operation operator or out page pages parallel
parameter password peer permission permitted pid pipe point postmaster process progress query rate
reached read ready received record recovered recovery recycled redo refused relation reload remaining
removed replication request requested reset restarted retry row running scanned schema server session set
shared shut shutdown shutting signal size skipped slot snapshot socket sorted space start starting
startup state statement still stopped such sync syncs system table temporary terminate terminated
terminating termination that the there this time timeline timeout to too transaction transactions tuple
tuples type unexpected unique unix unlock update usage use used user vacuum valid value violates
violation wait waiting wal was while with worker write writer written
"""
_SHOUTED = frozenset(
    {"LOG", "ERROR", "FATAL", "PANIC", "WARNING", "NOTICE", "INFO", "DEBUG", "PostgreSQL", "Traceback", "UTC"}
)


@dataclass(frozen=True, slots=True)
class Scrubber:
    """`words` are kept in small letters alone, since names begin with capitals; `exact` as they are."""

    words: frozenset[str]
    exact: frozenset[str]

    def line(self, text: str) -> str:
        """The line with its moment, its known words and its small numbers."""
        text = text.rstrip()
        frame = _FRAME.search(text)
        if frame:
            return f'  File "{frame[1]}", line {frame[2]}, in {frame[3]}'
        stamp = _STAMP.match(text)
        rest = text[stamp.end() :] if stamp else text
        scrubbed = "".join(self._part(match) for match in _PARTS.finditer(rest))
        # Side by side they say no more than one.
        scrubbed = re.sub(rf"{GONE}(?:[ ,.;]*{GONE})+", GONE, scrubbed)
        return f"{stamp[1]} {scrubbed.strip()}" if stamp else scrubbed.strip()

    def lines(self, texts: Iterable[str]) -> Iterator[str]:
        """Every line scrubbed; those of which nothing is left are dropped."""
        for text in texts:
            scrubbed = self.line(text)
            if scrubbed.strip(f"{GONE}{NUMBER} '\"=,.:()[]"):
                yield scrubbed

    def _part(self, match: re.Match[str]) -> str:
        uuid, number, word, other = match.groups()
        if uuid or other:
            return match[0]
        if number:
            return number if sum(sign.isdigit() for sign in number) <= LONGEST_NUMBER else NUMBER
        known = word in self.exact or (word.islower() and word in self.words)
        return word if known else GONE


def own_scrubber(names: Iterable[str] = ()) -> Scrubber:
    """Knows the words of this program and of PostgreSQL, and `names`: tables, constraints, requests."""
    constants = list(_constants())
    words = {found for text in constants for found in _WORD.findall(text)} | set(_POSTGRES.split())
    compounds = {text for text in constants if _COMPOUND.fullmatch(text)}
    return Scrubber(words=frozenset(words), exact=frozenset({*names, *compounds, *_SHOUTED, *_errors()}))


def _errors() -> Iterator[str]:
    for name in dir(builtins):
        if name.endswith(("Error", "Exception", "Interrupt")):
            yield name


def _constants() -> Iterator[str]:
    """Every text and name in the program's code, also where it was packed without its sources."""
    found = {module.name for module in pkgutil.walk_packages(hms_server.__path__, "hms_server.")}
    # Where a bundle hides its modules from a walk, those that this command has loaded are nearly all.
    found |= {name for name in sys.modules if name.startswith("hms_server.")}
    for name in sorted(found):
        if name.startswith(LEFT_OUT) or name == "hms_server.__main__":
            continue
        spec = importlib.util.find_spec(name)
        # A bundle's loader has the method too, without being an `InspectLoader` by name.
        loader: Any = spec.loader if spec else None
        code = loader.get_code(name) if hasattr(loader, "get_code") else None
        if code is not None:
            yield from _texts_in(code)


def _texts_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, tuple):
            yield from (each for each in constant if isinstance(each, str))
        elif isinstance(constant, CodeType):
            yield from _texts_in(constant)
