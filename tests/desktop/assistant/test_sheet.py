"""The sheet by keys: it opens over the work, takes a question, draws answers, and gives the keys back."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from hms_server.contract.accounts import Nothing
from hms_server.contract.assistant import (
    AnswerDone,
    AnswerGrew,
    AnswerState,
    AskAgain,
    AskAssistant,
    ConversationForgotten,
    Conversations,
    DropParked,
    ForgetConversation,
    GetAnswer,
    GetAssistantState,
    GetConversation,
    GetSent,
    ListConversations,
    Message,
    Question,
    SendParked,
    Sent,
    StopAnswer,
)
from hms_server.contract.envelope import Fault
from hms_server.contract.patients import ConsentDecision, Consents, ConsentScope, RecordConsent
from tests.desktop.assistant import talks
from tests.desktop.assistant.conftest import Shown
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import NOW
from tests.desktop.visits.tickets import patient

CONTROL = Qt.KeyboardModifier.ControlModifier
ASKED = Question(
    conversation_id=talks.TALK, question=talks.question(), answer=talks.answer(state=AnswerState.WAITING)
)
GREW = AnswerGrew(conversation_id=talks.TALK, message_id=talks.ANSWER, characters=12)
DONE = AnswerDone(conversation_id=talks.TALK, message_id=talks.ANSWER, state=AnswerState.DONE)


def open_talk(shown: Shown, connection: FakeConnection, qtbot: QtBot, *messages: Message) -> None:
    """A conversation of these messages lies open."""
    connection.answer(GetConversation, talks.talk(*messages))
    shown.sheet.open(about="doctor", patient=None)
    shown.sheet.desk.open(talks.TALK)
    qtbot.waitUntil(lambda: len(shown.sheet.cards()) == len(messages))


def words_of(shown: Shown) -> set[str]:
    """What can be read on the buttons of the last message."""
    return {button.text() for button in shown.sheet.cards()[-1].buttons()}


def press_button(shown: Shown, words: str) -> None:
    """Presses a button of the last message."""
    next(one for one in shown.sheet.cards()[-1].buttons() if one.text() == words).click()


def test_esc_gives_the_keys_back_and_never_reaches_the_page(shown: Shown) -> None:
    """What was being typed goes on where it was."""
    shown.type("Fever ")

    shown.sheet.open(about="doctor", patient=talks.ADAEZE)
    inside = shown.sheet.question.editor.hasFocus()
    shown.press(Qt.Key.Key_Escape)
    shown.type("since Monday")

    assert inside
    assert not shown.sheet.isVisible()
    assert shown.page.note.toPlainText() == "Fever since Monday"
    assert shown.page.pressed == []


def test_a_question_by_keys_names_patient_and_workspace(
    shown: Shown, connection: FakeConnection, qtbot: QtBot
) -> None:
    """The field is emptied once the server has it, and the answer stands below."""
    connection.answer(AskAssistant, ASKED)
    shown.sheet.open(about="doctor", patient=talks.ADAEZE)

    shown.type("When is Dr Asante free?")
    shown.press(Qt.Key.Key_Return)

    qtbot.waitUntil(lambda: len(shown.sheet.cards()) == 2)
    assert connection.requests(AskAssistant) == [
        AskAssistant(text="When is Dr Asante free?", patient_id=talks.ADAEZE.id, about="doctor")
    ]
    assert shown.sheet.question.text() == ""
    assert shown.page.pressed == []


def test_ctrl_enter_asks_once_and_spares_the_page(
    shown: Shown, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Below, it would sign a visit."""
    connection.answer(AskAssistant, ASKED)
    shown.sheet.open(about="doctor", patient=None)
    shown.type("Stock of amoxicillin?")

    shown.press(Qt.Key.Key_Return, CONTROL)

    qtbot.waitUntil(lambda: len(connection.requests(AskAssistant)) == 1)
    qtbot.wait(20)
    assert len(connection.requests(AskAssistant)) == 1
    assert shown.page.pressed == []


@pytest.mark.parametrize("field", ["new_button", "list_button", "close_button", "question"])
def test_the_page_is_spared_from_every_part_of_the_sheet(shown: Shown, field: str) -> None:
    shown.sheet.open(about="doctor", patient=None)
    getattr(shown.sheet, field).setFocus()

    shown.press(Qt.Key.Key_Return, CONTROL)
    shown.press(Qt.Key.Key_Escape)

    assert shown.page.pressed == []


