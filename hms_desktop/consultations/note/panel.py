"""The note of a visit in its four sections: being written, signed, or being corrected."""

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo

from msgspec.structs import asdict
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QGridLayout, QWidget

from hms_desktop.consultations.diagnoses.panel import DiagnosesField
from hms_desktop.consultations.written import newest
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import ChoiceField, Field, TextField
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.tokens import Space
from hms_desktop.widgets.words import moment_text
from hms_server.contract.consultations import Diagnosis, NoteText, NoteVersion

ROWS = 3
"""The least that a section shows; where there is room, it is higher."""


class NoteCard(Card):
    """Draws a note; knows nothing of the server."""

    edited = Signal()
    """The person has changed something."""
    correction_wanted = Signal()
    correction_dropped = Signal()

    def __init__(self, *, zone: tzinfo, clock: Callable[[], datetime], parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.set_title(self.tr("Consultation"))
        self._zone = zone
        self._clock = clock
        self._notes: list[NoteVersion] = []
        self._line = label("", TextRole.MUTED, wraps=True)
        self._line.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.sections = {
            "subjective": TextField(
                self.tr("Subjective"), placeholder=self.tr("What the patient says"), rows=ROWS
            ),
            "objective": TextField(self.tr("Objective"), placeholder=self.tr("What you find"), rows=ROWS),
            "assessment": TextField(
                self.tr("Assessment"), placeholder=self.tr("What you think it is"), rows=ROWS
            ),
            "plan": TextField(self.tr("Plan"), placeholder=self.tr("What happens now"), rows=ROWS),
        }
        self.diagnoses = DiagnosesField()
        self.reason = Field(self.tr("Why is it corrected?"), required=True)
        self.versions: ChoiceField[int] = ChoiceField("", [])
        self.versions.editor.setAccessibleName(self.tr("Version of the note"))
        self.correct_button = SecondaryButton(self.tr("Correct…"), key="Alt+C")
        self.drop_button = SecondaryButton(self.tr("Do not correct"))
        self._lay_out()
        self._connect()

    def text(self) -> NoteText:
        """The four sections as they stand."""
        return NoteText(**{name: section.text() for name, section in self.sections.items()})

    def show_text(self, text: NoteText) -> None:
        """Fills the four sections."""
        for name, words in asdict(text).items():
            self.sections[name].set_text(words)

    def say(self, sentence: str) -> None:
        """The line at the right of the heading: draft, saving, stored."""
        self._line.setText(sentence)

    def said(self) -> str:
        """What stands in that line."""
        return self._line.text()

    def write(self) -> None:
        """An empty note, to be written."""
        self._notes = []
        self.show_text(NoteText())
        self.diagnoses.show_diagnoses([], may_edit=True)
        self._show_parts(is_open=True, correcting=False)

    def read(self, notes: Sequence[NoteVersion], diagnoses: Sequence[Diagnosis]) -> None:
        """A signed note, the newest version first in the choice, to be read."""
        self._notes = list(notes)
        self.diagnoses.show_diagnoses(diagnoses, may_edit=False)
        self._offer_versions()
        self._show_parts(is_open=False, correcting=False)

    def correct(self, notes: Sequence[NoteVersion], *, text: NoteText, reason: str) -> None:
        """A signed note, opened for its next version."""
        self._notes = list(notes)
        self.say("")
        self.reason.set_text(reason)
        self._show_parts(is_open=True, correcting=True)
        self.diagnoses.set_open(is_open=False)
        self.show_text(text)

    def set_busy(self, *, is_busy: bool) -> None:
        """While something is stored, nothing can be typed that would not be stored."""
        for section in self.sections.values():
            section.editor.setReadOnly(is_busy)
        self.diagnoses.setEnabled(not is_busy)
        self.reason.editor.setReadOnly(is_busy)

    def mark(self, field: str, sentence: str) -> bool:
        """Shows what the server wants otherwise at its field; says whether that field is here."""
        name = field.removeprefix("text.")
        if field == "reason":
            self.reason.set_error(sentence)
        elif field.startswith("diagnoses"):
            self.diagnoses.field.set_error(sentence)
        elif field == "text" or name in self.sections:
            self.sections.get(name, self.sections["subjective"]).set_error(sentence)
        else:
            return False
        return True

    def take_focus(self) -> None:
        """The first section that is empty, else the end of the last one."""
        sections = list(self.sections.values())
        first = next((section for section in sections if not section.text().strip()), sections[-1])
        first.editor.moveCursor(QTextCursor.MoveOperation.End)
        first.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _lay_out(self) -> None:
        for part in (self._line, self.drop_button, self.correct_button):
            self.add_to_heading(part)
        self.add(self.versions)
        grid = QGridLayout()
        grid.setSpacing(Space.S)
        for number, section in enumerate(self.sections.values()):
            grid.addWidget(section, number // 2, number % 2)
            grid.setRowStretch(number // 2, 1)
            grid.setColumnStretch(number % 2, 1)
        self.add(grid, stretch=1)
        self.add(self.diagnoses)
        self.add(self.reason)

    def _connect(self) -> None:
        for section in self.sections.values():
            section.edited.connect(lambda _text: self.edited.emit())
        self.diagnoses.edited.connect(self.edited)
        self.reason.edited.connect(lambda _text: self.edited.emit())
        self.versions.chosen.connect(self._show_version)
        self.correct_button.clicked.connect(self.correction_wanted)
        self.drop_button.clicked.connect(self.correction_dropped)

    def _offer_versions(self) -> None:
        self.versions.set_choices([(note.version, self._words(note)) for note in reversed(self._notes)])
        last = newest(self._notes)
        if last is not None:
            self.versions.set_value(last.version)
            self._show_version(last.version)

    def _show_version(self, version: int) -> None:
        note = next(note for note in self._notes if note.version == version)
        self.show_text(note.text)
        reason = self.tr("Corrected: {reason}").format(reason=note.reason) if note.reason else ""
        self.say(reason)

    def _words(self, note: NoteVersion) -> str:
        now = self._clock().astimezone(self._zone).date()
        moment = moment_text(note.signed_at, self._zone, today=now)
        return self.tr("Version {number} · {moment} · {name}").format(
            number=note.version, moment=moment, name=note.signed_by.name
        )

    def _show_parts(self, *, is_open: bool, correcting: bool) -> None:
        signed = bool(self._notes)
        for section in self.sections.values():
            section.editor.setReadOnly(not is_open)
        self.reason.setHidden(not correcting)
        self.versions.setHidden(not signed or correcting)
        self.correct_button.setHidden(not signed or correcting)
        self.drop_button.setHidden(not correcting)
