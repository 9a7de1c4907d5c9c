"""Questions and answers, from the first word to the last: growth, stop, waiting, caches, limits, crashes."""

import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from hms_server.assistant.waiting import forget_old, give_back_waiting
from hms_server.contract.accounts import SetStaffActive
from hms_server.contract.assistant import (
    AnswerDone,
    AnswerGrew,
    AnswerState,
    AskAgain,
    AskAssistant,
    DropParked,
    ForgetConversation,
    GetAnswer,
    GetAssistantState,
    GetConversation,
    GetSent,
    GetUsage,
    ListConversations,
    SendParked,
    StopAnswer,
)
from hms_server.contract.envelope import Request
from hms_server.contract.patients import EditPatient, GetPatient
from hms_server.contract.values import Role
from tests.outside import gemini
from tests.outside.local import CAPTIVE_PORTAL, Reply, within
from tests.server.assistant.talk import Talk
from tests.server.desk import Desk


def test_a_question_is_answered_and_kept(talk: Talk) -> None:
    talk.fake.then(gemini.says("Drink ", "enough."))

    question = talk.put("What helps against a fever?")
    assert question.answer.state is AnswerState.WAITING
    talk.relay.run_due()

    [asked, answer] = talk.conversation(question.conversation_id).messages
    assert (asked.text, asked.by and asked.by.name) == ("What helps against a fever?", "Dr Kofi Asante")
    assert (answer.text, answer.state, answer.note) == ("Drink enough.", AnswerState.DONE, "")
    assert talk.desk.events(AnswerDone)[-1].message_id == answer.id


def test_an_answer_grows_on_one_persons_screens_only(talk: Talk, desk: Desk) -> None:
    talk.fake.then(gemini.streamed([], pieces=_slowly(talk, gemini.says("One. ", "Two. ", "Three."))))

    answer = talk.ask("Count.")

    grown = desk.events(AnswerGrew)
    assert [event.message_id for event in grown] == [answer.id] * len(grown)
    assert grown
    addressees = desk.sql("select distinct staff_id from event where name in ('AnswerGrew', 'AnswerDone')")
    assert addressees == [(desk.staff[Role.DOCTOR],)]
    assert not desk.sql(TOLD_AS_IT_IS)


def _slowly(talk: Talk, turn: gemini.Turn) -> Iterator[bytes]:
    for piece in gemini.sse(turn):
        talk.fake.wait(0.5)
        yield piece


def test_the_next_question_knows_the_earlier_ones(talk: Talk) -> None:
    talk.fake.then(gemini.says("Paracetamol."), gemini.says("500 mg."))
    first = talk.put("What helps?")
    talk.relay.run_due()

    talk.ask("How much?", conversation_id=first.conversation_id)

    said = [(one["role"], one["parts"][0]["text"]) for one in talk.fake.asked[1]["contents"]]
    assert said == [("user", "What helps?"), ("model", "Paracetamol."), ("user", "How much?")]


def test_one_question_at_a_time_in_a_conversation(talk: Talk, desk: Desk) -> None:
    question = talk.put("First?")

    fault = desk.fault(AskAssistant(text="Second?", conversation_id=question.conversation_id), Role.DOCTOR)

    assert fault.code == "assistant.busy"


@pytest.mark.parametrize("text", ["", "  \n ", "\u200b\x07 "])
def test_an_empty_question_is_refused(talk: Talk, text: str) -> None:
    assert talk.desk.fault(AskAssistant(text=text), Role.DOCTOR).field == "text"


def test_a_question_that_is_too_long_is_refused(talk: Talk) -> None:
    assert talk.desk.fault(AskAssistant(text="a" * 4001), Role.DOCTOR).code == "assistant.text"


def test_conversations_are_nobody_elses(talk: Talk, desk: Desk) -> None:
    question = talk.put("Mine?")
    colleague = desk.add_staff(Role.DOCTOR, "Dr Amina Bello")
    requests: Sequence[Request[Any]] = [
        GetConversation(conversation_id=question.conversation_id),
        GetAnswer(message_id=question.answer.id),
        GetSent(message_id=question.answer.id),
        StopAnswer(message_id=question.answer.id),
        ForgetConversation(conversation_id=question.conversation_id),
        AskAssistant(text="And?", conversation_id=question.conversation_id),
    ]

    codes = {desk.fault(request, by=colleague).code for request in requests}

    assert codes == {"assistant.unknown_conversation"}
    assert desk.ask(ListConversations(), by=colleague).rows == []


