"""What a slice asks for: the way, the words, and why nothing is sent where nothing is."""

import pytest
from psycopg import sql

from hms_server.contract.messaging import Channel, MessageChanged, MessageState
from hms_server.contract.relay import ListJobs
from hms_server.contract.values import Role
from hms_server.faults import Refused
from tests.outside.sms import FakeTermii, FakeTwilio
from tests.outside.smtp import MailServer
from tests.server.messaging.post import ADA, LINK, Post


def test_a_patient_who_agrees_is_written_to_by_phone(post: Post, twilio: FakeTwilio) -> None:
    """In words that name the patient, the clinic and the time on its clock; the list hides the number."""
    patient = post.patient()

    message = post.say(patient)

    opened = post.open(message)
    assert opened.text == (
        "Hello Adaeze, your appointment at Sunrise Clinic is on Tuesday 3 March at 10:30. "
        "If you cannot come, please tell us."
    )
    assert opened.subject == "Your appointment on Tuesday 3 March at 10:30"
    row = opened.row
    assert (row.state, row.channel, row.to) == (MessageState.QUEUED, Channel.SMS, "+234 ••• 0182")
    assert (row.patient_name, row.title, row.segments) == ("Adaeze Okonkwo", "Appointment booked", 1)
    post.relay.run_due()
    assert twilio.texts_to(ADA) == [opened.text]


def test_each_patient_is_written_to_in_their_language(post: Post, twilio: FakeTwilio) -> None:
    """Where there are no words in it yet, in the clinic's."""
    french, hausa = post.patient(language="fr"), post.patient(language="ha")

    assert "rendez-vous à Sunrise Clinic est fixé au mardi 3 mars à 10:30" in post.open(post.say(french)).text
    assert "your appointment" in post.open(post.say(hausa)).text


def test_without_a_phone_the_mail_is_taken(post: Post, twilio: FakeTwilio, mail: MailServer) -> None:
    patient = post.patient(phone=None, email="ada@example.com")

    message = post.say(patient)
    post.relay.run_due()

    assert post.channel(message) is Channel.EMAIL
    assert [letter.to for letter in mail.letters] == ["ada@example.com"]
    assert post.row(message).to == "a•••@example.com"
    assert post.row(message).segments == 0


def test_where_sms_is_not_set_up_the_mail_is_taken(post: Post, mail: MailServer) -> None:
    assert post.channel(post.say(post.patient(email="ada@example.com"))) is Channel.EMAIL


def test_a_slice_may_choose_the_way(post: Post, twilio: FakeTwilio, mail: MailServer) -> None:
    patient = post.patient(email="ada@example.com")

    assert post.channel(post.say(patient, channel=Channel.EMAIL)) is Channel.EMAIL
    assert post.channel(post.say(patient)) is Channel.SMS


def test_termii_goes_first_where_both_are_set_up(post: Post, twilio: FakeTwilio, termii: FakeTermii) -> None:
    """It serves West Africa at its own prices; the other one remains for whoever has only that."""
    post.say(post.patient())
    post.relay.run_due()

    assert len(termii.texts) == 1
    assert not twilio.texts


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"agrees": None}, "Nobody has asked the patient yet"),
        ({"agrees": False}, "does not want messages"),
        ({"phone": None}, "Neither a phone number nor an e-mail address"),
        ({"phone": "01 271 00000"}, "receives no SMS"),
        ({"phone": None, "email": "ada@example.com"}, "E-mail is not set up"),
        ({"deceased": True}, "deceased"),
    ],
)
def test_what_is_not_sent_is_written_down_with_its_reason(
    post: Post, twilio: FakeTwilio, fields: dict[str, object], why: str
) -> None:
    """The slice goes on: no appointment fails for want of a phone number."""
    message = post.say(post.patient(**fields))  # type: ignore[arg-type]  # the cases are checked by what they do

    row = post.row(message)
    assert row.state is MessageState.NOT_SENT
    assert why in row.why
    post.relay.run_due()
    assert not twilio.texts
    assert post.desk.ask(ListJobs(), Role.ADMINISTRATOR).rows == []


def test_without_any_provider_that_is_said(post: Post) -> None:
    row = post.row(post.say(post.patient(email="ada@example.com")))

    assert (row.state, "SMS is not set up" in row.why) == (MessageState.NOT_SENT, True)


