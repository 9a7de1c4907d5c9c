"""The kiosk at the door: big buttons, plain words, no names, and what to do now in words and a colour."""

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from hms_desktop.assistant.kiosk.state import KioskState
from hms_desktop.session import Session
from hms_desktop.widgets.buttons import PrimaryButton, SecondaryButton
from hms_desktop.widgets.fields import Field
from hms_desktop.widgets.labels import label
from hms_desktop.widgets.notices import Action, Notice
from hms_desktop.widgets.tokens import Kind, Space, current_tokens
from hms_server.contract.envelope import Fault
from hms_server.contract.symptoms import SymptomQuestion, SymptomResult, Urgency

IDLE_MS = 120_000
NONE_OF_THESE = "none"
"""The choice that cannot stand beside another one."""
COLUMNS_FROM = 6
"""So many choices stand in two columns."""
WORDS_MOST = 500
COLOURS = {
    Urgency.EMERGENCY: ("#B42318", "#FFFFFF"),
    Urgency.VERY_URGENT: ("#C2410C", "#FFFFFF"),
    Urgency.URGENT: ("#F5C518", "#17212B"),
    Urgency.ROUTINE: ("#1F7A3D", "#FFFFFF"),
}
"""Red, orange, yellow and green of the South African Triage Scale, each with an ink that is read on it."""


