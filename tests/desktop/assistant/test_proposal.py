"""Nothing that the assistant proposes is stored before a person has accepted it on an ordinary form."""

from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from hms_desktop.widgets.buttons import SecondaryButton
from hms_server.contract.assistant import AcceptAppointment, AcceptDraft, AnswerState, Dismiss
from hms_server.contract.envelope import Fault, Request
from hms_server.contract.suggestions import Attachment, ProposalState
from tests.desktop.assistant import talks
from tests.desktop.assistant.conftest import Shown
from tests.desktop.assistant.test_sheet import open_talk
from tests.desktop.conftest import FakeConnection

CONTROL = Qt.KeyboardModifier.ControlModifier
ACCEPTING = (AcceptAppointment, AcceptDraft, Dismiss)


def open_form(shown: Shown, connection: FakeConnection, qtbot: QtBot, attachment: Attachment) -> None:
    """By the button of the card below an answer."""
    whole = talks.answer("See below.", state=AnswerState.DONE, attachments=[attachment])
    open_talk(shown, connection, qtbot, talks.question(), whole)
    buttons = shown.sheet.cards()[1].findChildren(SecondaryButton)
    next(one for one in buttons if one.text() == "Open the form").click()


def stored(connection: FakeConnection) -> list[Request[Any]]:
    return [one for one in connection.asked if isinstance(one, ACCEPTING)]


def test_the_form_shows_all_that_will_be_stored_and_stores_nothing_by_itself(
    shown: Shown, connection: FakeConnection, qtbot: QtBot
) -> None:
    open_form(shown, connection, qtbot, talks.proposal())

    form = shown.sheet.proposal
    assert form.isVisible()
    assert form.slot.value() == talks.slot(24)
    assert form.reason.text() == "Blood pressure again after two weeks"
    assert "Adaeze Okonkwo" in form._patient.text()
    assert stored(connection) == []


def test_an_appointment_is_booked_as_the_form_shows_it(
    shown: Shown, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Changed by the person, stored once though the key is pressed twice, back in the talk afterwards."""
    connection.answer(AcceptAppointment, talks.proposal(state=ProposalState.ACCEPTED, mark="Accepted"))
    open_form(shown, connection, qtbot, talks.proposal())

    shown.sheet.proposal.slot.set_value(talks.slot(25))
    shown.sheet.proposal.reason.set_text("Pressure")
    shown.press(Qt.Key.Key_Return, CONTROL)
    shown.press(Qt.Key.Key_Return, CONTROL)

    qtbot.waitUntil(shown.sheet.question.isVisible)
    assert stored(connection) == [
        AcceptAppointment(proposal_id=talks.proposal().id, slot=talks.slot(25), reason="Pressure")
    ]
    assert shown.page.pressed == []


def test_a_conflict_is_said_on_the_form(shown: Shown, connection: FakeConnection, qtbot: QtBot) -> None:
    open_form(shown, connection, qtbot, talks.proposal(conflict="Ten o'clock is taken."))

    assert "Ten o'clock is taken." in shown.sheet.proposal.notice.text()


def test_without_a_free_time_nothing_can_be_accepted(
    shown: Shown, connection: FakeConnection, qtbot: QtBot
) -> None:
    open_form(shown, connection, qtbot, talks.proposal(slot=None))

    shown.sheet.proposal.accept()

    assert shown.sheet.proposal.slot.error() == "Choose a time."
    assert stored(connection) == []


def test_a_draft_is_stored_as_it_was_changed(shown: Shown, connection: FakeConnection, qtbot: QtBot) -> None:
    connection.answer(AcceptDraft, talks.draft(state=ProposalState.ACCEPTED, mark="Accepted"))
    open_form(shown, connection, qtbot, talks.draft())

    shown.sheet.proposal.text.set_text("Dear Dr Bello, please see her.")
    shown.sheet.proposal.accept_button.click()

    qtbot.waitUntil(shown.sheet.question.isVisible)
    draft = talks.draft()
    assert stored(connection) == [
        AcceptDraft(
            proposal_id=draft.id,
            title=draft.title,
            text="Dear Dr Bello, please see her.",
            recipient=draft.recipient,
        )
    ]


@pytest.mark.parametrize("name", ["title", "text", "recipient"])
def test_a_refused_draft_stays_with_the_reason_at_its_field(
    shown: Shown, connection: FakeConnection, qtbot: QtBot, name: str
) -> None:
    connection.answer(AcceptDraft, Fault(code="assistant.text", message="Too long.", field=name))
    open_form(shown, connection, qtbot, talks.draft())
    shown.sheet.proposal.text.set_text("My own words")

    shown.sheet.proposal.accept()

    qtbot.waitUntil(lambda: getattr(shown.sheet.proposal, name).error() == "Too long.")
    assert shown.sheet.proposal.text.text() == "My own words"
    assert shown.sheet.proposal.accept_button.isEnabled()


def test_what_is_not_wanted_is_dismissed(shown: Shown, connection: FakeConnection, qtbot: QtBot) -> None:
    connection.answer(Dismiss, talks.draft(state=ProposalState.DISMISSED))
    open_form(shown, connection, qtbot, talks.draft())

    shown.sheet.proposal.dismiss_button.click()

    qtbot.waitUntil(shown.sheet.question.isVisible)
    assert stored(connection) == [Dismiss(proposal_id=talks.draft().id)]


def test_esc_leaves_the_form_and_what_was_changed_in_it_is_still_there(
    shown: Shown, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Opened again, a half-corrected letter must not be the model's first wording."""
    open_form(shown, connection, qtbot, talks.draft())
    shown.sheet.proposal.text.set_text("Half corrected")

    shown.press(Qt.Key.Key_Escape)
    back = shown.sheet.question.isVisible()
    shown.sheet._show_proposal(talks.draft())

    assert back
    assert shown.sheet.proposal.text.text() == "Half corrected"
    assert shown.page.pressed == []


def test_an_accepted_proposal_has_no_form_any_more(
    shown: Shown, connection: FakeConnection, qtbot: QtBot
) -> None:
    mark = "Suggested by the assistant, accepted by Ngozi Eze"
    whole = talks.answer(
        "See below.",
        state=AnswerState.DONE,
        attachments=[talks.draft(state=ProposalState.ACCEPTED, mark=mark)],
    )
    open_talk(shown, connection, qtbot, talks.question(), whole)

    assert "Open the form" not in {one.text() for one in shown.sheet.cards()[1].buttons()}