def test_conversations_are_searched_by_all_their_words(talk: Talk, desk: Desk) -> None:
    talk.fake.then(gemini.says("Artemether with lumefantrine."), gemini.says("Wash hands."))
    talk.ask("What against malaria?")
    talk.ask("What against cholera?")

    found = desk.ask(ListConversations(text="malaria artemether"), Role.DOCTOR).rows

    assert [row.title for row in found] == ["What against malaria?"]
    assert "Artemether" in found[0].found
    assert desk.ask(ListConversations(text="malaria cholera"), Role.DOCTOR).rows == []
    assert len(desk.ask(ListConversations(), Role.DOCTOR).rows) == 2


def test_no_text_is_stored_as_it_is(talk: Talk, desk: Desk) -> None:
    talk.fake.then(gemini.says("Rare wordzzz."))
    talk.ask("Is this sealedzzz?")

    for table in ("conversation", "message", "sent", "known_answer", "proposal"):
        rows = desk.sql(f"select t::text from assistant_{table} as t")
        assert "zzz" not in str(rows)
        assert b"zzz".hex() not in str(rows)


def test_a_forgotten_conversation_is_gone_with_all_that_was_sent(talk: Talk, desk: Desk) -> None:
    question = talk.put("Forget me?")
    talk.relay.run_due()

    desk.ask(ForgetConversation(conversation_id=question.conversation_id), Role.DOCTOR)

    for table in ("conversation", "message", "sent", "conversation_patient"):
        assert desk.sql(f"select * from assistant_{table}") == []


def test_what_was_sent_is_shown_as_it_was_sent(talk: Talk, desk: Desk) -> None:
    patient_id = talk.patient()
    answer = talk.ask("Does Quillonda Zyxwobi need rest?", patient_id=patient_id)

    sent = desk.ask(GetSent(message_id=answer.id), Role.DOCTOR)

    assert (sent.round, sent.rounds) == (1, 1)
    assert "Does PATIENT-A need rest?" in sent.body
    assert sent.replaced["PATIENT-A"] == "Quillonda Zyxwobi"
    assert talk.fake.seen[-1].path in sent.address
    assert gemini.API_KEY not in sent.body + sent.address


def test_a_patient_who_has_not_agreed_is_never_sent(talk: Talk, desk: Desk) -> None:
    patient_id = talk.patient(agrees=False)

    fault = desk.fault(AskAssistant(text="Rest?", patient_id=patient_id), Role.DOCTOR)

    assert (fault.code, fault.field) == ("assistant.no_consent", "patient_id")
    assert talk.fake.asked == []


def test_consent_that_is_withdrawn_before_the_question_leaves_counts(talk: Talk) -> None:
    patient_id = talk.patient()
    question = talk.put("Rest?", patient_id=patient_id)
    talk.consent(patient_id, given=False)

    talk.relay.run_due()

    answer = talk.answer(question.answer.id)
    assert (answer.state, "agreed" in answer.note) == (AnswerState.FAILED, True)
    assert talk.fake.asked == []


def test_a_conversation_ends_for_a_patient_who_no_longer_agrees(talk: Talk, desk: Desk) -> None:
    patient_id = talk.patient()
    question = talk.put("Rest?", patient_id=patient_id)
    talk.relay.run_due()
    talk.consent(patient_id, given=False)

    more = AskAssistant(text="And food?", conversation_id=question.conversation_id)

    assert desk.fault(more, Role.DOCTOR).code == "assistant.no_consent"
    assert len(talk.fake.asked) == 1


def test_whose_data_left_stands_in_the_audit(talk: Talk, desk: Desk) -> None:
    patient_id = talk.patient()
    talk.ask("Rest?", patient_id=patient_id)

    rows = desk.sql("select request from audit where patients @> array[%s::bigint]", (patient_id,))

    assert {("AskAssistant",), ("assistant.send",)} <= set(rows)


