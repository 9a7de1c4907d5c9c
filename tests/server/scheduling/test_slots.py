"""Free slots and availability: soonest first, of whom people mean, without what is taken."""

from datetime import date, timedelta

import pytest

from hms_server.contract.scheduling import (
    AddException,
    ExceptionKind,
    FindSlots,
    GetAvailability,
    PractitionerAvailability,
    Speciality,
)
from hms_server.contract.values import Role, StaffId
from hms_server.scheduling.specialities import meant_by
from tests.server.desk import Desk
from tests.server.scheduling.diary import MONDAY, Diary

RECEPTION = Role.RECEPTIONIST


def availability(
    diary: Diary, practitioner: str = "", speciality: str = ""
) -> list[PractitionerAvailability]:
    request = GetAvailability(practitioner=practitioner, speciality=speciality)
    return diary.desk.ask(request, RECEPTION).practitioners


def test_free_slots_begin_after_now(diary: Diary) -> None:
    """It is nine o'clock: the slot that begins at nine has begun."""
    assert diary.free()[:2] == ["09:20", "09:40"]
    assert diary.free(1)[0] == "08:00"
    assert diary.free(5) == []


def test_what_is_booked_is_not_free_and_free_again_when_cancelled(diary: Diary) -> None:
    booked = diary.book("10:00")

    before = diary.free()
    diary.desk.sql(
        "update appointment set status = 'cancelled', cancel_reason = 'x', version = 2 where id = %s",
        (booked.id,),
    )

    assert "10:00" not in before
    assert "10:00" in diary.free()


def test_a_room_that_another_doctor_has_taken_is_not_offered(diary: Diary) -> None:
    other = diary.other_doctor(room="Room 1")
    diary.book("10:00", doctor=other)

    assert "10:00" not in diary.free()


def test_times_at_which_the_patient_is_elsewhere_are_left_out(diary: Diary) -> None:
    other = diary.other_doctor()
    booked = diary.book("10:00", doctor=other)

    assert "10:00" not in diary.free(patient_id=booked.patient.id)
    assert "10:00" in diary.free()


def test_a_booking_across_two_slots_takes_both(diary: Diary) -> None:
    diary.desk.ask(diary.booking("10:10", ends="10:30"), RECEPTION)

    assert diary.free()[:6] == ["09:20", "09:40", "10:40", "11:00", "11:20", "11:40"]


def test_slots_of_a_speciality_are_the_soonest_of_all_who_have_it(diary: Diary) -> None:
    other = diary.other_doctor()
    diary.set_specialities(diary.doctor, "cardiology")
    diary.set_specialities(other, "cardiology", "general")

    slots = diary.desk.ask(FindSlots(speciality="cardiology", limit=3), RECEPTION)
    general = diary.desk.ask(FindSlots(speciality="general", limit=1), RECEPTION)

    assert [(slot.practitioner.name, slot.room) for slot in slots.slots] == [
        ("Dr Amina Bello", "Room 2"),
        ("Dr Kofi Asante", "Room 1"),
        ("Dr Amina Bello", "Room 2"),
    ]
    assert (slots.more, slots.slots[0].speciality) == (True, "cardiology")
    assert general.slots[0].practitioner.id == other


def test_hours_for_one_speciality_are_not_offered_for_another(diary: Diary) -> None:
    """The heart clinic is on Wednesdays only, whatever else the doctor does."""
    diary.set_specialities(diary.doctor, "general")
    diary.set_hours(diary.doctor, diary.hours(2), diary.hours(3, speciality="cardiology"))

    general = diary.desk.ask(FindSlots(speciality="general", limit=100), RECEPTION).slots
    heart = diary.desk.ask(FindSlots(speciality="cardiology", limit=100), RECEPTION).slots

    assert {slot.starts_at.isoweekday() for slot in general} == {2}
    assert {slot.starts_at.isoweekday() for slot in heart} == {3}


