"""The prescription: a row to type in, the lines, what is known against them, and the signed one."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QWidget

from hms_desktop.prescribing.entry.panel import EntryRow
from hms_desktop.prescribing.findings.panel import FindingsBox
from hms_desktop.prescribing.lines import Dosing, Line
from hms_desktop.prescribing.state import PrescriptionState
from hms_desktop.prescribing.table import line_columns, signed_columns
from hms_desktop.session import Session
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.labels import Pill
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind
from hms_server.contract.envelope import Fault
from hms_server.contract.prescribing import LineChecked, MedicationRequestRow, NewMedicationRequest
from hms_server.contract.values import PatientId

FIELD_PREFIX = "prescription."


class PrescriptionPanel(Card):
    """Everything about medicines of one visit; what surrounds it signs."""

    edited = Signal()
    """The person has changed something that is not stored."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Prescription"), parent)
        self.state = PrescriptionState(session, self)
        self.entry = EntryRow(self.state)
        self.findings = FindingsBox()
        self.go_button = SecondaryButton(self.tr("Add medicine"), key="F7", icon_name="pill")
        self._count = Pill()
        self._model: RowsModel[Line] = RowsModel(
            line_columns(self._frequency_text), key=lambda line: line.number, parent=self
        )
        self.table: TableView[Line] = TableView(self._model, name=self.tr("Prescription"))
        self._signed: RowsModel[MedicationRequestRow] = RowsModel(
            signed_columns(), key=lambda row: row.id, parent=self
        )
        self.signed_table: TableView[MedicationRequestRow] = TableView(
            self._signed, name=self.tr("Signed prescription")
        )
        self._lay_out()
        self._connect()
        self.set_open(is_open=False)

    def open_patient(self, patient_id: PatientId) -> None:
        """Starts an empty prescription for this patient."""
        self.entry.clear()
        self.state.open_patient(patient_id)
        self.set_open(is_open=True)
        self._pages.setCurrentWidget(self._written)
        self._show_lines()

    def show_signed(self, prescriptions: Sequence[MedicationRequestRow]) -> None:
        """Shows what was signed; nothing can be added any more."""
        self.entry.clear()
        self.state.open_patient(None)
        self._signed.replace(list(prescriptions))
        self._signed_list.show_rows()
        self.set_open(is_open=False)
        self._pages.setCurrentWidget(self._signed_list)
        self._take_room(is_needed=True)
        self._count.set("", Kind.NEUTRAL)

    def set_open(self, *, is_open: bool) -> None:
        """Whether lines can be added and changed now."""
        self.entry.setHidden(not is_open)
        self.go_button.setHidden(not is_open)
        self.findings.setEnabled(is_open)
        self.table.setEnabled(is_open)

    def lines(self) -> list[NewMedicationRequest]:
        """The prescription as it is signed. Call `complete` first."""
        return [line.order() for line in self.state.lines]

    def is_empty(self) -> bool:
        """Whether neither a line nor a half-typed one is there."""
        return not self.state.lines and not self.entry.text()

    def complete(self) -> bool:
        """Whether it can be signed; if not, the focus is where something is missing, and says what."""
        if self.entry.text():
            self.entry.refuse(self.tr("This medicine is not added yet. Enter adds it; or empty the field."))
            return False
        for line in self.state.lines:
            if line.unanswered:
                self._ask_for_reason(line.number)
                return False
            if line.quantity is None:
                self._take_back(line)
                self.entry.refuse(self.tr("Nobody has counted this medicine. Type its quantity."))
                return False
        return True

    def refuse(self, fault: Fault) -> bool:
        """Shows a refusal of the server at its line; says whether it was about one."""
        if not (fault.field or "").startswith(FIELD_PREFIX):
            return False
        numbers = {_position(field) for field in fault.data if field.startswith(FIELD_PREFIX)}
        first = _position(fault.field or "")
        if first is None or first >= len(self.state.lines):
            return False
        if numbers - {None}:
            # Somebody recorded an allergy meanwhile: the findings themselves come with a new check.
            self.state.check_all()
        else:
            self.state.mark_error(self.state.lines[first].number, fault.message)
        self.table.choose(self.state.lines[first].number)
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)
        return True

    def draft(self) -> str:
        """All that is written, as text."""
        return self.state.draft()

    def restore(self, draft: str) -> None:
        """Shows what a draft has kept, checked anew."""
        self.state.restore(draft)

    def names(self) -> list[str]:
        """The medicines, for a sentence."""
        return [line.name for line in self.state.lines]

    def take_focus(self) -> None:
        """The next medicine can be typed."""
        self.entry.product.editor.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _lay_out(self) -> None:
        self.add_to_heading(self._count)
        self.add_to_heading(self.go_button)
        self._written = ListState(self.table, empty="")
        self._signed_list = ListState(self.signed_table, empty=self.tr("Nothing was prescribed."))
        self._pages = QStackedWidget()
        self._pages.addWidget(self._written)
        self._pages.addWidget(self._signed_list)
        self.add(self.entry)
        self.add(self.findings)
        self.add(self._pages, stretch=1)

    def _connect(self) -> None:
        self.state.changed.connect(self._show_lines)
        self.state.edited.connect(self.edited)
        self.state.frequencies_changed.connect(self._show_lines)
        self.entry.added.connect(self._on_added)
        self.findings.overridden.connect(self._on_overridden)
        self.findings.removed.connect(self._on_replace)
        self.go_button.clicked.connect(self.take_focus)
        self.table.chosen.connect(lambda _line: self._show_findings())
        self.table.opened.connect(self._take_back)
        self.table.installEventFilter(self)

    def _show_lines(self) -> None:
        self._model.replace(self.state.lines)
        self._written.show_rows()
        self._take_room(is_needed=bool(self.state.lines))
        waiting = sum(bool(line.unanswered) for line in self.state.lines)
        self._count.set(self.tr("{count} to decide").format(count=waiting) if waiting else "", Kind.DANGER)
        self._show_findings()

    def _take_room(self, *, is_needed: bool) -> None:
        """Without a line the note above gets the room."""
        self._pages.setHidden(not is_needed)
        fixed, free = QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred
        self.setSizePolicy(free, free if is_needed else fixed)

    def _show_findings(self) -> None:
        """Those of the chosen line, else of the first that nobody has answered, else of the last one."""
        lines = {line.number: line for line in self.state.lines}
        chosen = self.table.chosen_row()
        if chosen is not None and chosen.number in lines and self.table.hasFocus():
            self.findings.show_line(lines[chosen.number])
            return
        urgent = [line for line in lines.values() if line.unanswered or line.error or line.trouble]
        remarkable = [*urgent, *(line for line in reversed(lines.values()) if line.findings)]
        self.findings.show_line(remarkable[0] if remarkable else None)

    def _frequency_text(self, code: str) -> str:
        return next((each.text for each in self.state.frequencies if each.code == code), code)

    def _on_added(self, dosing: Dosing, checked: LineChecked | None) -> None:
        line = self.state.add(dosing, checked=checked)
        self.table.choose(line.number)
        self.take_focus()

    def _on_overridden(self, number: int, key: str, reason: str) -> None:
        self.state.override(number, finding_key=key, reason=reason)
        if any(line.unanswered for line in self.state.lines):
            self.findings.ask_for_reason()
        else:
            self.take_focus()

    def _on_replace(self, number: int) -> None:
        self.state.remove(number)
        self.take_focus()

    def _take_back(self, line: Line) -> None:
        """Into the row for changes; what was typed there would be lost, so it has to be added first."""
        if self.entry.text():
            self.entry.refuse(self.tr("Add this medicine first, or empty the field."))
            return
        self.entry.load(self.state.remove(line.number).dosing)
        self.entry.dose.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _ask_for_reason(self, number: int) -> None:
        self.table.choose(number)
        self.findings.show_line(next(line for line in self.state.lines if line.number == number))
        self.findings.ask_for_reason()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if watched is self.table and event.type() is QEvent.Type.FocusIn:
            self._show_findings()
        if watched is self.table and event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            line = self.table.chosen_row()
            if event.key() == Qt.Key.Key_Delete and line is not None:
                self.state.remove(line.number)
                return True
        return super().eventFilter(watched, event)


def _position(field: str) -> int | None:
    """The number of the line in "prescription.2.dose"."""
    number = field.removeprefix(FIELD_PREFIX).partition(".")[0]
    return int(number) if number.isdigit() else None
