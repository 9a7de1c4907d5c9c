"""Who stands at the counter in these tests, and the hands that type their names."""

from datetime import date

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from hms_server.contract.patients import Demographics, LookAlike, Resemblance
from hms_server.contract.values import BirthPrecision, Sex
from tests.desktop.visits.tickets import patient, ticket

ADA = patient(7, "Adaeze Okonkwo")
TICKET = ticket(25, "Adaeze Okonkwo")
ALIKE = LookAlike(patient=ADA, score=96, phone="0803 555 0182", why=[Resemblance.SAME_NAME], last_visit=None)
STORED = Demographics(
    family_name="Okonkwo",
    given_names="Adaeze",
    sex=Sex.FEMALE,
    birth_date=date(1980, 7, 1),
    birth_precision=BirthPrecision.ESTIMATED,
    no_phone=True,
)


def type_in(*texts: str) -> None:
    """Types into the focused field, then Enter, and so on."""
    for text in texts:
        focused = focused_widget()
        QTest.keyClicks(focused, text)
        QTest.keyClick(focused, Qt.Key.Key_Return)


def focused_widget() -> QWidget:
    focused = QApplication.focusWidget()
    assert focused is not None
    return focused
