"""The card with the course of the vital signs of one patient."""

from PySide6.QtWidgets import QWidget

from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.trend import TrendChart
from hms_desktop.widgets.trends import Trends, count_in_other_units
from hms_server.contract.triage import VitalsHistory
from hms_server.contract.vitals import VitalSign

ALWAYS = (
    VitalSign.PULSE,
    VitalSign.RESPIRATION_RATE,
    VitalSign.TEMPERATURE,
    VitalSign.SYSTOLIC,
    VitalSign.SPO2,
)
WHERE_MEASURED = (VitalSign.GLUCOSE, VitalSign.WEIGHT)


class TrendsCard(Card):
    """The course, or the sentence that stands in its place."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.set_title(self.tr("Trend"))
        self._sentence = label("", TextRole.MUTED, wraps=True)
        self._trends = Trends()
        self.add(self._sentence)
        self.add(self._trends, stretch=1)
        self.clear()

    def clear(self) -> None:
        """No patient is open."""
        self._trends.clear()
        self._say(self.tr("The course of a patient's vital signs stands here."))

    def show_loading(self) -> None:
        """Another patient was opened, about whom nothing is known yet."""
        self._trends.clear()
        self._say(self.tr("Fetching earlier values…"))

    def show_error(self, sentence: str) -> None:
        """The course could not be fetched, which is not the same as no earlier values."""
        self._trends.clear()
        self._say(sentence)

    def show_history(self, history: VitalsHistory, *, age_months: int | None) -> None:
        """Draws the course beside what is normal at that age."""
        self._trends.show_readings(
            history.readings, age_months=age_months, always=ALWAYS, where_measured=WHERE_MEASURED
        )
        others = count_in_other_units(history.readings)
        if others:
            self._say(self.tr("Values in other units, not drawn: {count}").format(count=others))
        else:
            self._say("" if history.readings else self.tr("No earlier values"))

    def charts(self) -> list[TrendChart]:
        """The charts from top to bottom."""
        return self._trends.charts()

    def _say(self, sentence: str) -> None:
        self._sentence.setText(sentence)
        self._sentence.setHidden(not sentence)
