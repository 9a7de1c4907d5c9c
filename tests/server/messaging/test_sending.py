"""From the queue to the patient, at most once: lost answers, servers that die, quiet hours."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hms_server.contract.messaging import MessageId, MessageState
from hms_server.contract.relay import CancelJob, JobGivenUp, JobState, ListJobs
from hms_server.contract.values import Role
from hms_server.messaging.ask import REPORT, SEND
from tests.outside.local import Reply
from tests.outside.sms import FakeTermii, FakeTwilio
from tests.outside.smtp import MailServer, break_off
from tests.server.desk import Desk
from tests.server.messaging.post import ADA, KEY, LINK, Post

EVENING = {"hours": 13}
"""From nine in the morning to ten at night."""


def until_quiet(post: Post, *, minutes: int = 120) -> None:
    """Turns the clock on, and lets the relay run whatever becomes due."""
    for _ in range(minutes * 2):
        post.relay.run_due()
        post.desk.pass_time(seconds=30)
    post.relay.run_due()


def open_jobs(post: Post, kind: str) -> int:
    rows = post.desk.ask(ListJobs(), Role.ADMINISTRATOR).rows
    return sum(row.kind == kind and row.state in (JobState.WAITING, JobState.RUNNING) for row in rows)


def test_a_message_is_sent_and_followed_until_it_is_delivered(post: Post, twilio: FakeTwilio) -> None:
    message = post.say(post.patient())
    post.relay.run_due()
    assert post.state(message) is MessageState.SENT

    twilio.texts[0].status = "delivered"
    post.desk.pass_time(minutes=1)
    post.relay.run_due()

    assert post.state(message) is MessageState.DELIVERED
    assert open_jobs(post, REPORT) == 0


def test_a_number_that_the_provider_gives_twice_sends_nothing_twice(post: Post, twilio: FakeTwilio) -> None:
    post.say(post.patient())
    post.relay.run_due()
    same = twilio.texts[0].id
    twilio.server.troubles.append(Reply.of({"sid": same, "status": "queued"}, status=201))

    second = post.say(post.patient())
    until_quiet(post, minutes=10)

    posts = [seen for seen in twilio.server.seen if seen.method == "POST"]
    assert len(posts) == 2
    assert post.state(second) is MessageState.SENT


def test_a_message_that_does_not_arrive_says_why(post: Post, twilio: FakeTwilio) -> None:
    message = post.say(post.patient())
    post.relay.run_due()

    twilio.texts[0].status, twilio.texts[0].error_code = "undelivered", 30005
    post.desk.pass_time(minutes=1)
    post.relay.run_due()

    row = post.row(message)
    assert (row.state, row.can_send_again) == (MessageState.FAILED, True)
    assert "does not exist any more" in row.why


def test_whoever_never_reports_is_not_asked_for_ever(post: Post, twilio: FakeTwilio) -> None:
    """The message stays "sent", and nobody is alarmed."""
    message = post.say(post.patient())

    for _ in range(100):
        post.relay.run_due()
        post.desk.pass_time(hours=1)

    assert post.state(message) is MessageState.SENT
    assert open_jobs(post, REPORT) == 0
    assert len(twilio.server.seen) < 60
    assert post.desk.events(JobGivenUp) == []


def test_a_mail_is_sent_once_and_has_no_report(post: Post, mail: MailServer) -> None:
    message = post.say(post.patient(phone=None, email="ada@example.com"))
    until_quiet(post, minutes=5)

    assert post.state(message) is MessageState.SENT
    assert len(mail.letters) == 1
    (reference,) = post.desk.sql("select reference from message")[0]
    assert mail.letters[0].message["Message-ID"] == f"<{reference}@example.org>"


def test_a_lost_answer_is_looked_up_and_nothing_is_sent_twice(post: Post, twilio: FakeTwilio) -> None:
    """Twilio has the message: it is followed from there."""
    message = post.say(post.patient())
    twilio.lose_answer()
    post.relay.run_due()
    assert post.state(message) is MessageState.QUEUED

    twilio.texts[0].status = "delivered"
    until_quiet(post, minutes=10)

    assert post.state(message) is MessageState.DELIVERED
    assert len(twilio.texts) == 1


def test_a_lost_call_is_sent_again_once_that_is_certain(post: Post, twilio: FakeTwilio) -> None:
    """Not before the call has had the time to arrive late after all."""
    message = post.say(post.patient())
    twilio.lose_call()
    post.relay.run_due()
    post.desk.pass_time(minutes=4)
    post.relay.run_due()
    assert not twilio.texts

    until_quiet(post, minutes=10)

    assert post.state(message) is MessageState.SENT
    assert len(twilio.texts) == 1


def test_a_call_that_arrives_late_is_found_by_the_second_look(post: Post, twilio: FakeTwilio) -> None:
    message = post.say(post.patient())
    twilio.lose_call()
    post.relay.run_due()
    post.desk.pass_time(minutes=2)
    post.relay.run_due()

    # What hung in the line comes through now.
    twilio.answer(twilio.server.seen[0])
    until_quiet(post, minutes=15)

    assert post.state(message) is MessageState.SENT
    assert len(twilio.texts) == 1


def test_what_termii_does_not_list_stays_uncertain(post: Post, termii: FakeTermii) -> None:
    """Nobody can know, so nobody sends it again but a person."""
    message = post.say(post.patient())
    termii.lose_call()

    until_quiet(post, minutes=60)

    row = post.row(message)
    assert (row.state, row.can_send_again) == (MessageState.UNCERTAIN, True)
    assert "ask the patient" in row.why
    assert not termii.texts
    assert open_jobs(post, SEND) == 0


def test_what_termii_lists_after_a_lost_answer_was_sent(post: Post, termii: FakeTermii) -> None:
    message = post.say(post.patient())
    termii.lose_answer()

    until_quiet(post, minutes=5)

    assert post.state(message) is MessageState.SENT
    assert len(termii.texts) == 1


def test_a_mail_whose_answer_is_lost_is_uncertain_at_once(post: Post, mail: MailServer) -> None:
    """A mail server cannot be asked what it has."""
    mail.answers["DATA"] = break_off
    message = post.say(post.patient(phone=None, email="ada@example.com"))

    until_quiet(post, minutes=30)

    assert post.state(message) is MessageState.UNCERTAIN
    assert len(mail.letters) == 1


def test_a_mail_that_certainly_did_not_leave_is_tried_again(post: Post, mail: MailServer) -> None:
    mail.answers["RCPT"] = "450 4.2.0 Greylisted"
    message = post.say(post.patient(phone=None, email="ada@example.com"))
    post.relay.run_due()
    assert post.state(message) is MessageState.QUEUED

    mail.answers.clear()
    until_quiet(post, minutes=30)

    assert post.state(message) is MessageState.SENT
    assert len(mail.letters) == 1


def test_two_lost_messages_of_the_same_words_are_two(post: Post, twilio: FakeTwilio) -> None:
    """One was taken, one was not: one is found, the other is sent."""
    patient = post.patient()
    first, second = post.say(patient), post.say(patient)
    twilio.lose_answer()
    twilio.lose_call()
    post.relay.run_due()

    until_quiet(post, minutes=30)

    assert {post.state(first), post.state(second)} == {MessageState.SENT}
    assert len(twilio.texts) == 2
    ids = [row[0] for row in post.desk.sql("select provider_id from message")]
    assert sorted(ids) == sorted(text.id for text in twilio.texts)


@pytest.mark.parametrize("moment", ["die_after_claim", "die_during_call", "die_before_store"])
def test_a_server_that_dies_leaves_a_message_sent_once(post: Post, twilio: FakeTwilio, moment: str) -> None:
    """Whenever it dies, another server finds out, and the patient gets one SMS."""
    message = post.say(post.patient())
    getattr(post.relay, moment)("twilio")
    post.relay = post.another_server()
    post.relay.let_claims_lapse()

    until_quiet(post, minutes=30)

    assert post.state(message) is MessageState.SENT
    assert len(twilio.texts) == 1


@pytest.mark.parametrize(
    ("moment", "state", "letters"),
    [
        ("die_after_claim", MessageState.SENT, 1),
        ("die_during_call", MessageState.UNCERTAIN, 0),
        ("die_before_store", MessageState.UNCERTAIN, 1),
    ],
)
def test_a_server_that_dies_with_a_mail_never_sends_it_twice(
    post: Post, mail: MailServer, moment: str, state: MessageState, letters: int
) -> None:
    message = post.say(post.patient(phone=None, email="ada@example.com"))
    getattr(post.relay, moment)("smtp")
    post.relay = post.another_server()
    post.relay.let_claims_lapse()

    until_quiet(post, minutes=30)

    assert (post.state(message), len(mail.letters)) == (state, letters)


def test_a_number_that_is_declined_ends_the_message_and_no_other(post: Post, twilio: FakeTwilio) -> None:
    """One wrong number must not hold up everybody's messages, nor alarm the administrator."""
    wrong, right = post.patient(), post.patient(phone="0803 555 0183")
    twilio.declines[ADA] = FakeTwilio.error(21211, "Invalid 'To' Phone Number")
    messages = [post.say(wrong) for _ in range(4)]
    other = post.say(right)

    post.relay.run_due()

    assert {post.state(message) for message in messages} == {MessageState.FAILED}
    assert "not a phone number" in post.row(messages[0]).why
    assert post.state(other) is MessageState.SENT
    assert post.desk.events(JobGivenUp) == []