def test_earlier_names_of_a_patient_do_not_leave(talk: Talk, desk: Desk) -> None:
    patient_id = talk.patient()
    details = desk.ask(GetPatient(patient_id=patient_id), Role.RECEPTIONIST)
    married = msgspec.structs.replace(details.demographics, family_name="Brimblecombe")
    desk.ask(
        EditPatient(patient_id=patient_id, version=details.version, demographics=married), Role.RECEPTIONIST
    )

    talk.ask("Was brimblecombe called zyxwobi, and who is krull?", patient_id=patient_id)

    received = talk.fake.received.casefold()
    assert not any(name in received for name in ("brimble", "zyxwobi", "krull"))


def test_the_clinic_switches_it_off_altogether(talk: Talk, desk: Desk) -> None:
    answer = talk.ask("Hello?")
    talk.switch(on=False)

    requests: Sequence[Request[Any]] = [
        AskAssistant(text="Hello?"),
        GetAnswer(message_id=answer.id),
        ListConversations(),
        StopAnswer(message_id=answer.id),
    ]

    assert {desk.fault(request, Role.DOCTOR).code for request in requests} == {"assistant.off"}
    state = desk.ask(GetAssistantState(), Role.DOCTOR)
    assert (state.enabled, state.tools) == (False, [])


def test_a_question_that_waits_when_it_is_switched_off_is_not_sent(talk: Talk) -> None:
    talk.put("Hello?")
    talk.switch(on=False)

    talk.relay.run_due()

    assert talk.fake.asked == []


def test_without_a_key_it_says_so(desk: Desk, talk: Talk) -> None:
    desk.sql("delete from relay_secret where provider = 'gemini'")

    assert desk.fault(AskAssistant(text="Hello?"), Role.DOCTOR).code == "assistant.no_key"
    state = desk.ask(GetAssistantState(), Role.DOCTOR)
    assert (state.enabled, state.configured, bool(state.why_not)) == (True, False, True)


def test_displays_and_kiosks_have_no_assistant(talk: Talk, desk: Desk) -> None:
    assert desk.fault(AskAssistant(text="Hello?"), Role.DISPLAY).code == "request.forbidden"
    assert not desk.ask(GetAssistantState(), Role.KIOSK).enabled


def test_tokens_are_counted_by_person_and_month_and_limited(talk: Talk, desk: Desk) -> None:
    talk.fake.then(gemini.says("Yes.", prompt=900, answer=100))
    talk.switch(on=True, person_limit=1000)
    talk.ask("First?")

    fault = desk.fault(AskAssistant(text="Second?"), Role.DOCTOR)

    assert fault.code == "assistant.limit"
    [row] = desk.ask(GetUsage(), Role.ADMINISTRATOR).rows
    assert (row.person.name, row.questions, row.prompt_tokens, row.answer_tokens) == (
        "Dr Kofi Asante", 1, 900, 100,
    )  # fmt: skip
    assert desk.ask(GetUsage(), Role.NURSE).rows == []
    assert desk.ask(AskAssistant(text="Nurse?"), Role.NURSE).answer.state is AnswerState.WAITING
    desk.pass_time(days=31)
    assert talk.put("Next month?").answer.state is AnswerState.WAITING


def test_the_clinics_limit_counts_for_everybody(talk: Talk, desk: Desk) -> None:
    talk.fake.then(gemini.says("Yes.", prompt=900, answer=100))
    talk.switch(on=True, clinic_limit=1000)
    talk.ask("First?")

    assert desk.fault(AskAssistant(text="Second?"), Role.NURSE).code == "assistant.limit"


def test_a_question_about_nobody_is_answered_from_memory_for_a_week(talk: Talk, desk: Desk) -> None:
    talk.fake.then(gemini.says("Above 38 degrees."))
    talk.ask("What is a fever?")

    again = talk.put("what IS a  fever?").answer

    assert (again.state, again.text, again.from_cache) == (AnswerState.DONE, "Above 38 degrees.", True)
    assert again.note
    assert len(talk.fake.asked) == 1
    assert talk.put("What is a fever?", Role.NURSE).answer.state is AnswerState.WAITING
    desk.pass_time(days=8)
    assert talk.put("What is a fever?").answer.state is AnswerState.WAITING


@pytest.mark.parametrize("text", ["Is Musa Diallo well?", "Who came on 2026-02-27?", "Call 0803 123 4567?"])
def test_what_may_name_somebody_is_not_remembered(talk: Talk, desk: Desk, text: str) -> None:
    talk.ask(text)

    assert desk.sql("select * from assistant_known_answer") == []