def test_the_patients_yes_is_written_down_where_the_question_is_asked(
    shown: Shown, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Nobody walks to the front desk; the typed question goes by itself afterwards."""
    connection.answer(
        AskAssistant, Fault(code="assistant.no_consent", message="Ask them first.", field="patient_id")
    )
    connection.answer(RecordConsent, Consents(patient_id=talks.ADAEZE.id, current=[], history=[]))
    shown.sheet.open(about="doctor", patient=talks.ADAEZE)
    shown.type("Which allergies?")
    shown.press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Ask them first." in shown.sheet.notice.text())
    connection.answer(AskAssistant, ASKED)

    shown.press(Qt.Key.Key_Y, Qt.KeyboardModifier.AltModifier)

    qtbot.waitUntil(lambda: len(connection.requests(AskAssistant)) == 2)
    (consent,) = connection.requests(RecordConsent)
    assert (consent.patient_id, consent.scope, consent.decision) == (
        talks.ADAEZE.id, ConsentScope.ASSISTANT, ConsentDecision.GIVEN
    )  # fmt: skip
    assert [question.text for question in connection.requests(AskAssistant)] == ["Which allergies?"] * 2


def test_a_refused_question_stays_where_it_was_typed(
    shown: Shown, connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.answer(AskAssistant, Fault(code="assistant.limit", message="The limit is used up."))
    shown.sheet.open(about="doctor", patient=None)

    shown.type("A long question")
    shown.press(Qt.Key.Key_Return)

    qtbot.waitUntil(shown.sheet.notice.isVisible)
    assert "The limit is used up." in shown.sheet.notice.text()
    assert shown.sheet.question.text() == "A long question"
    shown.press(Qt.Key.Key_Return)
    assert len(connection.requests(AskAssistant)) == 2


def test_an_empty_question_is_said_at_the_field(shown: Shown, connection: FakeConnection) -> None:
    shown.sheet.open(about="doctor", patient=None)

    shown.press(Qt.Key.Key_Return)

    assert shown.sheet.question.error() == "Write your question first."
    assert not connection.requests(AskAssistant)


def test_growth_changes_the_text_of_one_card_and_nothing_else(
    shown: Shown, connection: FakeConnection, qtbot: QtBot
) -> None:
    """No part is built anew while an answer is written, and several growths are one fetch."""
    open_talk(shown, connection, qtbot, talks.question(), talks.answer("On"))
    before = shown.sheet.cards()
    buttons = before[1].buttons()
    connection.answer(GetAnswer, talks.answer("On Monday"))

    for _ in range(10):
        connection.happen(GREW)
    qtbot.waitUntil(lambda: before[1].text() == "On Monday")

    assert shown.sheet.cards() == before
    assert before[1].buttons() == buttons
    assert len(connection.requests(GetAnswer)) == 1


def test_an_answer_that_is_done_shows_its_sources_and_what_it_looked_up(
    shown: Shown, connection: FakeConnection, qtbot: QtBot
) -> None:
    open_talk(shown, connection, qtbot, talks.question(), talks.answer("On"))
    whole = talks.answer(
        "On Monday [S1]", state=AnswerState.DONE, sources=talks.SOURCES, used=talks.USED, sent_rounds=1
    )
    connection.answer(GetAnswer, whole)
    opened: list[object] = []
    shown.sheet.source_opened.connect(opened.append)

    connection.happen(DONE)
    qtbot.waitUntil(lambda: "What was sent" in words_of(shown))
    press_button(shown, "[S1] Visit of 12 March 2026")

    assert opened == [talks.SOURCES[0]]
    assert words_of(shown) == {"[S1] Visit of 12 March 2026", "[S2] doctor", "What was sent"}


def test_whoever_reads_further_up_is_not_torn_away(
    shown: Shown, connection: FakeConnection, qtbot: QtBot
) -> None:
    long = "A line of an answer that goes on for a while.\n" * 80
    open_talk(shown, connection, qtbot, talks.question(), talks.answer(long))
    bar = shown.sheet._scroll.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0 and bar.value() == bar.maximum())
    connection.answer(GetAnswer, talks.answer(long + long))

    bar.setValue(0)
    connection.happen(GREW)
    qtbot.waitUntil(lambda: len(shown.sheet.cards()[1].text()) > len(long))
    qtbot.wait(30)

    assert bar.value() == 0


@pytest.mark.parametrize(
    ("state", "words", "request_type"),
    [
        (AnswerState.WRITING, "Stop", StopAnswer),
        (AnswerState.BROKEN_OFF, "Ask again", AskAgain),
        (AnswerState.UNSENT, "Let it wait", SendParked),
        (AnswerState.UNSENT, "Take it back", DropParked),
        (AnswerState.PARKED, "Take it back", DropParked),
    ],
)
def test_what_can_be_done_about_an_answer(  # noqa: PLR0917 - pytest's fixtures
    shown: Shown,
    connection: FakeConnection,
    qtbot: QtBot,
    state: AnswerState,
    words: str,
    request_type: type,
) -> None:
    open_talk(shown, connection, qtbot, talks.question(), talks.answer("On", state=state))
    connection.answer(request_type, talks.answer("On", state=AnswerState.STOPPED))

    press_button(shown, words)

    assert [one.message_id for one in connection.requests(request_type)] == [talks.ANSWER]
    qtbot.waitUntil(lambda: words_of(shown) == {"Ask again"})


def test_without_the_internet_it_says_so_and_offers_the_look_ups(
    shown: Shown, connection: FakeConnection, qtbot: QtBot
) -> None:
    about = talks.state(reachable=False, why_not="There is no internet.")
    connection.answer(GetAssistantState, about)

    shown.sheet.open(about="nurse", patient=None)

    qtbot.waitUntil(shown.sheet.notice.isVisible)
    assert "There is no internet." in shown.sheet.notice.text()
    assert "without the internet" in shown.sheet.notice.text()


def test_another_patient_at_hand_begins_another_conversation(
    shown: Shown, connection: FakeConnection, qtbot: QtBot
) -> None:
    """A question about one must never go into the talk about another."""
    connection.answer(AskAssistant, ASKED)
    open_talk(shown, connection, qtbot, talks.question())
    shown.sheet.close_sheet()

    shown.sheet.open(about="doctor", patient=patient(8, "Kwame Mensah"))
    qtbot.wait(30)
    shown.type("And he?")
    shown.press(Qt.Key.Key_Return)

    assert "Kwame Mensah" in shown.sheet._title.text()
    assert connection.requests(AskAssistant)[-1].conversation_id is None
    assert connection.requests(AskAssistant)[-1].patient_id == patient(8, "").id


def test_a_late_conversation_does_not_replace_the_one_begun_since(
    shown: Shown, connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.hold()
    shown.sheet.desk.open(talks.TALK)

    shown.sheet.desk.begin(patient(8, "Kwame Mensah"))
    connection.release()
    qtbot.wait(30)

    assert shown.sheet.desk.conversation is None


def test_earlier_conversations_are_searched_opened_and_forgotten(
    shown: Shown, connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.answer(ForgetConversation, Nothing())
    shown.sheet.open(about="doctor", patient=None)
    shown.sheet.list_button.click()
    shown.type("asante")
    qtbot.waitUntil(lambda: connection.requests(ListConversations)[-1].text == "asante")

    shown.sheet.table.choose_first()
    shown.sheet.table.setFocus()
    shown.press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(shown.sheet.cards()) == 2)
    shown.sheet.list_button.click()
    connection.answer(ListConversations, Conversations([]))
    shown.sheet.forget_button.click()
    assert "cannot be brought back" in shown.sheet.notice.text()
    assert not connection.requests(ForgetConversation)
    shown.press(Qt.Key.Key_F, Qt.KeyboardModifier.AltModifier)

    qtbot.waitUntil(lambda: shown.sheet.cards() == [])
    assert connection.requests(ForgetConversation) == [ForgetConversation(conversation_id=talks.TALK)]


def test_forgotten_on_another_screen_it_goes_from_this_one(
    shown: Shown, connection: FakeConnection, qtbot: QtBot
) -> None:
    open_talk(shown, connection, qtbot, talks.question())

    connection.happen(ConversationForgotten(conversation_id=talks.TALK))

    qtbot.waitUntil(lambda: shown.sheet.cards() == [])


def test_what_was_sent_is_shown_byte_for_byte(shown: Shown, connection: FakeConnection, qtbot: QtBot) -> None:
    body = '{\n  "text": "<b>PERSON-1</b>"\n}'
    sent = Sent(
        round=2, rounds=2, at=NOW, address="https://example", body=body, replaced={"PERSON-1": "Adaeze"}
    )
    connection.answer(GetSent, sent)
    open_talk(
        shown,
        connection,
        qtbot,
        talks.question(),
        talks.answer("x", state=AnswerState.DONE, sent_rounds=2),
    )

    press_button(shown, "What was sent")
    qtbot.waitUntil(lambda: shown.sheet.sent.body.toPlainText() == body)
    shown.sheet.sent.earlier.click()
    shown.press(Qt.Key.Key_Escape)

    assert "PERSON-1 = Adaeze" in shown.sheet.sent.replaced.text()
    assert [one.round for one in connection.requests(GetSent)] == [0, 1]
    assert shown.sheet.isVisible()


@pytest.mark.parametrize(
    "text",
    [
        "<img src='http://example/x.png'><b>bold</b> <script>alert(1)</script>",
        "![x](http://example/x.png) [link](http://example) **bold**",
        "شكرا لك أيها الطبيب <b>",
        "unbroken" * 400,
    ],
)
def test_any_text_is_shown_as_it_stands(
    shown: Shown, connection: FakeConnection, qtbot: QtBot, text: str
) -> None:
    """Never as HTML or Markdown, and never wider than the sheet."""
    open_talk(shown, connection, qtbot, talks.question(), talks.answer(text, state=AnswerState.DONE))

    card = shown.sheet.cards()[1]

    assert card.text().replace("\u200b", "") == text
    assert all(one.textFormat() is Qt.TextFormat.PlainText for one in card.findChildren(QLabel))
    qtbot.waitUntil(lambda: card.width() > 0 and card.height() > 0)
    QApplication.processEvents()
    assert card.minimumSizeHint().width() < shown.sheet.width()
    assert shown.sheet._scroll.horizontalScrollBar().maximum() == 0
