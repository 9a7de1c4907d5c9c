"""The nurse's station: one patient's vital signs, what they mean, and where the patient goes next."""

from collections.abc import Callable
from datetime import date, datetime, tzinfo

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.drafts import Autosaver
from hms_desktop.session import Session
from hms_desktop.triage.alerts import AlertsState
from hms_desktop.triage.card.panel import VitalsCard
from hms_desktop.triage.doubts import doubts_of
from hms_desktop.triage.kept import KeptVitals
from hms_desktop.triage.state import TriageState
from hms_desktop.triage.tray.panel import AlertsCard
from hms_desktop.triage.trends.panel import TrendsCard
from hms_desktop.triage.typed import Typed, merged
from hms_desktop.triage.words import last_said, set_said, stored_said, waits_said
from hms_desktop.widgets.banner import PatientBanner
from hms_desktop.widgets.notices import Action, Notice
from hms_desktop.widgets.queue_words import rank_kind, rank_word
from hms_desktop.widgets.tokens import Kind, Space
from hms_desktop.widgets.words import age_in_months, moment_text, wait_text
from hms_server.contract.consultations import Banner
from hms_server.contract.envelope import Fault
from hms_server.contract.triage import VitalsHistory, VitalSigns, VitalsRecorded
from hms_server.contract.values import StaffId
from hms_server.contract.visits import TicketRow


