"""The last page before anything is stored, and the page that says what has come of it."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from hms_desktop.server_setup.panel import SetupPage
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.tokens import Kind, Space
from hms_server.contract.patients import LANGUAGES
from hms_server.contract.setup import LATER, SetupDone, SetupPlan


class SummaryPage(SetupPage):
    """All answers at a glance; the button creates the clinic."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card.set_title(self.tr("6 of 6 · Is this right?"))
        self.sentence.setText(self.tr("Esc leads back to every question; your answers stay."))
        self.next_button.set_words(self.tr("Set the clinic up"))
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(Space.L)
        self._grid.setColumnStretch(1, 1)
        self.lines: list[tuple[str, str]] = []
        self.card.add(self._grid)
        self.finish_card()

    def show_plan(self, plan: SetupPlan) -> None:
        """The answers in the order of the pages."""
        self.notice.take_back()
        self.lines = self._lines(plan)
        _fill(self._grid, self.lines)

    def show_progress(self, sentence: str) -> None:
        """What the server's program is doing."""
        self.back_button.setEnabled(False)
        self.set_busy(self.next_button)
        self.notice.say(Kind.INFO, sentence)

    def show_refusal(self, sentence: str) -> None:
        """Nothing was stored; it can be tried again."""
        self.show_idle()
        self.notice.say(Kind.DANGER, self.tr("The clinic was not set up."), sentence)
        # Buttons that could not be used for a while have lost the keys.
        self.next_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_idle(self) -> None:
        """Ready for another try."""
        self.back_button.setEnabled(True)
        self.set_ready(self.next_button)

    def _lines(self, plan: SetupPlan) -> list[tuple[str, str]]:
        password = (
            self.tr("as typed") if plan.administrator.password else self.tr("generated, shown at the end")
        )
        rooms = self.tr("those of the made-up clinic") if plan.is_training else str(len(plan.all_rooms()))
        key = self.tr("later") if plan.backup.recovery_key == LATER else self.tr("written down")
        return [
            (self.tr("Clinic"), plan.clinic_name),
            (self.tr("Time zone"), plan.clinic.time_zone),
            (self.tr("Currency"), plan.clinic.currency),
            (self.tr("Languages"), ", ".join(LANGUAGES[code] for code in plan.all_languages())),
            (self.tr("Rooms"), rooms),
            (self.tr("Administrator"), f"{plan.administrator.name} ({plan.administrator.user_name})"),
            (self.tr("Password"), password),
            (self.tr("Recovery key"), key),
            (self.tr("Backups"), self._backups(plan)),
            (self.tr("Database"), self.tr("our own") if plan.database.dsn else self.tr("brought along")),
        ]

    def _backups(self, plan: SetupPlan) -> str:
        if not plan.backup.place:
            return self.tr("nowhere yet")
        words = self.tr("{place}, every night at {hour:02}:00")
        return words.format(place=plan.backup.place, hour=plan.backup.hour or 0)


class DonePage(SetupPage):
    """What was generated is shown this once; then what comes next."""

    closed = Signal()
    """The person has read it; with a password on it, has said so twice."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card.set_title(self.tr("The clinic is set up"))
        self.next_button.set_words(self.tr("Close"))
        self.back_button.hide()
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(Space.L)
        self._grid.setColumnStretch(1, 1)
        self.secrets: list[tuple[str, str]] = []
        self.steps_label = label("", wraps=True)
        self.card.add(self._grid)
        self.card.add(self.steps_label)
        self.finish_card()
        self._is_asked = False
        self.next_requested.connect(self._on_next)

    def _on_next(self) -> None:
        # The keys that close this page are those that led here: pressed once too often, they must not
        # take away a password that nobody can show again.
        if not self._is_asked and self.notice.text():
            self._is_asked = True
            self.next_button.set_words(self.tr("It is written down: close"))
            self.notice.say(Kind.WARNING, self.tr("Is it on paper? It cannot be shown again."))
            return
        self.closed.emit()

    def show_done(self, done: SetupDone) -> None:
        """Secrets first: they are gone when the page is closed."""
        self._is_asked = False
        self.next_button.set_words(self.tr("Close"))
        self.notice.take_back()
        self.sentence.setText(done.clinic)
        self.secrets = [(self.tr("User name"), done.user_name)] if done.user_name else []
        if done.password:
            self.secrets.append((self.tr("Password"), done.password))
        if done.recovery_key:
            self.secrets.append((self.tr("Recovery key"), done.recovery_key))
        if done.recovery_mark:
            self.secrets.append((self.tr("Mark of the recovery key"), done.recovery_mark))
        for line in done.people:
            who, _, how = line.partition(": ")
            self.secrets.append((who, how))
        if done.password or done.people:
            self.notice.say(Kind.WARNING, self.tr("Write this down: no password is shown a second time."))
        _fill(self._grid, self.secrets)
        lines = done.next_steps if done.created else [*done.changes, *done.next_steps]
        self.steps_label.setText("\n\n".join(f"{number}. {step}" for number, step in enumerate(lines, 1)))


def _fill(grid: QGridLayout, lines: Sequence[tuple[str, str]]) -> None:
    while (item := grid.takeAt(0)) is not None:
        if (old := item.widget()) is not None:
            old.hide()
            old.deleteLater()
    for row, (title, value) in enumerate(lines):
        shown = label(value, TextRole.STRONG, wraps=True)
        shown.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByKeyboard | Qt.TextInteractionFlag.TextSelectableByMouse
        )
        shown.setAccessibleName(f"{title}: {value}")
        grid.addWidget(label(title, TextRole.MUTED), row, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(shown, row, 1)
