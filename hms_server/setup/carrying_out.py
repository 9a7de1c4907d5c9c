"""Does what a set-up's answers ask for: a new clinic in one transaction, or additions to the one there is."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from hms_server import database
from hms_server.accounts.setup import ClinicPlan, SetupRefused, add_rooms, create_clinic
from hms_server.backup.places import same_disk_warning
from hms_server.backup.recovery import RecoveryKey, mark_of
from hms_server.backup.settings import BackupSettings, load_settings, save_settings
from hms_server.chosen_database import choose_database, chosen_database
from hms_server.contract.demo import DemoPerson
from hms_server.contract.setup import NEW, SetupDone, SetupPlan, price_warning
from hms_server.contract.values import Role
from hms_server.demo.seed import CLINIC, fill_clinic
from hms_server.neighbours import clinic_key, keys_of_clinic
from hms_server.setup.found import (
    Changes,
    FoundClinic,
    changes_of,
    find_clinic,
    key_fault,
    room_plan,
    with_backup,
)
from hms_server.setup.plan import Password, PlanWrong, all_faults

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where the clinic is set up: a data folder, a migrated database, and the hour.

    `keep_dsn`: the database is the clinic's own and every later start has to find it.
    """

    data_dir: Path
    dsn: str
    now: datetime
    say: Say = print
    keep_dsn: bool = False


def look(dsn: str) -> FoundClinic | None:
    """The clinic of a migrated database, None before the first start."""
    with _connect(dsn) as connection:
        return find_clinic(connection)


def carry_out(plan: SetupPlan, site: Site, *, password: Password) -> SetupDone:
    """Creates the clinic, or adds what is new; done twice, the second time changes nothing.

    Raises `PlanWrong` before anything is stored. What a killed run left behind is finished.
    """
    found = look(site.dsn)
    refuse_wrong(plan, site, found)
    if found is not None and found.filling:
        site.say("An earlier set-up was interrupted; it begins anew.")
        empty(site.dsn)
        found = None
    if found is not None:
        return _add(plan, site, found)
    return _create(plan, site, password)


def refuse_wrong(plan: SetupPlan, site: Site, found: FoundClinic | None) -> None:
    """Raises `PlanWrong` with all faults at once."""
    exists = found is not None and not found.filling
    if faults := all_faults(plan, first=not exists):
        raise PlanWrong(faults)
    if exists and (fault := key_fault(plan, load_settings(site.data_dir))):
        raise PlanWrong([fault])


def planned_changes(plan: SetupPlan, site: Site) -> Changes | None:
    """What would change about the clinic; None where there is none yet."""
    found = look(site.dsn)
    if found is None or found.filling:
        return None
    return changes_of(plan, found, load_settings(site.data_dir))


def end_training(site: Site, *, name: str) -> None:
    """Throws a training clinic away with all that is in it; `SetupRefused` for a real one or another name."""
    found = look(site.dsn)
    if found is None:
        raise SetupRefused("There is no clinic here yet; nothing was changed.")
    if not found.training:
        raise SetupRefused(f"“{found.name}” is a real clinic and stays; nothing was changed.")
    if _as_typed(name) != _as_typed(found.name):
        raise SetupRefused(
            f"The training clinic is called “{found.name}”. Type just that; nothing was changed."
        )
    empty(site.dsn)


def _as_typed(name: str) -> str:
    # No keyboard has the dash that the name was given.
    return " ".join(name.replace("\N{EN DASH}", "-").split())


def empty(dsn: str) -> None:
    """Takes away all tables and makes them anew, without a clinic."""
    with _connect(dsn) as connection, connection.transaction():
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")
    database.migrate(dsn, database.migrations_folder())


def _create(plan: SetupPlan, site: Site, password: Password) -> SetupDone:
    old = load_settings(site.data_dir)
    # Before there is a clinic, no backup was sealed to an older key: one of a killed run may go.
    fresh = BackupSettings(places=old.places, hour=old.hour)
    settings = with_backup(plan, fresh)
    key, settings = _new_key(plan, settings)
    # The files come first: a run that is killed in between has no clinic yet, and is done anew.
    save_settings(site.data_dir, settings)
    if site.keep_dsn:
        choose_database(site.data_dir, site.dsn)
    site.say("The clinic is being created.")
    _write(plan, site, password)
    people = _fill(plan, site, password) if plan.is_training else []
    return SetupDone(
        clinic=plan.clinic_name,
        created=True,
        changes=[f"The clinic “{plan.clinic_name}” was created."],
        user_name=plan.administrator.user_name.strip().lower(),
        password=password.text if password.generated else "",
        recovery_key=key.text if key else "",
        recovery_mark=mark_of(settings.recovery_public) if settings.recovery_public else "",
        people=[f"{each.name} ({each.role}): {each.user_name}, {each.password}" for each in people],
        next_steps=_next_steps(plan, settings, site),
    )


