"""The kiosk by number keys: consent first, questions, the way back, a result in words, nothing left over."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from hms_desktop.assistant.kiosk.panel import KioskPanel
from hms_desktop.session import Session
from hms_server.contract.envelope import Fault
from hms_server.contract.symptoms import (
    AnswerSymptom,
    GetSymptoms,
    InterviewId,
    StartSymptoms,
    SymptomChoice,
    SymptomQuestion,
    SymptomResult,
    SymptomsRaised,
    SymptomStep,
    Urgency,
)
from tests.desktop.conftest import FakeConnection

NUMBER = InterviewId(4)


def step(question: SymptomQuestion | None, result: SymptomResult | None = None) -> SymptomStep:
    return SymptomStep(
        interview_id=NUMBER, question=question, result=result, disclaimer="This computer is no doctor."
    )


def asked(key: str, *texts: str, many: bool = False) -> SymptomQuestion:
    choices = [SymptomChoice(key=text.split()[0].lower(), text=text) for text in texts]
    return SymptomQuestion(key=key, text=f"About {key}?", choices=choices, many=many, step=1, of=5)


def outcome(urgency: Urgency, *, waits: bool = False) -> SymptomResult:
    return SymptomResult(
        urgency=urgency,
        speciality="General practice",
        sentence="Go to the desk now.",
        reasons=["Pain in the chest"],
        source="SATS",
        assistant_waits=waits,
    )


WHO = asked("who", "Baby", "Child", "Grown person")
NOW_Q = asked("now", "Fit", "Blue lips", "None of these", many=True)
WORDS = asked("words")


@pytest.fixture
def kiosk(connection: FakeConnection, session: Session, qtbot: QtBot) -> KioskPanel:
    """Full of nobody: the first screen."""
    connection.answer(StartSymptoms, step(WHO))
    panel = KioskPanel(session, clinic_name="Unity Clinic")
    qtbot.addWidget(panel)
    panel.resize(1280, 720)
    with qtbot.waitActive(panel):
        panel.show()
        panel.activateWindow()
    return panel


def press(panel: KioskPanel, *keys: Qt.Key) -> None:
    for key in keys:
        QTest.keyClick(QApplication.focusWidget() or panel, key)


def begin(panel: KioskPanel, qtbot: QtBot) -> None:
    press(panel, Qt.Key.Key_Return, Qt.Key.Key_2)
    qtbot.waitUntil(lambda: panel.title.text() == "About who?")


@pytest.mark.parametrize(("key", "may"), [(Qt.Key.Key_1, True), (Qt.Key.Key_2, False)])
def test_consent_is_asked_before_anything_else(
    kiosk: KioskPanel, connection: FakeConnection, qtbot: QtBot, key: Qt.Key, *, may: bool
) -> None:
    press(kiosk, Qt.Key.Key_Return)
    nothing_yet = connection.requests(StartSymptoms)

    press(kiosk, key)
    qtbot.waitUntil(lambda: kiosk.title.text() == "About who?")

    assert nothing_yet == []
    assert connection.requests(StartSymptoms) == [StartSymptoms(may_send=may)]
    assert kiosk.disclaimer.text() == "This computer is no doctor."


def test_number_keys_choose_and_lead_to_the_result(
    kiosk: KioskPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    """In words as well as in a colour; the free text goes where it is asked for."""
    begin(kiosk, qtbot)
    connection.answer(AnswerSymptom, step(NOW_Q))
    press(kiosk, Qt.Key.Key_3)
    qtbot.waitUntil(lambda: kiosk.title.text() == "About now?")
    connection.answer(AnswerSymptom, step(WORDS))
    press(kiosk, Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_Return)
    qtbot.waitUntil(kiosk.words.isVisible)
    connection.answer(AnswerSymptom, step(None, outcome(Urgency.VERY_URGENT)))
    QTest.keyClicks(kiosk.words.editor, "since 2 days")
    press(kiosk, Qt.Key.Key_Return)

    qtbot.waitUntil(lambda: kiosk.title.text() == "Very urgent")
    assert "Go to the desk now." in kiosk.sentence.text()
    assert "General practice" in kiosk.sentence.text()
    assert connection.requests(AnswerSymptom) == [
        AnswerSymptom(interview_id=NUMBER, question="who", choices=["grown"]),
        AnswerSymptom(interview_id=NUMBER, question="now", choices=["fit", "blue"]),
        AnswerSymptom(interview_id=NUMBER, question="words", text="since 2 days"),
    ]
    assert not kiosk.back_button.isVisible()


def test_to_go_on_by_mistake_does_not_mean_that_there_is_no_danger(
    kiosk: KioskPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.answer(StartSymptoms, step(NOW_Q))
    press(kiosk, Qt.Key.Key_Return, Qt.Key.Key_2)
    qtbot.waitUntil(lambda: kiosk.title.text() == "About now?")

    press(kiosk, Qt.Key.Key_Return)

    assert kiosk.notice.isVisible()
    assert not connection.requests(AnswerSymptom)


def test_none_of_these_stands_alone(kiosk: KioskPanel, connection: FakeConnection, qtbot: QtBot) -> None:
    connection.answer(StartSymptoms, step(NOW_Q))
    press(kiosk, Qt.Key.Key_Return, Qt.Key.Key_2)
    qtbot.waitUntil(lambda: kiosk.title.text() == "About now?")

    press(kiosk, Qt.Key.Key_1, Qt.Key.Key_3)
    alone = [one.isChecked() for one in kiosk.choices()]
    press(kiosk, Qt.Key.Key_2)

    assert alone == [False, False, True]
    assert [one.isChecked() for one in kiosk.choices()] == [False, True, False]


def test_back_shows_the_question_before_and_answers_it_anew(
    kiosk: KioskPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    begin(kiosk, qtbot)
    connection.answer(AnswerSymptom, step(NOW_Q))
    press(kiosk, Qt.Key.Key_3)
    qtbot.waitUntil(lambda: kiosk.title.text() == "About now?")

    press(kiosk, Qt.Key.Key_Backspace)
    back_at = kiosk.title.text()
    press(kiosk, Qt.Key.Key_1)

    assert back_at == "About who?"
    qtbot.waitUntil(lambda: kiosk.title.text() == "About now?")
    assert [one.choices for one in connection.requests(AnswerSymptom)] == [["grown"], ["baby"]]


def test_left_alone_it_forgets_whoever_stood_there(kiosk: KioskPanel, qtbot: QtBot) -> None:
    """Each key puts it off; the first screen waits for ever."""
    assert not kiosk._idle.isActive()
    begin(kiosk, qtbot)
    assert kiosk._idle.isActive()

    kiosk._idle.timeout.emit()

    assert kiosk.title.text() == "Unity Clinic"
    assert kiosk.state.step is None
    assert kiosk.choices() == []
    assert not kiosk._idle.isActive()


def test_an_answer_that_comes_after_the_restart_belongs_to_nobody(
    kiosk: KioskPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.hold()
    press(kiosk, Qt.Key.Key_Return, Qt.Key.Key_2)
    press(kiosk, Qt.Key.Key_Escape)

    connection.release()
    qtbot.wait(30)

    assert kiosk.title.text() == "Unity Clinic"


def test_a_failure_is_said_and_the_same_is_sent_again(
    kiosk: KioskPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.answer(StartSymptoms, Fault(code="link.timeout", message="The server did not answer."))
    press(kiosk, Qt.Key.Key_Return, Qt.Key.Key_1)
    qtbot.waitUntil(kiosk.notice.isVisible)
    connection.answer(StartSymptoms, step(WHO))

    kiosk.state.again()

    qtbot.waitUntil(lambda: kiosk.title.text() == "About who?")
    assert connection.requests(StartSymptoms) == [StartSymptoms(may_send=True)] * 2
    assert not kiosk.notice.isVisible()


def test_what_the_assistant_raises_changes_the_result_on_the_screen(
    kiosk: KioskPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.answer(StartSymptoms, step(None, outcome(Urgency.ROUTINE, waits=True)))
    press(kiosk, Qt.Key.Key_Return, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: kiosk.title.text() == "Not urgent")
    waited = "still being read" in kiosk.sentence.text()
    connection.answer(GetSymptoms, step(None, outcome(Urgency.EMERGENCY)))

    connection.happen(SymptomsRaised(interview_id=InterviewId(99)))
    connection.happen(SymptomsRaised(interview_id=NUMBER))

    qtbot.waitUntil(lambda: kiosk.title.text() == "Emergency")
    assert waited
    assert len(connection.requests(GetSymptoms)) == 1


def test_twice_the_same_key_is_one_answer(
    kiosk: KioskPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    begin(kiosk, qtbot)
    connection.hold()

    press(kiosk, Qt.Key.Key_1, Qt.Key.Key_1)

    assert len(connection.requests(AnswerSymptom)) == 1
    connection.answer(AnswerSymptom, step(NOW_Q))
    connection.release()
    qtbot.waitUntil(lambda: kiosk.title.text() == "About now?")
