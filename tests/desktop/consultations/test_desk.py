"""The doctor's desk: open, write, sign; by keys, and never on the wrong patient."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.consultations.panel import ConsultationPanel
from hms_desktop.consultations.parts import Mode
from hms_desktop.drafts import DraftStore
from hms_server.contract.consultations import ChartChanged, GetChart, NoteText, SearchDiagnoses, SignEncounter
from hms_server.contract.envelope import Fault
from hms_server.contract.triage import GetVitals
from tests.desktop.conftest import FakeConnection
from tests.desktop.consultations.charts import OTHER, PNEUMONIA, TICKET
from tests.desktop.consultations.conftest import clinic
from tests.desktop.consultations.hands import (
    AT_PHARMACY,
    SIGNED,
    Open,
    add_diagnosis,
    add_medicine,
    prescription,
    type_in,
)
from tests.desktop.prescribing.medicines import PARACETAMOL
from tests.desktop.samples import LONG_NAME, SampleLink


def test_a_called_patient_opens_with_the_focus_in_the_note(
    desk: ConsultationPanel, open_chart: Open, connection: FakeConnection
) -> None:
    """Chart and vital signs are asked for once; the name stands in the banner."""
    open_chart(OTHER)

    assert LONG_NAME in desk.desk.banner.accessibleName()
    assert desk.note.sections["subjective"].editor.hasFocus()
    assert len(connection.requests(GetChart)) == 1
    assert connection.requests(GetVitals) == [GetVitals(patient_id=OTHER.patient.id)]
    assert not desk.is_busy()


def test_nothing_can_be_typed_before_the_chart_is_there(
    desk: ConsultationPanel, connection: FakeConnection
) -> None:
    """No field of an earlier patient is left open meanwhile."""
    connection.hold()

    desk.open_ticket(TICKET)

    assert desk.mode is Mode.OPENING
    assert not desk.note.isVisible()
    assert "Adaeze Okonkwo" in desk.desk.hint()


def test_a_chart_that_comes_late_is_not_shown(
    desk: ConsultationPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Two calls in a row: the answer about the first patient never fills the screen of the second."""
    connection.hold()
    desk.open_ticket(TICKET)
    desk.open_ticket(OTHER)
    first = next(each for each in connection.held if each[0] == GetChart(encounter_id=TICKET.encounter_id))
    connection.held.remove(first)
    connection.held.append(first)

    connection.release(len(connection.held) - 1)
    qtbot.waitUntil(lambda: desk.mode is Mode.WRITING)
    connection.release()
    qtbot.wait(50)

    assert LONG_NAME in desk.desk.banner.accessibleName()
    assert desk.state.chart is not None
    assert desk.state.chart.encounter_id == OTHER.encounter_id


