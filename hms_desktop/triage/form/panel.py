"""The form for vital signs: scored while typing, asks about what is unusual, refuses what cannot be."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from hms_desktop.triage.doubts import Doubts
from hms_desktop.triage.judgement import Judgement, judge
from hms_desktop.triage.typed import Typed
from hms_desktop.triage.words import (
    Said,
    consciousness_word,
    points_said,
    signs_said,
    urgency_said,
)
from hms_desktop.widgets.fields import ChoiceField, Field, FieldFrame, FieldSize
from hms_desktop.widgets.notices import Action, Notice
from hms_desktop.widgets.queue_words import priority_word
from hms_desktop.widgets.tokens import Kind, Space, current_tokens
from hms_desktop.widgets.trends import sign_name
from hms_server.contract.news2 import Parameter
from hms_server.contract.plausibility import Doubt
from hms_server.contract.priority import QueuePriority
from hms_server.contract.triage import Consciousness
from hms_server.contract.values import StaffId
from hms_server.contract.vitals import SIGNS, VitalSign

ORDER = (
    VitalSign.TEMPERATURE,
    VitalSign.PULSE,
    VitalSign.RESPIRATION_RATE,
    VitalSign.SPO2,
    VitalSign.SYSTOLIC,
    VitalSign.DIASTOLIC,
    VitalSign.GLUCOSE,
    VitalSign.PAIN,
    VitalSign.WEIGHT,
    VitalSign.HEIGHT,
)
"""As they are measured: thermometer, finger clip and watch, cuff, meter, and last what takes a walk."""

SIGNS_ABREAST = 5
CHOICES_ABREAST = 4
WORDS_ABREAST = 3
URGENCIES = (QueuePriority.URGENT, QueuePriority.VERY_URGENT, QueuePriority.EMERGENCY)
SCALE_2 = 2
LONGEST_NUMBER = 10
NOTHING = Said("", Kind.NEUTRAL)


class VitalsForm(QWidget):
    """Bound to one patient at a time by `open`; Enter goes on, and confirms what the form has asked about."""

    edited = Signal()
    """The person typed, chose or confirmed something."""
    finished = Signal()
    """Enter was pressed in the last field."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._age_months: int | None = None
        self._doubts = Doubts(ORDER)
        self.signs = {sign: self._sign_field(sign) for sign in ORDER}
        self.consciousness: ChoiceField[Consciousness | None] = ChoiceField(
            self.tr("Consciousness"),
            [(None, self.tr("Not assessed")), *((each, consciousness_word(each)) for each in Consciousness)],
        )
        self.oxygen: ChoiceField[bool | None] = ChoiceField(
            self.tr("Breathing"),
            [(None, self.tr("Not stated")), (False, self.tr("Air")), (True, self.tr("Oxygen"))],
        )
        self.scale: ChoiceField[int] = ChoiceField(
            self.tr("SpO₂ scale"), [(1, self.tr("Scale 1")), (SCALE_2, self.tr("2: 88–92 %"))]
        )
        self.pregnant: ChoiceField[bool | None] = ChoiceField(
            self.tr("Pregnant"),
            [(None, self.tr("Not asked")), (False, self.tr("No")), (True, self.tr("Yes"))],
        )
        self.complaint = Field(self.tr("Complaint"), placeholder=self.tr("In the patient's words"))
        self.urgency: ChoiceField[QueuePriority | None] = ChoiceField(
            self.tr("Urgency"),
            [(None, self.tr("By score")), *((each, priority_word(each)) for each in URGENCIES)],
        )
        self.practitioner: ChoiceField[StaffId | None] = ChoiceField(
            self.tr("Send to"), [(None, self.tr("Any doctor"))]
        )
        self.question = Notice()
        self._grids = (QGridLayout(), QGridLayout(), QGridLayout())
        self._lay_out()
        self._connect()
        self.show_typed(Typed())

    def open(self, *, age_months: int | None, asks_for_pregnancy: bool) -> None:
        """Empties the form for a patient of that age."""
        self._age_months = age_months
        self.recall_scale(None)
        self.pregnant.setEnabled(asks_for_pregnancy)
        self.show_typed(Typed())

    def typed(self) -> Typed:
        """Everything as it stands there."""
        scale = self.scale.value()
        return Typed(
            texts={sign: field.text() for sign, field in self.signs.items() if field.text()},
            consciousness=self.consciousness.value(),
            on_oxygen=self.oxygen.value(),
            spo2_scale=1 if scale is None else scale,
            pregnant=self.pregnant.value(),
            complaint=self.complaint.text(),
            urgency=self.urgency.value(),
        )

    def show_typed(self, typed: Typed) -> None:
        """Puts this in place of what stood there; what was confirmed before has to be confirmed again."""
        self._doubts.start(typed.texts)
        for sign, field in self.signs.items():
            field.set_text(typed.texts.get(sign, ""))
        self.consciousness.set_value(typed.consciousness)
        self.oxygen.set_value(typed.on_oxygen)
        self.scale.set_value(typed.spo2_scale)
        self.pregnant.set_value(typed.pregnant)
        self.complaint.set_text(typed.complaint)
        self.urgency.set_value(typed.urgency)
        self._refresh()

    def judgement(self) -> Judgement:
        """What follows from what stands there."""
        return judge(self.typed(), age_months=self._age_months, doubted=self._doubts.of_server)

    def confirmed(self) -> list[str]:
        """The codes of the unusual values that the person has looked at twice."""
        return [sign.value for sign in self._doubts.confirmed]

    def check(self) -> bool:
        """Whether all of it may be stored; else every doubt is shown and the first one has the focus."""
        self._doubts.finish(*ORDER)
        hindrances = self._doubts.hindrances(self._refresh())
        if hindrances:
            self._focus(self.signs[hindrances[0]])
        return not hindrances

    def doubt(self, doubts: Mapping[VitalSign, Doubt]) -> None:
        """Shows what the server doubts, until the person changes or confirms it."""
        self._doubts.hear(doubts)
        self.check()

    def recall_scale(self, last: int | None) -> None:
        """The scale is a doctor's prescription: the last one is said, never chosen here."""
        self.scale.set_hint(self.tr("Last time: scale 2") if last == SCALE_2 else "")

    def focus_first_empty(self) -> None:
        """The next typing goes to the first value that is missing."""
        empty = [field for field in self.signs.values() if not field.text()]
        self._focus(empty[0] if empty else self.complaint)

    def confirm(self) -> None:
        """F4: the value that the notice asks about is right, wherever the focus is."""
        for sign in self._doubts.questions(self.judgement())[:1]:
            self._confirm(sign)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._moves_on(watched, event)
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        if event.type() is QEvent.Type.StyleChange:
            self._place()
        super().changeEvent(event)

    def _sign_field(self, sign: VitalSign) -> Field:
        facts = SIGNS[sign]
        # The unit stands in the title: behind the number it would take the room of a digit.
        title = self.tr("{name}, {unit}").format(name=sign_name(sign), unit=facts.shown_unit)
        return Field(title, size=FieldSize.VALUE, max_length=LONGEST_NUMBER)

    def _choices(self) -> tuple[ChoiceField[Any], ...]:
        return (self.consciousness, self.oxygen, self.scale, self.pregnant)

    def _fields(self) -> tuple[FieldFrame[Any], ...]:
        return (*self.signs.values(), *self._choices(), self.complaint, self.urgency, self.practitioner)

    def _lay_out(self) -> None:
        for field in self._fields():
            # In this order, since Qt's Tab key follows the order in which a parent got its children.
            field.setParent(self)
        self._place()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        for grid in self._grids:
            grid.setHorizontalSpacing(Space.M)
            grid.setVerticalSpacing(Space.S)
            column.addLayout(grid)
        column.insertWidget(1, self.question)

    def _place(self) -> None:
        """Fewer columns where the person reads larger letters, so that no number is cut."""
        factor = current_tokens().factor
        signs, choices, words = self._grids
        _fill(signs, list(self.signs.values()), columns=max(2, round(SIGNS_ABREAST / factor)))
        _fill(choices, self._choices(), columns=max(2, round(CHOICES_ABREAST / factor)))
        fields = (self.complaint, self.urgency, self.practitioner)
        _fill(words, fields, columns=max(2, round(WORDS_ABREAST / factor)))
        words.setColumnStretch(0, 2)

    def _connect(self) -> None:
        for sign, field in self.signs.items():
            field.edited.connect(lambda _text, sign=sign: self._on_edited(sign))
            field.finished.connect(lambda sign=sign: self._on_finished(sign))
        for choice in (*self._choices(), self.urgency):
            choice.chosen.connect(self._on_chosen)
        # Words are not scored: a fast typist need not wait for the score of every letter.
        self.complaint.edited.connect(lambda _text: self.edited.emit())
        for each in self._fields():
            each.editor.installEventFilter(self)

    def _on_edited(self, sign: VitalSign) -> None:
        self._doubts.edit(sign)
        self._refresh()
        self.edited.emit()

    def _on_finished(self, sign: VitalSign) -> None:
        if self._doubts.finish(sign):
            self._refresh()

    def _on_chosen(self, _value: object) -> None:
        self._refresh()
        self.edited.emit()

    def _moves_on(self, watched: QObject, event: QKeyEvent) -> bool:
        entered = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if not entered or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return False
        # A key held down must not confirm what nobody has read.
        if not event.isAutoRepeat() and self._may_leave(watched):
            if watched is self.practitioner.editor:
                self.finished.emit()
            else:
                self.focusNextChild()
        return True

    def _may_leave(self, watched: QObject) -> bool:
        """A first Enter shows the doubt, a second one at the same value confirms it."""
        here = [sign for sign, field in self.signs.items() if field.editor is watched]
        if not here:
            return True
        sign = here[0]
        was_asked = not self._doubts.finish(sign)
        judged = self._refresh()
        if was_asked and sign in self._doubts.questions(judged):
            self._confirm(sign)
        return sign not in self._doubts.hindrances(judged)

    def _confirm(self, sign: VitalSign) -> None:
        self._doubts.confirm(sign)
        self._refresh()
        self.edited.emit()

    def _focus(self, field: FieldFrame[Any]) -> None:
        field.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _refresh(self) -> Judgement:
        judged = self.judgement()
        self._show_doubts(judged)
        self._show_pills(judged)
        return judged

    def _show_doubts(self, judged: Judgement) -> None:
        questions = self._doubts.questions(judged)
        for sign, field in self.signs.items():
            sentence = self._doubts.mistake(sign, judged)
            if sign in questions:
                sentence = self._question(is_first=sign == questions[0])
            field.editor.setToolTip(judged.questions.get(sign, "") if sign in questions else "")
            if sentence != field.error():
                field.mark_error(sentence)
        if not questions:
            self.question.take_back()
            return
        action = Action(self.tr("It is right"), self.confirm, key="F4")
        sentence = judged.questions[questions[0]]
        if self.question.text() != sentence:
            self.question.say(Kind.WARNING, sentence, actions=[action])

    def _question(self, *, is_first: bool) -> str:
        if is_first:
            return self.tr("Unusual. Enter again or F4 if it is right.")
        return self.tr("Unusual. Enter again if it is right.")

    def _show_pills(self, judged: Judgement) -> None:
        signs = signs_said(judged, age_months=self._age_months, pregnant=self.pregnant.value())
        asked = self._doubts.questions(judged)
        for sign, field in self.signs.items():
            # A pill beside the question would leave its words no room.
            said = NOTHING if sign in asked else signs.get(sign, NOTHING)
            field.set_pill(said.words, said.kind)
        points = points_said(judged.score)
        for choice, parameter in (
            (self.consciousness, Parameter.CONSCIOUSNESS),
            (self.oxygen, Parameter.AIR_OR_OXYGEN),
        ):
            said = points.get(parameter, NOTHING)
            choice.set_pill(said.words, said.kind)
        said = urgency_said(judged, self.urgency.value())
        self.urgency.set_pill(said.words, said.kind)


def _fill(grid: QGridLayout, fields: Sequence[FieldFrame[Any]], *, columns: int) -> None:
    for field in fields:
        grid.removeWidget(field)
    for column in range(len(fields)):
        grid.setColumnStretch(column, int(column < columns))
    for number, field in enumerate(fields):
        grid.addWidget(field, number // columns, number % columns)
