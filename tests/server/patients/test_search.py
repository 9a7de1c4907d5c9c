"""Finding patients by what somebody types or scans."""

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from hms_server.contract.patients import EditPatient, GetPatient, SearchPatients
from hms_server.contract.values import PatientId, Role
from hms_server.patients.commands import MARK_SEEN
from hms_server.patients.models import rebuild_search
from tests.server.desk import Desk
from tests.server.patients.forms import form, names_found, register


@pytest.fixture
def busy_desk(desk: Desk) -> Desk:
    """A front desk with a few patients."""
    register(desk, "Adaeze Ngozi Okonkwo", phone="0803 555 0182", national_id="NIN 1234-5678-901")
    register(desk, "Ọlá Adéyẹmí", phone="+234 805 111 2233")
    register(desk, "Mohammed Bello", phone="0706 444 0182")
    register(desk, "Mamadou Diallo")
    register(desk, "علي محمد")
    return desk


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("okonkwo", "Adaeze Ngozi Okonkwo"),
        ("OKONKWO adaeze", "Adaeze Ngozi Okonkwo"),
        ("ngo oko", "Adaeze Ngozi Okonkwo"),
        ("onkw", "Adaeze Ngozi Okonkwo"),
        ("Okwonko", "Adaeze Ngozi Okonkwo"),
        ("adaese okonko", "Adaeze Ngozi Okonkwo"),
        ("ola adeyemi", "Ọlá Adéyẹmí"),
        ("Adeyemmi", "Ọlá Adéyẹmí"),
        ("adeyemi, ola", "Ọlá Adéyẹmí"),
        ("jallow", "Mamadou Diallo"),
        ("محمد", "علي محمد"),
        ("0803 555 0182", "Adaeze Ngozi Okonkwo"),
        ("+234 803 555 0182", "Adaeze Ngozi Okonkwo"),
        ("080355", "Adaeze Ngozi Okonkwo"),
        ("08051112233", "Ọlá Adéyẹmí"),
        ("2233", "Ọlá Adéyẹmí"),
        ("NIN12345678901", "Adaeze Ngozi Okonkwo"),
        ("nin 1234", "Adaeze Ngozi Okonkwo"),
    ],
)
def test_a_patient_is_found_first(busy_desk: Desk, text: str, name: str) -> None:
    """By names in any order, in part, misspelt or without accents; by phone and national ID, also in part."""
    assert names_found(busy_desk, text)[0] == name


@pytest.mark.parametrize(
    "write", [str, str.lower, lambda number: number.replace("-", ""), lambda number: number.replace("-", " ")]
)
def test_a_scanned_card_finds_its_patient_alone(busy_desk: Desk, write: Any) -> None:
    """The number on the card leads to one patient, with or without its dash."""
    patient = register(busy_desk, "Esi Owusu")

    hits = busy_desk.ask(SearchPatients(text=write(patient.number)), Role.RECEPTIONIST)

    assert (hits.patients, hits.more) == ([patient], False)


def test_a_number_is_found_without_its_letter_or_check_digit(busy_desk: Desk) -> None:
    """Whoever reads out only the digits is understood."""
    patient = register(busy_desk, "Esi Owusu")
    digits = patient.number.removeprefix("P").replace("-", "")

    assert names_found(busy_desk, digits)[0] == "Esi Owusu"
    assert names_found(busy_desk, str(patient.id))[0] == "Esi Owusu"


def test_two_who_share_the_end_of_a_phone_are_both_found(busy_desk: Desk) -> None:
    """The last digits are often all that somebody remembers."""
    assert set(names_found(busy_desk, "0182")) == {"Adaeze Ngozi Okonkwo", "Mohammed Bello"}


@pytest.mark.parametrize(
    "text", ["zzz", "%", "_", "%%%", "' or 1=1 --", "P000001-8", "999999999999999999999", "😀"]
)
def test_what_nobody_is_called_finds_nobody(busy_desk: Desk, text: str) -> None:
    """Signs that mean something to a database mean nothing here."""
    assert names_found(busy_desk, text) == []


@pytest.mark.parametrize("text", ["a" * 100_000, "ada " * 10_000, "\u202e", "١٢٣", "ﷺ" * 50, "-" * 500])
def test_no_text_breaks_the_search(busy_desk: Desk, text: str) -> None:
    """Whatever is pasted into the search box gets an answer."""
    assert len(names_found(busy_desk, text)) <= 20


