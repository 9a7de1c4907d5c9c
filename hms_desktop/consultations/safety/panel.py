"""Allergies and problems beside the note: asked for, recorded and taken back without a dialog."""

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from hms_desktop.consultations.safety.state import SafetyState
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.fields import ChoiceField, Field
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.notices import Notice
from hms_desktop.widgets.suggest import SuggestField
from hms_desktop.widgets.suggestions import Suggestion
from hms_desktop.widgets.tokens import Kind, Space
from hms_server.contract.consultations import Allergen, AllergyRow, AllergyStatus, Banner, Criticality
from hms_server.contract.envelope import Fault


class SafetyView(QWidget):
    """Type a substance, Enter, a reaction, Enter: recorded."""

    def __init__(self, state: SafetyState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._allergen: Allergen | None = None
        self._banner: Banner | None = None
        self._build_fields()
        self.notice = Notice()
        self.none_button = SecondaryButton(self.tr("No known allergies"), key="Alt+N", icon_name="check")
        self.record_button = SecondaryButton(self.tr("Record"), key="Enter", icon_name="plus")
        self._allergies = _rows()
        self._problems = _rows()
        self._resolve_buttons: list[SecondaryButton] = []
        self._lay_out()
        self._connect()

    def show_banner(self, banner: Banner) -> None:
        """Fills the lists; a reason that is being typed stays."""
        if banner == self._banner:
            return
        other = self._banner is None or banner.patient_id != self._banner.patient_id
        self._banner = banner
        if other:
            self._empty_fields()
            self.notice.take_back()
        self._show_allergies(banner)
        self._show_problems(banner)
        self.none_button.setHidden(banner.allergy_status is not AllergyStatus.NOT_ASKED)

    def take_focus(self) -> None:
        """The next allergy can be typed."""
        self.substance.editor.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def is_busy(self) -> bool:
        """Whether an allergy is half-typed."""
        return bool(self.substance.text() or self.reaction.text())

    def removable_rows(self) -> list["RemovableRow"]:
        """The allergies, in their order."""
        return self.findChildren(RemovableRow)

    def resolve_buttons(self) -> list[SecondaryButton]:
        """One for each open problem, in their order."""
        return list(self._resolve_buttons)

    def _build_fields(self) -> None:
        self.substance = SuggestField(
            self.tr("Allergic to"),
            placeholder=self.tr("Medicine, class or food…"),
            nothing_found=self.tr("Not in the reference data. Enter keeps it as text: NOT CHECKED later."),
        )
        self.reaction = Field(self.tr("Reaction"), placeholder=self.tr("Rash, anaphylaxis 2023…"))
        self.criticality: ChoiceField[Criticality] = ChoiceField(
            self.tr("How bad"),
            [
                (Criticality.UNABLE_TO_ASSESS, self.tr("Not known")),
                (Criticality.LOW, self.tr("Low risk")),
                (Criticality.HIGH, self.tr("Life-threatening")),
            ],
        )
        self.criticality.set_value(Criticality.UNABLE_TO_ASSESS)

    def _lay_out(self) -> None:
        details = QHBoxLayout()
        details.setSpacing(Space.S)
        details.addWidget(self.reaction, 3)
        details.addWidget(self.criticality, 2)
        acts = QHBoxLayout()
        acts.setSpacing(Space.S)
        acts.addWidget(self.record_button)
        acts.addStretch(1)
        inside = QWidget()
        lists = QVBoxLayout(inside)
        lists.setContentsMargins(0, 0, 0, 0)
        lists.setSpacing(Space.S)
        lists.addWidget(label(self.tr("Allergies"), TextRole.LABEL))
        lists.addLayout(self._allergies)
        lists.addWidget(self.none_button)
        lists.addWidget(label(self.tr("Problems"), TextRole.LABEL))
        lists.addLayout(self._problems)
        lists.addStretch(1)
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self.substance)
        column.addLayout(details)
        column.addLayout(acts)
        column.addWidget(self.notice)
        column.addWidget(area, 1)

    def _connect(self) -> None:
        self.substance.text_entered.connect(self._state.search)
        self.substance.chosen.connect(self._on_allergen)
        self.substance.edited.connect(self._on_substance_edited)
        self.substance.submitted.connect(self._on_substance)
        self.reaction.editor.returnPressed.connect(self._record)
        self.record_button.clicked.connect(self._record)
        self.none_button.clicked.connect(self._state.record_none)
        self._state.allergens_found.connect(self._on_allergens)
        self._state.allergens_failed.connect(lambda fault: self.substance.say_instead(fault.message))
        self._state.stored.connect(self._on_stored)
        self._state.refused.connect(self._on_refused)

    def _on_allergens(self, text: str, found: Sequence[Allergen]) -> None:
        rows = [
            Suggestion(value=each, words=each.name, pill=self.tr("Class") if each.is_class else "")
            for each in found
        ]
        self.substance.suggest(rows, for_text=text)

    def _on_allergen(self, allergen: Allergen) -> None:
        self.substance.set_text(allergen.name)
        self._allergen = allergen
        self.reaction.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_substance_edited(self, _text: str) -> None:
        self._allergen = None

    def _on_substance(self, _text: str) -> None:
        self.reaction.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _record(self) -> None:
        if not self.substance.text():
            self.substance.set_error(self.tr("Type what the patient is allergic to."))
            return
        self._state.record(
            self.substance.text(),
            self._allergen.slug if self._allergen else None,
            criticality=self.criticality.value() or Criticality.UNABLE_TO_ASSESS,
            reaction=self.reaction.text(),
        )

    def _on_stored(self, banner: Banner) -> None:
        known = {row.substance for row in self._banner.allergies} if self._banner else set()
        added = [row.substance for row in banner.allergies if row.substance not in known]
        self.notice.take_back()
        if added:
            self._empty_fields()
            sentence = self.tr("Recorded: {substance}. The prescription is checked again.")
            self.notice.say(Kind.OK, sentence.format(substance=", ".join(added)))
        self.show_banner(banner)

    def _on_refused(self, fault: Fault) -> None:
        fields = {"substance": self.substance, "allergen": self.substance, "reaction": self.reaction}
        field = fields.get(fault.field or "")
        if field is not None:
            field.set_error(fault.message)
        else:
            self.notice.say(Kind.WARNING, fault.message)

    def _empty_fields(self) -> None:
        self._allergen = None
        self.substance.set_text("")
        self.reaction.set_text("")
        self.criticality.set_value(Criticality.UNABLE_TO_ASSESS)

    def _show_allergies(self, banner: Banner) -> None:
        sentences = {
            AllergyStatus.NOT_ASKED: self.tr("Nobody has asked yet."),
            AllergyStatus.NONE_KNOWN: self.tr("No known allergies."),
        }
        _clear(self._allergies)
        for row in banner.allergies:
            self._allergies.addWidget(RemovableRow(_allergy_words(row), partial(self._state.remove, row.id)))
        if not banner.allergies:
            sentence = sentences.get(banner.allergy_status, "")
            self._allergies.addWidget(label(sentence, TextRole.MUTED, wraps=True))

    def _show_problems(self, banner: Banner) -> None:
        _clear(self._problems)
        self._resolve_buttons = []
        active = [problem for problem in banner.problems if problem.active]
        for problem in active:
            row = QWidget()
            line = QHBoxLayout(row)
            line.setContentsMargins(0, 0, 0, 0)
            line.addWidget(label(problem.display, wraps=True), 1)
            button = SecondaryButton(self.tr("Resolved"))
            button.setAccessibleName(self.tr("{problem}: resolved").format(problem=problem.display))
            button.clicked.connect(lambda _checked=False, number=problem.id: self._state.resolve(number))
            line.addWidget(button)
            self._resolve_buttons.append(button)
            self._problems.addWidget(row)
        if not active:
            self._problems.addWidget(label(self.tr("None recorded"), TextRole.MUTED))