def test_a_stop_is_noticed_while_the_model_thinks(talk: Talk, desk: Desk) -> None:
    talk.fake.then(Reply(delay_s=60))
    question = talk.put("Think long.")

    def write() -> None:
        talk.relay.run_due()
        desk.dispatcher.close_thread()

    writer = threading.Thread(target=write)
    writer.start()
    within(lambda: talk.fake.asked)

    stopped = desk.ask(StopAnswer(message_id=question.answer.id), Role.DOCTOR)
    writer.join(20)

    assert stopped.state is AnswerState.STOPPED
    assert not writer.is_alive()
    assert talk.answer(question.answer.id).state is AnswerState.STOPPED


def test_a_question_that_was_stopped_may_be_asked_again(talk: Talk, desk: Desk) -> None:
    question = talk.put("Again?")
    desk.ask(StopAnswer(message_id=question.answer.id), Role.DOCTOR)
    talk.relay.run_due()
    assert talk.fake.asked == []

    desk.ask(AskAgain(message_id=question.answer.id), Role.DOCTOR)
    talk.relay.run_due()

    assert talk.answer(question.answer.id).text == "Understood."
    assert desk.fault(AskAgain(message_id=question.answer.id), Role.DOCTOR).code == "assistant.not_again"


def test_a_server_that_dies_while_it_asks_never_asks_twice_by_itself(talk: Talk, desk: Desk) -> None:
    question = talk.put("Dear question?")
    assert talk.relay.die_before_store("gemini")
    assert len(talk.fake.asked) == 1

    talk.relay.let_claims_lapse()
    talk.relay.run_due()

    answer = talk.answer(question.answer.id)
    assert (answer.state, bool(answer.note)) == (AnswerState.BROKEN_OFF, True)
    assert len(talk.fake.asked) == 1
    desk.ask(AskAgain(message_id=answer.id), Role.DOCTOR)
    talk.relay.run_due()
    assert talk.answer(answer.id).state is AnswerState.DONE


def test_a_server_that_dies_before_it_asks_loses_nothing(talk: Talk) -> None:
    question = talk.put("Still there?")
    assert talk.relay.die_after_claim("gemini")

    talk.relay.let_claims_lapse()
    talk.relay.run_due()

    assert talk.answer(question.answer.id).state is AnswerState.DONE


def test_without_the_internet_a_question_waits_only_with_consent(talk: Talk, desk: Desk) -> None:
    talk.fake.then(*[CAPTIVE_PORTAL] * 3)
    for number in range(3):
        assert talk.ask(f"Offline {number}?").state is AnswerState.UNSENT

    unsent = talk.put("Known to be offline?").answer
    assert (unsent.state, "drop" in unsent.note) == (AnswerState.UNSENT, True)
    parked = desk.ask(SendParked(message_id=unsent.id), Role.DOCTOR)
    assert parked.state is AnswerState.PARKED
    assert desk.ask(GetAssistantState(), Role.DOCTOR).parked == 4
    dropped = desk.ask(DropParked(message_id=talk.put("Never mind?").answer.id), Role.DOCTOR)
    assert dropped.state is AnswerState.DROPPED

    desk.pass_time(hours=2)
    talk.relay.run_due()

    answer = talk.answer(unsent.id)
    assert (answer.state, answer.text) == (AnswerState.DONE, "Understood.")
    assert answer.note.startswith("Asked on Mon 2 March 2026")
    assert [one["contents"][-1]["parts"][0]["text"] for one in talk.fake.asked[3:]] == [
        "Known to be offline?"
    ]


def test_a_question_that_may_wait_goes_back_to_waiting(talk: Talk, desk: Desk) -> None:
    talk.fake.then(CAPTIVE_PORTAL)
    answer = talk.ask("May wait?", park=True)
    assert answer.state is AnswerState.PARKED

    desk.pass_time(hours=1)
    talk.relay.run_due()

    assert talk.answer(answer.id).state is AnswerState.DONE


