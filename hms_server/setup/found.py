"""What a data folder and its database hold already, and what a set-up would change about it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from hms_server.accounts.setup import RoomPlan
from hms_server.backup.recovery import RecoveryKey
from hms_server.backup.settings import BackupSettings
from hms_server.contract.setup import LATER, NEW, PlanFault, SetupPlan
from hms_server.contract.setup_templates import QUEUES, RoomAnswer


@dataclass(frozen=True, kw_only=True)
class FoundClinic:
    """`filling`: a set-up was killed while it wrote the made-up patients."""

    name: str
    time_zone: str
    currency: str
    languages: tuple[str, ...]
    training: bool
    filling: bool
    rooms: tuple[RoomPlan, ...]


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What a set-up of an existing clinic would do; `stays` says what was asked for and is not done."""

    rooms: tuple[RoomPlan, ...] = ()
    languages: tuple[str, ...] = ()
    backup: BackupSettings | None = None
    told: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()


def find_clinic(connection: psycopg.Connection[Any]) -> FoundClinic | None:
    """The clinic of a migrated database."""
    row = connection.execute(CLINIC).fetchone()
    if row is None:
        return None
    name, time_zone, currency, languages, training, filling = row
    rooms = connection.execute(ROOMS).fetchall()
    return FoundClinic(
        name=name,
        time_zone=time_zone,
        currency=currency,
        languages=tuple(languages),
        training=training,
        filling=filling,
        rooms=tuple(
            RoomPlan(name=room, department=department, service=service) for room, department, service in rooms
        ),
    )


def room_plan(room: RoomAnswer) -> RoomPlan:
    """A room as the database keeps it."""
    return RoomPlan(
        name=" ".join(room.name.split()),
        department=" ".join(room.department.split()),
        service=QUEUES[room.queue] if room.queue else None,
    )


def changes_of(plan: SetupPlan, found: FoundClinic, settings: BackupSettings) -> Changes:
    """What the plan asks for and is not so yet."""
    rooms = _new_rooms(plan, found)
    languages = plan.clinic.languages if plan.clinic.languages != found.languages else ()
    backup = with_backup(plan, settings)
    told = [f"Room “{room.name}” in {room.department} is added." for room in rooms]
    if languages:
        told.append(f"Languages: {', '.join(languages)} (until now {', '.join(found.languages)}).")
    told += _backup_words(settings, backup)
    return Changes(
        rooms=rooms,
        languages=languages,
        backup=backup if backup != settings else None,
        told=tuple(told),
        stays=_stays(plan, found),
    )


def with_backup(plan: SetupPlan, settings: BackupSettings) -> BackupSettings:
    """The settings as the plan wants them; an existing recovery key is confirmed, never replaced."""
    places = settings.places
    place = Path(plan.backup.place) if plan.backup.place else None
    if place is not None and place not in places:
        # Whoever has one place means that one; of several, none is dropped without a word.
        places = (place,) if len(places) <= 1 else (place, *places)
    public, confirmed = settings.recovery_public, settings.confirmed
    if plan.backup.recovery_key not in {LATER, NEW}:
        typed = RecoveryKey.typed(plan.backup.recovery_key).public
        if public is None or typed == public:
            public, confirmed = typed, True
    hour = settings.hour if plan.backup.hour is None else plan.backup.hour
    return BackupSettings(places=places, recovery_public=public, confirmed=confirmed, hour=hour)


def key_fault(plan: SetupPlan, settings: BackupSettings) -> PlanFault | None:
    """A key that is another one than the clinic's; its backups would not open with it."""
    if plan.backup.recovery_key in {LATER, NEW} or settings.recovery_public is None:
        return None
    if RecoveryKey.typed(plan.backup.recovery_key).public == settings.recovery_public:
        return None
    return PlanFault(
        "backup.recovery_key",
        "This is not the recovery key of this clinic. Compare it with the paper; where that is lost, make a "
        "new one with 'hms-server recovery-key'.",
    )


def _new_rooms(plan: SetupPlan, found: FoundClinic) -> tuple[RoomPlan, ...]:
    if plan.rooms is None and not plan.clinic.template:
        return ()
    there = {room.name.casefold() for room in found.rooms}
    wanted = [room_plan(room) for room in plan.all_rooms()]
    return tuple(room for room in wanted if room.name.casefold() not in there)


def _backup_words(old: BackupSettings, new: BackupSettings) -> list[str]:
    told = []
    if new.places != old.places:
        before = ", ".join(str(place) for place in old.places) or "nowhere"
        told.append(f"Backups go to {', '.join(str(place) for place in new.places)} (until now: {before}).")
    if new.hour != old.hour:
        told.append(f"Backups are made at {new.hour}:00 (until now {old.hour}:00).")
    if new.recovery_public != old.recovery_public:
        told.append("Backups are sealed to the recovery key that you have written down.")
    elif new.confirmed and not old.confirmed:
        told.append("The recovery key is confirmed: somebody has it on paper.")
    return told


def _stays(plan: SetupPlan, found: FoundClinic) -> tuple[str, ...]:
    """Names and money on old papers must not change their meaning."""
    asked = (
        ("name", plan.clinic_name if plan.clinic.name else "", found.name),
        ("time zone", plan.clinic.time_zone, found.time_zone),
        ("currency", plan.clinic.currency, found.currency),
    )
    return tuple(
        f"The {what} stays “{now}”; a set-up does not change it (the answers say “{wanted}”)."
        for what, wanted, now in asked
        if wanted and wanted != now
    )


CLINIC = "select name, time_zone, currency, languages, training, filling from clinic"
ROOMS = """
select room.name, department.name, service from room join department on department.id = department_id
order by room.id
"""
