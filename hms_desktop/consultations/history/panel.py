"""Earlier visits and earlier medicines beside the note, read without leaving it."""

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo

from PySide6.QtCore import QCoreApplication, Qt, QTimer, Signal
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from hms_desktop.consultations.written import newest
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.rows import Column, RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Space
from hms_desktop.widgets.words import date_text
from hms_server.contract.consultations import Chart, PastEncounter
from hms_server.contract.envelope import Fault
from hms_server.contract.prescribing import MedicationRequestRow

PAUSE_MS = 120
"""Who runs down the list with the arrow keys wants to read where they stop."""


class HistoryView(QWidget):
    """A list of visits, and below it what the chosen one says."""

    read_wanted = Signal(object)
    """The `EncounterId` of a visit that the person wants to read."""
    more_wanted = Signal()

    def __init__(self, *, zone: tzinfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._zone = zone
        self._model: RowsModel[PastEncounter] = RowsModel(
            _columns(self._day), key=lambda visit: visit.id, parent=self
        )
        self.table: TableView[PastEncounter] = TableView(self._model, name=self.tr("Earlier visits"))
        self._list = ListState(self.table, empty=self.tr("No earlier visit."))
        self.more_button = SecondaryButton(self.tr("Show more"))
        self._text = label("", wraps=True)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._lay_out()
        self.table.chosen.connect(lambda _visit: self._pause.start())
        self._pause.timeout.connect(self._on_pause)
        self.more_button.clicked.connect(self.more_wanted)

    def show_chart(self, chart: Chart) -> None:
        """Lists earlier visits; while none is chosen, the earlier medicines stand below."""
        self._model.replace(chart.history)
        self._list.show_rows()
        missing = chart.history_total - len(chart.history)
        self.more_button.setHidden(missing <= 0)
        self.more_button.set_words(
            self.tr("Show more ({shown} of {all})").format(shown=len(chart.history), all=chart.history_total)
        )
        if self.table.chosen_row() is None:
            self._text.setText(self._medicines_words(chart.earlier_prescriptions))

    def clear(self) -> None:
        """Another patient is being opened."""
        self._pause.stop()
        self.table.clear_choice()
        self._pause.stop()
        self._model.replace([])
        self._list.show_loading()
        self._text.setText("")

    def show_past(self, chart: Chart) -> None:
        """What the chosen visit says."""
        visit = self.table.chosen_row()
        if visit is not None and visit.id == chart.encounter_id:
            self._text.setText(self._visit_words(chart))

    def show_past_error(self, fault: Fault) -> None:
        """The visit could not be fetched."""
        self._text.setText(fault.message)

    def text(self) -> str:
        """What stands below the list."""
        return self._text.text()

    def take_focus(self) -> None:
        """The arrow keys go through the visits."""
        self.table.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.table.choose_first()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self._list, 1)
        column.addWidget(self.more_button)
        column.addWidget(_scrolling(self._text), 1)
        self.more_button.hide()

    def _on_pause(self) -> None:
        visit = self.table.chosen_row()
        if visit is not None:
            self.read_wanted.emit(visit.id)

    def _day(self, moment: datetime) -> str:
        return date_text(moment.astimezone(self._zone).date())

    def _medicines_words(self, medicines: Sequence[MedicationRequestRow]) -> str:
        if not medicines:
            return self.tr("No earlier medicines.")
        lines = [f"{self._day(each.authored_at)}  {each.product}: {each.directions}" for each in medicines]
        return "\n".join([self.tr("Earlier medicines"), *lines])

    def _visit_words(self, chart: Chart) -> str:
        note = newest(chart.notes)
        parts = [self.tr("Reason: {reason}").format(reason=chart.reason) if chart.reason else ""]
        if note is None:
            parts.append(self.tr("No note was written."))
        else:
            parts += [
                self.tr("S: {text}").format(text=note.text.subjective) if note.text.subjective else "",
                self.tr("O: {text}").format(text=note.text.objective) if note.text.objective else "",
                self.tr("A: {text}").format(text=note.text.assessment) if note.text.assessment else "",
                self.tr("P: {text}").format(text=note.text.plan) if note.text.plan else "",
            ]
        parts += [f"{each.code or ''} {each.display}".strip() for each in chart.diagnoses]
        parts += [f"{each.product}: {each.directions}" for each in chart.prescriptions]
        if note is not None:
            parts.append(self.tr("Signed by {name}").format(name=note.signed_by.name))
        return "\n".join(part for part in parts if part)


def _columns(day: Callable[[datetime], str]) -> Sequence[Column[PastEncounter]]:
    return (
        Column(title=_tr("Date"), text=lambda visit: day(visit.started_at)),
        Column(title=_tr("Why"), text=_why, stretch=1),
    )


def _tr(text: str) -> str:
    return QCoreApplication.translate("HistoryView", text)


def _why(visit: PastEncounter) -> str:
    return ", ".join(visit.diagnoses) or visit.reason or visit.kind


def _scrolling(words: QLabel) -> QScrollArea:
    words.setAlignment(Qt.AlignmentFlag.AlignTop)
    words.setProperty("role", TextRole.BODY.value)
    words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    area = QScrollArea()
    area.setWidget(words)
    area.setWidgetResizable(True)
    return area