def test_one_key_signs_note_diagnosis_and_prescription(
    desk: ConsultationPanel, open_chart: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Nothing shows as stored, and nobody is sent on, before the server has said so."""
    sent: list[bool] = []
    desk.sent_on.connect(lambda: sent.append(True))
    open_chart()
    type_in(desk, "subjective", "Fever")
    type_in(desk, "plan", "Review")
    add_diagnosis(desk, qtbot)
    add_medicine(desk, qtbot)
    assert desk.is_busy()

    desk.primary()
    desk.primary()

    assert desk.note.said() == "Saving…"
    assert desk.note.sections["plan"].editor.isReadOnly()
    assert not sent
    (request,) = connection.requests(SignEncounter)
    assert request.encounter_id == TICKET.encounter_id
    assert request.ticket_id == TICKET.id
    assert request.text == NoteText(subjective="Fever", plan="Review")
    assert request.diagnoses == [PNEUMONIA]
    assert [line.product_id for line in request.prescription] == [PARACETAMOL.id]

    connection.answer(SignEncounter, SIGNED)
    connection.release()
    qtbot.waitUntil(lambda: bool(sent))
    assert desk.note.said() == "Stored 10:42:07"
    assert AT_PHARMACY.code in desk.news.text()
    assert desk.mode is Mode.READING
    assert not desk.is_busy()


def test_without_a_link_it_says_that_it_waits(
    desk: ConsultationPanel, open_chart: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    """The text is not stored, and the doctor knows."""
    open_chart()
    type_in(desk, "subjective", "Fever")
    connection.link(SampleLink(connected=False))
    qtbot.waitUntil(lambda: not desk.state.connected)

    desk.primary()

    assert desk.note.said() == "Waiting on this workstation"


def test_a_half_typed_diagnosis_is_not_lost_by_signing(
    desk: ConsultationPanel, open_chart: Open, connection: FakeConnection
) -> None:
    """Signing stops at the field."""
    open_chart()
    desk.note.diagnoses.field.editor.setFocus()
    QTest.keyClicks(desk.note.diagnoses.field.editor, "pneu")

    desk.primary()

    assert "Choose this diagnosis" in desk.note.diagnoses.field.error()
    assert not connection.requests(SignEncounter)


def test_a_diagnosis_is_taken_back_by_a_key(
    desk: ConsultationPanel, open_chart: Open, qtbot: QtBot, connection: FakeConnection
) -> None:
    """The chip with the focus goes; the search was for what was typed."""
    open_chart()
    add_diagnosis(desk, qtbot)
    assert connection.requests(SearchDiagnoses) == [SearchDiagnoses(text="pneu")]
    (chip,) = desk.note.diagnoses.chips()

    chip.setFocus()
    QTest.keyClick(chip, Qt.Key.Key_Delete)

    assert desk.note.diagnoses.diagnoses == []


def test_what_the_server_refuses_is_shown_where_it_is(
    desk: ConsultationPanel, open_chart: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    """The words stay, the focus goes to the section, and it can be signed again."""
    open_chart()
    type_in(desk, "plan", "Review")
    message = "A section of a note has at most 20,000 characters; this one has 20,001."
    connection.answer(
        SignEncounter, Fault(code="consultations.note_long", message=message, field="text.plan")
    )

    desk.primary()
    qtbot.waitUntil(lambda: desk.note.sections["plan"].error() == message)

    assert desk.note.sections["plan"].editor.hasFocus()
    assert desk.note.sections["plan"].text() == "Review"
    assert not desk.note.sections["plan"].editor.isReadOnly()
    assert desk.mode is Mode.WRITING


def test_typed_text_is_kept_and_comes_back_after_a_start(
    desk: ConsultationPanel,
    make_desk: Callable[[], ConsultationPanel],
    open_chart: Open,
    qtbot: QtBot,
) -> None:
    """Note, diagnosis and medicine; the line says since when it is safe."""
    open_chart()
    type_in(desk, "objective", "Crackles")
    add_diagnosis(desk, qtbot)
    add_medicine(desk, qtbot)
    qtbot.waitUntil(lambda: desk.note.said() == "Draft saved 10:42:07")

    again = make_desk()
    again.open_ticket(TICKET)
    qtbot.waitUntil(lambda: again.mode is Mode.WRITING)

    assert again.note.text() == NoteText(objective="Crackles")
    assert again.note.diagnoses.diagnoses == [PNEUMONIA]
    assert [line.dosing.product for line in prescription(again).state.lines] == [PARACETAMOL]
    assert again.note.said() == "Your draft of 10:42:07 is back"


def test_each_patient_has_their_own_text(desk: ConsultationPanel, open_chart: Open) -> None:
    """Going on to the next patient in the middle of a word, and back."""
    open_chart(TICKET)
    type_in(desk, "subjective", "of Adaeze")
    open_chart(OTHER)
    assert desk.note.text() == NoteText()
    type_in(desk, "subjective", "of the other")

    open_chart(TICKET)

    assert desk.note.text() == NoteText(subjective="of Adaeze")


def test_signed_text_leaves_no_draft(
    desk: ConsultationPanel, open_chart: Open, connection: FakeConnection, store: DraftStore, qtbot: QtBot
) -> None:
    """Once the server has it, this workstation forgets it."""
    open_chart()
    type_in(desk, "subjective", "Fever")
    connection.answer(SignEncounter, SIGNED)

    with qtbot.waitSignal(desk.sent_on):
        desk.primary()
    desk._autosaver.flush()

    assert store.load(desk.state.key(TICKET)) is None


def test_a_refusal_for_somebody_who_is_not_open_any_more_is_told(
    desk: ConsultationPanel, open_chart: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    """The doctor has gone on; the text of the first patient is still there to be opened."""
    open_chart(TICKET)
    type_in(desk, "subjective", "Fever")
    desk.primary()
    open_chart(OTHER)

    connection.answer(SignEncounter, Fault(code="x.y", message="Something was wrong."))
    connection.release()
    qtbot.waitUntil(lambda: "Adaeze Okonkwo was not signed" in desk.news.text())

    assert desk.note.text() == NoteText()
    open_chart(TICKET)
    assert desk.note.text() == NoteText(subjective="Fever")


def test_a_chart_that_cannot_be_fetched_says_so(
    desk: ConsultationPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Nothing is shown as the chart; trying again opens it."""
    connection.answer(GetChart, Fault(code="server.busy", message="The server is busy."))
    desk.open_ticket(TICKET)
    qtbot.waitUntil(lambda: "The server is busy." in desk.news.text())
    assert not desk.note.isVisible()

    clinic(connection)
    desk.state.reload()

    qtbot.waitUntil(lambda: desk.mode is Mode.WRITING)
    assert desk.news.text() == ""


def test_changes_of_other_patients_fetch_nothing(
    desk: ConsultationPanel, open_chart: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    """A run of events of this one is one fetch, and what is typed stays."""
    open_chart()
    type_in(desk, "plan", "Typed")
    before = len(connection.requests(GetChart))

    connection.happen(ChartChanged(patient_id=OTHER.patient.id))
    connection.happen(ChartChanged(patient_id=TICKET.patient.id))
    connection.happen(ChartChanged(patient_id=TICKET.patient.id))
    qtbot.wait(250)

    assert len(connection.requests(GetChart)) == before + 1
    assert desk.note.text() == NoteText(plan="Typed")


@pytest.mark.parametrize("letter", [Qt.Key.Key_V, Qt.Key.Key_H, Qt.Key.Key_A])
def test_what_helps_to_decide_is_a_key_away(
    desk: ConsultationPanel, open_chart: Open, qtbot: QtBot, letter: Qt.Key
) -> None:
    """Each page opens by its letter, and the note stays as it is."""
    open_chart()
    type_in(desk, "plan", "Typed")
    button = {page.name[0]: button for page, button in desk.aside.buttons.items()}[chr(letter)]

    QTest.keyClick(desk, letter, Qt.KeyboardModifier.AltModifier)

    qtbot.waitUntil(button.isChecked)
    assert desk.aside.page().name.startswith(chr(letter))
    assert desk.note.text() == NoteText(plan="Typed")