class TriagePanel(QWidget):
    """A `StationPanel`: what is typed belongs to the encounter that is open, and never to another one."""

    sent_on = Signal()
    alert_opened = Signal(object)
    """The `AlertRow` whose patient the person wants to see."""

    def __init__(
        self,
        session: Session,
        *,
        alerts: AlertsState,
        autosaver: Autosaver,
        staff_id: StaffId,
        clock: Callable[[], datetime],
        zone: tzinfo,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._clock = clock
        self._zone = zone
        self.state = TriageState(session, self)
        self._kept = KeptVitals(autosaver, staff_id=staff_id, parent=self)
        self.banner = PatientBanner()
        self.banner_notice = Notice()
        self.card = VitalsCard(zone=zone)
        self.form = self.card.form
        self.notice = self.card.notice
        self.alerts = AlertsCard(alerts, clock=clock)
        self.trends = TrendsCard()
        self._lay_out()
        self._connect()

    def open_ticket(self, ticket: TicketRow) -> None:
        """Shows this patient; what was typed for another one is kept as a draft of that one."""
        current = self.state.ticket
        if current is None or current.encounter_id != ticket.encounter_id:
            self._show_patient(ticket)
        self.state.open(ticket)
        self._show_facts(ticket)
        self._show_saving()
        self.form.focus_first_empty()

    def primary(self) -> None:
        """Stores what is typed and sends the patient on; without anything new, only sends."""
        if self._may_not_act():
            return
        to = self.form.practitioner.value()
        if self.card.only_sends():
            self.state.send(practitioner_id=to)
        elif self._is_right():
            self.state.record_and_send(
                self._signs(),
                confirmed=self.form.confirmed(),
                practitioner_id=to,
                urgency=self.form.urgency.value(),
            )
        self._show_saving()

    def save(self) -> None:
        """Stores what is typed; the patient stays here."""
        if not self._may_not_act() and self._is_right():
            self.state.record(
                self._signs(), confirmed=self.form.confirmed(), urgency=self.form.urgency.value()
            )
            self._show_saving()

    def is_busy(self) -> bool:
        """Whether something is typed that is not stored."""
        return self.state.ticket is not None and not self.form.typed().is_empty

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.state.watch()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self.state.look_away()

    def _lay_out(self) -> None:
        right = QVBoxLayout()
        right.setSpacing(Space.M)
        right.addWidget(self.alerts, 1)
        right.addWidget(self.trends, 1)
        columns = QHBoxLayout()
        columns.setSpacing(Space.M)
        columns.addWidget(self.card, 5)
        columns.addLayout(right, 2)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(Space.M)
        page.addWidget(self.banner)
        page.addWidget(self.banner_notice)
        page.addLayout(columns, 1)

    def _connect(self) -> None:
        self.card.edited.connect(self._on_edited)
        self.card.save_wanted.connect(self.save)
        self.card.send_wanted.connect(self.primary)
        self.alerts.opened.connect(self.alert_opened)
        self.state.banner_came.connect(self._show_banner)
        self.state.history_came.connect(self._show_history)
        self.state.practitioners_came.connect(self.card.show_practitioners)
        self.state.banner_failed.connect(self._on_banner_failed)
        self.state.history_failed.connect(lambda fault: self.trends.show_error(fault.message))
        self.state.stored.connect(self._on_stored)
        self.state.sent.connect(self._on_sent)
        self.state.refused.connect(self._on_refused)
        self._kept.failed.connect(self._on_not_kept)
        self._session.stored_changed.connect(lambda _stored: self._show_saving())

    @property
    def _today(self) -> date:
        return self._clock().astimezone(self._zone).date()

    def _age_months(self, ticket: TicketRow) -> int | None:
        born = ticket.patient.birth_date
        return None if born is None else age_in_months(born, self._today)

    def _signs(self) -> VitalSigns:
        return self.form.typed().as_signs(self.form.judgement().values)

    def _may_not_act(self) -> bool:
        ticket = self.state.ticket
        return ticket is None or self.state.is_saving(ticket)

    def _is_right(self) -> bool:
        """Whether there is something to store, and nothing in it that is wrong or not confirmed."""
        if not self.form.check():
            return False
        if self.form.typed().is_empty:
            self.form.focus_first_empty()
            self.notice.say(
                Kind.WARNING,
                self.tr("Nothing is measured yet."),
                self.tr("Type at least one value or the complaint."),
            )
            return False
        return True

    def _show_patient(self, ticket: TicketRow) -> None:
        self.notice.take_back()
        self.banner_notice.take_back()
        self.banner.clear()
        self.trends.show_loading()
        self.card.open_patient(ticket, age_months=self._age_months(ticket))
        self._kept.find(ticket, lambda typed, since: self._on_draft(ticket, typed, since))

    def _show_facts(self, ticket: TicketRow) -> None:
        self.banner.show_facts(
            [
                (self.tr("Ticket"), ticket.code, Kind.NEUTRAL),
                (self.tr("Priority"), rank_word(ticket), rank_kind(ticket)),
                (self.tr("Since"), wait_text(ticket.queued_at, self._clock()), Kind.NEUTRAL),
            ]
        )

    def _show_banner(self, banner: Banner) -> None:
        self.banner_notice.take_back()
        self.banner.show_patient(banner, today=self._today)

    def _show_history(self, history: VitalsHistory) -> None:
        ticket = self.state.ticket
        assert ticket is not None
        self.trends.show_history(history, age_months=self._age_months(ticket))
        here = any(each.encounter_id == ticket.encounter_id for each in history.sets)
        last = max(history.sets, key=lambda each: each.recorded_at, default=None)
        self.form.recall_scale(last.signs.spo2_scale if last else None)
        words = last_said(last, zone=self._zone, today=self._today)
        self.card.show_has_stored(last=words, has_stored=here)

    def _show_saving(self) -> None:
        ticket = self.state.ticket
        if ticket is None:
            return
        if self.state.is_saving(ticket):
            waits = self._session.stored.waiting
            self.card.lock(
                self.tr("Waiting on this workstation for the server") if waits else self.tr("Saving…")
            )
        elif not self.form.isEnabled():
            self.card.unlock()

    def _is_open(self, ticket: TicketRow) -> bool:
        current = self.state.ticket
        return current is not None and current.encounter_id == ticket.encounter_id

    def _on_edited(self) -> None:
        ticket = self.state.ticket
        assert ticket is not None
        self.card.status.setText("")
        self._kept.keep(ticket, self.form.typed())

    def _on_draft(self, ticket: TicketRow, kept: Typed, since: datetime) -> None:
        """Fills only what is still empty: the person may have begun to type meanwhile."""
        if not self._is_open(ticket) or self.state.is_saving(ticket):
            return
        before = self.form.typed()
        self.form.show_typed(merged(before, kept))
        self.card.refresh()
        self.form.focus_first_empty()
        when = moment_text(since, self._zone, today=self._today)
        self.notice.say(
            Kind.INFO,
            self.tr("Typed at {when} and not stored: it stands here again.").format(when=when),
            actions=[Action(self.tr("Start empty"), lambda: self._start_over(ticket, before))],
        )

    def _start_over(self, ticket: TicketRow, before: Typed) -> None:
        if self._is_open(ticket):
            self.notice.take_back()
            self.form.show_typed(before)
            self._on_edited()
            self.card.refresh()
            self.form.focus_first_empty()

    def _on_stored(self, ticket: TicketRow, answer: VitalsRecorded) -> None:
        self._kept.discard(ticket)
        self.card.add_stored(ticket, answer)
        moved = answer.ticket is not None and answer.ticket.id != ticket.id
        words = set_said(answer.vitals)
        if moved and answer.ticket is not None:
            self._leave(ticket, answer.ticket, words, alerted=answer.alert_id is not None)
        elif self._is_open(ticket):
            self._stay(answer.ticket or ticket, words, alerted=answer.alert_id is not None)

    def _on_sent(self, ticket: TicketRow, waits_as: TicketRow) -> None:
        self._leave(ticket, waits_as, "", alerted=False)

    def _stay(self, ticket: TicketRow, words: str, *, alerted: bool) -> None:
        """The rank may be another one now."""
        self.state.see_rank(ticket)
        self.card.see_rank(ticket)
        self._show_facts(ticket)
        stored = stored_said(self._clock(), zone=self._zone)
        self.form.show_typed(Typed())
        self.card.refresh()
        self.card.unlock(stored)
        sentence = self.tr("The doctor has been alerted.") if alerted else ""
        self.notice.say(Kind.OK, f"{stored} · {words}", sentence)
        self.state.reload()
        self.form.focus_first_empty()

    def _leave(self, ticket: TicketRow, waits_as: TicketRow, words: str, *, alerted: bool) -> None:
        said = [ticket.patient.name, words, stored_said(self._clock(), zone=self._zone)]
        if self._is_open(ticket):
            self.state.close()
            self.banner_notice.take_back()
            self.banner.clear()
            self.trends.clear()
            self.card.close_patient()
            self.card.unlock()
            self.sent_on.emit()
        title = " · ".join(part for part in said if part)
        self.notice.say(Kind.OK, title, waits_said(waits_as, alerted=alerted))

    def _on_refused(self, ticket: TicketRow, fault: Fault) -> None:
        """Values that were refused stay where they were typed, also under a patient left meanwhile."""
        if not self._is_open(ticket):
            title = self.tr("NOT stored: {name} ({code}). The values are kept; open the patient again.")
            self.notice.say(
                Kind.DANGER,
                title.format(name=ticket.patient.name, code=ticket.code),
                fault.message,
            )
            return
        self.card.unlock()
        doubts = doubts_of(fault)
        if doubts:
            self.form.doubt(doubts)
            return
        self.notice.say(Kind.DANGER, self.tr("Not stored"), fault.message)
        self.form.focus_first_empty()

    def _on_banner_failed(self, fault: Fault) -> None:
        """What stood there before may have changed meanwhile."""
        self.banner.clear()
        self.banner_notice.say(
            Kind.DANGER,
            self.tr("Allergies and problems could not be fetched."),
            fault.message,
            actions=[Action(self.tr("Try again"), self.state.reload)],
        )

    def _on_not_kept(self, reason: str) -> None:
        self.card.status.setText(
            self.tr("This workstation cannot keep a draft ({reason}). Store soon.").format(reason=reason)
        )
