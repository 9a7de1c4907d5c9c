"""What is written down of a patient who was found, and correcting it in its place."""

from collections.abc import Callable, Sequence
from datetime import date, tzinfo

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from hms_desktop.patients.consents.panel import ConsentsStrip
from hms_desktop.patients.entry import PatientEntry
from hms_desktop.patients.form.panel import DemographicsForm
from hms_desktop.session import Session
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.notices import Action, Notice
from hms_desktop.widgets.tokens import Kind, Space
from hms_desktop.widgets.words import date_text
from hms_server.contract.envelope import Fault
from hms_server.contract.patients import LANGUAGES, PatientDetails
from hms_server.contract.values import PatientHeader, PatientId

COLUMNS = 3


class DetailsCard(Card):
    """Reads like a card from the shelf until somebody corrects it."""

    editing_changed = Signal()
    corrected = Signal(object)
    """The `PatientHeader` as it is now."""

    def __init__(
        self,
        session: Session,
        *,
        zone: tzinfo,
        today: Callable[[], date],
        usual_languages: Sequence[str] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("", parent)
        self.set_title(self.tr("Details"))
        self._editing = False
        self.entry = PatientEntry(session, parent=self)
        self.form = DemographicsForm(today=today, usual_languages=usual_languages)
        self.form.show_living()
        self.notice = Notice()
        self.edit_button = SecondaryButton(self.tr("Correct"), key="F4", icon_name="pencil-outline")
        self.back_button = SecondaryButton(self.tr("Discard"), key="Esc")
        self._values = [label("–", wraps=True) for _ in self._titles()]
        self._facts = self._build_facts()
        self.consents = ConsentsStrip(session, zone=zone, today=today)
        self._times = label("", TextRole.MUTED)
        for part in (self._times, self.edit_button, self.back_button):
            self.add_to_heading(part)
        self.add(self._facts)
        self.add(self.consents)
        self.add(self.form)
        self.add(self.notice)
        self.body.addStretch(1)
        self._connect()
        self._show_mode()

    @property
    def is_editing(self) -> bool:
        """Whether the form is open."""
        return self._editing

    def open(self, patient_id: PatientId | None) -> None:
        """Shows another patient, or nobody."""
        self._editing = False
        self.notice.take_back()
        self._times.setText("")
        for value in self._values:
            value.setText("…" if patient_id else "–")
        self.consents.open(patient_id)
        self.entry.open(patient_id)
        self._show_mode()

    def save(self) -> None:
        """Stores what was corrected; a mistake is shown at its field."""
        demographics = self.form.read()
        if demographics is not None:
            self.notice.take_back()
            self.entry.save(demographics)

    def edit(self) -> None:
        """Opens the form with what is stored."""
        details = self.entry.details
        if details is not None:
            self.form.fill(details.demographics)
            self._turn(editing=True)
            self.form.start()

    def _turn(self, *, editing: bool) -> None:
        self._editing = editing
        self.notice.take_back()
        self._show_mode()
        self.editing_changed.emit()

    def _show_mode(self) -> None:
        self._facts.setVisible(not self._editing)
        self.consents.setVisible(not self._editing)
        self.form.setVisible(self._editing)
        self.edit_button.setVisible(not self._editing)
        self.edit_button.setEnabled(self.entry.details is not None)
        self.back_button.setVisible(self._editing)

    def _on_came(self, details: PatientDetails) -> None:
        if not self._editing:
            self._show_facts(details)
            self._show_mode()

    def _on_failed(self, fault: Fault) -> None:
        retry = Action(self.tr("Try again"), self.entry.fetch)
        self.notice.say(
            Kind.WARNING, self.tr("The details could not be fetched"), fault.message, actions=[retry]
        )

    def _on_edited(self, patient: PatientHeader) -> None:
        self._turn(editing=False)
        self.notice.say(Kind.OK, self.tr("The correction is stored."))
        self.entry.fetch()
        self.corrected.emit(patient)

    def _on_refused(self, fault: Fault) -> None:
        if self.form.show_fault(fault):
            return
        actions = []
        if fault.code == "patients.edited_meanwhile":
            actions = [Action(self.tr("Show what is stored now"), self._discard)]
        self.notice.say(Kind.WARNING, self.tr("The correction is not stored"), fault.message, actions=actions)

    def _discard(self) -> None:
        self._turn(editing=False)
        self.entry.fetch()

    def _show_facts(self, details: PatientDetails) -> None:
        known = details.demographics
        phone = known.phone or (self.tr("has none") if known.no_phone else "–")
        kin = " · ".join(part for part in (known.next_of_kin_name, known.next_of_kin_phone) if part)
        language = LANGUAGES.get(known.language or "", "")
        facts = (phone, known.email, language, known.national_id, kin, known.address)
        for value, fact in zip(self._values, facts, strict=True):
            value.setText(fact or "–")
        last_visit = date_text(details.last_visit) if details.last_visit else self.tr("never")
        registered = date_text(details.registered.at.date())
        words = self.tr("Last visit: {last} · Registered: {registered}")
        self._times.setText(words.format(last=last_visit, registered=registered))

    def _titles(self) -> tuple[str, ...]:
        return (
            self.tr("Phone"),
            self.tr("E-mail"),
            self.tr("Writes and reads"),
            self.tr("National ID"),
            self.tr("Next of kin"),
            self.tr("Address"),
        )

    def _build_facts(self) -> QWidget:
        facts = QWidget()
        grid = QGridLayout(facts)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(Space.L)
        grid.setVerticalSpacing(Space.XS)
        for number, (title, value) in enumerate(zip(self._titles(), self._values, strict=True)):
            row, column = number // COLUMNS * 2, number % COLUMNS
            grid.addWidget(label(title, TextRole.LABEL), row, column)
            grid.addWidget(value, row + 1, column)
            grid.setColumnStretch(column, 1)
        return facts

    def _connect(self) -> None:
        self.entry.came.connect(self._on_came)
        self.entry.failed.connect(self._on_failed)
        self.entry.edited.connect(self._on_edited)
        self.entry.refused.connect(self._on_refused)
        self.edit_button.clicked.connect(self.edit)
        self.back_button.clicked.connect(self._discard)
