"""Books a patient into a free slot, or moves an appointment to another."""

from collections.abc import Callable, Sequence
from datetime import date, tzinfo

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from hms_desktop.scheduling.chosen import choose_first_in, chosen_in
from hms_desktop.scheduling.days import day_text
from hms_desktop.scheduling.state import PatientSearch, SlotsState, Whom
from hms_desktop.scheduling.table import moment_of, slot_columns, slot_key, slot_text
from hms_desktop.session import Session
from hms_desktop.widgets.buttons import PrimaryButton, SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import ChoiceField, Field
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.suggest import SuggestField, Suggestion
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind, Space
from hms_desktop.widgets.words import age_text, sex_word
from hms_server.contract.envelope import Fault
from hms_server.contract.scheduling import AppointmentRow, Slot
from hms_server.contract.values import PatientHeader


class BookingCard(Card):
    """Who, with whom, and the next free times; Enter on a time books it."""

    booking_wanted = Signal(object, object, str)
    """A `PatientHeader`, a `Slot` and the reason."""
    move_wanted = Signal(object, object)
    """An `AppointmentRow` and the `Slot` to which it goes."""
    slot_gone = Signal(object)
    """The chosen `Slot` was taken by somebody else, or its time has come."""
    left = Signal()
    """The person does not want to move the appointment after all."""

    def __init__(
        self, session: Session, *, zone: tzinfo, today: Callable[[], date], parent: QWidget | None = None
    ) -> None:
        super().__init__("", parent)
        self._zone = zone
        self._today = today
        self._day = today()
        self._asks_anew = True
        self._moving: AppointmentRow | None = None
        self._whom_before = Whom()
        self.patient: PatientHeader | None = None
        self.state = SlotsState(session, parent=self)
        self._search = PatientSearch(session, parent=self)
        self.who = SuggestField(
            self.tr("Patient"),
            placeholder=self.tr("Name, number or phone"),
            nothing_found=self.tr("No patient found. Register new patients at the front desk (Ctrl+1)."),
            required=True,
        )
        self.whom: ChoiceField[Whom] = ChoiceField(self.tr("With"), [(Whom(), self.tr("Anybody"))])
        self.reason = Field(self.tr("Reason"), max_length=500, placeholder=self.tr("Blood pressure check"))
        self._model = RowsModel(slot_columns(zone), key=slot_key, parent=self)
        self.table: TableView[Slot] = TableView(self._model, name=self.tr("Free times"))
        self._list = ListState(self.table, empty=self.tr("No free time in the next four weeks"))
        self._from = label("", TextRole.LABEL)
        self.button = PrimaryButton(self.tr("Book"), key="Ctrl+Enter", icon_name="calendar-plus")
        self.leave_button = SecondaryButton(self.tr("Do not move"), key="Esc")
        self.whom.set_value(Whom())
        self._lay_out()
        self._connect()
        self._show_mode()
        self._list.show_loading()

    def primary(self) -> None:
        """Ctrl+Enter or Enter on a time: books or moves; says what is missing."""
        slot = chosen_in(self.table)
        if self._moving is None and self.patient is None:
            self.who.set_error(self.tr("Choose the patient first."))
        elif slot is None:
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)
            choose_first_in(self.table)
        elif self._moving is not None:
            self.move_wanted.emit(self._moving, slot)
        else:
            self.booking_wanted.emit(self.patient, slot, self.reason.text())

    def show_day(self, day: date) -> None:
        """Offers times from this day on."""
        self._day = day
        self._look()

    def begin(self, patient: PatientHeader | None = None) -> None:
        """Ready to book, for that patient if one is known; who stood there already stays otherwise."""
        was_moving = self._stop_moving()
        if patient is not None or was_moving:
            self._choose(patient)
        self._show_mode()
        target = self.who.editor if patient is None else self.table
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    def begin_move(self, row: AppointmentRow) -> None:
        """Asks where the appointment goes; the times of the same doctor are offered first."""
        if self._moving is None:
            self._whom_before = self.whom.value() or Whom()
        self._moving = row
        self._choose(row.patient)
        self._offer(Whom(practitioner_id=row.practitioner.id))
        self._show_mode()
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def finish(self) -> None:
        """Stored: the form is empty again; with whom one books stays for the next."""
        self._stop_moving()
        self._choose(None)
        self.reason.set_text("")
        self._show_mode()

    def show_fault(self, fault: Fault) -> bool:
        """Shows what the server refused at its field; says whether it has one here."""
        if self._moving is None and fault.field in {"patient_id", "reason"}:
            (self.who if fault.field == "patient_id" else self.reason).set_error(fault.message)
            return True
        return False

    def set_busy(self, *, busy: bool) -> None:
        """While the server stores, nothing is stored twice."""
        self.button.setEnabled(not busy)

    def is_busy(self) -> bool:
        """Whether something is typed that is not stored."""
        return self.patient is not None or bool(self.reason.text())

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.state.watch()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self.state.look_away()

    def _lay_out(self) -> None:
        self.add(self.who)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self.whom, 1)
        row.addWidget(self.reason, 1)
        self.add(row)
        self.add(self._from)
        self.add(self._list, stretch=1)
        below = QHBoxLayout()
        below.setSpacing(Space.S)
        below.addWidget(self.leave_button)
        below.addStretch(1)
        below.addWidget(self.button)
        self.add(below)

    def _connect(self) -> None:
        self.who.text_entered.connect(self._search.look_for)
        self.who.submitted.connect(self._search.look_for)
        self.who.edited.connect(lambda _text: self._forget_patient())
        self.who.chosen.connect(self._on_chosen)
        self._search.found.connect(self._on_found)
        self._search.failed.connect(lambda fault: self.who.say_instead(fault.message))
        self.whom.chosen.connect(lambda _whom: self._look())
        self.state.changed.connect(self._show_slots)
        self.state.failed.connect(lambda fault: self._list.show_error(fault.message))
        self.state.choices_changed.connect(lambda: self._offer(self.whom.value() or Whom()))
        self._list.retried.connect(self.state.watch)
        self.table.opened.connect(lambda _slot: self.primary())
        self.table.chosen.connect(lambda _slot: self._show_button())
        self.button.clicked.connect(self.primary)
        self.leave_button.clicked.connect(self._leave)

    def _on_found(self, text: str, patients: Sequence[PatientHeader]) -> None:
        self.who.suggest([self._suggestion(patient) for patient in patients], for_text=text)

    def _suggestion(self, patient: PatientHeader) -> Suggestion:
        age = age_text(patient.birth_date, patient.birth_precision, today=self._today())
        return Suggestion(
            value=patient,
            words=patient.name,
            detail=" · ".join((patient.number, age, sex_word(patient.sex))),
            pill=self.tr("Deceased") if patient.deceased else "",
            kind=Kind.DANGER,
        )

    def _on_chosen(self, patient: PatientHeader) -> None:
        self._choose(patient)
        self.whom.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _choose(self, patient: PatientHeader | None) -> None:
        self.patient = patient
        self.who.set_text(patient.name if patient else "")
        hint = ""
        if patient is not None:
            age = age_text(patient.birth_date, patient.birth_precision, today=self._today())
            hint = " · ".join((patient.number, age, sex_word(patient.sex)))
        self.who.set_hint(hint)
        self._look()

    def _forget_patient(self) -> None:
        # Whoever types over a name means somebody else: the old patient must not be booked under it.
        if self.patient is not None:
            self.patient = None
            self.who.set_hint("")
            self._look()

    def _offer(self, chosen: Whom) -> None:
        choices = [(Whom(), self.tr("Anybody"))]
        choices += [(Whom(speciality=each.code), each.name) for each in self.state.specialities]
        choices += [(Whom(practitioner_id=each.id), each.name) for each in self.state.practitioners]
        self.whom.set_choices(choices)
        self.whom.set_value(chosen)
        if self.whom.value() is None:
            self.whom.set_value(Whom())
        self._look()

    def _look(self) -> None:
        self._from.setText(self.tr("Free times from {day}").format(day=day_text(self._day)))
        patient_id = self.patient.id if self.patient else None
        whom = self.whom.value() or Whom()
        if self.state.look_for(whom, from_day=self._day, patient_id=patient_id):
            # Until the answer is there, Enter must not book a time that was offered for another question.
            self._asks_anew = True
            self.table.clear_choice()

    def _show_slots(self) -> None:
        chosen = chosen_in(self.table)
        self._model.replace(self.state.slots)
        self._list.show_rows()
        if self._asks_anew:
            self._asks_anew = False
            self.table.clear_choice()
            choose_first_in(self.table)
        elif chosen is not None and not self.table.choose(slot_key(chosen)):
            # The next row must not be booked by an Enter that was meant for the one that has gone.
            self.table.clear_choice()
            self.slot_gone.emit(chosen)
        self._show_button()

    def _stop_moving(self) -> bool:
        """Says whether an appointment was about to be moved."""
        was_moving = self._moving is not None
        self._moving = None
        if was_moving:
            self._offer(self._whom_before)
        return was_moving

    def _leave(self) -> None:
        self.finish()
        self.left.emit()

    def _show_mode(self) -> None:
        moving = self._moving
        title = self.tr("Book an appointment")
        if moving is not None:
            words = self.tr("Move {patient}: {time}")
            title = words.format(patient=moving.patient.name, time=slot_text(moving, self._zone))
        self.set_title(title)
        self.who.setVisible(moving is None)
        self.reason.setVisible(moving is None)
        self.leave_button.setVisible(moving is not None)
        self._show_button()

    def _show_button(self) -> None:
        slot = chosen_in(self.table)
        words = self.tr("Book") if self._moving is None else self.tr("Move")
        if slot is not None:
            told = self.tr("Book {moment}") if self._moving is None else self.tr("Move to {moment}")
            words = told.format(moment=moment_of(slot, self._zone))
        self.button.set_words(words)