def test_better_hits_come_first(desk: Desk) -> None:
    """The very word, then its beginning, its middle, and last what only sounds like it."""
    for name in ("Musa Bellow", "Musa Ibello", "Musa Bello", "Musa Belo"):
        register(desk, name)

    assert names_found(desk, "bello") == ["Musa Bello", "Musa Bellow", "Musa Ibello", "Musa Belo"]


def test_among_equals_who_was_here_last_comes_first(desk: Desk) -> None:
    """Of several people of one name the one who was seen lately is probably meant, else the newest."""
    first, second, third = (register(desk, "Musa Bello") for _ in range(3))
    see(desk, second.id, days_ago=20)
    see(desk, first.id, days_ago=1)

    found = desk.ask(SearchPatients(text="musa bello"), Role.RECEPTIONIST).patients

    assert [patient.id for patient in found] == [first.id, second.id, third.id]


def test_nothing_typed_shows_who_was_here_last(desk: Desk) -> None:
    """An empty box is an offer, not an empty list."""
    for name, days_ago in (("Ada Obi", 3), ("Esi Owusu", 1), ("Musa Bello", 2)):
        see(desk, register(desk, name).id, days_ago=days_ago)
    register(desk, "Never Here")

    assert names_found(desk, " ") == ["Esi Owusu", "Musa Bello", "Ada Obi"]


@pytest.mark.parametrize(("limit", "shown"), [(5, 5), (0, 1), (500, 20)])
def test_no_more_than_twenty_are_shown(desk: Desk, limit: int, shown: int) -> None:
    """The list stays short, and says that there are more."""
    for _ in range(22):
        register(desk, "Fatima Bello")

    hits = desk.ask(SearchPatients(text="fatima", limit=limit), Role.RECEPTIONIST)

    assert (len(hits.patients), hits.more) == (shown, True)


def test_a_list_that_is_complete_says_so(busy_desk: Desk) -> None:
    """`more` is not said without a reason."""
    hits = busy_desk.ask(SearchPatients(text="okonkwo"), Role.RECEPTIONIST)

    assert not hits.more


def test_the_dead_are_found_and_shown_as_such(desk: Desk) -> None:
    """A list that hid them would lead to a second entry."""
    register(desk, "Ada Obi", deceased=True, deceased_on=date(2026, 1, 1))

    assert desk.ask(SearchPatients(text="obi"), Role.RECEPTIONIST).patients[0].deceased


def test_after_a_correction_the_new_name_and_phone_are_found(desk: Desk) -> None:
    """What was wrong does not lead here any more, not even for who was here lately."""
    patient = register(desk, "Ada Obi", phone="0803 555 0182")
    see(desk, patient.id, days_ago=0)
    changed = form("Ada Okoro", phone="0805 111 2233")

    desk.ask(EditPatient(patient_id=patient.id, version=1, demographics=changed), Role.RECEPTIONIST)

    assert names_found(desk, "okoro") == names_found(desk, "08051112233") == ["Ada Okoro"]
    assert names_found(desk, "obi") == names_found(desk, "08035550182") == []
    assert desk.sql("select words from patient_seen") == [(["ada", "okoro"],)]


def test_the_rebuilt_index_is_the_one_that_registration_writes(busy_desk: Desk, database: str) -> None:
    """A bulk import ends with the same entries as registering one by one."""
    tables = (
        "select * from patient_search order by 1",
        "select * from patient_word order by 1, 2",
        "select word from name_word order by 1",
        "select * from name_sound order by 1, 2",
    )
    before = [busy_desk.sql(table) for table in tables]

    with psycopg.connect(database) as connection:
        count = rebuild_search(connection)

    assert count == 5
    assert [busy_desk.sql(table) for table in tables] == before
    assert busy_desk.sql("select bearers from name_word where word = 'bello'") == [(1,)]


def test_the_last_visit_is_a_day_of_the_clinic(desk: Desk) -> None:
    """Seen late in the evening in UTC is the next day in Lagos."""
    patient = register(desk, "Ada Obi")
    desk.pass_time(hours=15, minutes=30)
    see(desk, patient.id, days_ago=0)

    seen = desk.ask(GetPatient(patient_id=patient.id), Role.DOCTOR)

    assert seen.last_visit == date(2026, 3, 3)


def see(desk: Desk, patient_id: PatientId, *, days_ago: int) -> None:
    """Notes a visit, as a check-in does."""
    with desk.connect() as connection:
        connection.execute(MARK_SEEN, {"id": patient_id, "now": desk.now - timedelta(days=days_ago)})
