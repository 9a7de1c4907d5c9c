"""Which addresses of the clinic's servers are tried next: side by side, each after a pause that grows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

import msgspec

from hms_desktop.connection.endpoints import HERE
from hms_desktop.connection.identity import ADDRESSES_AT_MOST

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 3.0
STAGGER_S = 0.2
"""The preferred address gets so much of a start before the next one, and that one before the third."""
HINTS_AT_MOST = 16
"""Anybody in the network may announce servers; the list must not grow without end."""


class Outcome(Enum):
    """What the last try at an address has shown."""

    TRYING = "trying"
    SILENT = "silent"
    """Nothing answers there."""
    STRANGER = "stranger"
    """Something answers, and does not prove that it is a server of this clinic."""
    NOT_PAIRED = "not paired"
    """A server of this clinic that does not let this workstation in."""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One address of the search, as it is shown to a person."""

    address: str
    outcome: Outcome


@dataclass(slots=True)
class _Place:
    address: str
    proven: bool
    due_at_s: float
    failures: int = 0
    under_way: bool = False
    outcome: Outcome = Outcome.TRYING


class Addresses:
    """In the order of preference. Proven ones are kept; hints from the network come after them.

    An address is proven once a server there has shown that it has the clinic's key, or such a server has
    named it. Times are seconds of any clock that only goes forward.
    """

    def __init__(self, proven: Sequence[str], now_s: float) -> None:
        self._places = [_Place(address, proven=True, due_at_s=now_s) for address in dict.fromkeys(proven)]
        self.begin(now_s)

    @property
    def proven(self) -> list[str]:
        """What is worth remembering, the preferred one first."""
        return [place.address for place in self._places if place.proven]

    @property
    def tried(self) -> tuple[Tried, ...]:
        """How it stands with each address."""
        return tuple(Tried(address=place.address, outcome=place.outcome) for place in self._places)

    @property
    def next_at_s(self) -> float:
        """When the next address is due; far away while all of them are being tried."""
        return min((place.due_at_s for place in self._places if not place.under_way), default=float("inf"))

    def begin(self, now_s: float) -> None:
        """Begins a search; who has let workstations down since the last success still has to wait."""
        for index, place in enumerate(self._places):
            place.under_way, place.outcome = False, Outcome.TRYING
            pause_s = _pause_s(place.failures - 1) if place.failures else 0.0
            place.due_at_s = now_s + max(index * STAGGER_S, pause_s)

    def take_due(self, now_s: float) -> list[str]:
        """The addresses to try now; each is under way until it has failed or was reached."""
        due = [place for place in self._places if not place.under_way and place.due_at_s <= now_s]
        for place in due:
            place.under_way = True
        return [place.address for place in due]

    def failed(self, address: str, outcome: Outcome, now_s: float) -> None:
        """The next try at this address comes after twice the pause."""
        place = self._find(address)
        if place is not None:
            place.under_way, place.outcome = False, outcome
            place.due_at_s = now_s + _pause_s(place.failures)
            place.failures = min(place.failures + 1, 30)

    def demote(self, address: str) -> None:
        """Whoever was there let its workstations down: in the next search it comes after the others."""
        place = self._find(address)
        if place is not None:
            self._places.remove(place)
            self._places.insert(len(self.proven) if place.proven else len(self._places), place)

    def told(self, addresses: Iterable[str], *, at: str) -> None:
        """A server with the clinic's key works at `at` and says where all are: the search is over."""
        # What is "here" for the server is somewhere else for a workstation that came through the network.
        elsewhere = not at.startswith(HERE)
        usable = [one for one in addresses if not (elsewhere and one.startswith(HERE))]
        self._put_first([at, *usable])
        for place in self._places:
            place.failures = 0

    def hint(self, addresses: Iterable[str], now_s: float) -> None:
        """Somebody says that a server is there: it is tried at once, and believed nothing."""
        for address in addresses:
            if self._find(address) is None:
                self._places.append(_Place(address, proven=False, due_at_s=now_s))
        hints = [place for place in self._places if not place.proven]
        idle = sorted((one for one in hints if not one.under_way), key=lambda one: -one.failures)
        for place in idle[: max(0, len(hints) - HINTS_AT_MOST)]:
            self._places.remove(place)

    def try_now(self, address: str, now_s: float) -> None:
        """A person has typed this address."""
        place = self._find(address)
        if place is None:
            place = _Place(address, proven=False, due_at_s=now_s)
            self._places.append(place)
        place.failures, place.due_at_s = 0, now_s

    def _find(self, address: str) -> _Place | None:
        return next((place for place in self._places if place.address == address), None)

    def _put_first(self, addresses: Sequence[str]) -> None:
        first = [
            self._find(one) or _Place(one, proven=True, due_at_s=0.0) for one in dict.fromkeys(addresses)
        ]
        for place in first:
            place.proven = True
        others = [place for place in self._places if place not in first]
        proven = first + [place for place in others if place.proven]
        self._places = proven[:ADDRESSES_AT_MOST] + [place for place in others if not place.proven]


def _pause_s(failures: int) -> float:
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0**failures)