def test_a_parked_question_is_answered_after_its_person_went_home(talk: Talk, desk: Desk) -> None:
    """But not after the person has left the clinic for good."""
    talk.fake.then(CAPTIVE_PORTAL)
    home = talk.ask("For tomorrow?", park=True)
    desk.sql("update session set ended_at = %s, end_reason = 'signed_out'", (desk.now,))
    desk.pass_time(hours=1)
    talk.relay.run_due()
    assert talk.answer(home.id).state is AnswerState.DONE

    talk.fake.then(CAPTIVE_PORTAL)
    gone = talk.ask("And then?", Role.NURSE, park=True)
    desk.ask(SetStaffActive(staff_id=desk.staff[Role.NURSE], active=False), Role.ADMINISTRATOR)
    desk.pass_time(hours=1)
    talk.relay.run_due()
    assert desk.sql("select state from assistant_message where id = %s", (gone.id,)) == [("failed",)]


def test_whoever_signed_out_gets_no_answer_any_more(talk: Talk, desk: Desk) -> None:
    question = talk.put("Hello?")
    desk.sql("update session set ended_at = %s, end_reason = 'signed_out'", (desk.now,))

    talk.relay.run_due()

    assert talk.answer(question.answer.id).state is AnswerState.FAILED
    assert talk.fake.asked == []


def test_a_busy_provider_is_asked_again_when_it_wishes(talk: Talk, desk: Desk) -> None:
    talk.fake.then(gemini.busy(30))
    answer = talk.ask("Busy?")
    assert answer.state is AnswerState.WAITING

    desk.pass_time(minutes=2)
    talk.relay.run_due()

    assert talk.answer(answer.id).state is AnswerState.DONE


def test_a_provider_that_stays_busy_ends_in_a_sentence(talk: Talk) -> None:
    talk.fake.decide = lambda _: gemini.OVERLOADED
    answer = talk.ask("Down?")

    talk.relay.run_until_quiet(step_s=600)

    ended = talk.answer(answer.id)
    assert (ended.state, bool(ended.note)) == (AnswerState.FAILED, True)
    assert len(talk.fake.asked) <= 6


def test_long_answers_and_conversations_stay_within_their_bounds(talk: Talk, desk: Desk) -> None:
    talk.fake.decide = lambda _: gemini.says("word " * 20_000)
    question = talk.put("Long?")
    talk.relay.run_due()
    for _ in range(3):
        talk.ask("More?", conversation_id=question.conversation_id)

    answer = talk.answer(question.answer.id)

    assert len(answer.text) < 17_000
    assert "cut" in answer.text
    assert max(len(seen.body) for seen in talk.fake.seen) < 100_000


def test_questions_of_one_day_only_may_pass_the_month(talk: Talk, desk: Desk) -> None:
    """The view of an earlier month stays."""
    talk.ask("March?")
    march = desk.ask(GetUsage(), Role.ADMINISTRATOR).month
    desk.pass_time(days=40)
    talk.ask("April?")

    usage = desk.ask(GetUsage(month=march + timedelta(days=3)), Role.ADMINISTRATOR)

    assert (usage.month, len(usage.rows), len(usage.months)) == (march, 1, 2)


def test_a_question_that_waits_while_the_internet_goes_is_given_back(talk: Talk, desk: Desk) -> None:
    """Nobody said that it may wait, so it must not leave an hour later by surprise."""
    question = talk.put("Soon?")
    desk.sql("update relay_destination set open_until = %s, pause = interval '1 hour'", (desk.now + HOUR,))
    assert give_back_waiting(desk.dispatcher, desk.ground) == 0
    desk.pass_time(minutes=1)

    assert give_back_waiting(desk.dispatcher, desk.ground) == 1

    assert talk.answer(question.answer.id).state is AnswerState.UNSENT
    desk.pass_time(hours=2)
    talk.relay.run_due()
    assert talk.fake.asked == []


def test_known_answers_are_forgotten_after_a_week(talk: Talk, desk: Desk) -> None:
    talk.ask("What is a fever?")
    forget_old(desk.dispatcher)
    assert len(desk.sql("select key from assistant_known_answer")) == 1
    desk.pass_time(days=8)

    forget_old(desk.dispatcher)

    assert desk.sql("select key from assistant_known_answer") == []


HOUR = timedelta(hours=1)
TOLD_AS_IT_IS = """
select name from event where name like 'Answer%%' and convert_from(body, 'LATIN1') like '%%Two%%'
"""
