"""The banner, the trend and the words: nothing left unsaid about a patient."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from hms_desktop.widgets.banner import PatientBanner
from hms_desktop.widgets.fitted import Fitted
from hms_desktop.widgets.labels import label
from hms_desktop.widgets.tokens import LIGHT
from hms_desktop.widgets.trend import Band, Point, TrendChart
from hms_desktop.widgets.words import age_text, born_text, wait_text
from hms_server.contract.consultations import AllergyStatus, Criticality
from hms_server.contract.values import BirthPrecision
from tests.desktop.samples import LONG_NAME, NOW, allergy, problem, sample_banner

TODAY = NOW.date()
DAY, MONTH, YEAR, ESTIMATED = BirthPrecision


@pytest.fixture
def page(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    QVBoxLayout(made)
    return made


@pytest.fixture
def banner(qtbot: QtBot) -> PatientBanner:
    made = PatientBanner()
    qtbot.addWidget(made)
    return made


def said(widget: QWidget) -> list[str]:
    return [each.text() for each in widget.findChildren(QLabel) if not each.isHidden()]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (AllergyStatus.NONE_KNOWN, "No known allergies"),
        (AllergyStatus.NOT_ASKED, "Not asked yet"),
    ],
)
def test_no_allergy_is_never_silence(banner: PatientBanner, status: AllergyStatus, words: str) -> None:
    """Nobody asked and none known are two different sentences, and one of them is always there."""
    banner.show_patient(sample_banner(status=status), today=TODAY)

    assert words in said(banner)


def test_every_allergy_is_shown(banner: PatientBanner) -> None:
    """However many there are; problems may be counted, allergies never."""
    allergies = [allergy(n, f"Substance {n}", "rash", Criticality.LOW) for n in range(12)]
    problems = [problem(n, f"Problem {n}") for n in range(12)]

    banner.show_patient(sample_banner(allergies=allergies, problems=problems), today=TODAY)

    words = said(banner)
    assert all(f"Substance {n} (rash)" in words for n in range(12))
    assert "and 8 more" in words


def test_next_patient_replaces_everything(qtbot: QtBot, banner: PatientBanner) -> None:
    """Nothing of the one before stays behind."""
    allergies = [allergy(1, "Penicillin", "", Criticality.HIGH)]
    banner.show_patient(sample_banner(allergies=allergies), today=TODAY)
    banner.show_patient(sample_banner("Kwame Mensah", status=AllergyStatus.NONE_KNOWN), today=TODAY)
    qtbot.wait(1)

    assert "Penicillin" not in said(banner)
    assert "Kwame Mensah" in banner.accessibleName()


@pytest.mark.parametrize(
    ("born", "precision", "age"),
    [
        (date(1980, 3, 12), DAY, "46 y"),
        (date(1980, 11, 20), DAY, "46 y"),
        (date(1980, 11, 21), DAY, "45 y"),
        (date(2026, 3, 12), DAY, "8 mo"),
        (date(2024, 11, 21), DAY, "23 mo"),
        (date(2024, 11, 20), DAY, "2 y"),
        (date(2026, 11, 15), DAY, "5 d"),
        (date(2026, 11, 20), DAY, "0 d"),
        (date(1980, 1, 1), YEAR, "~46 y"),
        (date(1980, 1, 1), ESTIMATED, "~46 y"),
        (None, DAY, "age not known"),
    ],
)
def test_age_says_no_more_than_is_known(born: date | None, precision: BirthPrecision, age: str) -> None:
    """Small children in days and months, an estimate as an estimate."""
    assert age_text(born, precision, today=TODAY) == age


def test_birth_date_says_no_more_than_is_known() -> None:
    """A year is not turned into the first of January."""
    born = date(1980, 3, 1)

    words = [born_text(born, precision) for precision in (DAY, MONTH, YEAR, ESTIMATED)]

    assert words == ["born 1 Mar 1980", "born Mar 1980", "born 1980", "born about 1980"]


def test_waiting_is_said_in_minutes_then_hours() -> None:
    """A clock that runs ahead on another machine never makes a negative wait."""
    waits = [wait_text(NOW - timedelta(minutes=minutes), NOW) for minutes in (-3, 0, 59, 65)]

    assert waits == ["0 min", "0 min", "59 min", "1 h 05"]


@pytest.fixture
def trend(qtbot: QtBot) -> TrendChart:
    made = TrendChart("Pulse", unit="/min", band=Band(low=Decimal(51), high=Decimal(90)))
    qtbot.addWidget(made)
    made.resize(320, 90)
    return made


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "Pulse: not measured"),
        (["51"], "Pulse: 51 /min, in range"),
        (["90"], "Pulse: 90 /min, in range"),
        (["50"], "Pulse: 50 /min, ↓ low"),
        (["88", "121"], "Pulse: 121 /min, ↑ high; before: 88"),
    ],
)
def test_trend_is_said_in_words(trend: TrendChart, values: list[str], words: str) -> None:
    """The ends of the band are normal; colour never stands alone."""
    points = [Point(NOW + timedelta(hours=n), Decimal(value)) for n, value in enumerate(values)]

    trend.set_points(reversed(points))  # type: ignore[arg-type]  # any order of points is put right

    assert trend.accessibleName() == words


def test_value_outside_its_band_is_drawn_in_the_colour_of_danger(trend: TrendChart) -> None:
    """The last value can be seen to be wrong from across the room."""

    def shows(colour: str) -> bool:
        image = trend.grab().toImage()
        wanted = QColor(colour).rgb()
        return any(image.pixel(x, y) == wanted for x in range(image.width()) for y in range(image.height()))

    trend.set_points([Point(NOW, Decimal(121))])
    high = shows(LIGHT.danger)
    trend.set_points([Point(NOW, Decimal(80))])
    normal = shows(LIGHT.danger)

    assert high
    assert not normal


def test_a_value_without_a_known_range_is_not_called_normal(qtbot: QtBot) -> None:
    """No limits is not the same as within the limits."""
    weight = TrendChart("Weight", unit="kg", band=Band(low=None, high=None))
    qtbot.addWidget(weight)

    weight.set_points([Point(NOW, Decimal(71))])

    assert weight.accessibleName() == "Weight: 71 kg, not rated"


def test_label_never_reads_html(qtbot: QtBot) -> None:
    """A name that looks like a tag is shown as it was written."""
    made = label("<b>Ada</b>")
    qtbot.addWidget(made)

    assert made.textFormat() is Qt.TextFormat.PlainText


def test_page_scrolls_instead_of_being_squeezed(qtbot: QtBot) -> None:
    """In a window that is too small a page keeps the size at which it can be read."""
    page = QWidget()
    column = QVBoxLayout(page)
    for _ in range(10):
        column.addWidget(label(LONG_NAME, wraps=True))
    fitted = Fitted(page)
    qtbot.addWidget(fitted)
    fitted.show()

    fitted.resize(300, 100)
    qtbot.wait(1)
    small = page.height()
    fitted.resize(300, 900)
    qtbot.wait(1)

    assert small > 100
    assert page.height() == fitted.viewport().height()


def test_banner_is_never_squeezed(qtbot: QtBot, page: QWidget, banner: PatientBanner) -> None:
    """Beside a list that takes all the room, the longest name and every problem are still read in full."""
    column = page.layout()
    assert isinstance(column, QVBoxLayout)
    greedy = QPlainTextEdit()
    greedy.setMinimumHeight(300)
    column.addWidget(banner)
    column.addWidget(greedy, 1)
    problems = [problem(n, f"A problem with a long name {n}") for n in range(9)]

    banner.show_patient(sample_banner(LONG_NAME, problems=problems), today=TODAY)
    page.resize(700, 340)
    page.show()
    qtbot.wait(10)
    needed = banner.heightForWidth(banner.width())
    banner.setParent(None)

    assert banner.height() >= needed
