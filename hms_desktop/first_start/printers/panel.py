"""The page that asks which printer each paper goes to, and prints a test of each."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from hms_desktop.first_start.panel import StepPage
from hms_desktop.first_start.rules import suggest_printer
from hms_desktop.printing.known import KnownPrinter
from hms_desktop.printing.printer import PrintKind, PrintOutcome
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.fields import ChoiceField
from hms_desktop.widgets.labels import Pill
from hms_desktop.widgets.notices import Action
from hms_desktop.widgets.tokens import Kind, Space, current_tokens
from hms_desktop.workplace import PrintTo, PrintWay, Workplace

RESULT_WIDTH = 112
KEYS = {PrintKind.LABEL: "F5", PrintKind.RECEIPT: "F6", PrintKind.PAGE: "F7"}


class PrintersPage(StepPage):
    """One line for each kind of paper; what a test has shown stands beside it."""

    tested = Signal(object)
    """The `PrintKind` of which a test is wanted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card.set_title(self.tr("2 of 3 · Which printers has it?"))
        self.sentence.setText(
            self.tr(
                "Papers go there without a question. Without a printer they are saved as PDF: none is lost."
            )
        )
        self.back_button.set_words(self.tr("Back"))
        self.next_button.set_words(self.tr("Next"))
        titles = {
            PrintKind.LABEL: self.tr("Labels: tickets, patients, medicines"),
            PrintKind.RECEIPT: self.tr("Receipts"),
            PrintKind.PAGE: self.tr("Pages of paper: slips, reports"),
        }
        self.choices = {kind: ChoiceField[PrintTo](title, []) for kind, title in titles.items()}
        self.buttons = {
            kind: SecondaryButton(self.tr("Print a test"), key=key, icon_name="printer-outline")
            for kind, key in KEYS.items()
        }
        self.results = {kind: Pill() for kind in KEYS}
        self._known: list[KnownPrinter] | None = None
        self._is_new = False
        for kind, button in self.buttons.items():
            button.clicked.connect(lambda _checked=False, kind=kind: self._test(kind))
            self.choices[kind].chosen.connect(lambda _to, kind=kind: self._forget(kind))
        self._fill()

    def start(self, workplace: Workplace, *, is_new: bool) -> None:
        """Shows what was kept; for a new workplace a printer is suggested by its name."""
        self._is_new = is_new
        for kind, choice in self.choices.items():
            self._offer(choice, workplace.prints(kind))
        self.notice.take_back()

    def show_printers(self, known: Sequence[KnownPrinter]) -> None:
        """The printers of this computer have been found."""
        self._known = list(known)
        for kind, choice in self.choices.items():
            chosen = choice.value() or PrintTo()
            suggested = suggest_printer(kind, self._known) if self._is_new and chosen == PrintTo() else None
            self._offer(choice, suggested or chosen)
        self._is_new = False
        if not known:
            title = self.tr("This computer knows no printer.")
            sentence = self.tr("One that is added in its settings is offered here the next time.")
            self.notice.say(Kind.INFO, title, sentence)

    def prints(self, kind: PrintKind) -> PrintTo:
        """What is chosen for papers of that kind."""
        return self.choices[kind].value() or PrintTo()

    def show_under_way(self, kind: PrintKind) -> None:
        """The test is being handed over."""
        self.results[kind].set(self.tr("Printing…"), Kind.INFO)
        self.buttons[kind].setEnabled(False)

    def show_outcome(self, kind: PrintKind, outcome: PrintOutcome) -> None:
        """What the computer says about it; whether paper came out, only the person can say."""
        self.buttons[kind].setEnabled(True)
        if not outcome.printed:
            self.results[kind].set(self.tr("Not printed"), Kind.DANGER)
            self.notice.say(Kind.WARNING, outcome.message)
        elif outcome.kept_at is not None and self.prints(kind).way is PrintWay.FILE:
            self.results[kind].set(self.tr("Saved as PDF"), Kind.OK)
            self.notice.say(Kind.OK, outcome.message)
        elif self._is_stopped(kind):
            self.results[kind].set(self.tr("Waits"), Kind.WARNING)
            sentence = self.tr(
                "The computer has stopped this printer: the paper waits until it is started in its settings."
            )
            self.notice.say(Kind.WARNING, outcome.message, sentence)
        else:
            self.results[kind].set(self.tr("Handed over"), Kind.INFO)
            actions = [
                Action(self.tr("Yes, it is good"), lambda: self._on_judged(kind, good=True), key="F9"),
                Action(self.tr("No"), lambda: self._on_judged(kind, good=False), key="F10"),
            ]
            self.notice.say(
                Kind.INFO, outcome.message, self.tr("Did it come out, whole and sharp?"), actions=actions
            )

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.choices[PrintKind.LABEL].editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _fill(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(Space.M)
        grid.setVerticalSpacing(Space.M)
        grid.setColumnStretch(0, 1)
        bottom = Qt.AlignmentFlag.AlignBottom
        for row, kind in enumerate(KEYS):
            grid.addWidget(self.choices[kind], row, 0)
            grid.addWidget(self.buttons[kind], row, 1, bottom)
            # In line with the button, whatever stands above it.
            beside = QVBoxLayout()
            beside.addStretch(1)
            beside.addWidget(self.results[kind], 0, Qt.AlignmentFlag.AlignLeft)
            beside.addSpacing(Space.S)
            grid.addLayout(beside, row, 2)
        grid.setColumnMinimumWidth(2, current_tokens().px(RESULT_WIDTH))
        self.card.add(grid)
        self.finish_card()

    def _offer(self, choice: ChoiceField[PrintTo], chosen: PrintTo) -> None:
        known = self._known or []
        offered = [
            (PrintTo(), self.tr("The computer's default printer")),
            *((PrintTo(way=PrintWay.PRINTER, printer=each.name), self._words_of(each)) for each in known),
            (PrintTo(way=PrintWay.FILE), self.tr("Save as PDF, no printer")),
        ]
        if chosen not in [to for to, _ in offered]:
            # A printer that is switched off or gone: the choice stays until the person changes it.
            words = self.tr("{name} (not found now)") if self._known is not None else "{name}"
            offered.insert(1, (chosen, words.format(name=chosen.printer)))
        choice.set_choices(offered)
        choice.set_value(chosen)

    def _words_of(self, printer: KnownPrinter) -> str:
        words = [printer.name] if printer.about in ("", printer.name) else [printer.name, printer.about]
        words += [self.tr("default")] if printer.is_default else []
        words += [] if printer.is_ready else [self.tr("stopped")]
        return " · ".join(words)

    def _is_stopped(self, kind: PrintKind) -> bool:
        chosen = self.prints(kind)
        return any(
            not printer.is_ready
            and (
                chosen == PrintTo(way=PrintWay.PRINTER, printer=printer.name)
                or (chosen == PrintTo() and printer.is_default)
            )
            for printer in self._known or []
        )

    def _test(self, kind: PrintKind) -> None:
        self.notice.take_back()
        self.tested.emit(kind)

    def _forget(self, kind: PrintKind) -> None:
        """A result belonged to the printer that was chosen before."""
        self.results[kind].set("", Kind.INFO)
        self.notice.take_back()

    def _on_judged(self, kind: PrintKind, *, good: bool) -> None:
        if good:
            self.results[kind].set(self.tr("Works"), Kind.OK)
            self.notice.take_back()
            return
        self.results[kind].set(self.tr("Does not work"), Kind.DANGER)
        self.notice.say(
            Kind.WARNING,
            self.tr("The computer has handed the paper over, and the printer did not print it well."),
            self.tr(
                "Is it switched on, with paper of the right size? Print again, or choose another printer."
            ),
        )
