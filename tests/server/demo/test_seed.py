"""The seeded clinic holds to every rule that the slices hold to, and is the same for the same seed."""

import random
from datetime import UTC, date, datetime
from typing import Any, LiteralString

import pytest

from hms_server.accounts.passwords import check_password
from hms_server.consultations.diagnoses import diagnosis_index
from hms_server.contract.values import Role
from hms_server.database import connect
from hms_server.demo.people import MadeUp, make_people
from hms_server.demo.scenarios import load_scenarios
from hms_server.demo.seed import PATIENTS, seed_clinic
from hms_server.reference import load_formulary, load_names

AFTERNOON = datetime(2026, 5, 6, 13, 30, tzinfo=UTC)
JUST_AFTER_MIDNIGHT = datetime(2026, 1, 1, 23, 4, tzinfo=UTC)
"""Four minutes past midnight in Lagos."""

QUEUES = """
select service, state, count(*)::int from ticket where state in ('waiting', 'called')
group by 1, 2 order by 1, 2
"""
WAITING_ROOM = [
    ("B", "waiting", 3),
    ("D", "called", 1),
    ("D", "waiting", 5),
    ("P", "waiting", 3),
    ("T", "waiting", 6),
]


class Clinic:
    """Looks into the database of the demo."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    def sql(self, query: LiteralString) -> list[Any]:
        with connect(self._dsn, application_name="tests", autocommit=True) as connection:
            return connection.execute(query).fetchall()


def made(today: date, *, seed: int) -> list[MadeUp]:
    return make_people(PATIENTS, today=today, chance=random.Random(seed))  # noqa: S311 - no secret


def test_the_seeded_clinic_adds_up(database: str) -> None:
    """Stock, money, receipts, charts and queues, as the work of six weeks would have left them."""
    people = seed_clinic(database, now=AFTERNOON)

    clinic = Clinic(database)
    assert {person.role for person in people} == set(Role)
    hashes = dict(clinic.sql("select user_name, password_hash from staff"))
    assert all(check_password(hashes[person.user_name], person.password) for person in people)
    assert clinic.sql("select count(*) from patient_search") == [(PATIENTS,)]
    assert clinic.sql(QUEUES) == WAITING_ROOM
    assert clinic.sql("""
        select count(*) from batch
        where on_hand <> (select sum(quantity) from stock_movement where batch_id = batch.id)
    """) == [(0,)]
    ((expired, out),) = clinic.sql("""
        select count(*) filter (where expires_on < '2026-05-06' and on_hand > 0),
            (select count(*) from product where in_stock(product.id, '2026-05-06') = 0)
        from batch
    """)
    assert expired >= 1
    assert out >= 1
    ((visits, finished, unsigned),) = clinic.sql("""
        select count(*), count(*) filter (where status = 'finished'),
            count(*) filter (where status = 'finished'
                and not exists (select from note where encounter_id = encounter.id))
        from encounter
    """)
    assert visits > 350
    assert visits - finished == 12  # those who wait for the nurse or a doctor
    assert unsigned == 0
    assert clinic.sql("""
        select count(*) from (select from posting group by entry_id having sum(amount_minor) <> 0) as odd
    """) == [(0,)]
    assert clinic.sql("""
        select count(*) from invoice where charged_minor
            <> (select sum(amount_minor) from charge_item where invoice_id = invoice.id)
        or charged_minor - due_minor
            <> (select coalesce(sum(amount_minor), 0) from payment where invoice_id = invoice.id)
    """) == [(0,)]
    receipts = clinic.sql("select receipt_seq from payment order by taken_at, id")
    assert [number for (number,) in receipts] == list(range(1, len(receipts) + 1))
    assert clinic.sql("""
        select count(*) from charge_item join medication_dispense on source_id = medication_dispense.id
        where kind = 'medicine' and charge_item.quantity <> medication_dispense.quantity
    """) == [(0,)]
    alerts = clinic.sql("select critical, title from alert where acknowledged_at is null and critical")
    assert alerts
    assert "NEWS2" in alerts[0][1]


def test_a_demo_that_begins_just_after_midnight_has_its_waiting_room_too(database: str) -> None:
    """Nobody waits since yesterday; also across a new year the receipts have no gap."""
    seed_clinic(database, now=JUST_AFTER_MIDNIGHT)

    clinic = Clinic(database)
    assert clinic.sql(QUEUES) == WAITING_ROOM
    days = clinic.sql("""
        select distinct (queued_at at time zone 'Africa/Lagos')::date from ticket
        where state in ('waiting', 'called')
    """)
    assert days == [(date(2026, 1, 2),)]
    assert clinic.sql("""
        select receipt_year, min(receipt_seq), max(receipt_seq) - count(*) from payment group by 1 order by 1
    """) == [(2025, 1, 0), (2026, 1, 0)]


def test_the_same_seed_makes_the_same_people() -> None:
    """So that a picture of the demo can be made again."""
    today = AFTERNOON.date()

    people = made(today, seed=7)

    assert people == made(today, seed=7)
    assert people != made(today, seed=8)


@pytest.mark.parametrize("today", [date(2026, 5, 6), date(2028, 2, 29)])
def test_people_are_believable(today: date) -> None:
    """Names of one culture go together, nobody is unborn, all ages are there, no two have one name."""
    people = made(today, seed=7)

    cultures: dict[str, set[str]] = {}
    for each in load_names():
        cultures.setdefault(each.name, set()).add(each.culture)
    for person in people:
        words = (person.family_name, *person.given_names.split())
        assert set.intersection(*(cultures[word] for word in words)), person
    assert all(person.birth_date < today for person in people)
    assert len({person.name for person in people}) == PATIENTS
    ages = [person.age_years(today) for person in people]
    assert (
        min(
            len([age for age in ages if low <= age < high])
            for low, high in ((0, 5), (5, 18), (18, 60), (60, 120))
        )
        > 8
    )


def test_what_the_doctors_of_the_demo_write_exists() -> None:
    """Every diagnosis is in ICD-10 under that name, every medicine in the formulary."""
    products = {each.code for each in load_formulary()}
    index = diagnosis_index()

    for scenario in load_scenarios():
        assert scenario.diagnosis in index.search(scenario.code)
        assert {each.product for each in scenario.medicines} <= products
