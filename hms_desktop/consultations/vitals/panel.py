"""Vital signs beside the note: the score of the last set, what the patient complained of, and the course."""

from datetime import date, tzinfo

from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from hms_desktop.widgets.labels import Pill, TextRole, label
from hms_desktop.widgets.tokens import Kind, Space
from hms_desktop.widgets.trend import TrendChart
from hms_desktop.widgets.trends import Trends, count_in_other_units
from hms_desktop.widgets.words import moment_text
from hms_server.contract.envelope import Fault
from hms_server.contract.news2 import Risk, State
from hms_server.contract.triage import Consciousness, VitalSet, VitalsHistory
from hms_server.contract.vitals import VitalSign

ALWAYS = (
    VitalSign.PULSE,
    VitalSign.RESPIRATION_RATE,
    VitalSign.SPO2,
    VitalSign.TEMPERATURE,
    VitalSign.SYSTOLIC,
)


class VitalsView(QWidget):
    """What is known of the last set, and below it the course."""

    def __init__(self, *, zone: tzinfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._zone = zone
        self._pill = Pill()
        self._when = label("", TextRole.MUTED, wraps=True)
        self._sentence = label("", TextRole.MUTED, wraps=True)
        self._complaint = label("", wraps=True)
        self._trends = Trends(spacing=Space.XS)
        self._lay_out()
        self.clear()

    def clear(self) -> None:
        """Nothing is known yet."""
        self._trends.clear()
        self._show_set(None, date.min)
        self._say("")

    def show_error(self, fault: Fault) -> None:
        """The values could not be fetched, which is not the same as no values."""
        self.clear()
        self._say(fault.message)

    def show_history(self, history: VitalsHistory, *, age_months: int | None, today: date) -> None:
        """Draws the course beside what is normal at that age."""
        self._trends.show_readings(
            history.readings,
            age_months=age_months,
            always=ALWAYS,
            where_measured=[sign for sign in VitalSign if sign not in ALWAYS],
        )
        others = count_in_other_units(history.readings)
        self._show_set(history.sets[0] if history.sets else None, today)
        self._say(self._others_words(others) if history.readings else self.tr("Nothing was measured yet."))

    def text(self) -> str:
        """All that is said in words."""
        said = (self._pill.text(), self._when.text(), self._complaint.text(), self._sentence.text())
        return " ".join(words for words in said if words)

    def charts(self) -> list[TrendChart]:
        """The charts from top to bottom."""
        return self._trends.charts()

    def _lay_out(self) -> None:
        area = QScrollArea()
        area.setWidget(self._trends)
        area.setWidgetResizable(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self._pill)
        column.addWidget(self._when)
        column.addWidget(self._complaint)
        column.addWidget(self._sentence)
        column.addWidget(area, 1)

    def _show_set(self, newest: VitalSet | None, today: date) -> None:
        if newest is None:
            self._pill.set("", Kind.NEUTRAL)
            self._when.setText("")
            self._when.hide()
            self._complaint.setText("")
            self._complaint.hide()
            return
        words, kind = self._score_words(newest)
        self._pill.set(words, kind)
        when = moment_text(newest.recorded_at, self._zone, today=today)
        who = newest.recorded_by.name if newest.recorded_by else self.tr("imported")
        self._when.setText(self.tr("{when} by {who}").format(when=when, who=who))
        self._when.show()
        self._complaint.setText(" · ".join(self._remarks(newest)))
        self._complaint.setHidden(not self._complaint.text())

    def _score_words(self, newest: VitalSet) -> tuple[str, Kind]:
        if newest.news2_total is None:
            if newest.news2_state == State.NOT_APPLICABLE:
                return self.tr("NEWS2 not applicable"), Kind.INFO
            return self.tr("NEWS2 incomplete"), Kind.WARNING
        risks = {
            Risk.LOW: (self.tr("low"), Kind.OK),
            Risk.LOW_MEDIUM: (self.tr("low–medium"), Kind.WARNING),
            Risk.MEDIUM: (self.tr("medium: urgent"), Kind.DANGER),
            Risk.HIGH: (self.tr("high: emergency"), Kind.DANGER),
        }
        words, kind = risks[Risk(newest.risk)] if newest.risk else ("", Kind.NEUTRAL)
        return self.tr("NEWS2 {total} {risk}").format(total=newest.news2_total, risk=words).strip(), kind

    def _remarks(self, newest: VitalSet) -> list[str]:
        signs = newest.signs
        words = {
            Consciousness.CONFUSED: self.tr("New confusion"),
            Consciousness.VOICE: self.tr("Responds to voice"),
            Consciousness.PAIN: self.tr("Responds to pain"),
            Consciousness.UNRESPONSIVE: self.tr("Unresponsive"),
        }
        remarks = [signs.complaint]
        if signs.consciousness in words:
            remarks.append(words[signs.consciousness])
        remarks.append(self.tr("On oxygen") if signs.on_oxygen else "")
        remarks.append(self.tr("Pregnant") if signs.pregnant else "")
        return [remark for remark in remarks if remark]

    def _others_words(self, others: int) -> str:
        return self.tr("Values in other units, not drawn: {count}").format(count=others) if others else ""

    def _say(self, sentence: str) -> None:
        self._sentence.setText(sentence)
        self._sentence.setHidden(not sentence)