def test_slots_end_with_the_period_and_with_the_limit(diary: Diary) -> None:
    tuesday = MONDAY + timedelta(days=1)

    day = diary.desk.ask(FindSlots(from_day=tuesday, until_day=tuesday, limit=12), RECEPTION)
    weeks = diary.desk.ask(FindSlots(limit=1000), RECEPTION)

    assert (len(day.slots), day.more) == (12, False)
    assert (len(weeks.slots), weeks.more) == (100, True)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (FindSlots(from_day=MONDAY, until_day=MONDAY - timedelta(days=1)), "until_day"),
        (FindSlots(from_day=MONDAY, until_day=MONDAY + timedelta(days=400)), "until_day"),
        (FindSlots(from_day=date(9999, 12, 31)), "from_day"),
        (FindSlots(from_day=date(1, 1, 1)), "from_day"),
        (FindSlots(practitioner_id=StaffId(999)), "practitioner_id"),
        (GetAvailability(from_day=date(9999, 12, 31)), "from_day"),
    ],
)
def test_an_odd_period_is_refused_at_its_field(
    diary: Diary, request_: FindSlots | GetAvailability, field: str
) -> None:
    assert diary.desk.fault(request_, RECEPTION).field == field


def test_who_may_not_sign_in_any_more_is_not_offered(desk: Desk, diary: Diary) -> None:
    desk.sql("update staff set active = false where id = %s", (diary.doctor,))

    assert desk.ask(FindSlots(), RECEPTION).slots == []


def test_the_hours_follow_the_clinics_clock_over_the_change_to_summer_time(desk: Desk) -> None:
    """Eight o'clock in Cairo is six in UTC in April's beginning and five at its end."""
    desk.sql("update clinic set time_zone = 'Africa/Cairo'")
    diary = Diary(desk, zone="Africa/Cairo")
    wednesday = date(2026, 4, 22)

    request = FindSlots(from_day=wednesday, until_day=wednesday + timedelta(days=5), limit=100)
    slots = desk.ask(request, RECEPTION).slots

    first = {slot.starts_at.date(): slot.starts_at.hour for slot in reversed(slots)}
    assert first == {
        wednesday: 6,
        wednesday + timedelta(days=1): 6,
        wednesday + timedelta(days=2): 5,
        wednesday + timedelta(days=5): 5,
    }
    assert set(diary.shown(slots)[:12]) == set(diary.shown(slots)[-12:])


def test_availability_is_found_by_parts_of_a_name(diary: Diary) -> None:
    diary.other_doctor()

    by_name = availability(diary, "dr asan kof")
    nobody = availability(diary, "asante bello")

    assert [each.practitioner.name for each in by_name] == ["Dr Kofi Asante"]
    assert nobody == []


def test_availability_says_hours_slots_and_what_is_left(diary: Diary) -> None:
    """Monday from nine on, Tuesday, and an absence on Wednesday with its reason."""
    diary.set_specialities(diary.doctor, "cardiology")
    diary.book("09:20")
    wednesday = MONDAY + timedelta(days=2)
    diary.desk.ask(
        AddException(
            kind=ExceptionKind.ABSENCE,
            practitioner_id=diary.doctor,
            from_day=wednesday,
            reason="Annual leave",
        ),
        RECEPTION,
    )

    found = availability(diary, speciality="heart doctor")

    assert [(each.practitioner.name, each.specialities) for each in found] == [("Dr Kofi Asante", ["Heart"])]
    days = {day.day: day for day in found[0].days}
    monday, tuesday, away = (days[MONDAY + timedelta(days=count)] for count in range(3))
    assert (monday.slots, monday.free, tuesday.slots, tuesday.free) == (12, 7, 12, 12)
    assert monday.first_free is not None
    assert diary.shown([monday.first_free]) == ["09:40"]
    assert [(f"{each.starts:%H:%M}", f"{each.ends:%H:%M}", each.room) for each in tuesday.working] == [
        ("08:00", "12:00", "Room 1")
    ]
    assert (away.absence, away.working, away.free, away.first_free) == ("Annual leave", [], 0, None)
    assert MONDAY + timedelta(days=5) not in days


KNOWN = [
    Speciality(code="general", name="General practice", words=["family doctor", "GP"]),
    Speciality(code="cardiology", name="Heart", words=["cardiology", "cardiologist"]),
    Speciality(code="ear-nose-throat", name="Ear, nose and throat", words=["ENT"]),
    Speciality(code="ophthalmology", name="Eyes", words=["ophthalmology", "eye"]),
]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("cardiology", ["cardiology"]),
        ("Cardiologist", ["cardiology"]),
        ("a heart specialist", ["cardiology"]),
        ("gp", ["general"]),
        ("ENT", ["ear-nose-throat"]),
        ("eye doctor", ["ophthalmology"]),
        ("throat", ["ear-nose-throat"]),
        ("astrology", []),
        ("", []),
        ("?!", []),
    ],
)
def test_a_speciality_is_meant_by_many_words(text: str, codes: list[str]) -> None:
    assert [each.code for each in meant_by(KNOWN, text)] == codes