def test_a_wrong_key_holds_messages_back_until_it_is_mended(post: Post, twilio: FakeTwilio) -> None:
    post.desk.set_provider("twilio", settings=twilio.settings, secrets={"auth_token": "wrong-key-000"})
    messages = [post.say(post.patient()) for _ in range(3)]
    until_quiet(post, minutes=5)
    assert {post.state(message) for message in messages} == {MessageState.QUEUED}

    post.desk.set_provider("twilio", settings=twilio.settings, secrets={"auth_token": KEY})
    until_quiet(post, minutes=30)

    assert {post.state(message) for message in messages} == {MessageState.SENT}
    assert len(twilio.texts) == 3


def test_at_night_only_what_is_urgent_leaves(post: Post, twilio: FakeTwilio) -> None:
    """A link to pay is wanted now; a reminder waits for the morning."""
    patient = post.patient()
    post.desk.pass_time(**EVENING)
    quiet, urgent = post.say(patient), post.say(patient, "payment_link", LINK)

    post.relay.run_due()
    assert (post.state(quiet), post.state(urgent)) == (MessageState.QUEUED, MessageState.SENT)
    post.desk.pass_time(hours=8, minutes=59)
    post.relay.run_due()
    assert post.state(quiet) is MessageState.QUEUED
    post.desk.pass_time(minutes=1)
    post.relay.run_due()

    assert post.state(quiet) is MessageState.SENT