def _write(plan: SetupPlan, site: Site, password: Password) -> None:
    clinic = ClinicPlan(
        name=plan.clinic_name,
        time_zone=plan.clinic.time_zone,
        currency=plan.clinic.currency,
        rooms=CLINIC.rooms if plan.is_training else tuple(room_plan(room) for room in plan.all_rooms()),
        languages=plan.all_languages(),
        training=plan.is_training,
    )
    with _connect(site.dsn) as connection, connection.transaction():
        create_clinic(
            connection,
            clinic,
            admin_name=plan.administrator.user_name,
            admin_title=" ".join(plan.administrator.name.split()),
            password=password.text,
            now=site.now,
        )
        connection.execute(WRITE_IN, (plan.all_languages()[0],))


def _fill(plan: SetupPlan, site: Site, password: Password) -> list[DemoPerson]:
    site.say("Made-up patients are being written; this takes some seconds.")
    admin = plan.administrator
    administrator = DemoPerson(
        user_name=admin.user_name.strip().lower(),
        password=password.text,
        role=Role.ADMINISTRATOR,
        name=admin.name,
    )
    people = fill_clinic(site.dsn, administrator, now=site.now)
    with _connect(site.dsn) as connection:
        connection.execute("update clinic set filling = false")
    return [each for each in people if each.user_name != administrator.user_name]


def _add(plan: SetupPlan, site: Site, found: FoundClinic) -> SetupDone:
    if found.training and plan.clinic.contents == "empty" and plan.clinic.name:
        raise SetupRefused(
            f"“{found.name}” is for training and never becomes a real clinic. End it first with "
            f"“hms-server setup --end-training”, then set the clinic up."
        )
    changes = changes_of(plan, found, load_settings(site.data_dir))
    if site.keep_dsn and chosen_database(site.data_dir) != site.dsn:
        _refuse_other_keys(site)
        choose_database(site.data_dir, site.dsn)
    key, backup = _new_key(plan, changes.backup or load_settings(site.data_dir))
    if key or changes.backup:
        save_settings(site.data_dir, backup)
    with _connect(site.dsn) as connection, connection.transaction():
        add_rooms(connection, changes.rooms)
        if changes.languages:
            connection.execute("update clinic set languages = %s", (list(changes.languages),))
    told = [*changes.told, *changes.stays]
    if key:
        told.append("A recovery key was made.")
    return SetupDone(
        clinic=found.name,
        created=False,
        changes=told,
        recovery_key=key.text if key else "",
        next_steps=_same_disk(backup, site) if changes.backup else [],
    )


def _refuse_other_keys(site: Site) -> None:
    """`KeyFileError` where the clinic in that database is served with other keys; joining brings them."""
    with _connect(site.dsn) as connection:
        if clinic_key(connection) is not None:
            keys_of_clinic(connection, site.data_dir / "keys.json")


def _new_key(plan: SetupPlan, settings: BackupSettings) -> tuple[RecoveryKey | None, BackupSettings]:
    """A key that was asked for where there is none; one that exists is never replaced here."""
    if plan.backup.recovery_key != NEW or settings.recovery_public is not None:
        return None, settings
    key = RecoveryKey.new()
    return key, replace(settings, recovery_public=key.public, confirmed=False)


def _next_steps(plan: SetupPlan, settings: BackupSettings, site: Site) -> list[str]:
    user_name = plan.administrator.user_name.strip().lower()
    steps = [PAIR, SIGN_IN.format(user_name=user_name)]
    if not settings.places:
        steps.append(
            "No backup is made yet: name a place with “hms-server setup” once there is a disk for it."
        )
    steps += _same_disk(settings, site)
    if settings.recovery_public is None:
        steps.append("No backup can be sealed yet: make a recovery key with “hms-server recovery-key”.")
    elif not settings.confirmed:
        steps.append("Write the recovery key down, then confirm it with “hms-server setup”.")
    if warning := price_warning(plan.clinic.currency):
        steps.append(warning)
    return steps


def _same_disk(settings: BackupSettings, site: Site) -> list[str]:
    """A sentence where no place of backups outlives the disk of the records."""
    found = [same_disk_warning(place, site.data_dir) for place in settings.places]
    return [f"{found[0]} {OTHER_DISK}"] if found and all(found) else []


def _connect(dsn: str) -> psycopg.Connection[Any]:
    return database.connect(dsn, application_name="hms-server set-up", autocommit=True)


PAIR = (
    "Pair a workstation: install the desktop program there, then run “hms-server device code --name 'Front "
    "desk'” here, and type the code there within ten minutes."
)
SIGN_IN = (
    "Sign in there as “{user_name}” and add the staff under Admin. F1 opens the manual; its page “First day” "
    "leads on from here: prices, stock."
)
OTHER_DISK = "Plug another disk in and name it with “hms-server backup-places FOLDER”."
WRITE_IN = "update messaging_settings set language = %s"
