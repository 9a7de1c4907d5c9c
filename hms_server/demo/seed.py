"""Fills a new database with a whole clinic: staff, stock, patients, weeks of history and today's queue."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import psycopg
from psycopg.rows import class_row

from hms_server import database
from hms_server.accounts.passwords import generate_password
from hms_server.accounts.setup import ClinicPlan, create_clinic
from hms_server.billing.prices import load_prices
from hms_server.contract.demo import DemoPerson
from hms_server.contract.prescribing import Frequency
from hms_server.contract.values import Role
from hms_server.demo import bills, charts
from hms_server.demo.allergies import write_allergies
from hms_server.demo.diary import write_diary
from hms_server.demo.history import DAYS, Practice, Shelved, make_history
from hms_server.demo.people import make_people
from hms_server.demo.scenarios import Scenario, load_scenarios
from hms_server.demo.staff import CASHIER, DOCTOR, NURSE, OTHER_DOCTOR, PHARMACIST, RECEPTION, Hired, hire
from hms_server.demo.stock import StockedProduct, fill_shelves
from hms_server.demo.today import Today, WaitingRoom
from hms_server.demo.writing import StaffOfThePast, write_people, write_stock
from hms_server.prescribing.formulary import load_formulary
from hms_server.prescribing.rules import Medicine

CLINIC = ClinicPlan(name="Unity Clinic", time_zone="Africa/Lagos", currency=bills.CURRENCY)
PATIENTS = 300
SEED = 2026
_ADMINISTRATOR = "esi"
_REGISTERED_BEFORE = timedelta(days=DAYS + 30)
_DELIVERED_BEFORE = timedelta(days=DAYS + 3)


class _Product(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    code: str
    label: str
    form: str
    route: str
    dispensing_unit: str
    dose_unit: str
    dispensed_whole: bool
    units_per_dose: Decimal | None
    usual_frequency: str
    usual_days: int
    pack_size: int
    price_minor: int
    classes: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shop:
    """The formulary with prices, as the demo uses it."""

    products: dict[str, Shelved]
    stocked: list[StockedProduct]
    frequencies: dict[str, Frequency]
    consultation_minor: int


def seed_clinic(
    dsn: str, *, now: datetime, seed: int = SEED, has_waiting_room: bool = True
) -> list[DemoPerson]:
    """Seeds a migrated database without a clinic, relative to `now`; gives who may sign in."""
    with _connect(dsn) as connection:
        administrator = _found(connection, now)
    return fill_clinic(dsn, administrator, now=now, seed=seed, has_waiting_room=has_waiting_room)


def fill_clinic(
    dsn: str,
    administrator: DemoPerson,
    *,
    now: datetime,
    seed: int = SEED,
    has_waiting_room: bool = True,
) -> list[DemoPerson]:
    """Fills a clinic that has the rooms of `CLINIC` and this administrator, and nothing else."""
    chance = random.Random(seed)  # noqa: S311 - no secret: the same demo for the same seed
    with _connect(dsn) as connection:
        with connection.transaction():
            hired = hire(connection, administrator=administrator, now=now)
            load_formulary(connection)
            load_prices(connection)
            plan = _write_past(connection, hired, now=now, chance=chance)
        # Otherwise the first searches would be planned for empty tables.
        connection.execute("analyze")
    if has_waiting_room:
        WaitingRoom(plan, lambda: _connect(dsn), now=now, chance=chance).fill()
    return hired.people


def _connect(dsn: str) -> psycopg.Connection[Any]:
    return database.connect(dsn, application_name="hms-server demo", autocommit=True)


def _found(connection: psycopg.Connection[Any], now: datetime) -> DemoPerson:
    password = generate_password()
    create_clinic(connection, CLINIC, admin_name=_ADMINISTRATOR, password=password, now=now)
    return DemoPerson(
        user_name=_ADMINISTRATOR,
        password=password,
        role=Role.ADMINISTRATOR,
        name="Administrator",
    )


def _write_past(
    connection: psycopg.Connection[Any], hired: Hired, *, now: datetime, chance: random.Random
) -> Today:
    row = connection.execute("select time_zone from clinic").fetchone()
    assert row is not None
    zone = ZoneInfo(row[0])
    today = now.astimezone(zone).date()
    past = _staff_of_the_past(hired)
    people = make_people(PATIENTS, today=today, chance=chance)
    write_people(connection, people, at=now - _REGISTERED_BEFORE, by=past.reception)
    allergies = write_allergies(connection, people, at=now - _REGISTERED_BEFORE, by=past.nurse, chance=chance)
    scenarios = load_scenarios()
    shop = _read_shop(connection, scenarios)
    opened = today - timedelta(days=DAYS)
    shelves = fill_shelves(shop.stocked, opened=opened, today=today, chance=chance)
    practice = Practice(
        people=people,
        scenarios=scenarios,
        products=shop.products,
        frequencies=shop.frequencies,
        shelves=shelves,
        doctors=past.doctors,
        consultation_minor=shop.consultation_minor,
        allergies=allergies,
        zone=zone,
    )
    visits = make_history(practice, today=today, chance=chance)
    write_stock(connection, shelves, at=now - _DELIVERED_BEFORE, by=past.pharmacist)
    numbered = charts.numbered(visits)
    charts.write_charts(connection, numbered, staff=past, now=now)
    charts.write_handovers(connection, numbered, staff=past)
    bills.write_bills(connection, numbered, staff=past, consultation_minor=shop.consultation_minor, zone=zone)
    # By a chance of its own, so that the weeks before stay the same whatever is booked ahead.
    diary_chance = random.Random(len(people))  # noqa: S311 - no secret
    write_diary(connection, people, hired, now=now, zone=zone, chance=diary_chance)
    return Today(
        people=people,
        scenarios=scenarios,
        products=shop.products,
        frequencies=shop.frequencies,
        allergies=allergies,
        visited={visit.patient.id: visit.started_at.date() for visit in visits},
        hired=hired,
        zone=zone,
    )


def _staff_of_the_past(hired: Hired) -> StaffOfThePast:
    ids = hired.ids
    return StaffOfThePast(
        reception=ids[RECEPTION.user_name],
        nurse=ids[NURSE.user_name],
        doctors=(ids[DOCTOR.user_name], ids[OTHER_DOCTOR.user_name]),
        pharmacist=ids[PHARMACIST.user_name],
        cashier=ids[CASHIER.user_name],
    )


def _read_shop(connection: psycopg.Connection[Any], scenarios: Sequence[Scenario]) -> _Shop:
    usual = {medicine.product for scenario in scenarios for medicine in scenario.medicines}
    with connection.cursor(row_factory=class_row(_Product)) as cursor:
        rows = cursor.execute(PRODUCTS).fetchall()
    with connection.cursor(row_factory=class_row(Frequency)) as cursor:
        frequencies = cursor.execute(FREQUENCIES).fetchall()
    price = connection.execute(CONSULTATION_PRICE).fetchone()
    assert price is not None
    return _Shop(
        products={row.code: _shelved(row) for row in rows if row.code in usual},
        stocked=[StockedProduct(id=row.id, pack_size=row.pack_size, usual=row.code in usual) for row in rows],
        frequencies={each.code: each for each in frequencies},
        consultation_minor=price[0],
    )


def _shelved(row: _Product) -> Shelved:
    return Shelved(
        id=row.id,
        label=row.label,
        medicine=Medicine(
            form=row.form,
            route=row.route,
            dispensing_unit=row.dispensing_unit,
            dose_unit=row.dose_unit,
            dispensed_whole=row.dispensed_whole,
        ),
        units_per_dose=row.units_per_dose,
        usual_frequency=row.usual_frequency,
        usual_days=row.usual_days,
        price_minor=row.price_minor,
        classes=frozenset(row.classes),
    )


PRODUCTS = """
select product.id, product.code, label, form, route, dispensing_unit, dose_unit, dispensed_whole,
    units_per_dose, usual_frequency, usual_days, pack_size, amount_minor as price_minor,
    product.ingredients || array(
        select unnest(ingredient.classes) from ingredient where slug = any(product.ingredients)) as classes
from product join price on price.product_id = product.id
where offered order by product.code
"""
FREQUENCIES = "select code, text, times_per_day, once, as_needed from frequency"
CONSULTATION_PRICE = "select amount_minor from price where service_code = 'consultation-general'"