def test_a_lost_answer_is_not_sent_again_at_night(post: Post, twilio: FakeTwilio) -> None:
    """The doubt outlasts the night, and is resolved before anything is sent."""
    patient = post.patient()
    post.desk.pass_time(hours=11, minutes=59)
    message = post.say(patient)
    twilio.lose_answer()
    post.relay.run_due()

    until_quiet(post, minutes=60)
    assert post.state(message) is MessageState.QUEUED
    post.desk.pass_time(hours=10)
    until_quiet(post, minutes=10)

    assert post.state(message) is MessageState.SENT
    assert len(twilio.texts) == 1


def test_a_message_has_its_time(post: Post, twilio: FakeTwilio) -> None:
    message = post.say(post.patient(), send_at=post.desk.now + timedelta(hours=3))

    post.desk.pass_time(hours=2, minutes=59)
    post.relay.run_due()
    assert post.state(message) is MessageState.QUEUED
    assert post.row(message).send_at is not None
    post.desk.pass_time(minutes=1)
    post.relay.run_due()

    assert post.state(message) is MessageState.SENT


def test_what_comes_too_late_is_not_sent(post: Post, twilio: FakeTwilio) -> None:
    """After a day without the internet nobody is reminded of this morning."""
    message = post.say(post.patient(), useless_after=post.desk.now + timedelta(hours=1))
    twilio.server.troubles.append(Reply(status=503))
    post.relay.run_due()

    post.desk.pass_time(hours=1)
    until_quiet(post, minutes=5)

    row = post.row(message)
    assert (row.state, "too late" in row.why) == (MessageState.NOT_SENT, True)
    assert not twilio.texts


def test_who_changes_their_mind_gets_nothing_more(post: Post, twilio: FakeTwilio) -> None:
    """Consent counts at the moment of sending; an address typed for one message is not touched by it."""
    patient = post.patient()
    message = post.say(patient, send_at=post.desk.now + timedelta(hours=3))
    typed = post.say(patient, "payment_link", LINK, to=ADA, send_at=post.desk.now + timedelta(hours=3))

    post.consent(patient, given=False)
    post.desk.pass_time(hours=3)
    post.relay.run_due()

    assert (post.state(message), post.row(message).why) == (
        MessageState.NOT_SENT,
        "The patient does not want messages any more.",
    )
    assert post.state(typed) is MessageState.SENT


