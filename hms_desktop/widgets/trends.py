"""The course of the vital signs: one chart below the other, each beside what is normal at that age."""

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QVBoxLayout, QWidget

from hms_desktop.widgets.trend import Band, Point, TrendChart
from hms_server.contract.triage import Reading
from hms_server.contract.vitals import SIGNS, VitalSign, band_of

NO_LIMITS = Band(low=None, high=None)
_CODES = frozenset(sign.value for sign in VitalSign)


def sign_name(sign: VitalSign) -> str:
    """The name above a field or beside a chart."""
    return QCoreApplication.translate("vitals", SIGNS[sign].name)


class Trends(QWidget):
    """Draws only values in our own unit: a point in another one would be a lie about the course."""

    def __init__(self, *, spacing: int = 0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(spacing)
        self.clear()

    def clear(self) -> None:
        """Nothing is known."""
        self._replace([])

    def show_readings(
        self,
        readings: Sequence[Reading],
        *,
        age_months: int | None,
        always: Sequence[VitalSign],
        where_measured: Sequence[VitalSign],
    ) -> None:
        """Charts for some signs always, also as "not measured", and for others where there is a value."""
        ours = [reading for reading in readings if _is_ours(reading)]
        measured = {reading.code for reading in ours}
        signs = [*always, *(sign for sign in where_measured if sign.value in measured)]
        self._replace([_chart(sign, ours, age_months) for sign in signs])

    def charts(self) -> list[TrendChart]:
        """The charts from top to bottom."""
        found = (self._column.itemAt(number) for number in range(self._column.count()))
        return [chart for item in found if item and isinstance(chart := item.widget(), TrendChart)]

    def _replace(self, charts: Sequence[TrendChart]) -> None:
        while (item := self._column.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        for chart in charts:
            self._column.addWidget(chart, 1)
        if not charts:
            self._column.addStretch(1)


def count_in_other_units(readings: Sequence[Reading]) -> int:
    """How many values are not drawn, which has to be said beside the charts."""
    return sum(reading.code in _CODES and not _is_ours(reading) for reading in readings)


def _is_ours(reading: Reading) -> bool:
    if reading.code not in _CODES:
        return False
    facts = SIGNS[VitalSign(reading.code)]
    return reading.unit in (facts.unit, facts.shown_unit)


def _chart(sign: VitalSign, readings: Sequence[Reading], age_months: int | None) -> TrendChart:
    normal = band_of(sign, age_months).normal
    band = NO_LIMITS if normal is None else Band(low=normal.low, high=normal.high)
    facts = SIGNS[sign]
    chart = TrendChart(sign_name(sign), unit=facts.shown_unit, band=band, decimals=min(1, facts.decimals))
    chart.set_points([Point(each.at, each.value) for each in readings if each.code == sign.value])
    return chart
