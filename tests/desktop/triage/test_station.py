"""The nurse's station, driven by keys: stored once, and never on the wrong patient."""

from decimal import Decimal
from itertools import pairwise

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.drafts import Autosaver
from hms_desktop.session import Session
from hms_desktop.triage.panel import TriagePanel
from hms_server.contract.consultations import GetBanner
from hms_server.contract.envelope import Fault
from hms_server.contract.triage import Consciousness, GetVitals, Measured, RecordVitals, VitalSignsRecorded
from hms_server.contract.values import EncounterId, PatientId
from hms_server.contract.visits import DOCTOR, CheckedIn, MoveTicket
from hms_server.contract.vitals import VitalSign
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import LONG_NAME, SampleLink
from tests.desktop.triage.nurses import (
    ADA,
    EZE,
    KWAME,
    alert_and_on_air,
    answer_all,
    history,
    open_patient,
    press,
    recorded,
    sent,
    station,
    ticket,
    vital_set,
    write,
)


def test_saving_sends_everything_and_the_patient_goes_on(
    panel: TriagePanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """One request; what was stored and where the patient waits is said after the answer, not before."""
    open_patient(panel, qtbot)
    write(panel, {VitalSign.PULSE: "121", VitalSign.TEMPERATURE: "38,5"})
    alert_and_on_air(panel)
    QTest.keyClicks(panel.form.complaint.editor, "Fever")
    QTest.keyClick(panel.form.practitioner.editor, Qt.Key.Key_Down)
    connection.hold()

    panel.primary()
    panel.primary()
    assert panel.card.status.text() == "Saving…"
    assert not panel.form.isEnabled()
    with qtbot.waitSignal(panel.sent_on):
        connection.release()

    (request,) = sent(connection)
    assert request.encounter_id == ADA.encounter_id
    assert request.ticket_id == ADA.id
    assert request.send_to == DOCTOR
    assert request.practitioner_id == EZE.id
    assert request.signs.measured == [
        Measured(code=VitalSign.TEMPERATURE.value, value=Decimal("38.5")),
        Measured(code=VitalSign.PULSE.value, value=Decimal(121)),
    ]
    assert request.signs.consciousness is Consciousness.ALERT
    assert request.signs.on_oxygen is False
    assert request.signs.complaint == "Fever"
    assert "Adaeze Okonkwo · NEWS2 10 · Stored 10:42:07" in panel.notice.text()
    assert "D-030. The doctor has been alerted." in panel.notice.text()
    assert not panel.is_busy()


def test_stored_without_sending_the_next_ctrl_enter_only_sends(
    panel: TriagePanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """The same values are never stored twice."""
    open_patient(panel, qtbot)
    write(panel, {VitalSign.PULSE: "80"})
    connection.answer(RecordVitals, recorded(moved_to=ADA))
    connection.answer(GetVitals, history(vital_set(encounter_id=ADA.encounter_id)))
    connection.answer(MoveTicket, CheckedIn(ticket=ticket(30, service=DOCTOR)))

    panel.save()
    qtbot.waitUntil(lambda: panel.card.send_button.accessibleName() == "Send to doctor")
    assert "Stored 10:42:07" in panel.card.status.text()
    with qtbot.waitSignal(panel.sent_on):
        panel.primary()

    assert len(sent(connection)) == 1
    assert sent(connection)[0].send_to is None
    assert connection.requests(MoveTicket) == [MoveTicket(ticket_id=ADA.id, service=DOCTOR)]


def test_nothing_typed_is_nothing_to_store(
    panel: TriagePanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Ctrl+Enter by accident neither stores nor sends."""
    open_patient(panel, qtbot)

    panel.primary()

    assert "Nothing is measured yet" in panel.notice.text()
    assert not sent(connection)


def test_typed_values_stay_with_their_patient(
    panel: TriagePanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Another call empties the form; who comes back finds what was typed, and who else does not."""
    open_patient(panel, qtbot)
    write(panel, {VitalSign.PULSE: "121"})
    assert panel.is_busy()

    open_patient(panel, qtbot, KWAME)
    QTest.qWait(50)
    assert panel.form.typed().is_empty
    assert not panel.is_busy()
    write(panel, {VitalSign.PULSE: "66"})
    open_patient(panel, qtbot, ADA)
    qtbot.waitUntil(lambda: panel.form.signs[VitalSign.PULSE].text() == "121")

    assert "not stored: it stands here again" in panel.notice.text()
    assert "Adaeze Okonkwo" in panel.card.title()
    assert not sent(connection)


def test_values_are_there_again_after_a_crash_and_can_be_let_go(
    panel: TriagePanel, session: Session, drafts: Autosaver, qtbot: QtBot
) -> None:
    """A new panel on the same workstation finds the draft; "Start empty" forgets it for good."""
    open_patient(panel, qtbot)
    write(panel, {VitalSign.PULSE: "121"})
    alert_and_on_air(panel)
    drafts.flush()
    later = station(session, drafts)
    qtbot.addWidget(later)
    later.show()

    later.open_ticket(ADA)
    qtbot.waitUntil(lambda: later.form.signs[VitalSign.PULSE].text() == "121")
    assert later.form.consciousness.value() is Consciousness.ALERT
    later._start_over(ADA, panel.form.typed().__class__())

    found: list[object] = []
    later._kept.find(ADA, lambda typed, _since: found.append(typed))
    drafts.flush()
    QTest.qWait(30)
    assert found == []
    assert later.form.typed().is_empty


def test_opening_the_open_patient_again_changes_nothing(panel: TriagePanel, qtbot: QtBot) -> None:
    """A second Enter in the queue must not empty the form."""
    open_patient(panel, qtbot)
    write(panel, {VitalSign.TEMPERATURE: "38.5"})

    panel.open_ticket(ADA)

    assert panel.form.signs[VitalSign.TEMPERATURE].text() == "38.5"
    assert panel.form.signs[VitalSign.PULSE].editor.hasFocus()


def test_late_answers_about_another_patient_are_ignored(
    panel: TriagePanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """The allergies of the one before never stand above the next one."""
    connection.hold()
    panel.open_ticket(ADA)
    first = len(connection.held)
    panel.open_ticket(KWAME)

    connection.release(first)
    QTest.qWait(30)
    assert not panel.banner.isVisible()
    assert not panel.trends.charts()
    connection.release()

    qtbot.waitUntil(panel.banner.isVisible)


def test_a_refusal_for_a_patient_left_meanwhile_is_loud(
    panel: TriagePanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """It names the patient, and the values of the next one stay untouched."""
    open_patient(panel, qtbot)
    write(panel, {VitalSign.PULSE: "121"})
    connection.answer(RecordVitals, Fault(code="visits.gone", message="T-020 was sent on at 10:41."))
    connection.hold()
    panel.primary()
    panel.open_ticket(KWAME)
    write(panel, {VitalSign.PULSE: "66"})

    connection.release()

    qtbot.waitUntil(lambda: "NOT stored: Adaeze Okonkwo (T-020)" in panel.notice.text())
    assert panel.form.signs[VitalSign.PULSE].text() == "66"
    assert panel.form.isEnabled()


def test_what_only_the_server_doubts_is_asked_at_the_field(
    panel: TriagePanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Its sentence is shown, and confirming sends the value again."""
    open_patient(panel, qtbot)
    write(panel, {VitalSign.PULSE: "120"})
    code = VitalSign.PULSE.value
    doubt = Fault(code="triage.unusual_value", message="Unusual.", field=code, data={code: "Pulse 120?"})
    connection.answer(RecordVitals, doubt)

    panel.save()
    qtbot.waitUntil(lambda: "Pulse 120?" in panel.form.question.text())
    assert panel.form.signs[VitalSign.PULSE].editor.hasFocus()
    press(panel, VitalSign.PULSE, Qt.Key.Key_F4)
    connection.answer(RecordVitals, recorded(moved_to=ADA))
    panel.save()

    qtbot.waitUntil(lambda: "Stored" in panel.card.status.text())
    assert sent(connection)[1].confirmed == [code]


def test_without_the_server_it_says_that_the_values_wait_here(
    panel: TriagePanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Never "stored" before the server has said so."""
    open_patient(panel, qtbot)
    write(panel, {VitalSign.PULSE: "80"})
    connection.hold()
    panel.save()

    connection.link(SampleLink(connected=False))

    qtbot.waitUntil(lambda: "Waiting on this workstation" in panel.card.status.text())


def test_values_of_another_room_appear_in_the_trend(
    panel: TriagePanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Only events about the open patient fetch anything, and a run of them fetches once."""
    open_patient(panel, qtbot)
    before = len(connection.requests(GetVitals))

    for patient in (ADA.patient.id, PatientId(99), ADA.patient.id):
        connection.happen(VitalSignsRecorded(patient_id=patient, encounter_id=EncounterId(1)))
    QTest.qWait(150)

    assert len(connection.requests(GetVitals)) == before + 1


def test_history_that_cannot_be_fetched_is_not_an_empty_one(
    panel: TriagePanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Nor does the name vanish: it stands above the form before anything is fetched."""
    connection.answer(GetVitals, Fault(code="server.busy", message="The server is busy."))

    panel.open_ticket(ticket(23, LONG_NAME))

    qtbot.waitUntil(lambda: panel.trends._sentence.text() == "The server is busy.")
    assert LONG_NAME in panel.card.title()


def test_values_in_other_units_are_not_drawn_but_said(
    panel: TriagePanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """A temperature of 101 °F is no point in a chart of °C."""
    known = history()
    strange = known.readings[5].__class__(
        code=VitalSign.TEMPERATURE.value, value=Decimal(101), unit="[degF]", at=known.readings[0].at
    )
    connection.answer(GetVitals, known.__class__(sets=[], readings=[strange]))

    open_patient(panel, qtbot)

    descriptions = [chart.description() for chart in panel.trends.charts()]
    assert "Temperature: not measured" in descriptions
    assert panel.trends._sentence.text() == "Values in other units, not drawn: 1"


def test_enter_goes_through_all_fields_in_the_order_of_reading(panel: TriagePanel, qtbot: QtBot) -> None:
    """From the first empty field to the button, without a mouse."""
    open_patient(panel, qtbot)
    fields = panel.form._fields()
    assert fields[0].editor.hasFocus()

    for here, following in pairwise(fields):
        QTest.keyClick(here.editor, Qt.Key.Key_Return)
        assert following.editor.hasFocus(), following.editor.accessibleName()
    QTest.keyClick(fields[-1].editor, Qt.Key.Key_Return)

    assert panel.card.send_button.hasFocus()


def test_scale_two_of_last_time_is_recalled(
    panel: TriagePanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """The scale is a doctor's prescription: it is recalled, never chosen by the program."""
    connection.answer(GetVitals, history(vital_set(scale=2)))

    open_patient(panel, qtbot)

    assert panel.form.scale._message.text() == "Last time: scale 2"
    assert panel.form.scale.value() == 1
    connection.answer(GetVitals, history(vital_set()))
    open_patient(panel, qtbot, KWAME)
    assert panel.form.scale._message.text() == ""
    assert not panel.form.pregnant.isEnabled()


def test_allergies_that_cannot_be_fetched_are_said_to_be_unknown(
    panel: TriagePanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Also after other news: a banner that is missing must not read as no allergies."""
    connection.answer(GetBanner, Fault(code="server.busy", message="The server is busy."))

    panel.open_ticket(ADA)
    qtbot.waitUntil(lambda: "Allergies and problems could not be fetched" in panel.banner_notice.text())
    panel.primary()
    assert "Allergies and problems" in panel.banner_notice.text()
    answer_all(connection)
    panel.state.reload()

    qtbot.waitUntil(panel.banner.isVisible)
    assert not panel.banner_notice.text()


def test_what_was_stored_here_can_be_looked_up(
    panel: TriagePanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Between two patients the station shows whom it has sent where."""
    open_patient(panel, qtbot)
    write(panel, {VitalSign.PULSE: "121"})

    with qtbot.waitSignal(panel.sent_on):
        panel.primary()

    model = panel.card._stored
    row = [model.index(0, column).data() for column in range(model.columnCount())]
    assert row == ["10:42", "Adaeze Okonkwo", "NEWS2 10", "D-030", "Routine"]
    assert panel.card._lately.isVisible()
