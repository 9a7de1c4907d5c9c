"""What people see of messages, and sending one again because a person has decided so."""

from uuid import uuid4

import pytest

from hms_server.contract.messaging import (
    GetMessage,
    ListMessages,
    MessageId,
    MessageState,
    SendAgain,
)
from hms_server.contract.values import Role
from tests.outside.sms import FakeTermii, FakeTwilio
from tests.server.desk import FaultRaised
from tests.server.messaging.post import ADA, LINK, Post
from tests.server.messaging.test_sending import until_quiet

DESK, ADMIN = Role.RECEPTIONIST, Role.ADMINISTRATOR


def test_the_last_changed_comes_first_and_every_state_is_counted(post: Post, twilio: FakeTwilio) -> None:
    patient, other = post.patient(), post.patient(agrees=False)
    first = post.say(patient)
    post.desk.pass_time(minutes=1)
    second = post.say(other)
    post.desk.pass_time(minutes=1)
    post.relay.run_due()

    answer = post.desk.ask(ListMessages(), DESK)

    assert [row.id for row in answer.rows] == [first, second]
    assert answer.counts == {"sent": 1, "not_sent": 1}
    assert [row.id for row in post.rows(state=MessageState.NOT_SENT)] == [second]
    assert [row.id for row in post.rows(patient_id=patient)] == [first]
    assert post.desk.ask(ListMessages(patient_id=patient), DESK).counts == {"sent": 1}


def test_a_list_holds_no_more_than_can_be_read(post: Post) -> None:
    patient = post.patient(agrees=False)
    for _ in range(205):
        post.say(patient)

    answer = post.desk.ask(ListMessages(), DESK)

    assert len(answer.rows) == 200
    assert answer.counts == {"not_sent": 205}


def test_the_administrator_sees_numbers_and_states_and_no_patient(post: Post, twilio: FakeTwilio) -> None:
    """Whoever mends the provider need not know who is a patient here."""
    message = post.say(post.patient())

    (row,) = post.rows(ADMIN)
    opened = post.desk.ask(GetMessage(message_id=message), ADMIN)

    assert row.patient_number.startswith("P")
    assert (row.patient_name, opened.text, opened.subject) == ("", "", "")
    assert post.desk.sql("select patients from audit where request = 'ListMessages'") == []


def test_whoever_reads_a_message_is_in_the_audit(post: Post, twilio: FakeTwilio) -> None:
    patient = post.patient()
    post.open(post.say(patient))
    post.rows()

    rows = post.desk.sql("select request from audit where %s = any(patients) order by number", (patient,))
    assert [name for (name,) in rows][-2:] == ["GetMessage", "ListMessages"]


def test_an_uncertain_message_is_sent_again_by_a_person(post: Post, termii: FakeTermii) -> None:
    """A new message; the old one keeps its state and says that it was sent again."""
    message = post.say(post.patient())
    termii.lose_call()
    until_quiet(post, minutes=60)

    again = post.desk.ask(SendAgain(message_id=message), DESK)
    post.relay.run_due()

    assert (again.again_of, again.state) == (message, MessageState.QUEUED)
    assert again.asked_by == "Grace Mensah"
    assert post.state(again.id) is MessageState.SENT
    old = post.row(message)
    assert (old.state, old.sent_again, old.can_send_again) == (MessageState.UNCERTAIN, True, False)
    assert len(termii.texts) == 1
    assert post.open(again.id).text == post.open(message).text


def test_two_people_who_send_again_send_once(post: Post, termii: FakeTermii) -> None:
    message = post.say(post.patient(agrees=False))
    (patient,) = post.desk.sql("select patient_id from message")[0]
    post.consent(patient, given=True)

    def send(_: int) -> str:
        try:
            post.desk.ask(SendAgain(message_id=message), DESK)
        except FaultRaised as raised:
            return raised.fault.code
        return "sent"

    outcomes = post.desk.together(4, send)

    assert sorted(outcomes) == ["messaging.sent_again"] * 3 + ["sent"]
    post.relay.run_due()
    assert len(termii.texts) == 1


def test_the_same_request_twice_sends_once(post: Post, twilio: FakeTwilio) -> None:
    patient = post.patient(agrees=False)
    message = post.say(patient)
    post.consent(patient, given=True)
    request_id = uuid4()

    answers = [post.desk.ask(SendAgain(message_id=message), DESK, request_id=request_id) for _ in range(2)]

    assert answers[0] == answers[1]
    post.relay.run_due()
    assert len(twilio.texts) == 1


def test_it_goes_to_where_the_patient_is_reached_now(post: Post, twilio: FakeTwilio) -> None:
    """The number was wrong and was corrected; one that was typed for that message stays as typed."""
    patient = post.patient(phone="0803 555 0100")
    twilio.declines["+2348035550100"] = FakeTwilio.error(21211, "Invalid")
    twilio.declines["+2348035550101"] = FakeTwilio.error(21211, "Invalid")
    message, typed = post.say(patient), post.say(patient, "payment_link", LINK, to="0803 555 0101")
    post.relay.run_due()
    assert {post.state(message), post.state(typed)} == {MessageState.FAILED}

    post.correct(patient, phone="0803 555 0182")
    twilio.declines.clear()
    post.desk.ask(SendAgain(message_id=message), DESK)
    post.desk.ask(SendAgain(message_id=typed), DESK)
    post.relay.run_due()

    assert sorted(text.to for text in twilio.texts) == ["+2348035550101", ADA]


@pytest.mark.parametrize("state", ["queued", "sent", "delivered"])
def test_what_is_on_its_way_is_not_sent_again(post: Post, twilio: FakeTwilio, state: str) -> None:
    message = post.say(post.patient())
    if state != "queued":
        post.relay.run_due()
    if state == "delivered":
        twilio.texts[0].status = "delivered"
        until_quiet(post, minutes=2)
    assert post.state(message) == state

    fault = post.desk.fault(SendAgain(message_id=message), DESK)

    assert fault.code == "messaging.not_again"
    assert "Nothing was sent a second time" in fault.message


def test_what_still_has_no_way_is_refused_with_the_reason(post: Post, twilio: FakeTwilio) -> None:
    """And not written down as a second message that was not sent."""
    message = post.say(post.patient(agrees=False))

    fault = post.desk.fault(SendAgain(message_id=message), DESK)

    assert fault.code == "messaging.no_way"
    assert "does not want messages" in fault.message
    assert len(post.rows()) == 1


def test_what_is_over_is_not_sent_again(post: Post, twilio: FakeTwilio) -> None:
    message = post.say(post.patient(agrees=False), useless_after=post.desk.now)

    assert post.desk.fault(SendAgain(message_id=message), DESK).code == "messaging.too_late"


@pytest.mark.parametrize("request_kind", [SendAgain, GetMessage])
def test_an_unknown_message_is_said_to_be_unknown(
    post: Post, request_kind: type[SendAgain] | type[GetMessage]
) -> None:
    fault = post.desk.fault(request_kind(message_id=MessageId(4711)), DESK)

    assert (fault.code, fault.field) == ("messaging.unknown", "message_id")
