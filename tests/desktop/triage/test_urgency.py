"""The nurse's own urgency: asked for where no score can say it, sent with the values, never in the way."""

from datetime import date

import msgspec
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.drafts import Autosaver
from hms_desktop.session import Session
from hms_desktop.triage.form.panel import VitalsForm
from hms_desktop.triage.panel import TriagePanel
from hms_desktop.widgets.fitted import Fitted
from hms_server.contract.priority import QueuePriority
from hms_server.contract.triage import GetVitals, RecordVitals
from hms_server.contract.visits import DOCTOR, MoveTicket
from hms_server.contract.vitals import VitalSign
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import LONG_NAME
from tests.desktop.triage.nurses import (
    ADA,
    ILL,
    answer_all,
    history,
    open_patient,
    recorded,
    sent,
    station,
    ticket,
    vital_set,
    write,
)

SADE = ticket(23, "Sade Bello", born=date(2023, 3, 1))
SICK = {VitalSign.TEMPERATURE: "39.2", VitalSign.RESPIRATION_RATE: "44", VitalSign.SPO2: "91"}
SETTLED_MS = 50
ROOM_OF_1280 = QSize(828, 622)
ASKED = "Values out of range for the age: breaths, SpO₂. Choose the urgency yourself."


def choose(panel: TriagePanel, letters: str) -> None:
    """As a nurse does: the first letters of the word."""
    panel.form.urgency.editor.setFocus()
    QTest.keyClicks(panel.form.urgency.editor, letters)


def said(panel: TriagePanel) -> str:
    return panel.card.score.accessibleName()


def asked(form: VitalsForm) -> str:
    return form.urgency._pill.text()


def test_a_sick_child_asks_for_the_nurses_word(panel: TriagePanel, qtbot: QtBot) -> None:
    """The box names what is out of range, and a pill stands at the field until the nurse has chosen."""
    open_patient(panel, qtbot, SADE)
    write(panel, {VitalSign.TEMPERATURE: "38.4"})
    assert (asked(panel.form), said(panel)[:20]) == ("", "NEWS2 not applicable")

    write(panel, SICK)
    before = said(panel), asked(panel.form)
    choose(panel, "v")

    assert before[0].startswith(ASKED)
    assert before[1] == "Please choose"
    assert asked(panel.form) == ""
    assert said(panel).startswith("Values out of range for the age: breaths, SpO₂.")
    assert "Choose" not in said(panel)
    assert "The doctor is alerted as soon as this is stored." in said(panel)
    assert said(panel).endswith("Triage: Very urgent")


def test_a_child_that_does_not_answer_needs_no_number(panel: TriagePanel, qtbot: QtBot) -> None:
    """Consciousness is out of range too."""
    open_patient(panel, qtbot, SADE)

    panel.form.consciousness.editor.setFocus()
    QTest.keyClicks(panel.form.consciousness.editor, "Un")

    assert said(panel).startswith("Values out of range for the age: consciousness.")
    assert asked(panel.form) == "Please choose"


def test_in_pregnancy_its_own_limits_ask(panel: TriagePanel, qtbot: QtBot) -> None:
    """A quick pulse is usual there, a pressure of 168 is not."""
    open_patient(panel, qtbot)
    write(panel, {VitalSign.PULSE: "105", VitalSign.SYSTOLIC: "168"})
    panel.form.pregnant.editor.setFocus()

    QTest.keyClicks(panel.form.pregnant.editor, "Y")

    assert said(panel).startswith("Values out of range in pregnancy: systolic. Choose the urgency yourself.")
    assert panel.form.signs[VitalSign.SYSTOLIC]._pill.text() == "↑ high"
    assert panel.form.signs[VitalSign.PULSE]._pill.text() == ""


def test_where_a_score_says_it_nobody_is_asked(panel: TriagePanel, qtbot: QtBot) -> None:
    """The choice stands there nevertheless, and raises what the score says."""
    open_patient(panel, qtbot)

    write(panel, {VitalSign.SPO2: "97"})
    assert asked(panel.form) == ""
    choose(panel, "u")

    assert said(panel).startswith("NEWS2 incomplete")
    assert said(panel).endswith("Triage: Urgent")
    assert "alerted" not in said(panel)


def test_the_nurse_never_lowers_the_score_on_the_screen(panel: TriagePanel, qtbot: QtBot) -> None:
    """A less urgent word beside a high score changes nothing."""
    open_patient(panel, qtbot)
    write(panel, ILL)

    choose(panel, "u")

    assert said(panel).endswith("Triage: Emergency")


