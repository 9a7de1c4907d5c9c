"""The chart that is open: fetched, kept fresh, signed and corrected; drafts of what is not signed."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal
from shiboken6 import isValid

from hms_desktop.consultations.written import KIND, Written, as_draft
from hms_desktop.drafts import Autosaver, Draft, DraftKey
from hms_desktop.session import Session
from hms_server.contract.consultations import (
    Chart,
    ChartChanged,
    CorrectNote,
    Diagnoses,
    EncounterSigned,
    GetChart,
    NoteVersion,
    SearchDiagnoses,
    Signed,
    SignEncounter,
)
from hms_server.contract.envelope import Event, Fault
from hms_server.contract.prescribing import NewMedicationRequest
from hms_server.contract.values import EncounterId, StaffId
from hms_server.contract.visits import TicketRow

GATHER_MS = 80
"""Signing tells of chart, encounter and prescription at once; one fetch answers a run of events."""
HISTORY_PAGE = 20


class ChartState(QObject):
    """Bound to one ticket at a time; what comes late about another one never reaches the screen."""

    opened = Signal(object, object)
    """A `Chart`, and the `Draft` that this workstation keeps for it, or None."""
    refreshed = Signal(object)
    """The `Chart` as it is now."""
    failed = Signal(object)
    """A `Fault`: the chart could not be opened."""
    signed = Signal(object)
    """A `Signed`."""
    corrected = Signal(object)
    """A `NoteVersion`."""
    refused = Signal(object)
    """A `Fault`: signing or correcting was refused."""
    refused_elsewhere = Signal(object, object)
    """The `TicketRow` of a patient who is not open any more, and the `Fault` of signing for them."""
    diagnoses_found = Signal(str, object)
    diagnoses_failed = Signal(object)
    past_read = Signal(object)
    """The `Chart` of an earlier visit."""
    past_failed = Signal(object)

    def __init__(
        self, session: Session, *, autosaver: Autosaver, staff_id: StaffId, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._autosaver = autosaver
        self._staff_id = staff_id
        self._asked = 0
        self._history_limit = HISTORY_PAGE
        self._saving: set[EncounterId] = set()
        self._stale = False
        self._watched = True
        self.ticket: TicketRow | None = None
        self.chart: Chart | None = None
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.reload)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self.mark_stale)

    @property
    def saving(self) -> bool:
        """Whether the open visit is being signed or corrected."""
        return self.ticket is not None and self.ticket.encounter_id in self._saving

    @property
    def connected(self) -> bool:
        return self._session.link is None or self._session.link.connected

    def is_open(self, ticket: TicketRow) -> bool:
        """Whether this very visit is on the screen."""
        same = self.ticket is not None and self.ticket.encounter_id == ticket.encounter_id
        return same and self.chart is not None

    def open(self, ticket: TicketRow) -> None:
        """Fetches the chart of this visit and what was written for it before."""
        self._autosaver.write_now()
        self.ticket = ticket
        self.chart = None
        self._history_limit = HISTORY_PAGE
        self.reload()

    def reload(self) -> None:
        """Fetches the chart of the open visit now."""
        self._gather.stop()
        if self.ticket is None:
            return
        self._stale = False
        self._asked += 1
        number, ticket = self._asked, self.ticket
        self._session.ask(
            GetChart(encounter_id=ticket.encounter_id, history_limit=self._history_limit),
            done=lambda chart: self._on_chart(number, ticket, chart),
            failed=lambda fault: self._on_failed(number, fault),
            owner=self,
        )

    def more_history(self) -> None:
        """Fetches further earlier visits."""
        self._history_limit += HISTORY_PAGE
        self.reload()

    def read_past(self, encounter_id: EncounterId) -> None:
        """Fetches an earlier visit."""
        ticket = self.ticket
        self._session.ask(
            GetChart(encounter_id=encounter_id, history_limit=1),
            done=lambda chart: self._tell_if_open(ticket, self.past_read.emit, chart),
            failed=lambda fault: self._tell_if_open(ticket, self.past_failed.emit, fault),
            owner=self,
        )

    def search_diagnoses(self, text: str) -> None:
        """Looks for ICD-10 codes."""
        self._session.ask(
            SearchDiagnoses(text=text),
            done=lambda answer: self._on_diagnoses(text, answer),
            failed=self.diagnoses_failed.emit,
            owner=self,
        )

    def keep(self, written: Written) -> None:
        """Keeps a draft of what stands on the screen now."""
        if self.ticket is None:
            return
        if written.is_empty:
            self.discard()
        else:
            self._autosaver.keep(self.key(self.ticket), as_draft(written))

    def discard(self) -> None:
        """Nobody wants the draft of the open visit any more."""
        if self.ticket is not None:
            self._autosaver.discard(self.key(self.ticket))

    def sign(self, written: Written, prescription: list[NewMedicationRequest]) -> None:
        """Makes note, diagnoses and prescription final."""
        ticket = self._begin_saving()
        request = SignEncounter(
            encounter_id=ticket.encounter_id,
            ticket_id=ticket.id,
            text=written.text,
            diagnoses=written.diagnoses,
            prescription=prescription,
        )
        self._session.save(
            request,
            done=lambda answer: self._on_signed(ticket, answer),
            failed=lambda fault: self._on_refused(ticket, fault),
            owner=self,
        )

    def correct(self, written: Written) -> None:
        """Signs the next version of the note."""
        ticket = self._begin_saving()
        request = CorrectNote(
            encounter_id=ticket.encounter_id,
            version=written.corrects,
            text=written.text,
            reason=written.reason,
        )
        self._session.save(
            request,
            done=lambda answer: self._on_corrected(ticket, answer),
            failed=lambda fault: self._on_refused(ticket, fault),
            owner=self,
        )

    def mark_stale(self) -> None:
        """The chart may be old; it is fetched soon where somebody looks."""
        self._stale = True
        if self._watched:
            self._gather.start()

    def watch(self) -> None:
        """Somebody looks: fetches what has become stale."""
        self._watched = True
        if self._stale:
            self.reload()

    def look_away(self) -> None:
        """Nobody looks: what is typed goes to the disk, changes only mark the chart stale."""
        self._watched = False
        self._gather.stop()
        self._autosaver.write_now()

    def key(self, ticket: TicketRow) -> DraftKey:
        """Where the draft of a visit is kept."""
        return DraftKey(
            staff_id=self._staff_id,
            patient_id=ticket.patient.id,
            encounter_id=ticket.encounter_id,
            kind=KIND,
        )

    def has_key(self, key: DraftKey) -> bool:
        """Whether this is the draft of the open visit."""
        return self.ticket is not None and key == self.key(self.ticket)

    def _begin_saving(self) -> TicketRow:
        assert self.ticket is not None
        # What is being signed must survive a crash of this workstation before the answer, too.
        self._autosaver.write_now()
        self._saving.add(self.ticket.encounter_id)
        return self.ticket

    def _is_current(self, ticket: TicketRow | None) -> bool:
        return (
            ticket is not None
            and self.ticket is not None
            and (self.ticket.encounter_id == ticket.encounter_id)
        )

    def _tell_if_open(self, ticket: TicketRow | None, tell: Callable[[object], object], what: object) -> None:
        if self._is_current(ticket):
            tell(what)

    def _on_chart(self, number: int, ticket: TicketRow, chart: Chart) -> None:
        if number != self._asked:
            return
        if self.chart is not None:
            self.chart = chart
            self.refreshed.emit(chart)
            return
        self._autosaver.find(self.key(ticket), lambda draft: self._on_draft(number, chart, draft))

    def _on_draft(self, number: int, chart: Chart, draft: Draft | None) -> None:
        # The disk answers by way of the autosaver, which may outlive this page.
        if isValid(self) and number == self._asked:
            self.chart = chart
            self.opened.emit(chart, draft)

    def _on_failed(self, number: int, fault: Fault) -> None:
        if number == self._asked:
            self._stale = True
            self.failed.emit(fault)

    def _on_signed(self, ticket: TicketRow, answer: Signed) -> None:
        self._end_saving(ticket)
        if self._is_current(ticket):
            self.signed.emit(answer)
            self.mark_stale()

    def _on_corrected(self, ticket: TicketRow, answer: NoteVersion) -> None:
        self._end_saving(ticket)
        if self._is_current(ticket):
            self.corrected.emit(answer)
            self.mark_stale()

    def _end_saving(self, ticket: TicketRow) -> None:
        self._saving.discard(ticket.encounter_id)
        self._autosaver.discard(self.key(ticket))

    def _on_refused(self, ticket: TicketRow, fault: Fault) -> None:
        self._saving.discard(ticket.encounter_id)
        if self._is_current(ticket):
            self.refused.emit(fault)
            self.mark_stale()
        else:
            self.refused_elsewhere.emit(ticket, fault)

    def _on_diagnoses(self, text: str, answer: Diagnoses) -> None:
        self.diagnoses_found.emit(text, answer.found)

    def _on_event(self, event: Event) -> None:
        if self.ticket is None or not isinstance(event, ChartChanged | EncounterSigned):
            return
        if event.patient_id == self.ticket.patient.id:
            self.mark_stale()
