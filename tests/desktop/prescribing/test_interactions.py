"""Interactions on the screen: asked beside the lines above, loud or quiet as the server says."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from pytestqt.qtbot import QtBot

from hms_desktop.prescribing.findings.panel import with_source
from hms_desktop.prescribing.lines import Dosing
from hms_desktop.prescribing.panel import PrescriptionPanel
from hms_desktop.session import Session
from hms_server.contract.prescribing import (
    CheckLine,
    Frequencies,
    LineChecked,
    ListFrequencies,
    ProductRow,
    SafetyFinding,
)
from hms_server.contract.values import PatientId
from tests.desktop.conftest import FakeConnection
from tests.desktop.prescribing.medicines import (
    ALREADY,
    AMOXICILLIN,
    FREQUENCIES,
    NO_DATA,
    NOT_TOGETHER,
    PARACETAMOL,
    SYRUP,
    TAKE_CARE,
)


@pytest.fixture
def panel(connection: FakeConnection, session: Session, qtbot: QtBot) -> PrescriptionPanel:
    connection.answer(ListFrequencies, Frequencies(FREQUENCIES))
    made = PrescriptionPanel(session)
    qtbot.addWidget(made)
    made.open_patient(PatientId(1))
    return made


def found(*findings: SafetyFinding) -> LineChecked:
    return LineChecked(findings=list(findings), quantity=21, in_stock=640)


def add(panel: PrescriptionPanel, qtbot: QtBot, *products: ProductRow) -> None:
    """Adds lines that are not checked yet, and waits for the server's word on each."""
    for product in products:
        panel.state.add(Dosing(product=product, dose=Decimal(1), frequency="TDS", days=7))
    qtbot.waitUntil(lambda: all(line.checked for line in panel.state.lines))


def asked_beside(connection: FakeConnection) -> Sequence[list[int]]:
    return [[int(each) for each in request.beside] for request in connection.requests(CheckLine)]


def check_cell(panel: PrescriptionPanel, row: int) -> str:
    model = panel.table.model()
    return str(model.index(row, model.columnCount() - 1).data())


def test_a_line_is_checked_beside_those_above_it(
    panel: PrescriptionPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """What is still typed stands below all of them."""
    connection.answer(CheckLine, found())
    add(panel, qtbot, AMOXICILLIN, PARACETAMOL)

    dosing = panel.state.lines[0].dosing
    request = panel.state.request_for(dosing)

    assert asked_beside(connection) == [[], [AMOXICILLIN.id]]
    assert request is not None
    assert request.beside == [AMOXICILLIN.id, PARACETAMOL.id]


def test_without_the_line_above_those_below_are_checked_again(
    panel: PrescriptionPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """What was found beside the removed one is gone with it."""
    connection.answer(CheckLine, lambda asked: found(NOT_TOGETHER) if asked.beside else found())
    add(panel, qtbot, AMOXICILLIN, PARACETAMOL)
    assert not panel.complete()

    panel.state.remove(panel.state.lines[0].number)
    qtbot.waitUntil(lambda: not panel.state.lines[0].unanswered)

    assert asked_beside(connection)[-1] == []
    assert panel.complete()


def test_an_answer_beside_a_removed_line_is_not_shown(
    panel: PrescriptionPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """It was on its way while the person removed the other medicine."""
    connection.answer(CheckLine, found())
    add(panel, qtbot, AMOXICILLIN)
    connection.hold()
    connection.answer(CheckLine, lambda asked: found(NOT_TOGETHER) if asked.beside else found(ALREADY))
    panel.state.add(Dosing(product=PARACETAMOL, dose=Decimal(1), frequency="TDS", days=7))

    panel.state.remove(panel.state.lines[0].number)
    connection.release()
    qtbot.waitUntil(lambda: panel.state.lines[0].checked is not None)

    assert [finding.key for finding in panel.state.lines[0].findings] == [ALREADY.key]


def test_a_draft_is_checked_line_beside_line(
    panel: PrescriptionPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.answer(CheckLine, found())
    add(panel, qtbot, AMOXICILLIN, PARACETAMOL, SYRUP)
    draft = panel.draft()
    before = len(connection.requests(CheckLine))

    panel.open_patient(PatientId(2))
    panel.restore(draft)
    qtbot.waitUntil(lambda: all(line.checked for line in panel.state.lines))

    assert asked_beside(connection)[before:] == [
        [],
        [AMOXICILLIN.id],
        [AMOXICILLIN.id, PARACETAMOL.id],
    ]


def test_what_must_not_be_given_together_needs_a_reason(
    panel: PrescriptionPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """It names both medicines, what happens and who says so."""
    connection.answer(CheckLine, found(NOT_TOGETHER))
    add(panel, qtbot, AMOXICILLIN)

    assert check_cell(panel, 0) == "Do not give"
    assert "Clarithromycin with Simvastatin: do not give together" in panel.findings.text()
    assert "(ANSM 2020)" in panel.findings.text()
    assert not panel.complete()

    panel.state.override(panel.state.lines[0].number, finding_key=NOT_TOGETHER.key, reason="paused")
    assert panel.complete()


def test_what_asks_for_care_and_what_has_no_data_only_inform(
    panel: PrescriptionPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """One quiet place without a button; NOT CHECKED stands there by name."""
    connection.answer(CheckLine, found(TAKE_CARE, NO_DATA))
    add(panel, qtbot, AMOXICILLIN)

    assert check_cell(panel, 0) == "See note"
    assert panel.findings.rows == []
    assert panel.findings.notes.text().splitlines() == [
        f"{each.title}. {with_source(each)}" for each in (TAKE_CARE, NO_DATA)
    ]
    assert "Beside Warfarin 5 mg tablet. (ANSM 2020)" in panel.findings.text()
    assert "Artemether: NOT CHECKED" in panel.findings.text()
    assert panel.complete()


def test_many_notes_stay_small_and_none_is_lost(
    panel: PrescriptionPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.answer(CheckLine, found(*[TAKE_CARE] * 7))
    add(panel, qtbot, AMOXICILLIN)

    assert panel.findings.notes.text().splitlines()[-1] == "And 3 more."
    assert panel.findings.notes.toolTip().count("take care") == 7


def test_a_loud_finding_is_not_hidden_by_a_quiet_one(
    panel: PrescriptionPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.answer(CheckLine, found(ALREADY, NO_DATA))
    add(panel, qtbot, AMOXICILLIN)

    assert check_cell(panel, 0) == "Warning"
    assert [row.finding.key for row in panel.findings.rows] == [ALREADY.key]
    assert "NOT CHECKED" in panel.findings.text()
