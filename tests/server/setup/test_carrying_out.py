"""A set-up creates a clinic once, finishes what was interrupted, and later adds only what is asked for."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hms_server.accounts.passwords import check_password
from hms_server.accounts.setup import SetupRefused, is_set_up
from hms_server.backup.recovery import RecoveryKey
from hms_server.backup.settings import BackupSettings, load_settings, save_settings
from hms_server.chosen_database import chosen_database
from hms_server.contract.setup import (
    NEW,
    AdministratorAnswers,
    BackupAnswers,
    ClinicAnswers,
    SetupDone,
    SetupPlan,
)
from hms_server.contract.setup_templates import RoomAnswer
from hms_server.database import connect
from hms_server.keys import KeyFileError
from hms_server.setup.carrying_out import Site, carry_out, end_training, look
from hms_server.setup.plan import Password, PlanWrong

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
PASSWORD = Password(text="correct horse", generated=False)
CLINIC = ClinicAnswers(
    name="Unity  Clinic", time_zone="Africa/Dakar", currency="XOF", template="health-centre"
)
ESI = AdministratorAnswers(user_name="Esi", name="Esi Owusu")
EYE_ROOM = RoomAnswer(department="Eye clinic", name="Eye room", queue="doctor")
TRAINING = SetupPlan(
    clinic=ClinicAnswers(name="Unity", time_zone="Africa/Accra", currency="NGN", contents="training"),
    administrator=ESI,
)


@pytest.fixture
def site(database: str, tmp_path: Path) -> Site:
    return Site(data_dir=tmp_path, dsn=database, now=NOW, say=lambda _: None)


def set_up(site: Site, plan: SetupPlan) -> SetupDone:
    return carry_out(plan, site, password=PASSWORD)


def rows(site: Site, query: str) -> list[Any]:
    with connect(site.dsn, application_name="tests", autocommit=True) as connection:
        return connection.execute(query).fetchall()


def test_a_clinic_is_created_as_asked(site: Site) -> None:
    """With the language of its country, where none was named."""
    done = set_up(site, SetupPlan(clinic=CLINIC, administrator=ESI))

    assert done.created
    assert rows(site, "select name, time_zone, currency, languages, training from clinic") == [
        ("Unity Clinic", "Africa/Dakar", "XOF", ["fr"], False)
    ]
    assert rows(site, "select language from messaging_settings") == [("fr",)]
    [(user_name, name, password_hash, roles)] = rows(
        site, "select user_name, name, password_hash, roles from staff"
    )
    assert (user_name, name, roles) == ("esi", "Esi Owusu", ["administrator"])
    assert check_password(password_hash, "correct horse")
    assert ("Antenatal room", "D") in rows(site, "select name, service from room")


def test_what_is_still_missing_is_said(site: Site) -> None:
    """No backup place, no key, no prices in francs: three conditions for whoever reads on."""
    told = " ".join(set_up(site, SetupPlan(clinic=CLINIC)).next_steps)

    # The code is good for ten minutes, and installing takes longer.
    assert told.index("install the desktop program") < told.index("hms-server device code")
    assert "No backup is made yet" in told
    assert "recovery-key" in told
    assert "price missing" in told


def test_a_new_recovery_key_is_shown_once_and_not_kept(site: Site) -> None:
    """Only its public half stays, and it counts as not written down."""
    done = set_up(site, SetupPlan(clinic=CLINIC, backup=BackupAnswers(recovery_key=NEW)))

    kept = load_settings(site.data_dir)
    assert RecoveryKey.typed(done.recovery_key).public == kept.recovery_public
    assert not kept.confirmed
    assert done.recovery_key not in (site.data_dir / "backup.json").read_text()


def test_a_key_that_is_on_paper_counts_as_confirmed(site: Site, tmp_path: Path) -> None:
    key = RecoveryKey.new()
    backup = BackupAnswers(place=str(tmp_path), hour=4, recovery_key=key.text)

    done = set_up(site, SetupPlan(clinic=CLINIC, backup=backup))

    assert load_settings(tmp_path) == BackupSettings(
        places=(tmp_path,), recovery_public=key.public, confirmed=True, hour=4
    )
    assert done.recovery_key == ""
    # It is taken, with a word on the one disk of this test.
    (beside,) = [step for step in done.next_steps if "backup" in step]
    assert "lies on the same disk as the clinic's records" in beside


def test_twice_is_as_good_as_once(site: Site) -> None:
    """No second administrator, whatever password the second run would have."""
    plan = SetupPlan(clinic=CLINIC, administrator=ESI, backup=BackupAnswers(recovery_key=NEW))
    set_up(site, plan)
    settings = load_settings(site.data_dir)

    again = carry_out(
        SetupPlan(clinic=CLINIC, administrator=AdministratorAnswers(user_name="mallory")),
        site,
        password=Password(text="another horse", generated=False),
    )

    assert not again.created
    assert again.changes == []
    assert again.password == ""
    assert rows(site, "select user_name from staff") == [("esi",)]
    assert load_settings(site.data_dir) == settings


def test_a_later_run_adds_and_says_what(site: Site, tmp_path: Path) -> None:
    set_up(site, SetupPlan(clinic=CLINIC))
    rooms = rows(site, "select count(*) from room")[0][0]
    plan = SetupPlan(
        rooms=(EYE_ROOM, RoomAnswer(department="Billing", name="CASH DESK")),
        clinic=ClinicAnswers(languages=("fr", "wo")),
        backup=BackupAnswers(place=str(tmp_path)),
    )

    done = set_up(site, plan)

    assert done.changes == [
        "Room “Eye room” in Eye clinic is added.",
        "Languages: fr, wo (until now fr).",
        f"Backups go to {tmp_path} (until now: nowhere).",
    ]
    assert rows(site, "select count(*) from room") == [(rooms + 1,)]
    assert rows(site, "select languages from clinic") == [(["fr", "wo"],)]


def test_name_zone_and_money_stay(site: Site) -> None:
    """Old receipts must not change their meaning; the person is told."""
    set_up(site, SetupPlan(clinic=CLINIC))
    other = ClinicAnswers(name="Other", time_zone="Africa/Lagos", currency="NGN", template="health-centre")

    done = set_up(site, SetupPlan(clinic=other))

    assert [line.split()[1] for line in done.changes] == ["name", "time", "currency"]
    assert rows(site, "select name, currency from clinic") == [("Unity Clinic", "XOF")]


def test_a_key_is_made_later_and_confirmed_later_still(site: Site) -> None:
    """And never replaced in passing: with another key the old backups would not open."""
    set_up(site, SetupPlan(clinic=CLINIC))
    made = set_up(site, SetupPlan(backup=BackupAnswers(recovery_key=NEW)))
    again = set_up(site, SetupPlan(backup=BackupAnswers(recovery_key=NEW)))

    confirmed = set_up(site, SetupPlan(backup=BackupAnswers(recovery_key=made.recovery_key.lower())))
    with pytest.raises(PlanWrong, match="not the recovery key of this clinic"):
        set_up(site, SetupPlan(backup=BackupAnswers(recovery_key=RecoveryKey.new().text)))

    assert again.recovery_key == ""
    assert confirmed.changes == ["The recovery key is confirmed: somebody has it on paper."]
    assert load_settings(site.data_dir).confirmed


def test_of_several_backup_places_none_is_dropped(site: Site, tmp_path: Path) -> None:
    one, two, three = (tmp_path / name for name in ("one", "two", "three"))
    three.mkdir()
    set_up(site, SetupPlan(clinic=CLINIC))
    save_settings(site.data_dir, BackupSettings(places=(one, two)))

    set_up(site, SetupPlan(backup=BackupAnswers(place=str(three))))

    assert load_settings(site.data_dir).places == (three, one, two)


def test_nothing_is_stored_where_something_is_wrong(site: Site) -> None:
    """All faults at once, before the first file is written."""
    plan = SetupPlan(
        clinic=ClinicAnswers(name="Unity", time_zone="lagos"), backup=BackupAnswers(place="/no/such")
    )

    with pytest.raises(PlanWrong) as told:
        set_up(site, plan)

    assert [fault.key for fault in told.value.faults] == [
        "clinic.time_zone",
        "clinic.currency",
        "backup.place",
    ]
    assert look(site.dsn) is None
    assert not (site.data_dir / "backup.json").exists()


def test_a_run_that_was_killed_after_its_files_is_done_anew(site: Site) -> None:
    """A key that nobody may have seen is not taken over: no backup was sealed to it."""
    lost = RecoveryKey.new()
    save_settings(site.data_dir, BackupSettings(recovery_public=lost.public))

    done = set_up(site, SetupPlan(clinic=CLINIC, backup=BackupAnswers(recovery_key=NEW)))

    assert (
        load_settings(site.data_dir).recovery_public
        == RecoveryKey.typed(done.recovery_key).public
        != lost.public
    )


def test_the_clinics_own_database_is_found_again(site: Site) -> None:
    own = Site(data_dir=site.data_dir, dsn=site.dsn, now=NOW, say=lambda _: None, keep_dsn=True)

    set_up(own, SetupPlan(clinic=CLINIC))

    assert chosen_database(site.data_dir) == site.dsn


def test_another_servers_clinic_is_joined_and_not_taken(site: Site) -> None:
    """Its keys are on the other machine; without them nothing that is sealed could be opened."""
    set_up(site, SetupPlan(clinic=CLINIC))
    rows(site, "update clinic set server_key = repeat('k', 40) returning name")
    here = Site(data_dir=site.data_dir, dsn=site.dsn, now=NOW, say=lambda _: None, keep_dsn=True)

    with pytest.raises(KeyFileError, match="hms-server join"):
        set_up(here, SetupPlan(clinic=CLINIC))

    assert chosen_database(site.data_dir) is None


def test_a_training_clinic_is_full_and_marked(site: Site) -> None:
    """Its name says so on every screen and paper, and the mark cannot be taken away."""
    done = set_up(site, TRAINING)

    assert done.clinic == "Unity – TRAINING"
    assert rows(site, "select name, training, filling from clinic") == [("Unity – TRAINING", True, False)]
    assert rows(site, "select count(*) > 200 from patient") == [(True,)]
    assert len(done.people) == 8
    assert any("ngozi" in line for line in done.people)
    with pytest.raises(psycopg.errors.RestrictViolation):
        rows(site, "update clinic set training = false returning name")


def test_it_never_becomes_a_real_one(site: Site) -> None:
    set_up(site, TRAINING)

    with pytest.raises(SetupRefused, match="--end-training"):
        set_up(site, SetupPlan(clinic=CLINIC))


def test_it_can_be_thrown_away_by_name(site: Site) -> None:
    """Then the real one is set up in its place."""
    set_up(site, TRAINING)
    with pytest.raises(SetupRefused, match="Type just that"):
        end_training(site, name="Unity")

    end_training(site, name="Unity - TRAINING")
    done = set_up(site, SetupPlan(clinic=CLINIC))

    assert done.created
    assert rows(site, "select count(*) from patient") == [(0,)]


def test_a_real_clinic_is_never_thrown_away(site: Site) -> None:
    set_up(site, SetupPlan(clinic=CLINIC))

    with pytest.raises(SetupRefused, match="real clinic and stays"):
        end_training(site, name="Unity Clinic")

    assert look(site.dsn) is not None


def test_a_half_filled_training_clinic_is_made_anew(site: Site) -> None:
    """As a kill leaves it: no server serves it, and the next run finishes the work."""
    set_up(site, TRAINING)
    with connect(site.dsn, application_name="tests", autocommit=True) as connection:
        connection.execute("update clinic set filling = true")
        served = is_set_up(connection)

    done = set_up(site, TRAINING)

    assert not served
    assert done.created
    assert rows(site, "select filling from clinic") == [(False,)]
