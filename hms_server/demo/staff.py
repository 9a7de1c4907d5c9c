"""The demo's staff: one person for each role, each with a password of its own."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from hms_server.accounts.passwords import generate_password, hash_password
from hms_server.contract.demo import DemoPerson
from hms_server.contract.values import Role, RoomId, StaffId


@dataclass(frozen=True, slots=True)
class Planned:
    """Somebody to hire, and the room where this person calls patients to."""

    user_name: str
    name: str
    role: Role
    room: str


RECEPTION = Planned("grace", "Grace Adeleke", Role.RECEPTIONIST, "Front desk")
NURSE = Planned("ngozi", "Ngozi Eze", Role.NURSE, "Triage")
DOCTOR = Planned("kofi", "Dr Kofi Asante", Role.DOCTOR, "Room 1")
OTHER_DOCTOR = Planned("amina", "Dr Amina Bello", Role.DOCTOR, "Room 2")
PHARMACIST = Planned("fatou", "Fatou Diop", Role.PHARMACIST, "Pharmacy 1")
CASHIER = Planned("kwame", "Kwame Boateng", Role.CASHIER, "Window 1")
DISPLAY = Planned("waiting-room", "Waiting room", Role.DISPLAY, "")
KIOSK = Planned("kiosk", "Kiosk at the door", Role.KIOSK, "")
STAFF = (RECEPTION, NURSE, DOCTOR, OTHER_DOCTOR, PHARMACIST, CASHIER, DISPLAY, KIOSK)
"""In the order in which a patient meets them."""


@dataclass(frozen=True, slots=True)
class Hired:
    """Everybody with number and password, and the rooms by name."""

    people: list[DemoPerson]
    ids: dict[str, StaffId]
    rooms: dict[str, RoomId]


def hire(connection: psycopg.Connection[Any], *, administrator: DemoPerson, now: datetime) -> Hired:
    """Adds the staff; the administrator is there since the clinic was created."""
    rooms = dict(connection.execute("select name, id from room").fetchall())
    passwords = [generate_password() for _ in STAFF]
    with ThreadPoolExecutor(2) as pool:
        hashes = list(pool.map(hash_password, passwords))
    rows = [
        (plan.user_name, plan.name, password_hash, [plan.role], now)
        for plan, password_hash in zip(STAFF, hashes, strict=True)
    ]
    connection.cursor().executemany(ADD, rows)
    ids = dict(connection.execute("select user_name, id from staff").fetchall())
    people = [
        DemoPerson(
            user_name=plan.user_name,
            password=password,
            role=plan.role,
            name=plan.name,
            room=plan.room,
        )
        for plan, password in zip(STAFF, passwords, strict=True)
    ]
    return Hired([*people, administrator], ids, rooms)


ADD = """
insert into staff (user_name, name, password_hash, roles, created_at) values (%s, %s, %s, %s, %s)
"""
