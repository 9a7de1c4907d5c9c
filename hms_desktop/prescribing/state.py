"""The prescription that is being written: its lines, and what the server says against them."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace
from PySide6.QtCore import QObject, QTimer, Signal

from hms_desktop.prescribing.lines import Check, Dosing, Line, decode_lines, encode_lines
from hms_desktop.session import Link, Session
from hms_server.contract.consultations import ChartChanged
from hms_server.contract.envelope import Event, Fault
from hms_server.contract.prescribing import (
    CheckLine,
    Frequencies,
    Frequency,
    LineChecked,
    ListFrequencies,
    Products,
    SearchProducts,
)
from hms_server.contract.values import PatientId

GATHER_MS = 80
"""Somebody records two allergies at once: the lines are checked again only after the run of events."""


class PrescriptionState(QObject):
    """Bound to one patient at a time; an answer about another one is dropped."""

    changed = Signal()
    """`lines` are new."""
    edited = Signal()
    """The person has changed something that is not stored."""
    frequencies_changed = Signal()
    products_found = Signal(str, object)
    """The text that was searched, and a list of `ProductRow`."""
    products_failed = Signal(object)
    """A `Fault`."""
    preview_checked = Signal(object, object)
    """A `CheckLine`, and the `LineChecked` or `Fault` it was answered with."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._patient_id: PatientId | None = None
        self._next = 1
        self.lines: tuple[Line, ...] = ()
        self.frequencies: list[Frequency] = []
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.check_all)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self._gather.start)
        session.link_changed.connect(self._on_link)

    def open_patient(self, patient_id: PatientId | None) -> None:
        """Starts an empty prescription for this patient."""
        self._gather.stop()
        self._patient_id = patient_id
        self._replace(())
        if not self.frequencies:
            self._session.ask(ListFrequencies(), done=self._on_frequencies, failed=self._on_no_frequencies)

    def search(self, text: str) -> None:
        """Looks for products."""
        self._session.ask(
            SearchProducts(text=text),
            done=lambda answer: self._on_products(text, answer),
            failed=self.products_failed.emit,
            owner=self,
        )

    def preview(self, dosing: Dosing) -> None:
        """Checks what is still being typed."""
        if self._patient_id is None:
            return
        self._ask(dosing.check_for(self._patient_id, self.lines), self.preview_checked.emit)

    def request_for(self, dosing: Dosing) -> CheckLine | None:
        """What `preview` asks about it, None while no patient is open."""
        return None if self._patient_id is None else dosing.check_for(self._patient_id, self.lines)

    def has(self, dosing: Dosing) -> bool:
        """Whether a line with this product is there already."""
        return any(line.dosing.product.id == dosing.product.id for line in self.lines)

    def add(self, dosing: Dosing, *, checked: LineChecked | None = None) -> Line:
        """Puts a line at the end; what has not been checked is checked now."""
        line = self._line(dosing, checked)
        self._replace((*self.lines, line))
        if checked is None:
            self._check(line)
        self.edited.emit()
        return line

    def remove(self, number: int) -> Line:
        """Takes a line out; those below it were checked beside it, so they are checked again."""
        line = self._at(number)
        above = tuple(each for each in self.lines if each.number < number)
        below = [replace(each, check=Check.RUNNING) for each in self.lines if each.number > number]
        self._replace((*above, *below))
        for each in below:
            self._check(each)
        self.edited.emit()
        return line

    def override(self, number: int, *, finding_key: str, reason: str) -> None:
        """Keeps the prescriber's reason to go on in spite of a finding."""
        line = self._at(number)
        self._put(replace(line, overrides={**line.overrides, finding_key: reason}, error=""))
        self.edited.emit()

    def mark_error(self, number: int, sentence: str) -> None:
        """The server refused this line at signing."""
        self._put(replace(self._at(number), error=sentence))

    def check_all(self) -> None:
        """Checks every line again, such as after an allergy was recorded."""
        self._replace(tuple(replace(line, check=Check.RUNNING) for line in self.lines))
        for line in self.lines:
            self._check(line)

    def draft(self) -> str:
        """All lines as text."""
        return encode_lines(self.lines)

    def restore(self, draft: str) -> None:
        """Shows the lines of a draft and checks them anew."""
        saved = decode_lines(draft)
        lines = [replace(self._line(each.dosing, None), overrides=each.overrides) for each in saved]
        self._replace(tuple(lines))
        for line in lines:
            self._check(line)

    def _line(self, dosing: Dosing, checked: LineChecked | None) -> Line:
        number = self._next
        self._next += 1
        return Line(
            number=number,
            dosing=dosing,
            check=Check.RUNNING if checked is None else Check.DONE,
            checked=checked,
        )

    def _at(self, number: int) -> Line:
        return next(line for line in self.lines if line.number == number)

    def _put(self, line: Line) -> None:
        self._replace(tuple(line if each.number == line.number else each for each in self.lines))

    def _replace(self, lines: tuple[Line, ...]) -> None:
        self.lines = lines
        self.changed.emit()

    def _check(self, line: Line) -> None:
        if self._patient_id is None:
            return
        above = [each for each in self.lines if each.number < line.number]
        request = line.dosing.check_for(self._patient_id, above)
        self._ask(request, lambda asked, outcome: self._on_line_checked(line.number, asked, outcome))

    def _ask(self, request: CheckLine, tell: Callable[[CheckLine, LineChecked | Fault], None]) -> None:
        self._session.ask(
            request,
            done=lambda answer: tell(request, answer),
            failed=lambda fault: tell(request, fault),
            owner=self,
        )

    def _on_line_checked(self, number: int, asked: CheckLine, outcome: LineChecked | Fault) -> None:
        """No number is used twice: an answer about a line of another patient finds none.

        An answer beside a line that was removed meanwhile is old; the new one is on its way.
        """
        line = next((each for each in self.lines if each.number == number), None)
        above = [each.dosing.product.id for each in self.lines if each.number < number]
        if line is None or asked.beside != above:
            return
        if isinstance(outcome, LineChecked):
            self._put(replace(line, check=Check.DONE, checked=outcome, trouble=""))
        elif outcome.field is not None:
            self._put(replace(line, check=Check.FAILED, error=outcome.message))
        else:
            self._put(replace(line, check=Check.FAILED, trouble=outcome.message))

    def _on_products(self, text: str, answer: Products) -> None:
        self.products_found.emit(text, answer.products)

    def _on_frequencies(self, answer: Frequencies) -> None:
        self.frequencies = answer.frequencies
        self.frequencies_changed.emit()

    def _on_no_frequencies(self, fault: Fault) -> None:
        """Asked again with the next patient; until then a code is sent as typed and the server judges it."""
        self.products_failed.emit(fault)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, ChartChanged) and event.patient_id == self._patient_id:
            self._gather.start()

    def _on_link(self, link: Link) -> None:
        if link.connected and _unchecked(self.lines):
            self._gather.start()


def _unchecked(lines: Sequence[Line]) -> bool:
    return any(line.check is not Check.DONE for line in lines)
