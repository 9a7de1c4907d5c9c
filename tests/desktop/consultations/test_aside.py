"""Beside the note: vital signs, earlier visits, allergies and problems."""

from collections.abc import Callable
from decimal import Decimal

from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.consultations.aside.panel import Page
from hms_desktop.consultations.panel import ConsultationPanel
from hms_server.contract.consultations import (
    Allergen,
    Allergens,
    AllergyStatus,
    Criticality,
    GetChart,
    NoteText,
    RecordAllergy,
    RecordNoAllergies,
    RemoveAllergy,
    ResolveProblem,
    SearchAllergens,
)
from hms_server.contract.envelope import Fault
from hms_server.contract.triage import GetVitals, Reading, VitalsHistory, VitalSignsRecorded
from hms_server.contract.values import EncounterId
from hms_server.contract.vitals import VitalSign
from tests.desktop.conftest import FakeConnection
from tests.desktop.consultations.charts import OTHER, TICKET, banner_of, chart, note, past
from tests.desktop.consultations.conftest import clinic
from tests.desktop.samples import NOW, allergy

Open = Callable[..., None]
PENICILLIN = Allergen(slug="penicillins", name="Penicillins", is_class=True)
MORE = replace(
    banner_of(TICKET),
    allergies=[*banner_of(TICKET).allergies, allergy(9, "Penicillins", "rash", Criticality.HIGH)],
)


def test_the_last_score_stands_above_the_course(
    desk: ConsultationPanel, open_chart: Open, qtbot: QtBot
) -> None:
    """Score, when and by whom, the complaint, and what was measured beside what is normal."""
    open_chart()
    qtbot.waitUntil(lambda: bool(desk.aside.vitals.charts()))

    said = desk.aside.vitals.text()
    assert "NEWS2 10 high: emergency" in said
    assert "10:38 by Nurse Ama Serwaa" in said
    assert "Fever and cough for three days · On oxygen" in said
    descriptions = [each.description() for each in desk.aside.vitals.charts()]
    assert descriptions[0].startswith("Pulse: 121 /min, ↑ high; before: 88, 93, 97, 106")
    assert any(each.startswith("Weight: 71.5 kg") for each in descriptions)


