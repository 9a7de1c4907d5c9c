"""The patient banner: who is open, what they are allergic to, and what is going on."""

from collections.abc import Sequence
from datetime import date

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.widgets.flow import FlowLayout
from hms_desktop.widgets.labels import IconMark, Pill, TextRole, label, restyle, reveal
from hms_desktop.widgets.tokens import Kind, Space
from hms_desktop.widgets.words import age_text, born_text, date_text, sex_word
from hms_server.contract.consultations import AllergyStatus, Banner, Criticality

EVERY_ALLERGY = 1000
"""An allergy may never be what found no room."""


class PatientBanner(QFrame):
    """Always says something about allergies, also that there are none or that nobody has asked yet."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self._name = label("", TextRole.TITLE, wraps=True)
        self._who = label("", TextRole.MUTED, wraps=True)
        self._allergies = _Group(self.tr("Allergies"), most=EVERY_ALLERGY)
        self._problems = _Group(self.tr("Problems"), most=4)
        self._facts = QHBoxLayout()
        self._facts.setSpacing(Space.L)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.S, Space.L, Space.S)
        row.setSpacing(Space.L)
        row.addWidget(IconMark("account-circle-outline", colour="brand", size=36))
        row.addLayout(self._person(), 3)
        row.addWidget(self._allergies, 2, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._problems, 3, Qt.AlignmentFlag.AlignTop)
        row.addLayout(self._facts)
        self.hide()

    def show_patient(self, banner: Banner, *, today: date) -> None:
        """Fills the banner and shows it."""
        self._name.setText(banner.name)
        self._who.setText(self._person_line(banner, today))
        self._allergies.show_pills(self._allergy_pills(banner))
        self._problems.show_pills(self._problem_pills(banner))
        self.setAccessibleName(f"{banner.name}, {self._who.text()}. {self._allergies.words()}")
        reveal(self)

    def show_facts(self, facts: Sequence[tuple[str, str, Kind]]) -> None:
        """What stands at the right, such as ("Ticket", "D-014", Kind.NEUTRAL)."""
        while (item := self._facts.takeAt(0)) is not None:
            old = item.widget()
            assert old is not None
            old.hide()
            old.deleteLater()
        for title, value, kind in facts:
            self._facts.addWidget(_fact(title, value, kind), 0, Qt.AlignmentFlag.AlignVCenter)

    def clear(self) -> None:
        """No patient is open."""
        self.show_facts([])
        self.hide()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._hold_height()

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.LayoutRequest:
            self._hold_height()
        return super().event(event)

    def _hold_height(self) -> None:
        """Claims the room for every line: Qt lets neighbours that stretch squeeze text that wraps."""
        layout = self.layout()
        assert layout is not None
        self.setMinimumHeight(layout.heightForWidth(self.width()))

    def _person(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addStretch()
        column.addWidget(self._name)
        column.addWidget(self._who)
        column.addStretch()
        return column

    def _person_line(self, banner: Banner, today: date) -> str:
        parts = [
            sex_word(banner.sex),
            age_text(banner.birth_date, banner.birth_precision, today=today),
            born_text(banner.birth_date, banner.birth_precision),
            banner.number,
            banner.phone,
        ]
        if banner.deceased_at is not None:
            parts[1] = self.tr("died {date}").format(date=date_text(banner.deceased_at.date()))
        elif banner.deceased:
            parts[1] = self.tr("died, day not known")
        # Lines break between these parts, never inside a date or a phone number.
        return " · ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts if part)

    def _allergy_pills(self, banner: Banner) -> list[tuple[str, Kind, str]]:
        if banner.allergy_status is AllergyStatus.NONE_KNOWN:
            return [(self.tr("No known allergies"), Kind.OK, "check")]
        if banner.allergy_status is AllergyStatus.NOT_ASKED:
            return [(self.tr("Not asked yet"), Kind.WARNING, "help-circle-outline")]
        return [
            (
                f"{row.substance} ({row.reaction})" if row.reaction else row.substance,
                Kind.DANGER,
                "alert-octagon" if row.criticality is Criticality.HIGH else "alert",
            )
            for row in banner.allergies
        ]

    def _problem_pills(self, banner: Banner) -> list[tuple[str, Kind, str]]:
        active = [(row.display, Kind.INFO, "") for row in banner.problems if row.active]
        return active or [(self.tr("None recorded"), Kind.NEUTRAL, "")]


class _Group(QWidget):
    """A heading above pills; beyond `most`, the rest is counted and named in the tooltip."""

    def __init__(self, title: str, *, most: int) -> None:
        super().__init__()
        self._title = title
        self._most = most
        self._pills = FlowLayout()
        self._words: list[str] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.XS)
        column.addWidget(label(title, TextRole.LABEL))
        column.addLayout(self._pills)

    def show_pills(self, pills: Sequence[tuple[str, Kind, str]]) -> None:
        """Replaces what stands below the heading."""
        self._pills.clear()
        self._words = [words for words, _, _ in pills]
        for words, kind, icon_name in pills[: self._most]:
            self._pills.addWidget(Pill(words, kind=kind, icon_name=icon_name))
        hidden = self._words[self._most :]
        if hidden:
            more = Pill(self.tr("and {count} more").format(count=len(hidden)), kind=pills[-1][1])
            more.setToolTip("\n".join(hidden))
            self._pills.addWidget(more)

    def words(self) -> str:
        """Heading and all pills as one sentence."""
        return f"{self._title}: {', '.join(self._words)}"


def _fact(title: str, value: str, kind: Kind) -> QWidget:
    fact = QWidget()
    column = QVBoxLayout(fact)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(2)
    column.addWidget(label(title, TextRole.LABEL))
    shown = label(value, TextRole.TITLE)
    if kind is not Kind.NEUTRAL:
        restyle(shown, "kind", kind.value)
    column.addWidget(shown)
    fact.setAccessibleName(f"{title}: {value}")
    return fact
