"""The administrator's page: on or off, limits at their fields, and figures by person and month."""

from collections.abc import Iterator
from datetime import date

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.assistant.policy.panel import PolicyPanel
from hms_desktop.session import Session
from hms_server.contract.accounts import Nothing
from hms_server.contract.assistant import AssistantChanged, GetUsage, SetAssistantPolicy, Usage, UsageRow
from hms_server.contract.envelope import Fault
from hms_server.contract.values import Person, StaffId
from tests.desktop.conftest import FakeConnection

NOVEMBER, OCTOBER = date(2026, 11, 1), date(2026, 10, 1)
USAGE = Usage(
    month=NOVEMBER,
    rows=[
        UsageRow(
            person=Person(id=StaffId(1), name="Ngozi Eze"),
            questions=12,
            prompt_tokens=40_000,
            answer_tokens=2_000,
        ),
        UsageRow(
            person=Person(id=StaffId(2), name="Ama Serwaa"),
            questions=3,
            prompt_tokens=7_000,
            answer_tokens=1_000,
        ),
    ],
    person_limit=200_000,
    clinic_limit=1_000_000,
    enabled=True,
    months=[NOVEMBER, OCTOBER],
)


@pytest.fixture
def panel(connection: FakeConnection, session: Session, qtbot: QtBot) -> Iterator[PolicyPanel]:
    connection.answer(GetUsage, USAGE)
    connection.answer(SetAssistantPolicy, Nothing())
    made = PolicyPanel(session)
    qtbot.addWidget(made)
    made.resize(1200, 600)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    made.state.reload()
    qtbot.waitUntil(lambda: made.state.usage is not None)
    yield made
    made._list._patience.stop()


def test_it_shows_how_it_stands(panel: PolicyPanel) -> None:
    assert panel.switch.value() is True
    assert panel.person_limit.text() == "200000"
    assert panel.total.text() == "Together 50,000 of 1,000,000 tokens (5 %)"
    assert [row.person.name for row in panel.table.rows_model.rows] == ["Ngozi Eze", "Ama Serwaa"]


def test_switching_off_and_limits_are_stored_once(
    panel: PolicyPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """An empty field is no limit."""
    panel.switch.set_value(False)
    panel.person_limit.editor.clear()
    QTest.keyClicks(panel.person_limit.editor, "50,000")
    panel.clinic_limit.editor.clear()

    panel.primary()
    panel.primary()

    qtbot.waitUntil(panel.notice.isVisible)
    assert connection.requests(SetAssistantPolicy) == [
        SetAssistantPolicy(enabled=False, person_limit=50_000, clinic_limit=0)
    ]


@pytest.mark.parametrize("typed", ["many", "-5", "1.5", "²"])
def test_what_is_no_number_is_said_at_its_field(
    panel: PolicyPanel, connection: FakeConnection, typed: str
) -> None:
    panel.clinic_limit.set_text(typed)

    panel.primary()

    assert "whole number" in panel.clinic_limit.error()
    assert panel.clinic_limit.text() == typed
    assert not connection.requests(SetAssistantPolicy)


def test_what_is_typed_stays_while_figures_change(
    panel: PolicyPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    panel.person_limit.editor.selectAll()
    QTest.keyClicks(panel.person_limit.editor, "77")

    connection.happen(AssistantChanged(enabled=True))
    qtbot.waitUntil(lambda: len(connection.requests(GetUsage)) == 2)
    qtbot.wait(20)

    assert panel.person_limit.text() == "77"


def test_a_refusal_keeps_what_was_typed(panel: PolicyPanel, connection: FakeConnection, qtbot: QtBot) -> None:
    connection.answer(
        SetAssistantPolicy, Fault(code="assistant.limits", message="Too high.", field="person_limit")
    )
    panel.person_limit.set_text("99")

    panel.primary()

    qtbot.waitUntil(lambda: panel.person_limit.error() == "Too high.")
    assert panel.person_limit.text() == "99"


def test_another_month(panel: PolicyPanel, connection: FakeConnection, qtbot: QtBot) -> None:
    panel.month.editor.setFocus()
    QTest.keyClick(panel.month.editor, Qt.Key.Key_Down)

    qtbot.waitUntil(lambda: connection.requests(GetUsage)[-1] == GetUsage(month=OCTOBER))
