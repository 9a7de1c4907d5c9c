"""The diagnoses of a visit: chosen from ICD-10 by words or code, taken back by one key."""

import textwrap
from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from hms_desktop.widgets.flow import FlowLayout
from hms_desktop.widgets.icons import icon
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.suggest import SuggestField
from hms_desktop.widgets.suggestions import Suggestion
from hms_desktop.widgets.tokens import Space, current_tokens
from hms_server.contract.consultations import Diagnosis
from hms_server.contract.envelope import Fault

LINE_CHARACTERS = 58
"""Long names of ICD-10 wrap inside their chip instead of being cut off."""


class DiagnosesField(QWidget):
    """Chips, the main diagnosis first, and the field that adds one."""

    edited = Signal()
    """The person has added or removed a diagnosis."""
    text_entered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._diagnoses: list[Diagnosis] = []
        self._may_edit = True
        self._chips = QWidget()
        self._flow = FlowLayout(self._chips)
        self._placed: list[Chip] = []
        self.field = SuggestField(
            "",
            placeholder=self.tr("Add a diagnosis by name or code…"),
            nothing_found=self.tr("No such diagnosis in ICD-10. Try other words of its name."),
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.XS)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(label(self.tr("Diagnosis (ICD-10)"), TextRole.LABEL))
        row.addWidget(self.field, 1)
        column.addLayout(row)
        column.addWidget(self._chips)
        self.field.editor.setAccessibleName(self.tr("Diagnosis (ICD-10)"))
        self.field.text_entered.connect(self.text_entered)
        self.field.chosen.connect(self._add)
        self._show()

    @property
    def diagnoses(self) -> list[Diagnosis]:
        """What is chosen."""
        return list(self._diagnoses)

    def show_diagnoses(self, diagnoses: Sequence[Diagnosis], *, may_edit: bool) -> None:
        """Shows these, to be changed or only to be read."""
        self._diagnoses = list(diagnoses)
        self._may_edit = may_edit
        self.field.set_text("")
        self.field.setHidden(not may_edit)
        self._show()

    def set_open(self, *, is_open: bool) -> None:
        """Whether a diagnosis can be added or removed now."""
        self.show_diagnoses(self._diagnoses, may_edit=is_open)

    def suggest(self, found: Sequence[Diagnosis], *, for_text: str) -> None:
        """Offers what was found for a text."""
        rows = [Suggestion(value=each, words=each.display, pill=each.code) for each in found]
        self.field.suggest(rows, for_text=for_text)

    def fail(self, fault: Fault) -> None:
        """Says in the list why nothing could be looked up."""
        self.field.say_instead(fault.message)

    def complete(self) -> bool:
        """Whether nothing half-typed would be lost by signing; else says so at the field."""
        if self._may_edit and self.field.text():
            self.field.set_error(self.tr("Choose this diagnosis from the list, or empty the field."))
            return False
        return True

    def chips(self) -> list["Chip"]:
        """The chips in their order."""
        return list(self._placed)

    def _add(self, diagnosis: Diagnosis) -> None:
        self.field.set_text("")
        if diagnosis.code in {each.code for each in self._diagnoses}:
            return
        self._diagnoses.append(diagnosis)
        self._show()
        self.edited.emit()

    def _remove(self, diagnosis: Diagnosis) -> None:
        self._diagnoses.remove(diagnosis)
        self._show()
        self.field.editor.setFocus(Qt.FocusReason.OtherFocusReason)
        self.edited.emit()

    def _show(self) -> None:
        self._flow.clear()
        self._placed = [Chip(diagnosis, may_remove=self._may_edit) for diagnosis in self._diagnoses]
        for chip, diagnosis in zip(self._placed, self._diagnoses, strict=True):
            chip.removed.connect(lambda each=diagnosis: self._remove(each))
            self._flow.addWidget(chip)
        self._chips.setHidden(not self._diagnoses)
        self._chips.updateGeometry()


class Chip(QPushButton):
    """A diagnosis; click, Delete or Backspace take it back."""

    removed = Signal()

    def __init__(self, diagnosis: Diagnosis, *, may_remove: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._may_remove = may_remove
        words = f"{diagnosis.code}  {diagnosis.display}".strip()
        self.setText(textwrap.fill(words.replace("&", "&&"), LINE_CHARACTERS))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if may_remove else Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(words)
        if may_remove:
            tokens = current_tokens()
            self.setIcon(icon("close", tokens.palette.muted))
            self.setIconSize(QSize(tokens.px(14), tokens.px(14)))
            self.setToolTip(self.tr("Del removes it"))
            self.clicked.connect(self.removed)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if self._may_remove and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
            return
        super().keyPressEvent(event)