def test_the_choice_goes_with_the_values(
    panel: TriagePanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """With Ctrl+S and with Ctrl+Enter."""
    open_patient(panel, qtbot, SADE)
    connection.answer(RecordVitals, recorded(moved_to=SADE))
    write(panel, SICK)
    choose(panel, "v")
    panel.save()
    qtbot.waitUntil(panel.form.isEnabled)
    connection.answer(RecordVitals, recorded(moved_to=ticket(30, service=DOCTOR)))
    write(panel, SICK)
    QTest.keyClick(panel.form.urgency.editor, Qt.Key.Key_End)

    panel.primary()

    assert [(one.urgency, one.send_to) for one in sent(connection)] == [
        (QueuePriority.VERY_URGENT, None),
        (QueuePriority.EMERGENCY, DOCTOR),
    ]


def test_nobody_has_to_choose(panel: TriagePanel, connection: FakeConnection, qtbot: QtBot) -> None:
    """The pill warns and never blocks."""
    open_patient(panel, qtbot, SADE)
    write(panel, SICK)

    with qtbot.waitSignal(panel.sent_on):
        panel.primary()

    assert sent(connection)[0].urgency is None


def test_an_emergency_needs_no_value(panel: TriagePanel, connection: FakeConnection, qtbot: QtBot) -> None:
    """Also where something of this visit is stored already: the word is not lost by only sending."""
    connection.answer(GetVitals, history(vital_set(encounter_id=SADE.encounter_id)))
    open_patient(panel, qtbot, SADE)
    assert panel.card.only_sends()

    choose(panel, "e")
    with qtbot.waitSignal(panel.sent_on):
        panel.primary()

    (request,) = sent(connection)
    assert (request.urgency, request.signs.measured) == (QueuePriority.EMERGENCY, [])
    assert connection.requests(MoveTicket) == []


def test_who_stays_is_shown_with_the_new_rank(
    panel: TriagePanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """What was saved without sending stands in the banner; the next set begins by score."""
    ranked = msgspec.structs.replace(SADE, priority=QueuePriority.EMERGENCY, note="Nurse: emergency")
    connection.answer(RecordVitals, recorded(moved_to=ranked))
    open_patient(panel, qtbot, SADE)
    choose(panel, "e")

    panel.save()

    qtbot.waitUntil(lambda: panel.form.urgency.value() is None and panel.form.isEnabled())
    assert "Emergency" in {label.text() for label in panel.banner.findChildren(type(panel.card.last))}
    assert panel.state.ticket == ranked


def test_the_choice_survives_a_crash_and_stays_with_its_patient(
    panel: TriagePanel, drafts: Autosaver, session: Session, connection: FakeConnection, qtbot: QtBot
) -> None:
    """It is a draft like the values."""
    open_patient(panel, qtbot, SADE)
    choose(panel, "e")
    open_patient(panel, qtbot, ADA)
    assert panel.form.urgency.value() is None
    drafts.flush()
    answer_all(connection)
    other = station(session, drafts)
    qtbot.addWidget(other)
    with qtbot.waitExposed(other):
        other.show()

    open_patient(other, qtbot, SADE)

    qtbot.waitUntil(lambda: other.form.urgency.value() is QueuePriority.EMERGENCY)


def test_all_of_it_is_reached_by_enter(panel: TriagePanel, qtbot: QtBot) -> None:
    """Complaint, urgency, doctor, button."""
    open_patient(panel, qtbot, SADE)
    panel.form.complaint.editor.setFocus()

    QTest.keyClick(panel.form.complaint.editor, Qt.Key.Key_Return)
    QTest.keyClick(panel.form.urgency.editor, Qt.Key.Key_Return)
    assert panel.form.practitioner.editor.hasFocus()
    QTest.keyClick(panel.form.practitioner.editor, Qt.Key.Key_Return)

    assert panel.card.send_button.hasFocus()


def test_a_small_screen_shows_the_whole_question(
    session: Session, drafts: Autosaver, connection: FakeConnection, qtbot: QtBot
) -> None:
    """In the room that 1280×720 leaves a station nothing has to be scrolled, no word of a field is cut."""
    answer_all(connection)
    panel = station(session, drafts)
    page = Fitted(panel)
    page.resize(ROOM_OF_1280)
    qtbot.addWidget(page)
    with qtbot.waitExposed(page):
        page.show()
    open_patient(panel, qtbot, ticket(24, LONG_NAME, born=date(2023, 3, 1)))

    write(panel, SICK | {VitalSign.PULSE: "175", VitalSign.GLUCOSE: "2.6", VitalSign.PAIN: "8"})
    qtbot.waitUntil(lambda: asked(panel.form) == "Please choose")
    qtbot.wait(SETTLED_MS)

    assert (page.verticalScrollBar().maximum(), page.horizontalScrollBar().maximum()) == (0, 0)
    editor, pill = panel.form.urgency.editor, panel.form.urgency._pill
    assert editor.width() >= editor.sizeHint().width()
    assert pill.width() >= pill.sizeHint().width()