def test_who_has_died_gets_no_reminder(post: Post, twilio: FakeTwilio) -> None:
    patient = post.patient()
    message = post.say(patient, send_at=post.desk.now + timedelta(hours=3))

    post.correct(patient, deceased=True)
    post.desk.pass_time(hours=3)
    post.relay.run_due()

    assert post.state(message) is MessageState.NOT_SENT
    assert not twilio.texts


def test_what_is_unwanted_after_a_lost_call_is_looked_up_and_not_sent(post: Post, twilio: FakeTwilio) -> None:
    """It may have arrived, and that is found out; but it is not sent any more."""
    patient = post.patient()
    message = post.say(patient)
    twilio.lose_call()
    post.relay.run_due()

    post.consent(patient, given=False)
    until_quiet(post, minutes=30)

    assert post.state(message) is MessageState.NOT_SENT
    assert not twilio.texts


def test_a_provider_that_is_away_for_days_ends_in_a_failure_that_people_see(
    post: Post, twilio: FakeTwilio
) -> None:
    message = post.say(post.patient())
    twilio.server.troubles.extend(Reply(status=500) for _ in range(1000))
    for _ in range(6 * 24 * 4):
        post.relay.run_due()
        post.desk.pass_time(minutes=10)

    assert post.state(message) is MessageState.UNCERTAIN
    assert len(post.desk.events(JobGivenUp)) == 1
    assert not twilio.texts


def test_what_the_administrator_calls_off_is_not_sent(post: Post, twilio: FakeTwilio) -> None:
    message = post.say(post.patient())
    (job,) = post.desk.ask(ListJobs(), Role.ADMINISTRATOR).rows

    post.desk.ask(CancelJob(job_id=job.id), Role.ADMINISTRATOR)
    until_quiet(post, minutes=5)

    row = post.row(message)
    assert (row.state, row.can_send_again) == (MessageState.FAILED, True)
    assert row.why
    assert not twilio.texts


def test_jobs_name_no_patient(post: Post, twilio: FakeTwilio) -> None:
    post.say(post.patient())
    post.relay.run_due()

    for row in post.desk.ask(ListJobs(), Role.ADMINISTRATOR).rows:
        assert "message" in row.summary
        assert "Adaeze" not in row.summary


def test_two_servers_at_once_send_once(post: Post, twilio: FakeTwilio) -> None:
    messages = [post.say(post.patient()) for _ in range(6)]
    servers = [post.relay, post.another_server()]

    post.desk.together(2, lambda number: servers[number].run_due())

    assert {post.state(message) for message in messages} == {MessageState.SENT}
    assert len(twilio.texts) == 6


TROUBLES = st.lists(
    st.sampled_from(
        ["lose_answer", "lose_call", "down", "garbled", "die_during_call", "die_before_store", "wait"]
    ),
    max_size=6,
)


@pytest.fixture
def patient_of(post: Post) -> MessageId:
    return MessageId(post.patient())


@given(troubles=TROUBLES)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_happens_a_patient_gets_each_message_at_most_once(
    desk: Desk, post: Post, twilio: FakeTwilio, patient_of: int, troubles: list[str]
) -> None:
    """And where the clinic says that it was sent, it was."""
    twilio.texts.clear()
    twilio.server.troubles.clear()
    message = post.say(patient_of, "payment_link", LINK)  # type: ignore[arg-type]  # ids are numbers
    for trouble in troubles:
        if trouble == "down":
            twilio.server.troubles.append(Reply(status=503))
        elif trouble == "garbled":
            twilio.server.troubles.append(Reply(body=b"{}"))
        elif trouble.startswith("lose"):
            getattr(twilio, trouble)()
        elif trouble.startswith("die"):
            getattr(post.relay, trouble)("twilio")
            post.relay.let_claims_lapse()
        post.relay.run_due()
        desk.pass_time(minutes=2)
    for _ in range(80):
        if post.state(message) is not MessageState.QUEUED:
            break
        post.relay.run_due()
        desk.pass_time(minutes=10)

    state = post.state(message)
    assert state in (MessageState.SENT, MessageState.UNCERTAIN)
    assert len(twilio.texts) <= 1
    assert len(twilio.texts) == 1 or state is MessageState.UNCERTAIN