class RemovableRow(QWidget):
    """An entry that can be taken back with a reason, typed below it."""

    def __init__(self, words: str, remove: Callable[[str], object], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._remove = remove
        self.button = SecondaryButton(self.tr("Remove…"))
        self.button.setAccessibleName(self.tr("{entry}: remove").format(entry=words))
        self.reason = Field(self.tr("Why was it entered in error? Enter removes it."))
        self.reason.hide()
        line = QHBoxLayout()
        line.addWidget(label(words, TextRole.STRONG, wraps=True), 1)
        line.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.XS)
        column.addLayout(line)
        column.addWidget(self.reason)
        self.button.clicked.connect(self._ask)
        self.reason.editor.returnPressed.connect(self._on_enter)
        self.reason.editor.installEventFilter(self)

    def _ask(self) -> None:
        self.reason.show()
        self.reason.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_enter(self) -> None:
        if self.reason.text():
            self._remove(self.reason.text())
        else:
            self.reason.set_error(self.tr("The reason stays on record. Escape keeps the allergy."))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if (
            watched is self.reason.editor
            and event.type() is QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
        ):
            self.reason.set_text("")
            self.reason.hide()
            self.button.setFocus(Qt.FocusReason.OtherFocusReason)
            return True
        return super().eventFilter(watched, event)


def _allergy_words(row: AllergyRow) -> str:
    return f"{row.substance} ({row.reaction})" if row.reaction else row.substance


def _rows() -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(Space.XS)
    return column


def _clear(column: QVBoxLayout) -> None:
    while (item := column.takeAt(0)) is not None:
        old = item.widget()
        assert old is not None
        old.hide()
        old.setParent(None)
        old.deleteLater()
