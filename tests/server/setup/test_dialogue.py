"""The questions of a first start: defaults, mistakes that lose nothing, and the way back."""

from pathlib import Path

from hms_server.accounts.setup import RoomPlan
from hms_server.backup.recovery import RecoveryKey
from hms_server.backup.settings import BackupSettings
from hms_server.contract.setup import LATER, SetupPlan, plan_faults
from hms_server.contract.setup_templates import RoomAnswer, load_templates
from hms_server.setup.again import ask_changes
from hms_server.setup.dialogue import ask_all, summary
from hms_server.setup.found import FoundClinic
from tests.server.setup.talking import Answer, Talk, group_asked

REAL = "1"
SMALL = ("1", "")
"""The first template, and its rooms as they are."""
NOW, KEY_LATER = "1", "2"
EMBEDDED = "1"


def talk(
    *,
    kind: str = REAL,
    name: str = "Unity Clinic",
    zone: tuple[str, ...] = ("lagos",),
    rest: tuple[Answer, ...] = ("", "", *SMALL, "esi", "Esi Owusu", "", KEY_LATER, "later", EMBEDDED),
) -> Talk:
    return Talk(kind, name, *zone, *rest)


def test_enter_takes_the_usual() -> None:
    """Only the name has to be typed; country and currency follow from the city."""
    said = talk()

    plan = ask_all(said.terminal, SetupPlan())

    assert plan.clinic.time_zone == "Africa/Lagos"
    assert plan.clinic.currency == "NGN"
    assert plan.clinic.languages == ("en",)
    assert plan.administrator.user_name == "esi"
    assert plan.rooms is None
    assert plan.backup.recovery_key == LATER
    assert plan_faults(plan) == []
    assert "Room 1" in said.shown
    assert said.left() == 0


def test_a_country_of_the_franc_gets_its_currency_and_language() -> None:
    """And whoever counts in francs is told that no price is there."""
    said = talk(zone=("Sénégal",))

    plan = ask_all(said.terminal, SetupPlan())

    assert (plan.clinic.time_zone, plan.clinic.currency) == ("Africa/Dakar", "XOF")
    assert plan.clinic.languages == ("fr",)
    assert "without a price" in " ".join(said.shown.split())


def test_a_mistake_is_said_at_once_and_asked_again() -> None:
    """Nobody starts anew for a typing error, and a small one is understood."""
    said = talk(
        name="",
        zone=("Unity Clinic", "nowhere at all", "abijan"),
        rest=(
            "XXX",
            "ghs",
            "en xx",
            "",
            *SMALL,
            "e",
            "esi",
            "",
            "",
            KEY_LATER,
            "relative",
            "later",
            EMBEDDED,
        ),
    )

    plan = ask_all(said.terminal, SetupPlan())

    assert (plan.clinic.time_zone, plan.clinic.currency) == ("Africa/Abidjan", "GHS")
    for sentence in (
        "Give the clinic its name",
        "There is no time zone “nowhere at all”",
        "“XXX” is not a currency",
        "The language “xx” is not known",
        "Write a user name",
        "Write the whole path",
    ):
        assert sentence in said.shown


def test_several_cities_are_offered() -> None:
    """A city that is written nearly right, or a beginning that fits several."""
    said = talk(zone=("dakr", "dakar"))

    plan = ask_all(said.terminal, SetupPlan())

    assert "Did you mean Africa/Dakar or" in said.shown
    assert plan.clinic.time_zone == "Africa/Dakar"


def test_going_back_keeps_the_answers() -> None:
    """The name is asked again with what was typed as its default."""
    said = Talk(
        REAL,
        "Unity Clinic",
        "<",
        "",
        "lagos",
        "",
        "",
        *SMALL,
        "esi",
        "",
        "",
        KEY_LATER,
        "later",
        "<",
        "",
        EMBEDDED,
    )

    plan = ask_all(said.terminal, SetupPlan())

    assert plan.clinic.name == "Unity Clinic"
    assert "Name of the clinic [Unity Clinic]" in said.shown
    assert said.left() == 0


def test_rooms_can_be_changed_until_they_are_right() -> None:
    """Renamed, left out, added; a wrong line changes nothing and says how."""
    said = talk(
        rest=(
            "", "", "1", "2 = Vitals", "- 3", "+ Eye clinic / Eye room / doctor", "+ Eye clinic / Eye room",
            "what", "+ Eye clinic / Other / dentist", "", "esi", "", "", KEY_LATER, "later", EMBEDDED,
        )
    )  # fmt: skip

    plan = ask_all(said.terminal, SetupPlan())

    assert plan.rooms is not None
    names = [room.name for room in plan.rooms]
    template = [room.name for room in load_templates()["small-clinic"].rooms]
    assert names == [template[0], "Vitals", *template[3:], "Eye room"]
    assert "There is another room “Eye room”" in said.shown
    assert "“dentist” is no queue" in said.shown


