"""Patients who look like the one who is being registered, so that nobody is registered twice."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from hms_desktop.patients.table import key_of, look_alike_columns
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.labels import Pill
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind
from hms_server.contract.envelope import Fault
from hms_server.contract.patients import LookAlike


class LookAlikesCard(Card):
    """Never blocks: whoever goes on typing registers somebody new."""

    used = Signal(object)
    """The `PatientHeader` of somebody who is the same person."""
    left = Signal()
    """Escape was pressed: back to the form."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.set_title(self.tr("Is this the same person?   Alt+Down"))
        self._model = RowsModel(look_alike_columns(), key=key_of, parent=self)
        self.table: TableView[LookAlike] = TableView(self._model, name=self.tr("Patients who look alike"))
        self.list = ListState(self.table, empty="")
        self._count = Pill()
        self.button = SecondaryButton(self.tr("Use this patient"), icon_name="check")
        self.table.opened.connect(lambda _row: self._use())
        self.button.clicked.connect(self._use)
        self.add_to_heading(self._count)
        self.add_to_heading(self.button)
        self.add(self.list, stretch=1)

    def show_rows(self, rows: Sequence[LookAlike], *, nobody: str) -> None:
        """Shows who looks alike, or the sentence for nobody."""
        self._model.replace(rows)
        self._count.set(self.tr("{count} found").format(count=len(rows)) if rows else "", Kind.WARNING)
        self.button.setVisible(bool(rows))
        if rows:
            self.table.choose_first()
            self.list.show_rows()
        else:
            self.list.show_empty(nobody)

    def show_failure(self, fault: Fault) -> None:
        """Nobody knows whether somebody looks alike, which is not the same as nobody."""
        self._model.replace([])
        self._count.set("", Kind.NEUTRAL)
        self.button.hide()
        self.list.show_error(self.tr("The search for look-alikes failed: {why}").format(why=fault.message))

    def take_focus(self) -> None:
        """The keys go to the list, where there is somebody in it."""
        if self._model.rows:
            self.table.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
            return
        super().keyPressEvent(event)

    def _use(self) -> None:
        row = self.table.chosen_row()
        if row is not None:
            self.used.emit(row.patient)
