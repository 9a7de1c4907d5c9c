"""The first start: a clinic, its rooms, and one administrator with a password of their own."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg

from hms_server.accounts.passwords import MIN_LENGTH, hash_password
from hms_server.contract.values import MINOR_DIGITS, Role

SERVICES = (("T", "Triage"), ("D", "Doctor"), ("P", "Pharmacy"), ("B", "Billing"))


@dataclass(frozen=True, kw_only=True)
class RoomPlan:
    name: str
    department: str
    service: str | None


SMALL_CLINIC = (
    RoomPlan(name="Front desk", department="Reception", service=None),
    RoomPlan(name="Triage", department="General outpatients", service="T"),
    RoomPlan(name="Room 1", department="General outpatients", service="D"),
    RoomPlan(name="Room 2", department="General outpatients", service="D"),
    RoomPlan(name="Pharmacy 1", department="Pharmacy", service="P"),
    RoomPlan(name="Window 1", department="Billing", service="B"),
)
"""The rooms of a small clinic; the administrator changes them later."""


@dataclass(frozen=True, kw_only=True)
class ClinicPlan:
    """What the first start asks for."""

    name: str
    time_zone: str
    currency: str
    rooms: tuple[RoomPlan, ...] = SMALL_CLINIC
    languages: tuple[str, ...] = ("en",)
    training: bool = False
    """The clinic is then created as one whose made-up patients are still to come."""


class SetupRefused(Exception):  # noqa: N818 - an answer to the person who sets up
    """The sentence says which value is wrong and what would be right."""


def is_set_up(connection: psycopg.Connection[Any]) -> bool:
    """Whether the database holds a clinic, complete with the patients of a training clinic."""
    return connection.execute("select 1 from clinic where not filling").fetchone() is not None


def check_plan(plan: ClinicPlan) -> None:
    """Raises SetupRefused for what could not be used later."""
    if not plan.name.strip():
        raise SetupRefused("The clinic needs a name.")
    try:
        ZoneInfo(plan.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SetupRefused(
            f"{plan.time_zone!r} is not a time zone. Write it like Africa/Lagos or Africa/Accra."
        ) from error
    if plan.currency not in MINOR_DIGITS:
        known = ", ".join(sorted(MINOR_DIGITS))
        raise SetupRefused(f"{plan.currency!r} is not a currency that can be used here. Known are {known}.")


def create_clinic(
    connection: psycopg.Connection[Any],
    plan: ClinicPlan,
    *,
    admin_name: str,
    password: str,
    now: datetime,
    admin_title: str = "Administrator",
) -> None:
    """Creates everything in one transaction; refused where a clinic exists.

    `admin_name` is the user name, `admin_title` what colleagues read.
    """
    check_plan(plan)
    if len(password) < MIN_LENGTH:
        raise SetupRefused(f"The administrator's password needs at least {MIN_LENGTH} characters.")
    with connection.transaction():
        row = {
            "name": plan.name.strip(),
            "time_zone": plan.time_zone,
            "currency": plan.currency,
            "languages": list(plan.languages),
            "training": plan.training,
            "now": now,
        }
        if not connection.execute(ADD_CLINIC, row).rowcount:
            raise SetupRefused("This database holds a clinic already; nothing was changed.")
        for position, (code, name) in enumerate(SERVICES):
            connection.execute(
                "insert into service (code, name, position) values (%s, %s, %s)", (code, name, position)
            )
        add_rooms(connection, plan.rooms)
        # Tables this small are never analysed by themselves, and PostgreSQL guesses hundreds of clinics.
        connection.execute("analyze clinic, department, room, service")
        add_staff(
            connection,
            user_name=admin_name,
            name=admin_title,
            roles=[Role.ADMINISTRATOR],
            password=password,
            now=now,
        )


def add_rooms(connection: psycopg.Connection[Any], rooms: Iterable[RoomPlan]) -> list[RoomPlan]:
    """Adds those whose names are new, with their departments; gives those that were added."""
    added = []
    for room in rooms:
        connection.execute(ADD_DEPARTMENT, (room.department,))
        if connection.execute(ADD_ROOM, (room.name, room.service, room.department)).rowcount:
            added.append(room)
    return added


def add_staff(
    connection: psycopg.Connection[Any],
    *,
    user_name: str,
    name: str,
    roles: list[Role],
    password: str,
    now: datetime,
) -> int:
    """Adds somebody who may sign in."""
    row = connection.execute(
        ADD_STAFF, (user_name.strip().lower(), name, hash_password(password), roles, now)
    ).fetchone()
    if row is None:
        raise SetupRefused(f"There is already somebody with the user name {user_name!r}.")
    staff_id: int = row[0]
    return staff_id


ADD_CLINIC = """
insert into clinic (name, time_zone, currency, languages, training, filling, created_at)
values (%(name)s, %(time_zone)s, %(currency)s, %(languages)s, %(training)s, %(training)s, %(now)s)
on conflict (only_one) do nothing
"""
ADD_DEPARTMENT = "insert into department (name) values (%s) on conflict (name) do nothing"
ADD_ROOM = """
insert into room (name, service, department_id) select %s, %s, id from department where name = %s
on conflict (name) do nothing
"""
ADD_STAFF = """
insert into staff (user_name, name, password_hash, roles, created_at) values (%s, %s, %s, %s, %s)
on conflict (user_name) do nothing returning id
"""