def test_the_recovery_key_is_asked_back_from_paper() -> None:
    """A wrong group shows the key again; only somebody who has it goes on."""
    said = talk(
        rest=("", "", *SMALL, "esi", "", "", NOW, "WRONG", group_asked, group_asked, "later", EMBEDDED)
    )

    plan = ask_all(said.terminal, SetupPlan())

    assert RecoveryKey.typed(plan.backup.recovery_key).text in said.shown
    assert "Compare your paper" in said.shown


def test_a_backup_place_is_really_written_to(tmp_path: Path) -> None:
    """A folder that is not there is no place, however nicely it is typed."""
    said = talk(
        rest=(
            "", "", *SMALL, "esi", "", "", KEY_LATER,
            str(tmp_path / "no"), str(tmp_path), "25", "3", EMBEDDED,
        )
    )  # fmt: skip

    plan = ask_all(said.terminal, SetupPlan())

    assert (plan.backup.place, plan.backup.hour) == (str(tmp_path), 3)
    assert "is not there" in said.shown
    assert "0 to 23" in said.shown


def test_a_password_is_typed_twice() -> None:
    said = talk(
        rest=(
            "", "", *SMALL, "esi", "", "short",
            "correct horse", "corect horse", "correct horse", "correct horse",
            KEY_LATER, "later", EMBEDDED,
        )
    )  # fmt: skip

    plan = ask_all(said.terminal, SetupPlan())

    assert plan.administrator.password == "correct horse"
    assert "at least 8" in said.shown
    assert "differ" in said.shown
    assert "correct horse" not in "\n".join(summary(plan))


def test_a_training_clinic_brings_its_own_rooms_and_currency() -> None:
    """Going back passes over what it is not asked."""
    said = Talk(
        "2", "Unity Clinic", "accra", "", "<", "", "grace", "esi", "", "", KEY_LATER, "later", EMBEDDED
    )

    plan = ask_all(said.terminal, SetupPlan())

    assert plan.is_training
    assert plan.clinic_name == "Unity Clinic – TRAINING"
    assert plan.clinic.currency == "NGN"
    assert "made-up staff" in said.shown
    assert plan_faults(plan) == []


def test_another_postgresql_is_tried_before_it_is_taken(empty_database: str) -> None:
    said = talk(
        rest=(
            "", "", *SMALL, "esi", "", "", KEY_LATER, "later", "2",
            "host=127.0.0.1 port=1 dbname=x connect_timeout=2", empty_database,
        )
    )  # fmt: skip

    plan = ask_all(said.terminal, SetupPlan())

    assert plan.database.dsn == empty_database
    assert "nothing answers there" in said.shown
    assert "its rights suffice" in said.shown


FOUND = FoundClinic(
    name="Unity Clinic",
    time_zone="Africa/Lagos",
    currency="NGN",
    languages=("en",),
    training=False,
    filling=False,
    rooms=(RoomPlan(name="Room 1", department="General outpatients", service="D"),),
)


def test_an_existing_clinic_is_only_added_to(tmp_path: Path) -> None:
    said = Talk(
        "1", "Eye clinic / Room 1", "Eye clinic / Eye room / doctor", "", "3", str(tmp_path), "4", "5"
    )

    plan = ask_changes(said.terminal, FOUND, BackupSettings())

    assert plan.rooms == (RoomAnswer(department="Eye clinic", name="Eye room", queue="doctor"),)
    assert (plan.backup.place, plan.backup.hour) == (str(tmp_path), 4)
    assert plan.clinic.name == ""
    assert "There is a room “Room 1” already" in said.shown


def test_the_recovery_key_is_confirmed_by_typing_it(tmp_path: Path) -> None:
    """Another clinic's key is none."""
    key, other = RecoveryKey.new(), RecoveryKey.new()
    settings = BackupSettings(recovery_public=key.public)
    said = Talk("4", other.text, key.text.lower().replace("-", " "), "5")

    plan = ask_changes(said.terminal, FOUND, settings)

    assert plan.backup.recovery_key == key.text
    assert "not the key of this clinic" in said.shown


def test_nothing_is_to_be_done_at_once() -> None:
    said = Talk("")

    assert ask_changes(said.terminal, FOUND, BackupSettings()) == SetupPlan()
