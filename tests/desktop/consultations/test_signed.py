"""A signed visit: read, corrected as a new version, and what happens when somebody else was faster."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.consultations.panel import ConsultationPanel
from hms_desktop.consultations.parts import Mode
from hms_server.contract.consultations import CorrectNote, EncounterSigned, NoteText, SignEncounter
from hms_server.contract.envelope import Fault
from tests.desktop.conftest import FakeConnection
from tests.desktop.consultations.charts import DIABETES, DOCTOR_MENSAH, OTHER, TEXT, TICKET, chart, note
from tests.desktop.consultations.conftest import clinic
from tests.desktop.consultations.hands import SIGNED, Open, add_medicine, type_in


def test_a_finished_visit_opens_to_be_read(
    desk: ConsultationPanel, open_chart: Open, connection: FakeConnection
) -> None:
    """The newest version, its diagnoses and prescription; Ctrl+Enter signs nothing."""
    newer = note(2, NoteText(subjective="Corrected"), by=DOCTOR_MENSAH, reason="Wrong side")
    clinic(connection, chart(notes=[note(), newer], diagnoses=[DIABETES], prescriptions=SIGNED.prescriptions))

    open_chart()
    desk.primary()

    assert desk.mode is Mode.READING
    assert desk.note.text() == newer.text
    assert desk.note.said() == "Corrected: Wrong side"
    assert desk.note.sections["plan"].editor.isReadOnly()
    assert desk.note.diagnoses.diagnoses == [DIABETES]
    assert not connection.requests(SignEncounter)
    desk.note.versions.set_value(1)
    desk.note.versions.chosen.emit(1)
    assert desk.note.text() == TEXT


def test_a_correction_is_a_new_version_with_a_reason(
    desk: ConsultationPanel, open_chart: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Without a reason nothing is signed; the version that the doctor saw goes with it."""
    clinic(connection, chart(notes=[note()]))
    open_chart()
    QTest.keyClick(desk, Qt.Key.Key_C, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: desk.mode is Mode.CORRECTING)
    type_in(desk, "plan", " More.")
    desk.primary()
    assert desk.note.reason.error()
    assert desk.note.reason.editor.hasFocus()

    corrected = note(2, reason="Left something out")
    connection.answer(CorrectNote, corrected)
    clinic(connection, chart(notes=[note(), corrected]))
    QTest.keyClicks(desk.note.reason.editor, "Left something out")
    desk.primary()
    qtbot.waitUntil(lambda: desk.mode is Mode.READING)

    (request,) = connection.requests(CorrectNote)
    assert (request.version, request.reason) == (1, "Left something out")
    assert request.text.plan.endswith(" More.")
    assert desk.note.said() == "Stored 10:42:07"


def test_who_corrected_first_is_said_and_the_text_stays(
    desk: ConsultationPanel, open_chart: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    """The next signature goes on top of the other doctor's version, which can be read in the notice."""
    clinic(connection, chart(notes=[note()]))
    open_chart()
    desk.note.correct_button.click()
    type_in(desk, "plan", " Mine.")
    QTest.keyClicks(desk.note.reason.editor, "Reason")
    theirs = note(2, NoteText(plan="Theirs."), by=DOCTOR_MENSAH)
    clinic(connection, chart(notes=[note(), theirs]))
    stale = Fault(code="consultations.note_changed", message="…", field="version")
    connection.answer(CorrectNote, stale)

    desk.primary()
    qtbot.waitUntil(lambda: "Dr Kwame Mensah signed version 2" in desk.news.text())

    assert "Theirs." in desk.news.text()
    assert desk.note.text().plan.endswith(" Mine.")
    desk.primary()
    assert [request.version for request in connection.requests(CorrectNote)] == [1, 2]


def test_who_signed_first_is_said_and_nothing_typed_is_lost(
    desk: ConsultationPanel, open_chart: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    """The typed text becomes a correction, and the medicines that were not prescribed are named."""
    open_chart()
    type_in(desk, "subjective", "My words")
    add_medicine(desk, qtbot)
    clinic(connection, chart(notes=[note(by=DOCTOR_MENSAH)]))

    connection.happen(EncounterSigned(encounter_id=TICKET.encounter_id, patient_id=TICKET.patient.id))
    qtbot.waitUntil(lambda: "Dr Kwame Mensah signed" in desk.news.text())

    assert desk.mode is Mode.CORRECTING
    assert desk.note.text().subjective == "My words"
    assert "Not prescribed: Paracetamol 500 mg tablet" in desk.news.text()


def test_a_draft_of_a_visit_signed_elsewhere_is_offered(
    desk: ConsultationPanel, open_chart: Open, connection: FakeConnection
) -> None:
    """It is not shown as if it were the record."""
    open_chart(TICKET)
    type_in(desk, "subjective", "My words")
    open_chart(OTHER)
    clinic(connection, chart(notes=[note(by=DOCTOR_MENSAH)]))

    open_chart(TICKET)

    assert desk.mode is Mode.READING
    assert desk.note.text() == TEXT
    assert "not signed" in desk.news.text()
