"""The price list as the server has it, what was typed beside it, and the history of one price."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from PySide6.QtCore import QObject, QTimer, Signal

from hms_desktop.session import Session
from hms_server.contract.billing import (
    GetPriceHistory,
    ListPrices,
    PriceHistory,
    PriceList,
    PriceRow,
    PricesChanged,
    SetPrice,
)
from hms_server.contract.envelope import Event, Fault
from hms_server.contract.money import format_amount, parse_money
from hms_server.contract.values import Money

GATHER_MS = 150
"""Somebody who fills a list stores a price each second; each is shown at once, and the list soon after."""


class Stage(Enum):
    """How far it is from the keys to the server."""

    TYPED = "typed"
    SAVING = "saving"
    STORED = "stored"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What was typed for one row; `seen` is the price that stood there when typing began."""

    text: str
    stage: Stage
    seen: Money | None = None
    sentence: str = ""
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row of the list with what was typed for it."""

    row: PriceRow
    entry: Entry | None = None

    @property
    def is_open(self) -> bool:
        """Whether something was typed that the server does not have."""
        return self.entry is not None and self.entry.stage is not Stage.STORED


class PricesState(QObject):
    """Entries are kept by code: searching, another filter and another row take none of them away."""

    changed = Signal()
    """The list, its counts, or what was typed is new."""
    failed = Signal(object)
    """A `Fault`: the list could not be fetched."""
    refused = Signal(str)
    """The code of a price that it does not take; why stands in the entry."""
    history_came = Signal()
    """`history` is new."""
    history_failed = Signal(object)
    """A `Fault`: what it has cost could not be fetched."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._text = ""
        self._shown: list[str] = []
        self._known: dict[str, PriceRow] = {}
        self._asked = 0
        self._seen = False
        self.entries: dict[str, Entry] = {}
        self.unplaced: dict[str, str] = {}
        """What was typed earlier for codes that no list has shown yet."""
        self.missing = 0
        self.total = 0
        self.loaded = False
        self.settled = False
        """Whether the list is the one for the words that were searched last."""
        self.code = ""
        """The row that is looked at; empty for none."""
        self.history: PriceHistory | None = None
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.fetch)
        self._look = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._look.timeout.connect(self._fetch_history)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self._on_stale)

    def set_seen(self, *, seen: bool) -> None:
        """Whether anybody can see the list; it is fetched only then."""
        self._seen = seen
        if seen:
            self.fetch()
        else:
            self._gather.stop()
            self._look.stop()

    def search(self, text: str) -> None:
        """Shows what these words fit."""
        self._text = text
        self.settled = False
        self._gather.start()

    def fetch(self) -> None:
        """Fetches the list now, page by page, and the history beside it."""
        self._asked += 1
        self._fetch_page(self._asked, [])
        self._fetch_history()

    def lines(self) -> list[Line]:
        """What the words fit, in the order of the list."""
        return [self._line(code) for code in self._shown]

    def open_lines(self) -> list[Line]:
        """Everything that was typed and is not stored, whether the words fit or not."""
        return [line for line in self.touched_lines() if line.is_open]

    def touched_lines(self) -> list[Line]:
        """The same, with what was stored since `tidy`."""
        return [self._line(code) for code in self.entries if code in self._known]

    def tidy(self) -> None:
        """What is stored needs no sign any more."""
        self.entries = {code: one for code, one in self.entries.items() if one.stage is not Stage.STORED}

    def line(self, code: str) -> Line | None:
        """One row, None where it is not known."""
        return self._line(code) if code in self._known else None

    def look_at(self, code: str) -> None:
        """Fetches the history of this row, unless another one is looked at a moment later."""
        if code == self.code:
            return
        self.code = code
        self.history = None
        self.history_came.emit()
        if self._seen:
            self._look.start()

    def type_in(self, code: str, text: str) -> None:
        """Somebody types a price; an empty field is nothing typed."""
        before = self.entries.get(code)
        if before is not None and before.stage is Stage.SAVING:
            return
        if not text:
            self.forget(code)
            return
        typing = before is not None and before.stage is Stage.TYPED
        seen = before.seen if before is not None and typing else self._known[code].price
        self.entries[code] = Entry(text=text, stage=Stage.TYPED, seen=seen)
        self.changed.emit()

    def forget(self, code: str) -> None:
        """What was typed there is not wanted."""
        entry = self.entries.get(code)
        if entry is not None and entry.stage is not Stage.SAVING:
            del self.entries[code]
            self.changed.emit()

    def store(self, code: str, amount: Money, *, confirmed: bool) -> None:
        """Stores a price, once however often it is pressed."""
        entry = self.entries.get(code)
        if entry is not None and entry.stage is Stage.SAVING:
            return
        typing = entry is not None and entry.stage is Stage.TYPED
        seen = entry.seen if entry is not None and typing else self._known[code].price
        self.entries[code] = Entry(text=format_amount(amount), stage=Stage.SAVING, seen=seen)
        self.changed.emit()
        self._session.save(
            SetPrice(code=code, amount=amount, seen=seen, confirmed=confirmed),
            done=self._on_stored,
            failed=lambda fault: self._on_refused(code, fault),
            owner=self,
        )

    def take_up(self, kept: dict[str, str]) -> None:
        """What was typed here before the program ended; nothing of it overwrites what is typed now."""
        self.unplaced = kept | self.unplaced
        self._place()
        self.changed.emit()

    def _place(self) -> None:
        for code in [code for code in self.unplaced if code in self._known]:
            text = self.unplaced.pop(code)
            if code not in self.entries and not self._has(code, text):
                self.entries[code] = Entry(text=text, stage=Stage.TYPED, seen=self._known[code].price)

    def _has(self, code: str, text: str) -> bool:
        """Whether the server has it all the same: it was on its way when the program ended."""
        price = self._known[code].price
        try:
            return price is not None and parse_money(text, price.currency) == price
        except ValueError:
            return False

    def _line(self, code: str) -> Line:
        return Line(row=self._known[code], entry=self.entries.get(code))

    def _fetch_page(self, number: int, rows: list[PriceRow]) -> None:
        self._session.ask(
            ListPrices(text=self._text, first=len(rows)),
            done=lambda answer: self._on_page(number, rows, answer),
            failed=lambda fault: self._on_failed(number, fault),
            owner=self,
        )

    def _on_page(self, number: int, rows: list[PriceRow], answer: PriceList) -> None:
        if number != self._asked:
            return
        rows = [*rows, *answer.rows]
        if answer.rows and len(rows) < answer.found:
            self._fetch_page(number, rows)
            return
        self._known |= {row.code: row for row in rows}
        self._place()
        if answer.found == answer.total:
            # The whole list: what still has no row is charged no more.
            self.unplaced.clear()
        # A row that moved from one page to the next between two answers stands in both.
        self._shown = list(dict.fromkeys(row.code for row in rows))
        self.missing, self.total = answer.missing, answer.total
        self.loaded = self.settled = True
        self.changed.emit()

    def _on_failed(self, number: int, fault: Fault) -> None:
        if number == self._asked:
            self.failed.emit(fault)

    def _on_stored(self, row: PriceRow) -> None:
        if self._known[row.code].price is None:
            self.missing -= 1
        self._known[row.code] = row
        self.entries[row.code] = Entry(text="", stage=Stage.STORED, at=self._session.stored.stored_at)
        self.changed.emit()
        self._on_stale()

    def _on_refused(self, code: str, fault: Fault) -> None:
        entry = self.entries[code]
        self.entries[code] = Entry(text=entry.text, stage=Stage.REFUSED, sentence=fault.message)
        self.changed.emit()
        self.refused.emit(code)
        # Somebody else may have been faster: what is shown may be old.
        self._on_stale()

    def _fetch_history(self) -> None:
        self._look.stop()
        if self.code and self._seen:
            code = self.code
            self._session.ask(
                GetPriceHistory(code=code),
                done=self._on_history,
                failed=lambda fault: self._on_history_failed(code, fault),
                owner=self,
            )

    def _on_history(self, answer: PriceHistory) -> None:
        if answer.code == self.code and answer != self.history:
            self.history = answer
            self.history_came.emit()

    def _on_history_failed(self, code: str, fault: Fault) -> None:
        if code == self.code and self.history is None:
            self.history_failed.emit(fault)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, PricesChanged):
            self._on_stale()

    def _on_stale(self) -> None:
        if self._seen:
            self._gather.start()
