"""The doctor's desk: one patient's note, prescription and what helps to decide, signed by one key."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from hms_desktop.consultations.desk.panel import Desk
from hms_desktop.consultations.news.panel import DeskNews
from hms_desktop.consultations.parts import Mode, Prescription
from hms_desktop.consultations.state import ChartState
from hms_desktop.consultations.written import Written, from_draft, newest
from hms_desktop.drafts import Autosaver, Draft, DraftKey
from hms_desktop.session import Session
from hms_server.contract.consultations import Banner, Chart, Diagnosis, NoteText, NoteVersion, Signed
from hms_server.contract.envelope import Fault
from hms_server.contract.values import StaffId
from hms_server.contract.visits import TicketRow

TYPING = (Mode.WRITING, Mode.CORRECTING)


class ConsultationPanel(QWidget):
    """Bound to one ticket; what is typed for another one lies in its own draft."""

    sent_on = Signal()
    """The visit is signed and stored: the patient goes on, the queue may have the focus."""

    def __init__(
        self,
        session: Session,
        *,
        autosaver: Autosaver,
        staff_id: StaffId,
        clock: Callable[[], datetime],
        zone: tzinfo,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._base_version = 0
        self._prescription: Prescription | None = None
        self._autosaver = autosaver
        self.state = ChartState(session, autosaver=autosaver, staff_id=staff_id, parent=self)
        self.desk = Desk(session, clock=clock, zone=zone)
        self.note = self.desk.note
        self.news = DeskNews(self.desk.notice, time_text=self.desk.time_text, parent=self)
        self.aside = self.desk.aside
        self.mode = Mode.CLOSED
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.desk)
        self._connect()
        self._turn_to(Mode.CLOSED, hint=self.tr("Nobody is open. F8 calls the next patient."))

    def set_prescription(self, part: Prescription) -> None:
        """Puts the prescription, which has to be a widget, below the note."""
        assert isinstance(part, QWidget)
        self._prescription = part
        self.desk.place(part)
        part.edited.connect(self._on_edited)

    def open_ticket(self, ticket: TicketRow) -> None:
        """Shows this visit; a finished one opens to be read."""
        if self.state.is_open(ticket):
            self.note.take_focus()
            return
        self.news.take_back()
        self.desk.banner.clear()
        self._turn_to(Mode.OPENING, hint=self.tr("Opening {name}…").format(name=ticket.patient.name))
        self.aside.open_ticket(ticket)
        self.state.open(ticket)

    def primary(self) -> None:
        """Ctrl+Enter: signs the visit or the correction, or says what is missing."""
        if self.state.saving:
            return
        if self.mode is Mode.WRITING and self._is_complete():
            written, lines = self._written(), self._prescription.lines() if self._prescription else []
            self._begin_saving()
            self.state.sign(written, lines)
        elif self.mode is Mode.CORRECTING and self._has_reason():
            written = self._written()
            self._begin_saving()
            self.state.correct(written)

    def is_busy(self) -> bool:
        """Whether something is typed that is not stored."""
        if self.aside.is_busy() or self.mode is Mode.CORRECTING:
            return True
        return self.mode is Mode.WRITING and not (
            self._written().is_empty and (self._prescription is None or self._prescription.is_empty())
        )

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.state.watch()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self.state.look_away()

    def _connect(self) -> None:
        self.state.opened.connect(self._on_opened)
        self.state.refreshed.connect(self._on_refreshed)
        self.state.failed.connect(self._on_failed)
        self.state.signed.connect(self._on_signed)
        self.state.corrected.connect(self._on_corrected)
        self.state.refused.connect(self._on_refused)
        self.state.refused_elsewhere.connect(self._on_refused_elsewhere)
        self.state.diagnoses_found.connect(self._on_diagnoses)
        self.state.diagnoses_failed.connect(self.note.diagnoses.fail)
        self.state.past_read.connect(self.aside.history.show_past)
        self.state.past_failed.connect(self.aside.history.show_past_error)
        self.note.edited.connect(self._on_edited)
        self.note.diagnoses.text_entered.connect(self.state.search_diagnoses)
        self.note.correction_wanted.connect(self._on_correction_wanted)
        self.note.correction_dropped.connect(self._on_correction_dropped)
        self.aside.history.read_wanted.connect(self.state.read_past)
        self.aside.history.more_wanted.connect(self.state.more_history)
        self.aside.safety_state.stored.connect(self._show_banner)
        self._autosaver.saved.connect(self._on_draft_saved)
        self._autosaver.failed.connect(self._on_draft_failed)
        self.desk.sign_button.clicked.connect(self.primary)

    def _turn_to(self, mode: Mode, *, hint: str = "") -> None:
        self.mode = mode
        self.desk.show_mode(mode, hint=hint)

    def _written(self) -> Written:
        if self.mode is Mode.CORRECTING:
            return Written(text=self.note.text(), corrects=self._base_version, reason=self.note.reason.text())
        return Written(
            text=self.note.text(),
            diagnoses=self.note.diagnoses.diagnoses,
            prescription=self._prescription.draft() if self._prescription else "",
        )

    def _on_edited(self) -> None:
        if self.mode in TYPING and not self.state.saving:
            self.state.keep(self._written())

    def _on_draft_saved(self, key: DraftKey, at: datetime) -> None:
        if self.state.has_key(key) and self.mode in TYPING and not self.state.saving:
            self.note.say(self.tr("Draft saved {time}").format(time=self.desk.time_text(at)))

    def _on_draft_failed(self, key: DraftKey, reason: str) -> None:
        if self.state.has_key(key):
            self.news.no_draft(reason)

    def _on_failed(self, fault: Fault) -> None:
        self.news.chart_missing(fault, retry=self.state.reload)
        if self.mode is Mode.OPENING:
            self._turn_to(Mode.OPENING, hint=self.tr("Nothing is shown, since it might be old."))

    def _on_opened(self, chart: Chart, draft: Draft | None) -> None:
        self.news.take_back()
        self._show_chart(chart)
        written = None if draft is None else from_draft(draft.data)
        if chart.finished:
            self._read(chart)
            if written is not None and not written.is_empty and chart.notes:
                self._offer_draft(chart, written)
        else:
            self._write(chart, written)
            if draft is not None:
                time = self.desk.time_text(draft.saved_at)
                self.note.say(self.tr("Your draft of {time} is back").format(time=time))
        self.note.take_focus()

    def _on_refreshed(self, chart: Chart) -> None:
        self._show_chart(chart)
        if self.state.saving:
            return
        if self.mode is Mode.READING:
            line = self.note.said()
            self._read(chart)
            self.note.say(line)
        elif self.mode is Mode.WRITING and chart.finished:
            self._give_way(chart)
        elif self.mode is Mode.CORRECTING:
            self._rebase(chart)

    def _show_chart(self, chart: Chart) -> None:
        self.aside.show_chart(chart)
        self._show_banner(chart.banner)

    def _show_banner(self, banner: Banner) -> None:
        if self.state.ticket is not None:
            self.desk.show_patient(banner, self.state.ticket)

    def _write(self, chart: Chart, written: Written | None) -> None:
        self.note.say("")
        self.note.write()
        if self._prescription is not None:
            self._prescription.open_patient(chart.banner.patient_id)
        self._turn_to(Mode.WRITING)
        if written is not None:
            self.note.show_text(written.text)
            self.note.diagnoses.show_diagnoses(written.diagnoses, may_edit=True)
            if self._prescription is not None:
                self._prescription.restore(written.prescription)

    def _read(self, chart: Chart) -> None:
        self.note.say("" if chart.notes else self.tr("Closed without a note"))
        self.note.read(
            chart.notes, [Diagnosis(code=each.code or "", display=each.display) for each in chart.diagnoses]
        )
        if self._prescription is not None:
            self._prescription.show_signed(chart.prescriptions)
        self._turn_to(Mode.READING)

    def _correct(self, chart: Chart, *, text: NoteText, reason: str = "") -> None:
        last = newest(chart.notes)
        assert last is not None
        self._base_version = last.version
        self.note.correct(chart.notes, text=text, reason=reason)
        self._turn_to(Mode.CORRECTING)

    def _offer_draft(self, chart: Chart, written: Written) -> None:
        self.news.unsigned_draft(
            bring_back=lambda: self._correct(chart, text=written.text, reason=written.reason),
            discard=self._on_correction_dropped,
        )

    def _give_way(self, chart: Chart) -> None:
        """Somebody else has closed the visit that is written here."""
        last, written = newest(chart.notes), self._written()
        if last is None:
            self.news.closed_without_note()
            return
        lost = self._prescription.names() if self._prescription else []
        self._read(chart)
        if not written.is_empty:
            self._correct(chart, text=written.text)
        self.news.signed_by_another(last, typed=not written.is_empty, lost=lost)

    def _rebase(self, chart: Chart) -> None:
        """Somebody else has corrected the note that is corrected here."""
        last = newest(chart.notes)
        if last is None or last.version == self._base_version:
            return
        self._correct(chart, text=self.note.text(), reason=self.note.reason.text())
        self.news.corrected_by_another(last)

    def _is_complete(self) -> bool:
        if not self.note.diagnoses.complete():
            return False
        return self._prescription is None or self._prescription.complete()

    def _has_reason(self) -> bool:
        if self.note.reason.text():
            return True
        self.note.reason.set_error(self.tr("Say why: the reason stays on record beside the old text."))
        return False

    def _begin_saving(self) -> None:
        self.news.take_back()
        self._set_busy(is_busy=True)
        if self.state.connected:
            self.note.say(self.tr("Saving…"))
        else:
            self.note.say(self.tr("Waiting on this workstation"))

    def _set_busy(self, *, is_busy: bool) -> None:
        self.note.set_busy(is_busy=is_busy)
        self.desk.sign_button.setEnabled(not is_busy)
        if self._prescription is not None and self.mode is Mode.WRITING:
            self._prescription.set_open(is_open=not is_busy)

    def _say_stored(self) -> None:
        self.note.say(self.tr("Stored {time}").format(time=self.desk.time_text(self._clock())))

    def _on_signed(self, answer: Signed) -> None:
        self._set_busy(is_busy=False)
        self.note.read([answer.note], self.note.diagnoses.diagnoses)
        if self._prescription is not None:
            self._prescription.show_signed(answer.prescriptions)
        self._turn_to(Mode.READING)
        self._say_stored()
        if answer.ticket is not None:
            self.news.goes_on(answer.ticket)
        self.sent_on.emit()

    def _on_corrected(self, note: NoteVersion) -> None:
        self._set_busy(is_busy=False)
        assert self.state.chart is not None
        self.note.read([*self.state.chart.notes, note], self.note.diagnoses.diagnoses)
        self._turn_to(Mode.READING)
        self._say_stored()

    def _on_refused(self, fault: Fault) -> None:
        self._set_busy(is_busy=False)
        self.note.say(self.tr("Not signed"))
        at_its_place = self._prescription is not None and self._prescription.refuse(fault)
        if not at_its_place and not self.note.mark(fault.field or "", fault.message):
            self.news.not_signed(fault)

    def _on_refused_elsewhere(self, ticket: TicketRow, fault: Fault) -> None:
        self.news.not_signed_elsewhere(ticket, fault, open_again=lambda: self.open_ticket(ticket))

    def _on_diagnoses(self, text: str, found: list[Diagnosis]) -> None:
        self.note.diagnoses.suggest(found, for_text=text)

    def _on_correction_wanted(self) -> None:
        chart = self.state.chart
        last = newest(chart.notes) if chart is not None else None
        if chart is not None and last is not None:
            self._correct(chart, text=last.text)
            self.note.take_focus()

    def _on_correction_dropped(self) -> None:
        self.state.discard()
        self.news.take_back()
        if self.state.chart is not None:
            self._read(self.state.chart)
