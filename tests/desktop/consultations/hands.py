"""What a doctor does at the desk with keys, and what comes back once a visit is signed."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.consultations.panel import ConsultationPanel
from hms_desktop.prescribing.panel import PrescriptionPanel
from hms_server.contract.consultations import NoteText, Signed
from hms_server.contract.visits import PHARMACY
from tests.desktop.consultations.charts import note
from tests.desktop.prescribing.medicines import signed
from tests.desktop.visits.tickets import ticket

Open = Callable[..., None]
AT_PHARMACY = ticket(3, "Adaeze Okonkwo", service=PHARMACY)
SIGNED = Signed(
    note=note(text=NoteText(subjective="Fever")),
    prescriptions=[signed(1, "Paracetamol 500 mg tablet", "Take 1 tablet")],
    ticket=AT_PHARMACY,
)


def type_in(desk: ConsultationPanel, section: str, words: str) -> None:
    editor = desk.note.sections[section].editor
    editor.setFocus()
    editor.moveCursor(QTextCursor.MoveOperation.End)
    QTest.keyClicks(editor, words)


def prescription(desk: ConsultationPanel) -> PrescriptionPanel:
    found = desk.findChild(PrescriptionPanel)
    assert isinstance(found, PrescriptionPanel)
    return found


def add_diagnosis(desk: ConsultationPanel, qtbot: QtBot) -> None:
    field = desk.note.diagnoses.field
    field.editor.setFocus()
    QTest.keyClicks(field.editor, "pneu")
    qtbot.waitUntil(field.is_open)
    QTest.keyClick(field.editor, Qt.Key.Key_Return)


def add_medicine(desk: ConsultationPanel, qtbot: QtBot) -> None:
    QTest.keyClick(desk, Qt.Key.Key_F7)
    entry = prescription(desk).entry
    qtbot.waitUntil(entry.product.editor.hasFocus)
    QTest.keyClicks(entry.product.editor, "para")
    qtbot.waitUntil(entry.product.is_open)
    QTest.keyClick(entry.product.editor, Qt.Key.Key_Down)
    QTest.keyClick(entry.product.editor, Qt.Key.Key_Return)
    QTest.keyClick(entry.dose.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(prescription(desk).state.lines))
