"""The card with the course of the vital signs of one patient."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from hms_desktop.triage.words import sign_name
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.labels import TextRole, label
from hms_desktop.widgets.trend import Band, Point, TrendChart
from hms_server.contract.triage import Reading, VitalsHistory
from hms_server.contract.vitals import SIGNS, VitalSign, band_of

ALWAYS = (
    VitalSign.PULSE,
    VitalSign.RESPIRATION_RATE,
    VitalSign.TEMPERATURE,
    VitalSign.SYSTOLIC,
    VitalSign.SPO2,
)
WHERE_MEASURED = (VitalSign.GLUCOSE, VitalSign.WEIGHT)
NO_LIMITS = Band(low=None, high=None)


class TrendsCard(Card):
    """Draws only values in our own unit: a point in another one would be a lie about the course."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.set_title(self.tr("Trend"))
        self._sentence = label("", TextRole.MUTED, wraps=True)
        self._rest = QWidget()
        self._charts = QVBoxLayout()
        self._charts.setSpacing(0)
        self.add(self._sentence)
        self.add(self._charts, stretch=1)
        self.add(self._rest, stretch=1)
        self.clear()

    def clear(self) -> None:
        """No patient is open."""
        self._replace([])
        self._say(self.tr("The course of a patient's vital signs stands here."))

    def show_loading(self) -> None:
        """Another patient was opened, about whom nothing is known yet."""
        self._replace([])
        self._say(self.tr("Fetching earlier values…"))

    def show_error(self, sentence: str) -> None:
        """The course could not be fetched, which is not the same as no earlier values."""
        self._replace([])
        self._say(sentence)

    def show_history(self, history: VitalsHistory, *, age_months: int | None) -> None:
        """Draws the course beside what is normal at that age."""
        drawn = [reading for reading in history.readings if _is_ours(reading)]
        signs = [*ALWAYS, *(sign for sign in WHERE_MEASURED if _points(sign, drawn))]
        self._replace([_chart(sign, drawn, age_months) for sign in signs])
        others = len(history.readings) - len(drawn)
        if others:
            self._say(self.tr("Values in other units, not drawn: {count}").format(count=others))
        else:
            self._say("" if drawn else self.tr("No earlier values"))

    def charts(self) -> list[TrendChart]:
        """The charts from top to bottom."""
        return self.findChildren(TrendChart, options=Qt.FindChildOption.FindDirectChildrenOnly)

    def _replace(self, charts: Sequence[TrendChart]) -> None:
        while (item := self._charts.takeAt(0)) is not None:
            old = item.widget()
            assert old is not None
            old.setParent(None)
            old.deleteLater()
        self._rest.setHidden(bool(charts))
        for chart in charts:
            self._charts.addWidget(chart, 1)

    def _say(self, sentence: str) -> None:
        self._sentence.setText(sentence)
        self._sentence.setHidden(not sentence)


def _is_ours(reading: Reading) -> bool:
    if reading.code not in {*VitalSign}:
        return True
    return reading.unit in {SIGNS[VitalSign(reading.code)].unit, SIGNS[VitalSign(reading.code)].shown_unit}


def _points(sign: VitalSign, readings: Sequence[Reading]) -> list[Point]:
    return [Point(reading.at, reading.value) for reading in readings if reading.code == sign.value]


def _chart(sign: VitalSign, readings: Sequence[Reading], age_months: int | None) -> TrendChart:
    normal = band_of(sign, age_months).normal
    band = NO_LIMITS if normal is None else Band(low=normal.low, high=normal.high)
    decimals = 1 if SIGNS[sign].decimals else 0
    chart = TrendChart(sign_name(sign), unit=SIGNS[sign].shown_unit, band=band, decimals=decimals)
    chart.set_points(_points(sign, readings))
    return chart
