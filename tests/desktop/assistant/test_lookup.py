"""Look-ups without the internet: a plain form each, faults at their fields, and the answer below."""

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from hms_desktop.widgets.fields import Field
from hms_server.contract.assistant import RunTool, ToolAnswer
from hms_server.contract.envelope import Fault
from hms_server.contract.suggestions import SafetyReport
from tests.desktop.assistant import talks
from tests.desktop.assistant.conftest import Shown
from tests.desktop.conftest import FakeConnection

CONTROL = Qt.KeyboardModifier.ControlModifier
FREE = ToolAnswer(title="Free", lines=["Monday 10:20, Dr Asante"], attachments=[talks.proposal()])


@pytest.fixture
def looking(shown: Shown) -> Shown:
    """The look-ups are open."""
    shown.sheet.open(about="nurse", patient=None)
    shown.sheet.tools_button.click()
    return shown


def choose(shown: Shown, name: str) -> None:
    shown.sheet.tools.which.set_value(name)
    shown.sheet.tools.which.chosen.emit(name)


def field(shown: Shown, name: str) -> Field:
    found = shown.sheet.tools.fields()[name]
    assert isinstance(found, Field)
    return found


def test_only_what_answers_without_the_internet_is_offered(looking: Shown) -> None:
    box = looking.sheet.tools.which.editor

    assert [box.itemText(number) for number in range(box.count())] == [
        "Next free appointments",
        "Check medicines",
    ]


def test_a_look_up_by_keys(looking: Shown, connection: FakeConnection, qtbot: QtBot) -> None:
    """What was not filled in is not sent, and a press counts once."""
    connection.answer(RunTool, FREE)
    choose(looking, "next_free_slots")

    looking.type("cardiology")
    looking.press(Qt.Key.Key_Return, CONTROL)

    qtbot.waitUntil(lambda: "Monday 10:20" in looking.sheet.tools.answer())
    assert connection.requests(RunTool) == [
        RunTool(name="next_free_slots", arguments={"speciality": "cardiology"})
    ]
    assert looking.page.pressed == []


def test_a_fault_stands_at_its_field_and_what_was_typed_stays(
    looking: Shown, connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.answer(
        RunTool, Fault(code="assistant.argument", message="Write year-month-day.", field="from_day")
    )
    choose(looking, "next_free_slots")
    field(looking, "from_day").editor.setText("12.3.")

    looking.press(Qt.Key.Key_Return)

    qtbot.waitUntil(lambda: field(looking, "from_day").error() == "Write year-month-day.")
    assert field(looking, "from_day").text() == "12.3."
    assert field(looking, "from_day").editor.hasFocus()
    assert looking.sheet.tools.button.isEnabled()


def test_a_needed_field_says_so_before_anything_is_asked(looking: Shown, connection: FakeConnection) -> None:
    choose(looking, "interaction_and_allergy_check")

    looking.press(Qt.Key.Key_Return)

    assert field(looking, "medicines").error() == "This is needed."
    assert not connection.requests(RunTool)


def test_what_is_about_a_patient_wants_one(looking: Shown, connection: FakeConnection) -> None:
    choose(looking, "interaction_and_allergy_check")
    looking.type("warfarin")

    looking.press(Qt.Key.Key_Return)

    assert "Open a patient first" in looking.sheet.tools.notice.text()
    assert not connection.requests(RunTool)


def test_the_patient_at_hand_goes_along_and_is_named(
    shown: Shown, connection: FakeConnection, qtbot: QtBot
) -> None:
    """What was not checked is as loud as a finding."""
    report = SafetyReport(patient=talks.ADAEZE, medicines=["warfarin"], unknown=["herbs"], findings=[])
    connection.answer(RunTool, ToolAnswer(title="Checked", lines=[], attachments=[report]))
    shown.sheet.open(about="doctor", patient=talks.ADAEZE)
    shown.sheet.tools_button.click()
    choose(shown, "interaction_and_allergy_check")
    shown.type("warfarin, herbs")

    shown.press(Qt.Key.Key_Return)

    qtbot.waitUntil(lambda: "Checked" in shown.sheet.tools.answer())
    assert "Adaeze Okonkwo" in shown.sheet.tools._about.text()
    assert connection.requests(RunTool)[0].patient_id == talks.ADAEZE.id
    cards = shown.sheet.tools.attachments()
    assert "NOT CHECKED: herbs" in cards[0].lines.text()


def test_a_fault_of_no_field_is_said_and_the_form_stays(
    looking: Shown, connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.answer(RunTool, Fault(code="link.timeout", message="The server did not answer."))
    choose(looking, "next_free_slots")
    looking.type("eyes")

    looking.press(Qt.Key.Key_Return)

    qtbot.waitUntil(lambda: "did not answer" in looking.sheet.tools.notice.text())
    assert field(looking, "speciality").text() == "eyes"


def test_the_list_of_look_ups_stays_chosen_when_the_state_is_fetched_again(
    looking: Shown, connection: FakeConnection, qtbot: QtBot
) -> None:
    choose(looking, "next_free_slots")
    looking.type("eyes")

    looking.sheet.desk.reload()
    qtbot.wait(30)

    assert looking.sheet.tools.which.value() == "next_free_slots"
    assert field(looking, "speciality").text() == "eyes"
