"""The front desk: one patient at the counter, from the first letter of the name to the ticket."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.drafts import Autosaver
from hms_desktop.patients.details.panel import DetailsCard
from hms_desktop.patients.form.panel import DemographicsForm
from hms_desktop.patients.kept import KeptRegistration
from hms_desktop.patients.label import print_ticket
from hms_desktop.patients.look_alikes.panel import LookAlikesCard
from hms_desktop.patients.state import FrontDeskState
from hms_desktop.patients.table import who
from hms_desktop.patients.ticket.panel import TicketCard
from hms_desktop.patients.visit.panel import VisitForm
from hms_desktop.printing.documents import Letterhead
from hms_desktop.printing.printer import Printer, PrintOutcome
from hms_desktop.session import Session
from hms_desktop.widgets.background import Background
from hms_desktop.widgets.banner import PatientBanner
from hms_desktop.widgets.buttons import PrimaryButton, SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.notices import Action, Notice
from hms_desktop.widgets.tokens import Kind, Space
from hms_desktop.widgets.words import moment_text
from hms_server.contract.accounts import Clinic
from hms_server.contract.consultations import Banner
from hms_server.contract.envelope import Fault
from hms_server.contract.patients import LookAlike
from hms_server.contract.values import PatientHeader, StaffId
from hms_server.contract.visits import TicketRow


class FrontDeskPanel(QWidget):
    """Registers somebody new or takes somebody found, and checks them in by one key."""

    def __init__(
        self,
        session: Session,
        *,
        clinic: Clinic,
        zone: ZoneInfo,
        clock: Callable[[], datetime],
        printer: Printer,
        autosaver: Autosaver,
        staff_id: StaffId,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._clinic = clinic
        self._zone = zone
        self._clock = clock
        self._printer = printer
        self._services = {service.code: service.name for service in clinic.services}
        self._checks_in = True
        self._ticket: TicketRow | None = None
        self.state = FrontDeskState(session, parent=self)
        self._background = Background(self)
        self._kept = KeptRegistration(autosaver, staff_id=staff_id, parent=self)
        self.form = DemographicsForm(today=self._today, usual_languages=clinic.languages)
        self.visit = VisitForm(clinic.services)
        self.details = DetailsCard(session, zone=zone, today=self._today, usual_languages=clinic.languages)
        self.ticket_card = TicketCard(zone=zone)
        self.banner = PatientBanner()
        self.notice = Notice()
        self.look_alikes = LookAlikesCard()
        self.new_button = SecondaryButton(self.tr("New patient"), key="Ctrl+N")
        self.save_button = SecondaryButton(self.tr("Save only"), key="Ctrl+S")
        self.button = PrimaryButton(self.tr("Save and check in"), key="Ctrl+Enter", icon_name="login")
        self._lay_out()
        self._connect()
        self._show_mode()
        self._on_look_alikes([])
        self._kept.find(self._restore)

    def primary(self) -> None:
        """Ctrl+Enter: stores what is new, and checks in."""
        self.notice.take_back()
        patient = self.state.patient
        if patient is None:
            self._register(checks_in=True)
        elif self.details.is_editing:
            self.details.save()
        elif patient.deceased:
            self._say_deceased(patient)
        else:
            self.state.check_in(self.visit.request(patient.id))

    def is_busy(self) -> bool:
        """Whether something is typed that is not stored."""
        return not self.form.is_empty() or self.details.is_editing

    def open_patient(self, patient: PatientHeader) -> None:
        """Somebody was found: ready to check in. What was typed for somebody new stays in the form."""
        self.notice.take_back()
        self._open(patient)
        if patient.deceased:
            self._say_deceased(patient)
        self.visit.service.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def take_focus(self) -> None:
        """The focus goes to where the next typing happens."""
        if self.state.patient is None:
            self.form.start()
        else:
            self.visit.service.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.state.fetch_practitioners()

    def _open(self, patient: PatientHeader) -> None:
        self.banner.clear()
        self._patient_line.setText(self._who(patient))
        self._patient_line.show()
        self.state.open(patient)
        self.details.open(patient.id)
        self._show_mode()

    def _register(self, *, checks_in: bool) -> None:
        demographics = self.form.read()
        if demographics is not None:
            self._checks_in = checks_in
            self.state.register(demographics)

    def _start_anew(self) -> None:
        self.state.close()
        self.details.open(None)
        self.visit.clear()
        self._show_mode()
        self.state.look_for(self.form.question())
        self.form.start()

    def _on_same_person(self, patient: PatientHeader) -> None:
        # What was typed was a description of this patient.
        self._forget_typed()
        self.open_patient(patient)

    def _on_edited(self) -> None:
        self.notice.take_back()
        self._kept.keep(self.form.typed())
        self.state.look_for(self.form.question())

    def _forget_typed(self) -> None:
        self.form.clear()
        self._kept.discard()

    def _restore(self, typed: dict[str, str], kept_at: datetime) -> None:
        if not self.form.is_empty():
            return
        self.form.restore(typed)
        self.state.look_for(self.form.question())
        words = self.tr("This was typed at {time} and not stored.")
        moment = moment_text(kept_at, self._zone, today=self._today())
        actions = [Action(self.tr("Discard"), self._discard_restored)]
        self.notice.say(Kind.INFO, words.format(time=moment), actions=actions)

    def _discard_restored(self) -> None:
        self.notice.take_back()
        self._forget_typed()
        self._start_anew()

    def _on_look_alikes(self, rows: Sequence[LookAlike]) -> None:
        nobody = self.tr("Nobody looks alike so far.")
        if self.form.is_empty():
            nobody = self.tr("Type a name or a phone number: patients who look alike appear here.")
        self.look_alikes.show_rows(rows, nobody=nobody)

    def _on_registered(self, patient: PatientHeader) -> None:
        # From here on the patient exists: whatever happens, nobody may register them a second time.
        self._forget_typed()
        self._open(patient)
        if self._checks_in:
            self.state.check_in(self.visit.request(patient.id))
        else:
            self.notice.say(Kind.OK, self.tr("{who} is registered.").format(who=self._who(patient)))

    def _on_register_refused(self, fault: Fault) -> None:
        if not self.form.show_fault(fault):
            self.notice.say(Kind.DANGER, self.tr("Not registered"), fault.message)

    def _on_checked_in(self, ticket: TicketRow) -> None:
        self._ticket = ticket
        self.ticket_card.show_ticket(ticket, service_name=self._services.get(ticket.service, ticket.service))
        self._print_ticket()
        self._start_anew()

    def _on_check_in_refused(self, fault: Fault) -> None:
        if not self.visit.show_fault(fault):
            self.notice.say(Kind.WARNING, self.tr("Not checked in"), fault.message)

    def _on_corrected(self, patient: PatientHeader) -> None:
        self.notice.take_back()
        self.state.open(patient)
        self._show_mode()
        if patient.deceased:
            self._say_deceased(patient)

    def _on_banner(self, banner: Banner) -> None:
        self._patient_line.hide()
        self.banner.show_patient(banner, today=self._today())

    def _on_banner_failed(self, fault: Fault) -> None:
        sentence = self.tr("Allergies and problems could not be fetched: {reason}").format(
            reason=fault.message
        )
        self.notice.say(Kind.WARNING, sentence)

    def _print_ticket(self) -> None:
        ticket = self._ticket
        if ticket is None:
            return
        letterhead = Letterhead(name=self._clinic.name, time_zone=self._clinic.time_zone)
        name = self._services.get(ticket.service, ticket.service)
        printer = self._printer
        self._background.run(
            lambda: print_ticket(printer, ticket, letterhead=letterhead, service_name=name), self._on_printed
        )

    def _on_printed(self, outcome: PrintOutcome) -> None:
        self.ticket_card.show_label(outcome.message)
        if not outcome.printed:
            self.notice.say(Kind.WARNING, self.tr("The label was not printed"), outcome.message)

    def _say_deceased(self, patient: PatientHeader) -> None:
        sentence = self.tr("{name} is recorded as deceased and cannot be checked in.")
        advice = self.tr("If that is wrong, correct the details first (F4).")
        self.notice.say(Kind.DANGER, sentence.format(name=patient.name), advice)

    def _show_mode(self) -> None:
        patient = self.state.patient
        self._register_card.setVisible(patient is None)
        self.look_alikes.setVisible(patient is None)
        self._patient_card.setVisible(patient is not None)
        self.details.setVisible(patient is not None)
        self._visit_card.setVisible(not self.details.is_editing)
        self.save_button.setVisible(patient is None)
        self.new_button.setVisible(patient is not None)
        self._show_buttons()

    def _show_buttons(self) -> None:
        patient = self.state.patient
        words = self.tr("Save and check in") if patient is None else self.tr("Check in")
        if self.details.is_editing:
            words = self.tr("Save correction")
        self.button.set_words(self.tr("Saving…") if self.state.busy else words)
        closed = patient is not None and patient.deceased and not self.details.is_editing
        self.button.setEnabled(not self.state.busy and not closed)
        self.save_button.setEnabled(not self.state.busy)

    def _who(self, patient: PatientHeader) -> str:
        return who(patient, today=self._today())

    def _today(self) -> date:
        return self._clock().astimezone(self._zone).date()

    def _connect(self) -> None:
        state = self.state
        self.form.edited.connect(self._on_edited)
        self.form.finished.connect(self.visit.service.editor.setFocus)
        state.look_alikes_found.connect(self._on_look_alikes)
        state.look_alikes_failed.connect(self.look_alikes.show_failure)
        state.banner_came.connect(self._on_banner)
        state.banner_failed.connect(self._on_banner_failed)
        state.practitioners_came.connect(self.visit.show_practitioners)
        state.registered.connect(self._on_registered)
        state.register_refused.connect(self._on_register_refused)
        state.checked_in.connect(self._on_checked_in)
        state.check_in_refused.connect(self._on_check_in_refused)
        state.busy_changed.connect(self._show_buttons)
        self.details.editing_changed.connect(self._show_mode)
        self.details.corrected.connect(self._on_corrected)
        self.look_alikes.used.connect(self._on_same_person)
        self.look_alikes.left.connect(self.form.start)
        self.new_button.clicked.connect(self._start_anew)
        self.save_button.clicked.connect(lambda: self._register(checks_in=False))
        self.button.clicked.connect(self.primary)
        self.ticket_card.print_again.connect(self._print_ticket)
        down = QShortcut(
            QKeySequence("Alt+Down"), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut
        )
        down.activated.connect(self.look_alikes.take_focus)

    def _lay_out(self) -> None:
        self._register_card = Card(self.tr("Register patient"))
        self._register_card.add(self.form)
        self._patient_line = label("", TextRole.MUTED, wraps=True)
        self._patient_card = QWidget()
        inside = QVBoxLayout(self._patient_card)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(Space.S)
        inside.addWidget(self._patient_line)
        inside.addWidget(self.banner)
        self._visit_card = Card(self.tr("Visit"))
        self._visit_card.add(self.visit)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        column.addWidget(self._register_card)
        column.addWidget(self._patient_card)
        column.addWidget(self._visit_card)
        column.addWidget(self.look_alikes, 1)
        column.addWidget(self.details, 1)
        column.addWidget(self.notice)
        column.addLayout(self._build_buttons())

    def _build_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self.new_button)
        row.addWidget(self.save_button)
        row.addStretch(1)
        row.addWidget(self.button)
        return row
