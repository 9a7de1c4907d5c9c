"""Vital signs are scored while they are typed, and what cannot be or is unusual is said at its field."""

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from hms_desktop.triage.panel import TriagePanel
from hms_server.contract.vitals import VitalSign
from tests.desktop.conftest import FakeConnection
from tests.desktop.triage.nurses import BABY, ILL, alert_and_on_air, open_patient, press, sent, write


def test_each_field_says_its_points_and_the_box_the_total_while_typing(
    panel: TriagePanel, qtbot: QtBot
) -> None:
    """The patient of the picture: 2 + 2 + 3 + 2 + 1 points, and what the college says to do."""
    open_patient(panel, qtbot)

    write(panel, ILL)
    alert_and_on_air(panel)

    pills = {sign: panel.form.signs[sign]._pill.text() for sign in ILL}
    assert pills == {
        VitalSign.TEMPERATURE: "2 points",
        VitalSign.PULSE: "2 points",
        VitalSign.RESPIRATION_RATE: "3 points",
        VitalSign.SPO2: "2 points",
        VitalSign.SYSTOLIC: "1 point",
        VitalSign.DIASTOLIC: "in range",
    }
    assert panel.card.score.accessibleName().startswith("NEWS2: high. 10. Emergency assessment")
    assert "Triage: Emergency" in panel.card.score.accessibleName()


def test_an_incomplete_score_says_what_is_missing_and_what_is_certain(
    panel: TriagePanel, qtbot: QtBot
) -> None:
    """Nothing reassuring is said before all is measured, and nothing urgent is held back."""
    open_patient(panel, qtbot)

    write(panel, {VitalSign.RESPIRATION_RATE: "25", VitalSign.SYSTOLIC: "99"})

    said = panel.card.score.accessibleName()
    assert "at least medium" in said
    assert "missing: SpO₂, air or oxygen, pulse, consciousness, temperature" in said
    assert "≥ 5" in said


def test_a_child_gets_the_ranges_of_its_age_and_no_score(panel: TriagePanel, qtbot: QtBot) -> None:
    """NEWS2 points below a baby's values would be wrong."""
    open_patient(panel, qtbot, BABY)

    write(panel, {VitalSign.PULSE: "170", VitalSign.RESPIRATION_RATE: "40"})

    assert "NEWS2 not applicable" in panel.card.score.accessibleName()
    assert panel.form.signs[VitalSign.PULSE]._pill.text() == "↑ high"
    assert panel.form.signs[VitalSign.RESPIRATION_RATE]._pill.text() == "in range"


def test_an_impossible_value_is_refused_at_its_field(
    panel: TriagePanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """The focus goes there, the words stay, and the server is not even asked."""
    open_patient(panel, qtbot)
    write(panel, {VitalSign.TEMPERATURE: "101", VitalSign.PULSE: "80"})

    panel.primary()

    field = panel.form.signs[VitalSign.TEMPERATURE]
    assert "101 °F would be 38.3 °C" in field.error()
    assert field.editor.hasFocus()
    assert field.text() == "101"
    assert not sent(connection)


def test_half_a_number_is_no_mistake(panel: TriagePanel, qtbot: QtBot) -> None:
    """The 3 of 38.5 would be below every limit; letters are wrong at once."""
    open_patient(panel, qtbot)

    write(panel, {VitalSign.TEMPERATURE: "3"})
    assert not panel.form.signs[VitalSign.TEMPERATURE].error()
    write(panel, {VitalSign.PULSE: "8o"})

    assert "“8o” is not a number" in panel.form.signs[VitalSign.PULSE].error()
    assert "must be" in panel.form.signs[VitalSign.TEMPERATURE].error()


def test_enter_asks_about_an_unusual_value_and_enter_again_confirms_it(
    panel: TriagePanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """The server learns which values were looked at twice."""
    open_patient(panel, qtbot)
    write(panel, {VitalSign.TEMPERATURE: "31"})
    field = panel.form.signs[VitalSign.TEMPERATURE]

    press(panel, VitalSign.TEMPERATURE, Qt.Key.Key_Return)
    assert "Enter again or F4" in field.error()
    assert "usual: 34 to 41 °C" in panel.form.question.text()
    assert field.editor.hasFocus()
    press(panel, VitalSign.TEMPERATURE, Qt.Key.Key_Return)

    assert not field.error()
    assert panel.form.signs[VitalSign.PULSE].editor.hasFocus()
    panel.save()
    assert sent(connection)[0].confirmed == [VitalSign.TEMPERATURE.value]


def test_f4_confirms_the_value_that_is_asked_about(
    panel: TriagePanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Ctrl+Enter alone never confirms; a changed value has to be confirmed anew."""
    open_patient(panel, qtbot)
    write(panel, {VitalSign.TEMPERATURE: "31"})

    panel.primary()
    panel.primary()
    assert not sent(connection)
    press(panel, VitalSign.TEMPERATURE, Qt.Key.Key_F4)
    assert panel.form.confirmed() == [VitalSign.TEMPERATURE.value]
    write(panel, {VitalSign.TEMPERATURE: "32"})
    panel.primary()

    assert panel.form.confirmed() == []
    assert not sent(connection)


def test_f4_confirms_what_the_notice_asks_and_no_other_value(panel: TriagePanel, qtbot: QtBot) -> None:
    """With the focus on a second unusual value, that one stays a question."""
    open_patient(panel, qtbot)
    write(panel, {VitalSign.TEMPERATURE: "31", VitalSign.GLUCOSE: "90"})
    press(panel, VitalSign.GLUCOSE, Qt.Key.Key_Return)
    assert "Temperature of 31" in panel.form.question.text()

    press(panel, VitalSign.GLUCOSE, Qt.Key.Key_F4)

    assert panel.form.confirmed() == [VitalSign.TEMPERATURE.value]
    assert "90 mg/dL would be 5.0 mmol/L" in panel.form.question.text()