def test_an_address_typed_for_one_message_needs_no_consent(post: Post, twilio: FakeTwilio) -> None:
    """The patient has just asked the cashier for it; what is stored of the patient is not changed."""
    patient = post.patient(agrees=False, phone=None)

    post.say(patient, "payment_link", LINK, to="0803 555 0199")
    post.relay.run_due()

    text = "Sunrise Clinic: pay NGN 18,650.00 here: https://example.com/pay/x1y2"
    assert twilio.texts_to("+2348035550199") == [text]
    assert post.desk.sql("select phone from patient") == [(None,)]


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("0803", "messaging.to"),
        ("ada@", "messaging.to"),
        ("", "messaging.to"),
        ("ada@example.com", "messaging.not_set_up"),
    ],
)
def test_a_typed_address_that_cannot_be_used_is_refused_at_its_field(
    post: Post, twilio: FakeTwilio, typed: str, code: str
) -> None:
    """Whoever typed it stands there and can correct it; nothing is stored."""
    patient = post.patient()

    with pytest.raises(Refused) as refused:
        post.say(patient, "payment_link", LINK, to=typed)

    assert (refused.value.fault.code, refused.value.fault.field) == (code, "to")
    assert post.rows() == []


def test_what_a_template_must_have_is_never_left_open(post: Post, twilio: FakeTwilio) -> None:
    """A slice that forgets a value is a fault of the program, not a message with a hole."""
    with pytest.raises(KeyError):
        post.say(post.patient(), "payment_link", {"amount": "NGN 1"})

    assert post.rows() == []


def test_the_message_and_what_asked_for_it_are_stored_together_or_not_at_all(
    post: Post, twilio: FakeTwilio
) -> None:
    patient = post.patient()

    def fail(work: object) -> None:
        post.messaging.say(work, patient, "payment_link", LINK)  # type: ignore[arg-type]  # act gives a Work
        raise Refused("tests.no", "No.")

    with pytest.raises(Refused):
        post.desk.act(fail)

    post.relay.run_due()
    assert post.rows() == []
    assert not twilio.texts


def test_addresses_and_words_are_sealed(post: Post, twilio: FakeTwilio) -> None:
    """Neither the tables of messages and jobs nor the events hold a number, a name or a text."""
    patient = post.patient(phone="0803 555 0182", email="ada@example.com")
    post.say(patient)
    post.say(patient, "payment_link", LINK, to="0803 555 0199")
    post.relay.run_due()

    for table in ("message", "relay_job", "event", "audit"):
        statement = sql.SQL("select row_to_json(stored)::text from {} as stored").format(
            sql.Identifier(table)
        )
        with post.desk.connect() as connection:
            dump = " ".join(text for (text,) in connection.execute(statement).fetchall())
        for secret in ("8035550182", "803 555 0182", "8035550199", "ada@", "Adaeze", "pay/x1y2"):
            assert secret not in dump
            assert secret.encode().hex() not in dump


def test_whoever_lists_messages_is_told_of_each_change(post: Post, twilio: FakeTwilio) -> None:
    patient = post.patient()
    message = post.say(patient)
    post.relay.run_due()

    told = [(event.message_id, event.patient_id, event.state) for event in post.desk.events(MessageChanged)]
    assert told == [
        (message, patient, MessageState.QUEUED),
        (message, patient, MessageState.SENT),
    ]


def test_what_is_taken_back_in_time_is_never_sent(post: Post, twilio: FakeTwilio) -> None:
    """What was sent before stays what it is."""
    patient = post.patient()
    sent = post.say(patient, about="appointment:7")
    post.relay.run_due()
    waiting, other = post.say(patient, about="appointment:7"), post.say(patient, about="appointment:8")

    count = post.desk.act(lambda work: post.messaging.take_back(work, "appointment:7", "It is over."))
    post.relay.run_due()

    assert count == 1
    assert post.state(sent) is MessageState.SENT
    assert (post.row(waiting).state, post.row(waiting).why) == (MessageState.NOT_SENT, "It is over.")
    assert post.state(other) is MessageState.SENT
    assert len(twilio.texts) == 2
