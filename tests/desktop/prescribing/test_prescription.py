"""The prescription: typed by keys, checked before anybody signs, and never for the wrong patient."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.prescribing.panel import PrescriptionPanel
from hms_desktop.session import Session
from hms_server.contract.consultations import ChartChanged
from hms_server.contract.envelope import Fault
from hms_server.contract.prescribing import (
    CheckLine,
    Frequencies,
    LineChecked,
    ListFrequencies,
    Products,
    SearchProducts,
)
from hms_server.contract.values import PatientId
from tests.desktop.conftest import FakeConnection
from tests.desktop.prescribing.medicines import (
    ALREADY,
    AMOXICILLIN,
    FREQUENCIES,
    NOT_ASKED,
    PARACETAMOL,
    PRODUCTS,
    SYRUP,
    count_line,
    signed,
)

PATIENT = PatientId(1)
ROWS = {AMOXICILLIN: 0, PARACETAMOL: 1, SYRUP: 2}


@pytest.fixture
def panel(connection: FakeConnection, session: Session, qtbot: QtBot) -> PrescriptionPanel:
    connection.answer(ListFrequencies, Frequencies(FREQUENCIES))
    connection.answer(SearchProducts, Products(PRODUCTS))
    connection.answer(CheckLine, count_line)
    made = PrescriptionPanel(session)
    qtbot.addWidget(made)
    made.resize(620, 560)
    made.show()
    made.activateWindow()
    QTest.qWaitForWindowActive(made)
    made.open_patient(PATIENT)
    qtbot.waitUntil(lambda: bool(made.state.frequencies))
    return made


@pytest.fixture
def choose(panel: PrescriptionPanel, qtbot: QtBot) -> Callable[..., None]:
    """Types a product and takes it from the list."""

    def make(product: object = PARACETAMOL) -> None:
        editor = panel.entry.product.editor
        editor.setFocus()
        QTest.keyClicks(editor, "amo")
        qtbot.waitUntil(panel.entry.product.is_open)
        for _ in range(ROWS[product]):  # type: ignore[index]  # one of the products above
            QTest.keyClick(editor, Qt.Key.Key_Down)
        QTest.keyClick(editor, Qt.Key.Key_Return)

    return make


@pytest.fixture
def add(panel: PrescriptionPanel, choose: Callable[..., None], qtbot: QtBot) -> Callable[..., None]:
    """Adds a line as the product is usually given."""

    def make(product: object = PARACETAMOL) -> None:
        before = len(panel.state.lines)
        choose(product)
        QTest.keyClick(panel.entry.dose.editor, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: len(panel.state.lines) == before + 1)

    return make


def cells(panel: PrescriptionPanel, row: int = 0) -> list[str]:
    model = panel.table.model()
    return [str(model.index(row, column).data()) for column in range(model.columnCount())]


def test_a_medicine_is_added_by_its_name_and_two_enters(
    panel: PrescriptionPanel, add: Callable[..., None]
) -> None:
    """The usual dosing stands there, the server counts, and the next name can be typed."""
    add(PARACETAMOL)

    assert cells(panel) == [
        "Paracetamol 500 mg tablet",
        "1 tablet",
        "three times a day",
        "7",
        "21",
        "640 in stock",
    ]
    assert panel.entry.product.editor.hasFocus()
    assert panel.entry.text() == ""
    assert panel.lines()[0].quantity == 21
    assert panel.lines()[0].frequency == "TDS"


def test_a_code_and_other_numbers_replace_the_usual_dosing(
    panel: PrescriptionPanel, choose: Callable[..., None], connection: FakeConnection, qtbot: QtBot
) -> None:
    """Half tablets, a code in small letters and a typed quantity are what is signed."""
    choose(PARACETAMOL)
    panel.entry.dose.editor.clear()
    QTest.keyClicks(panel.entry.dose.editor, "0,5")
    panel.entry.frequency.editor.clear()
    QTest.keyClicks(panel.entry.frequency.editor, "bd")
    panel.entry.days.editor.clear()
    QTest.keyClicks(panel.entry.days.editor, "10")
    QTest.keyClicks(panel.entry.quantity.editor, "12")
    QTest.keyClick(panel.entry.quantity.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(panel.state.lines))

    (line,) = panel.lines()
    assert (str(line.dose), line.frequency, line.days, line.quantity) == ("0.5", "BD", 10, 12)


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("dose", "two", "how many tablet"),
        ("frequency", "sometimes", "such as tds"),
        ("days", "400", "1 to 365"),
    ],
)
def test_what_is_wrong_is_said_with_the_focus_in_the_field(
    panel: PrescriptionPanel, choose: Callable[..., None], field: str, text: str, words: str
) -> None:
    """Nothing is added, and what was typed stays."""
    choose(PARACETAMOL)
    wrong = getattr(panel.entry, field)
    wrong.editor.clear()
    QTest.keyClicks(wrong.editor, text)

    QTest.keyClick(panel.entry.quantity.editor, Qt.Key.Key_Return)

    assert words in panel.entry.error()
    assert wrong.editor.hasFocus()
    assert wrong.text() == text
    assert not panel.state.lines


def test_words_that_were_changed_name_no_product(
    panel: PrescriptionPanel, choose: Callable[..., None]
) -> None:
    """After a choice, one more letter makes it a search again: Enter must not add the earlier one."""
    choose(AMOXICILLIN)
    panel.entry.product.editor.setFocus()
    panel.entry.product.editor.end(False)
    QTest.keyClicks(panel.entry.product.editor, "x")

    QTest.keyClick(panel.entry.dose.editor, Qt.Key.Key_Return)

    assert "Choose a medicine" in panel.entry.error()
    assert not panel.state.lines


def test_an_allergy_is_loud_and_needs_a_reason(panel: PrescriptionPanel, add: Callable[..., None]) -> None:
    """Signing is stopped at the field for the reason; a dot is no reason; the reason goes with the line."""
    add(AMOXICILLIN)
    assert cells(panel)[-1] == "Do not give"
    assert "Allergic to Penicillin" in panel.findings.text()

    assert not panel.complete()
    reason = panel.findings.rows[0].reason
    assert reason.editor.hasFocus()
    QTest.keyClicks(reason.editor, ".")
    QTest.keyClick(reason.editor, Qt.Key.Key_Return)
    assert "five letters" in reason.error()
    QTest.keyClicks(reason.editor, " rash in 1990 only, tolerated since")
    QTest.keyClick(reason.editor, Qt.Key.Key_Return)

    assert panel.complete()
    assert panel.lines()[0].overrides == {"contraindicated.allergy.1": ". rash in 1990 only, tolerated since"}
    assert cells(panel)[-1] == "Reason given"


def test_another_medicine_is_one_button_away(panel: PrescriptionPanel, add: Callable[..., None]) -> None:
    """The dangerous line is gone and the next name can be typed."""
    add(AMOXICILLIN)

    QTest.mouseClick(panel.findings.rows[0].replace_button, Qt.MouseButton.LeftButton)

    assert panel.is_empty()
    assert panel.entry.product.editor.hasFocus()


def test_a_warning_is_shown_and_asks_for_nothing(
    panel: PrescriptionPanel, add: Callable[..., None], connection: FakeConnection
) -> None:
    """The doctor reads it and may sign."""
    connection.answer(CheckLine, LineChecked(findings=[ALREADY], quantity=21, in_stock=640))

    add(PARACETAMOL)

    assert cells(panel)[-1] == "Warning"
    assert "Already has paracetamol" in panel.findings.text()
    assert panel.complete()


def test_not_checked_is_as_loud_as_a_finding(
    panel: PrescriptionPanel, add: Callable[..., None], connection: FakeConnection
) -> None:
    """Nobody has asked about allergies: signing needs an answer."""
    connection.answer(CheckLine, LineChecked(findings=[NOT_ASKED], quantity=21, in_stock=640))

    add(PARACETAMOL)

    assert cells(panel)[-1] == "Not checked"
    assert "NOT CHECKED" in panel.findings.text()
    assert not panel.complete()


def test_a_line_the_server_could_not_check_says_so(
    panel: PrescriptionPanel, choose: Callable[..., None], connection: FakeConnection, qtbot: QtBot
) -> None:
    """It is added only with a quantity that the doctor counted, and stands there as not checked."""
    connection.answer(CheckLine, Fault(code="link.down", message="The server did not answer."))
    choose(PARACETAMOL)
    QTest.keyClick(panel.entry.dose.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "type the quantity" in panel.entry.error())

    QTest.keyClicks(panel.entry.quantity.editor, "21")
    QTest.keyClick(panel.entry.quantity.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(panel.state.lines))

    qtbot.waitUntil(lambda: "NOT CHECKED The server did not answer." in panel.findings.text())
    assert cells(panel)[-1] == "Not checked"


def test_a_half_typed_medicine_is_not_lost_by_signing(
    panel: PrescriptionPanel, choose: Callable[..., None]
) -> None:
    """Signing stops there and says so."""
    choose(PARACETAMOL)

    assert not panel.complete()
    assert "not added yet" in panel.entry.error()


def test_a_new_allergy_is_held_against_what_is_written(
    panel: PrescriptionPanel, add: Callable[..., None], connection: FakeConnection, qtbot: QtBot
) -> None:
    """Two events are one new check of each line."""
    connection.answer(CheckLine, LineChecked(findings=[], quantity=21, in_stock=640))
    add(AMOXICILLIN)
    assert cells(panel)[-1] == "640 in stock"
    before = len(connection.requests(CheckLine))
    connection.answer(CheckLine, count_line)

    connection.happen(ChartChanged(patient_id=PatientId(99)))
    connection.happen(ChartChanged(patient_id=PATIENT))
    connection.happen(ChartChanged(patient_id=PATIENT))
    qtbot.waitUntil(lambda: cells(panel)[-1] == "Do not give")

    assert len(connection.requests(CheckLine)) == before + 1


def test_an_answer_about_another_patient_is_dropped(
    panel: PrescriptionPanel, choose: Callable[..., None], connection: FakeConnection, qtbot: QtBot
) -> None:
    """A check that was asked for one patient never reassures about the next."""
    choose(PARACETAMOL)
    connection.hold()
    QTest.keyClick(panel.entry.dose.editor, Qt.Key.Key_Return)

    panel.open_patient(PatientId(2))
    connection.release()
    qtbot.wait(50)

    assert panel.is_empty()


def test_a_refused_line_is_shown_at_its_place(
    panel: PrescriptionPanel, add: Callable[..., None], qtbot: QtBot
) -> None:
    """The second line is selected and says what the server wants; Enter takes it back for changes."""
    add(PARACETAMOL)
    add(SYRUP)
    message = "The formulary does not offer this product any more. Search for another one."

    shown = panel.refuse(
        Fault(code="prescribing.product_unknown", message=message, field="prescription.1.product_id")
    )

    assert shown
    assert cells(panel, 1)[-1] == "Correct it"
    assert message in panel.findings.text()
    QTest.keyClick(panel.table, Qt.Key.Key_Return)
    assert panel.entry.text().startswith("Amoxicillin and clavulanic acid")
    assert len(panel.state.lines) == 1


def test_an_unsafe_refusal_fetches_the_finding_that_came_meanwhile(
    panel: PrescriptionPanel, add: Callable[..., None], connection: FakeConnection, qtbot: QtBot
) -> None:
    """Somebody recorded an allergy a second before the signature."""
    connection.answer(CheckLine, LineChecked(findings=[], quantity=21, in_stock=640))
    add(AMOXICILLIN)
    connection.answer(CheckLine, count_line)
    field = "prescription.0.overrides.contraindicated.allergy.1"

    panel.refuse(
        Fault(code="prescribing.unsafe", message="…", field=field, data={field: "Allergic to Penicillin"})
    )

    qtbot.waitUntil(lambda: "Allergic to Penicillin" in panel.findings.text())


def test_a_draft_brings_back_lines_and_reasons(
    panel: PrescriptionPanel, add: Callable[..., None], connection: FakeConnection, qtbot: QtBot
) -> None:
    """The lines are checked anew: the reason still belongs to its finding."""
    add(AMOXICILLIN)
    panel.state.override(
        panel.state.lines[0].number, finding_key="contraindicated.allergy.1", reason="tolerated"
    )
    kept, lines = panel.draft(), panel.lines()

    panel.open_patient(PATIENT)
    panel.restore(kept)
    qtbot.waitUntil(lambda: cells(panel)[-1] == "Reason given")

    assert panel.lines() == lines


def test_delete_takes_a_line_out(panel: PrescriptionPanel, add: Callable[..., None]) -> None:
    """By key, from the table."""
    add(PARACETAMOL)
    panel.table.setFocus()

    QTest.keyClick(panel.table, Qt.Key.Key_Delete)

    assert panel.is_empty()


def test_a_signed_prescription_is_only_read(panel: PrescriptionPanel) -> None:
    """Directions as the patient reads them, and how much was given."""
    panel.show_signed([signed(1, "Amoxicillin 500 mg capsule", "Take 1 capsule by mouth", dispensed=7)])

    model = panel.signed_table.model()
    row = [str(model.index(0, column).data()) for column in range(model.columnCount())]
    assert row == ["Amoxicillin 500 mg capsule", "Take 1 capsule by mouth", "21", "7 of 21"]
    assert not panel.entry.isVisible()
