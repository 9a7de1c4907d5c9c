"""A question through a real server process: the answer grows on one person's screens, and stops at once."""

from pathlib import Path

import pytest

from hms_desktop.connection.faults import FaultError
from hms_server.contract.assistant import (
    AnswerDone,
    AnswerGrew,
    AnswerState,
    AskAssistant,
    GetAnswer,
    GetAssistantState,
    SetAssistantPolicy,
    StopAnswer,
)
from hms_server.contract.envelope import Event
from hms_server.contract.relay import SetProvider
from hms_server.contract.values import Role
from tests.outside import gemini
from tests.outside.gemini import FakeGemini
from tests.outside.local import Reply
from tests.wire.processes import open_house, within


def test_an_answer_reaches_its_person_and_nobody_else(
    database: str, tmp_path: Path, gemini_server: FakeGemini
) -> None:
    with open_house(database, tmp_path) as house:
        admin, doctor, nurse = (house.seat(role) for role in (Role.ADMINISTRATOR, Role.DOCTOR, Role.NURSE))
        server = house.serve()
        with house.at(admin, server) as desk:
            desk.ask(SetAssistantPolicy(enabled=True, person_limit=0, clinic_limit=0))
            desk.ask(
                SetProvider(
                    name="gemini",
                    settings={"model": gemini.MODEL, "address": gemini_server.url},
                    secrets={"api_key": gemini.API_KEY},
                )
            )
        heard: list[Event] = []
        overheard: list[Event] = []
        with house.at(doctor, server) as mine, house.at(nurse, server) as other:
            mine.on_event(heard.append)
            other.on_event(overheard.append)
            mine.follow()
            other.follow()
            gemini_server.then(gemini.says("Drink ", "enough."), Reply(delay_s=120))

            question = mine.ask(AskAssistant(text="What helps against a fever?"))
            within(lambda: any(isinstance(event, AnswerDone) for event in heard), 60)
            answer = mine.ask(GetAnswer(message_id=question.answer.id))
            assert (answer.text, answer.state) == ("Drink enough.", AnswerState.DONE)
            assert any(isinstance(event, AnswerGrew) for event in heard)

            slow = mine.ask(AskAssistant(text="Think long about it."))
            within(lambda: len(gemini_server.asked) == 2, 60)
            stopped = mine.ask(StopAnswer(message_id=slow.answer.id))
            assert stopped.state is AnswerState.STOPPED
            within(lambda: house.count("select count(*) from relay_job where state = 'running'") == 0, 30)

            assert mine.ask(GetAssistantState()).reachable
            with pytest.raises(FaultError):
                other.ask(GetAnswer(message_id=answer.id))
            assert not [event for event in overheard if isinstance(event, AnswerDone | AnswerGrew)]
        assert gemini.API_KEY not in server.output
        assert server.terminate() == 0
