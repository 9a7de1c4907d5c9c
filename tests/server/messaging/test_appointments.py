"""What a patient hears of appointments, from the desk's booking to the reminder."""

import pytest

from hms_server.contract.messaging import MessageState
from hms_server.contract.scheduling import (
    AppointmentRow,
    CancelAppointment,
    MoveAppointment,
    ReopenAppointment,
)
from hms_server.contract.values import PatientId, Role
from tests.outside.sms import FakeTwilio
from tests.server.messaging.post import ADA, Post
from tests.server.scheduling.diary import Diary

DESK = Role.RECEPTIONIST


@pytest.fixture
def diary(post: Post) -> Diary:
    """The doctor's hours, on the same clinic."""
    return Diary(post.desk)


@pytest.fixture
def ada(post: Post, twilio: FakeTwilio) -> PatientId:
    """Somebody who wants messages, at a clinic that can send them."""
    return post.patient()


def move(diary: Diary, booked: AppointmentRow, wall: str, *, days: int, **others: object) -> AppointmentRow:
    request = MoveAppointment(
        appointment_id=booked.id,
        version=booked.version,
        starts_at=diary.at(wall, days=days),
        **others,  # type: ignore[arg-type]  # the names are the request's own
    )
    return diary.desk.ask(request, DESK).appointment


def cancel(diary: Diary, booked: AppointmentRow) -> AppointmentRow:
    request = CancelAppointment(appointment_id=booked.id, version=booked.version, reason="Cannot come")
    return diary.desk.ask(request, DESK).appointment


def said(post: Post, twilio: FakeTwilio) -> list[str]:
    """All that has arrived on Ada's phone so far."""
    post.relay.run_due()
    return twilio.texts_to(ADA)


def test_a_booking_is_confirmed_and_remembered_the_day_before(
    post: Post, twilio: FakeTwilio, diary: Diary, ada: PatientId
) -> None:
    """The reminder comes at the same hour on the day before, and neither names doctor, reason or room."""
    diary.book("09:00", days=3, patient_id=ada)
    assert len(said(post, twilio)) == 1

    post.desk.pass_time(days=1, hours=23, minutes=59)
    assert len(said(post, twilio)) == 1
    post.desk.pass_time(minutes=1)

    booked, reminder = said(post, twilio)
    assert booked == (
        "Hello Adaeze, your appointment at Sunrise Clinic is on Thursday 5 March at 09:00. "
        "If you cannot come, please tell us."
    )
    assert reminder.startswith("Hello Adaeze, a reminder of your appointment at Sunrise Clinic on Thursday")
    assert "Asante" not in booked + reminder


def test_an_appointment_of_today_needs_no_reminder(
    post: Post, twilio: FakeTwilio, diary: Diary, ada: PatientId
) -> None:
    diary.book("11:00", patient_id=ada)

    assert [row.template for row in post.rows()] == ["appointment_booked"]


def test_a_moved_appointment_says_from_when_to_when_and_reminds_once(
    post: Post, twilio: FakeTwilio, diary: Diary, ada: PatientId
) -> None:
    booked = diary.book("09:00", days=2, patient_id=ada)
    said(post, twilio)

    move(diary, booked, "10:00", days=4)
    for _ in range(4 * 24):
        post.relay.run_due()
        post.desk.pass_time(hours=1)

    texts = said(post, twilio)
    assert "has moved from Wednesday 4 March at 09:00 to Friday 6 March at 10:00" in texts[1]
    assert [text for text in texts if "reminder" in text] == [texts[2]]
    assert "Friday 6 March" in texts[2]
    assert len(texts) == 3


def test_another_doctor_at_the_same_time_is_nothing_to_be_told(
    post: Post, twilio: FakeTwilio, diary: Diary, ada: PatientId
) -> None:
    booked = diary.book("09:00", days=2, patient_id=ada)
    said(post, twilio)
    other = diary.other_doctor()

    move(diary, booked, "09:00", days=2, practitioner_id=other)

    assert len(said(post, twilio)) == 1
    waiting = post.rows(state=MessageState.QUEUED)
    assert [row.template for row in waiting] == ["appointment_reminder"]


def test_a_cancelled_appointment_is_told_and_not_remembered(
    post: Post, twilio: FakeTwilio, diary: Diary, ada: PatientId
) -> None:
    booked = diary.book("09:00", days=3, patient_id=ada)
    said(post, twilio)

    cancel(diary, booked)
    for _ in range(3 * 24):
        post.relay.run_due()
        post.desk.pass_time(hours=1)

    texts = said(post, twilio)
    assert len(texts) == 2
    assert "on Thursday 5 March at 09:00 is cancelled" in texts[1]
    taken_back = [row for row in post.rows() if row.template == "appointment_reminder"]
    assert [(row.state, row.why) for row in taken_back] == [
        (MessageState.NOT_SENT, "The appointment has changed since.")
    ]


def test_who_was_never_told_of_a_booking_is_not_told_of_its_change_twice(
    post: Post, twilio: FakeTwilio, diary: Diary, ada: PatientId
) -> None:
    """At night the booking's message still waits: only the last word of the evening goes out."""
    post.desk.pass_time(hours=13)
    booked = diary.book("09:00", days=2, patient_id=ada)
    moved = move(diary, booked, "10:00", days=2)
    cancel(diary, moved)

    post.desk.pass_time(hours=10)

    texts = said(post, twilio)
    assert len(texts) == 1
    assert "is cancelled" in texts[0]


def test_a_reopened_appointment_is_told_and_remembered_again(
    post: Post, twilio: FakeTwilio, diary: Diary, ada: PatientId
) -> None:
    cancelled = cancel(diary, diary.book("09:00", days=3, patient_id=ada))
    said(post, twilio)

    request = ReopenAppointment(appointment_id=cancelled.id, version=cancelled.version)
    post.desk.ask(request, DESK)
    said(post, twilio)

    waiting = post.rows(state=MessageState.QUEUED)
    assert [row.template for row in waiting] == ["appointment_reminder"]
    assert twilio.texts_to(ADA)[-1].startswith("Hello Adaeze, your appointment at Sunrise Clinic is on")


def test_no_booking_fails_for_want_of_a_way_to_tell_it(post: Post, diary: Diary) -> None:
    """Nobody agreed, nothing is set up: the appointment stands, and the list says why nobody was told."""
    booked = diary.book("09:00", days=3)

    assert booked.id
    assert {row.state for row in post.rows()} == {MessageState.NOT_SENT}


def test_after_days_without_the_internet_nobody_is_reminded_of_yesterday(
    post: Post, twilio: FakeTwilio, diary: Diary, ada: PatientId
) -> None:
    diary.book("09:00", days=2, patient_id=ada)

    post.desk.pass_time(days=3)

    assert said(post, twilio) == []
    assert {row.why for row in post.rows()} == {"It could not be sent in time, and would have come too late."}