class KioskPanel(QWidget):
    """Number keys choose, Enter goes on, Backspace goes back, Esc starts again; two idle minutes as well."""

    def __init__(self, session: Session, *, clinic_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._clinic_name = clinic_name
        self.state = KioskState(session, self)
        self._asks_consent = False
        self._buttons: list[QPushButton] = []
        self._keys: list[str] = []
        self._progress = label("")
        self.title = label("", wraps=True)
        self.sentence = label("", wraps=True)
        self._choices = QWidget()
        self._grid = QGridLayout(self._choices)
        self.words = Field("", max_length=WORDS_MOST)
        self.notice = Notice()
        self.disclaimer = label("", wraps=True)
        self.back_button = SecondaryButton(self.tr("Back"), icon_name="arrow-left")
        self.restart_button = SecondaryButton(self.tr("Start again"), icon_name="restart")
        self.go_button = PrimaryButton(self.tr("Go on"), key="Enter")
        self._idle = QTimer(self, singleShot=True, interval=IDLE_MS)
        self._idle.timeout.connect(self.restart)
        self._lay_out()
        self._connect()
        self._show()

    def choices(self) -> list[QPushButton]:
        """What can be chosen now, in the order of the number keys."""
        return list(self._buttons)

    def restart(self) -> None:
        """Back to the first screen; nothing of whoever stood here is left."""
        self._asks_consent = False
        self.state.restart()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        self._touch()
        number = event.key() - Qt.Key.Key_1
        if event.isAutoRepeat():
            return
        if 0 <= number < min(len(self._buttons), 9):
            self._buttons[number].click()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._go_on()
        elif event.key() == Qt.Key.Key_Backspace:
            self._back()
        elif event.key() == Qt.Key.Key_Escape:
            self.restart()
        else:
            super().keyPressEvent(event)

    def _connect(self) -> None:
        self.state.moved.connect(self._show)
        self.state.failed.connect(self._on_failed)
        self.back_button.clicked.connect(self._back)
        self.restart_button.clicked.connect(self.restart)
        self.go_button.clicked.connect(self._go_on)
        self.words.editor.returnPressed.connect(self._go_on)
        self.words.edited.connect(lambda _text: self._touch())

    def _touch(self) -> None:
        if self._idle.isActive():
            self._idle.start()

    def _show(self) -> None:
        self.notice.take_back()
        self.words.set_text("")
        at_start = self.state.step is None and not self._asks_consent
        if at_start:
            self._idle.stop()
        else:
            self._idle.start()
        step = self.state.step
        self.disclaimer.setText(step.disclaimer if step else "")
        result = step.result if step else None
        question = None if result else self.state.question
        for part, is_shown in (
            (self.words, question is not None and not question.choices),
            (self.back_button, not at_start and result is None),
            (self.restart_button, not at_start),
            (self.go_button, at_start or (question is not None and _goes_on(question))),
        ):
            part.setVisible(is_shown)
        self._paint(result)
        if result is not None:
            self._show_result(result)
        elif question is not None:
            self._show_question(question)
        elif self._asks_consent:
            self._show_consent()
        else:
            self._show_start()

    def _show_start(self) -> None:
        self._say(
            self._clinic_name,
            self.tr(
                "Answer a few questions about how you feel. You will learn how urgent it is and where to go. "
                "Your name is not asked.\n\nVery ill? Do not read on. Call somebody now."
            ),
        )
        self._offer([])
        self.go_button.set_words(self.tr("Begin"))
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_consent(self) -> None:
        self._say(
            self.tr("May a computer outside of the clinic read what you write?"),
            self.tr(
                "At the end you can write a few words. Names and numbers are taken out before they are sent. "
                "You get the same help if you say no."
            ),
        )
        self._offer([("yes", self.tr("Yes, it may")), ("no", self.tr("No"))])
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_question(self, question: SymptomQuestion) -> None:
        hint = self.tr("Choose all that is true, then go on.") if question.many else ""
        self._say(question.text, hint)
        progress = self.tr("Question {step} of about {of}").format(step=question.step, of=question.of)
        self._progress.setText(progress)
        self.go_button.set_words(self.tr("Go on"))
        self._offer([(one.key, one.text) for one in question.choices], many=question.many)
        (self if question.choices else self.words.editor).setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_result(self, result: SymptomResult) -> None:
        lines = [result.sentence, self.tr("Where: {speciality}").format(speciality=result.speciality)]
        if result.reasons:
            lines.append(self.tr("Why: {reasons}").format(reasons="; ".join(result.reasons)))
        if result.assistant_waits:
            lines.append(self.tr("What you wrote is still being read. This may only become more urgent."))
        self._say(_urgency_word(result.urgency), "\n\n".join(lines))
        self._offer([])
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def _say(self, title: str, sentence: str) -> None:
        self._progress.setText("")
        self.title.setText(title)
        self.sentence.setText(sentence)
        self.sentence.setVisible(bool(sentence))
        self.setAccessibleName(title)

    def _offer(self, choices: Sequence[tuple[str, str]], *, many: bool = False) -> None:
        for old in self._buttons:
            self._grid.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._keys = [key for key, _ in choices]
        self._buttons = [self._button(number, words, many) for number, (_, words) in enumerate(choices)]
        columns = 2 if len(choices) >= COLUMNS_FROM else 1
        rows = -(-len(choices) // columns)
        for number, button in enumerate(self._buttons):
            self._grid.addWidget(button, number % rows, number // rows)
        self._choices.setVisible(bool(choices))

    def _button(self, number: int, words: str, many: bool) -> QPushButton:  # noqa: FBT001 - private
        shown = words.replace("&", "&&")
        button = QPushButton(f"{number + 1}   {shown}" if number < 9 else shown)  # noqa: PLR2004 - keys
        button.setAccessibleName(words)
        button.setProperty("kiosk", "choice")
        button.setCheckable(many)
        button.setAutoDefault(False)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: self._on_chosen(number))
        return button

    def _on_chosen(self, number: int) -> None:
        self._touch()
        self.notice.take_back()
        key = self._keys[number]
        if self.state.step is None:
            self.state.begin(may_send=key == "yes")
        elif not self._buttons[number].isCheckable():
            self.state.answer([key])
        elif self._buttons[number].isChecked():
            alone = key == NONE_OF_THESE
            for other, button in zip(self._keys, self._buttons, strict=True):
                if other != key and (alone or other == NONE_OF_THESE):
                    button.setChecked(False)

    def _go_on(self) -> None:
        self._touch()
        question = self.state.question
        if self.state.step is None:
            self._asks_consent = True
            self._show()
        elif question is None:
            return
        elif not question.choices:
            self.state.answer([], self.words.text())
        elif question.many:
            chosen = [key for key, one in zip(self._keys, self._buttons, strict=True) if one.isChecked()]
            if chosen:
                self.state.answer(chosen)
            else:
                # To go on by mistake must not mean that there is no danger.
                self.notice.say(Kind.WARNING, self.tr("Choose what is true, or “None of these”."))

    def _back(self) -> None:
        self._touch()
        if not self.state.back():
            self.restart()

    def _on_failed(self, fault: Fault) -> None:
        title = self.tr("This did not work. If you feel very ill, call somebody now.")
        actions = [Action(self.tr("Try again"), self.state.again)]
        self.notice.say(Kind.DANGER, title, fault.message, actions=actions)

    def _paint(self, result: SymptomResult | None) -> None:
        ground, ink = COLOURS[result.urgency] if result else ("transparent", current_tokens().palette.ink)
        big, large = (40, 22) if result else (30, 18)
        tokens = current_tokens()
        self._head.setStyleSheet(
            f"#kioskHead {{ background: {ground}; border-radius: 12px; }}"
            f"#kioskHead QLabel {{ color: {ink}; font-size: {tokens.px(large)}px; }}"
            f"#kioskHead QLabel#kioskTitle {{ font-size: {tokens.px(big)}px; font-weight: 700; }}"
        )

    def _lay_out(self) -> None:
        tokens = current_tokens()
        size = tokens.px(17)
        self.setStyleSheet(
            f"QPushButton {{ font-size: {size}px; min-height: {tokens.px(46)}px; }}"
            f'QPushButton[kiosk="choice"] {{ text-align: left; padding-left: {Space.L}px; }}'
            f"QLineEdit {{ font-size: {size}px; min-height: {tokens.px(46)}px; }}"
        )
        self.words.editor.setAccessibleName(self.tr("A few words"))
        self.title.setObjectName("kioskTitle")
        self._head = QWidget()
        self._head.setObjectName("kioskHead")
        self._head.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        head = QVBoxLayout(self._head)
        head.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        head.setSpacing(Space.S)
        for part in (self.title, self.sentence):
            head.addWidget(part)
        self._grid.setSpacing(Space.S)
        inner = QWidget()
        inside = QVBoxLayout(inner)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self._head)
        inside.addWidget(self._choices)
        inside.addWidget(self.words)
        inside.addStretch(1)
        scrolled = QScrollArea(widgetResizable=True)
        scrolled.setFrameShape(QScrollArea.Shape.NoFrame)
        scrolled.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scrolled.setWidget(inner)
        row = QHBoxLayout()
        row.setSpacing(Space.M)
        row.addWidget(self.back_button)
        row.addWidget(self.restart_button)
        row.addStretch(1)
        row.addWidget(self._progress)
        row.addWidget(self.go_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L * 3, Space.M, Space.L * 3, Space.M)
        column.setSpacing(Space.M)
        column.addWidget(scrolled, 1)
        column.addWidget(self.notice)
        column.addLayout(row)
        column.addWidget(self.disclaimer)


def _goes_on(question: SymptomQuestion) -> bool:
    return question.many or not question.choices


def _urgency_word(urgency: Urgency) -> str:
    tr = QCoreApplication.translate
    return {
        Urgency.EMERGENCY: tr("Kiosk", "Emergency"),
        Urgency.VERY_URGENT: tr("Kiosk", "Very urgent"),
        Urgency.URGENT: tr("Kiosk", "Urgent"),
        Urgency.ROUTINE: tr("Kiosk", "Not urgent"),
    }[urgency]