def test_a_value_in_another_unit_is_counted_and_not_drawn(
    desk: ConsultationPanel, open_chart: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    """98.6 °F among degrees Celsius would be a lie."""
    fahrenheit = Reading(code=VitalSign.TEMPERATURE, value=Decimal("98.6"), unit="[degF]", at=NOW)
    connection.answer(GetVitals, VitalsHistory(sets=[], readings=[fahrenheit]))

    open_chart()
    qtbot.waitUntil(lambda: bool(desk.aside.vitals.charts()))

    assert "not drawn: 1" in desk.aside.vitals.text()
    assert all("not measured" in each.description() for each in desk.aside.vitals.charts())


def test_new_vital_signs_are_fetched_for_the_open_patient_only(
    desk: ConsultationPanel, open_chart: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    """A nurse measures again while the doctor writes."""
    open_chart()
    before = len(connection.requests(GetVitals))

    for row in (OTHER, TICKET, TICKET):
        connection.happen(VitalSignsRecorded(patient_id=row.patient.id, encounter_id=row.encounter_id))
    qtbot.wait(250)

    assert len(connection.requests(GetVitals)) == before + 1


def test_vital_signs_that_cannot_be_fetched_are_not_none(
    desk: ConsultationPanel, open_chart: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    """The reason stands in their place."""
    connection.answer(GetVitals, Fault(code="server.busy", message="The server is busy."))

    open_chart()

    qtbot.waitUntil(lambda: "The server is busy." in desk.aside.vitals.text())
    assert not desk.aside.vitals.charts()


def test_earlier_visits_are_read_by_arrow_keys_and_fetched_in_pages(
    desk: ConsultationPanel, open_chart: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    """The text of the visit on which the doctor stops; the medicines of before while none is chosen."""
    visits = [past(number) for number in range(1, 4)]
    old = replace(chart(notes=[note(text=NoteText(plan="Artemether"))]), encounter_id=EncounterId(2))
    first = replace(old, encounter_id=EncounterId(1))
    clinic(connection, chart(history=visits, history_total=43), first, old)
    open_chart()
    history = desk.aside.history
    assert "Metformin 500 mg tablet" in history.text()

    QTest.keyClick(desk, Qt.Key.Key_H, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(history.table.hasFocus)
    QTest.keyClick(history.table, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: "P: Artemether" in history.text())
    assert history.more_button.accessibleName() == "Show more (3 of 43)"
    history.more_button.click()

    assert GetChart(encounter_id=EncounterId(2), history_limit=1) in connection.requests(GetChart)
    assert connection.requests(GetChart)[-1].history_limit == 40


def test_an_allergy_is_recorded_by_keys(
    desk: ConsultationPanel, open_chart: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Alt+A, the substance, Enter, the reaction, Enter; the banner shows it at once."""
    connection.answer(SearchAllergens, Allergens([PENICILLIN]))
    connection.answer(RecordAllergy, MORE)
    open_chart()
    safety = desk.aside.safety

    QTest.keyClick(desk, Qt.Key.Key_A, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(safety.substance.editor.hasFocus)
    QTest.keyClicks(safety.substance.editor, "peni")
    qtbot.waitUntil(safety.substance.is_open)
    QTest.keyClick(safety.substance.editor, Qt.Key.Key_Return)
    assert desk.is_busy()
    QTest.keyClicks(safety.reaction.editor, "rash")
    QTest.keyClick(safety.reaction.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Recorded: Penicillins" in safety.notice.text())

    (request,) = connection.requests(RecordAllergy)
    assert (request.substance, request.allergen, request.reaction) == ("Penicillins", "penicillins", "rash")
    assert request.patient_id == TICKET.patient.id
    assert "Penicillins (rash)" in desk.desk.banner.accessibleName()
    assert not safety.is_busy()


def test_an_unknown_substance_is_kept_as_text(
    desk: ConsultationPanel, open_chart: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Nothing is matched to it silently; a refusal stands at the field and the words stay."""
    connection.answer(SearchAllergens, Allergens([]))
    message = "This allergy is on the patient's list already."
    refusal = Fault(code="consultations.allergy_recorded", message=message, field="substance")
    connection.answer(RecordAllergy, refusal)
    open_chart()
    desk.aside.buttons[Page.ALLERGIES].click()
    safety = desk.aside.safety

    QTest.keyClicks(safety.substance.editor, "blue soap")
    QTest.keyClick(safety.substance.editor, Qt.Key.Key_Return)
    QTest.keyClick(safety.reaction.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: safety.substance.error() == message)

    assert connection.requests(RecordAllergy)[0].allergen is None
    assert safety.substance.text() == "blue soap"


def test_no_known_allergies_is_offered_where_nobody_has_asked(
    desk: ConsultationPanel, open_chart: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    """One key; once something is recorded the button is gone."""
    clinic(connection, chart(status=AllergyStatus.NOT_ASKED))
    connection.answer(RecordNoAllergies, banner_of(TICKET, status=AllergyStatus.NONE_KNOWN))
    open_chart()
    desk.aside.buttons[Page.ALLERGIES].click()

    QTest.keyClick(desk, Qt.Key.Key_N, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: "No known allergies" in desk.desk.banner.accessibleName())

    assert connection.requests(RecordNoAllergies) == [RecordNoAllergies(patient_id=TICKET.patient.id)]
    assert not desk.aside.safety.none_button.isVisible()


def test_an_allergy_is_removed_only_with_a_reason(
    desk: ConsultationPanel, open_chart: Open, connection: FakeConnection
) -> None:
    """The reason is typed below the entry, without a dialog."""
    open_chart()
    desk.aside.buttons[Page.ALLERGIES].click()
    row = desk.aside.safety.removable_rows()[0]
    row.button.click()
    QTest.keyClick(row.reason.editor, Qt.Key.Key_Return)
    assert row.reason.error()
    assert not connection.requests(RemoveAllergy)

    QTest.keyClicks(row.reason.editor, "Other patient")
    QTest.keyClick(row.reason.editor, Qt.Key.Key_Return)

    (request,) = connection.requests(RemoveAllergy)
    assert (request.allergy_id, request.reason) == (1, "Other patient")


def test_a_problem_is_resolved(desk: ConsultationPanel, open_chart: Open, connection: FakeConnection) -> None:
    """The first problem, of the open patient."""
    open_chart()
    desk.aside.buttons[Page.ALLERGIES].click()

    desk.aside.safety.resolve_buttons()[0].click()

    (request,) = connection.requests(ResolveProblem)
    assert (request.patient_id, request.condition_id) == (TICKET.patient.id, 1)
