"""Answers from a file: every fault at once, each with its key; secrets only in private files."""

from pathlib import Path

import pytest

from hms_server.contract.recovery import grouped, new_signs, plain_signs
from hms_server.contract.setup import (
    CURRENCIES,
    AdministratorAnswers,
    ClinicAnswers,
    SetupPlan,
    plan_faults,
    rooms_faults,
    user_name_fault,
)
from hms_server.contract.setup_templates import QUEUES, RoomAnswer, load_templates
from hms_server.contract.values import MINOR_DIGITS
from hms_server.contract.zones import CUSTOMS, customs_of, find_zones, is_zone, zone_of_machine
from hms_server.setup.plan import PlanWrong, all_faults, choose_password, read_plan, read_plan_file

WHOLE = """
[clinic]
name = "Unity Clinic"
time_zone = "Africa/Accra"
currency = "GHS"
languages = ["en", "tw"]
template = "health-centre"

[administrator]
user_name = "esi"
name = "Esi Owusu"

[backup]
hour = 3
recovery_key = "new"
"""


def keys(wrong: PlanWrong) -> list[str]:
    return [fault.key for fault in wrong.faults]


def test_a_whole_file_is_understood() -> None:
    plan = read_plan(WHOLE)

    assert plan.clinic.languages == ("en", "tw")
    assert plan.backup.hour == 3
    assert plan_faults(plan) == []


def test_every_fault_is_told_at_once() -> None:
    """What is not understood, and what is understood and wrong."""
    with pytest.raises(PlanWrong) as told:
        read_plan(
            """
            colour = "red"
            [clinic]
            name = 3
            time_zone = "lagos"
            contents = "full"
            [[rooms]]
            name = "Room 1"
            [[rooms]]
            name = "Room 2"
            department = "General"
            queue = "dentist"
            [backup]
            hour = "two"
            """
        )

    assert sorted(keys(told.value)) == [
        "backup.hour",
        "clinic.contents",
        "clinic.name",
        "clinic.time_zone",
        "colour",
        "rooms.1.department",
        "rooms.2.queue",
    ]
    assert "Did you mean Africa/Lagos?" in str(told.value)
    assert "“empty” or “training”" in str(told.value)


@pytest.mark.parametrize("text", ["[clinic", "{", "[clinic]\nname = 'a'\nname = 'b'"])
def test_what_is_no_file_of_answers_is_said(text: str) -> None:
    with pytest.raises(PlanWrong, match="cannot be read"):
        read_plan(text)


def test_rooms_need_to_be_a_list_of_parts() -> None:
    with pytest.raises(PlanWrong, match=r"\[\[rooms\]\]"):
        read_plan("rooms = 3")


def test_a_part_that_is_no_part_is_named() -> None:
    with pytest.raises(PlanWrong, match=r"\[clinic\]"):
        read_plan("clinic = 'Unity'")


def test_json_will_do(tmp_path: Path) -> None:
    """The assistant writes it."""
    assert read_plan('{"clinic": {"name": "Unity"}, "rooms": null}').clinic.name == "Unity"


def test_a_secret_may_not_lie_open(tmp_path: Path) -> None:
    path = tmp_path / "answers.toml"
    path.write_text('[administrator]\npassword = "correct horse"\n[database]\ndsn = "host=x password=y"\n')
    path.chmod(0o644)

    with pytest.raises(PlanWrong, match="chmod 600") as told:
        read_plan_file(path)
    path.chmod(0o600)

    assert keys(told.value) == ["administrator.password", "database.dsn"]
    assert read_plan_file(path).administrator.password == "correct horse"


def test_a_file_without_secrets_may(tmp_path: Path) -> None:
    path = tmp_path / "answers.toml"
    path.write_text(WHOLE)
    path.chmod(0o644)

    assert read_plan_file(path).clinic.name == "Unity Clinic"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlanWrong, match=r"answers\.toml cannot be read: No such file"):
        read_plan_file(tmp_path / "answers.toml")


def test_a_password_comes_from_its_file(tmp_path: Path) -> None:
    """The line break that every editor adds does not belong to it."""
    path = tmp_path / "password"
    path.write_text("correct horse\n")

    password = choose_password(AdministratorAnswers(password_file=str(path)), {})

    assert (password.text, password.generated) == ("correct horse", False)
    assert "horse" not in repr(password)


def test_or_from_the_environment_or_is_generated() -> None:
    admin = AdministratorAnswers()

    given = choose_password(admin, {"HMS_ADMIN_PASSWORD": "correct horse"})
    generated = choose_password(admin, {})

    assert given.text == "correct horse"
    assert generated.generated
    assert len(generated.text) >= 12


def test_a_weak_password_is_refused_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("short")

    with pytest.raises(PlanWrong) as of_file:
        choose_password(AdministratorAnswers(password_file=str(path)), {})
    with pytest.raises(PlanWrong, match="must not be the user name"):
        choose_password(
            AdministratorAnswers(user_name="administrator"), {"HMS_ADMIN_PASSWORD": "Administrator"}
        )

    assert keys(of_file.value) == ["administrator.password_file"]


def test_this_machine_is_asked_too(tmp_path: Path) -> None:
    plan = read_plan(
        f"""
        [clinic]
        name = "Unity"
        time_zone = "Africa/Lagos"
        currency = "NGN"
        contents = "training"
        [administrator]
        user_name = "grace"
        password_file = "{tmp_path / "none"}"
        [backup]
        place = "{tmp_path / "none"}"
        recovery_key = "AAAAA"
        [database]
        dsn = "port=x="
        """
    )

    told = {fault.key: fault.sentence for fault in all_faults(plan, first=True)}

    assert set(told) == {
        "administrator.user_name",
        "administrator.password_file",
        "backup.place",
        "backup.recovery_key",
        "database.dsn",
    }


def test_a_training_clinic_takes_neither_other_money_nor_rooms() -> None:
    rooms = (RoomAnswer(department="General", name="Room 1"),)
    clinic = ClinicAnswers(name="Unity", time_zone="Africa/Accra", currency="GHS", contents="training")

    money = plan_faults(SetupPlan(clinic=clinic))
    own = plan_faults(
        SetupPlan(clinic=ClinicAnswers(contents="training", currency="NGN"), rooms=rooms), first=False
    )

    assert [fault.key for fault in money] == ["clinic.contents"]
    assert "leave yours out" in own[0].sentence


def test_an_existing_clinic_needs_no_answer_twice() -> None:
    assert plan_faults(SetupPlan(), first=False) == []
    assert {fault.key for fault in plan_faults(SetupPlan())} == {
        "clinic.name",
        "clinic.time_zone",
        "clinic.currency",
    }


def test_rooms_are_told_apart_whatever_their_case() -> None:
    rooms = (RoomAnswer(department="A", name="Room 1"), RoomAnswer(department="B", name="room 1 "))

    assert [fault.key for fault in rooms_faults(rooms)] == ["rooms.2.name"]
    assert [fault.key for fault in rooms_faults(())] == ["rooms"]


@pytest.mark.parametrize("name", ["e", "esi owusu", "-esi", "é", "x" * 41, ""])
def test_a_user_name_is_easy_to_type(name: str) -> None:
    assert user_name_fault(name)
    assert not user_name_fault("Esi.Owusu-2")


@pytest.mark.parametrize("name", sorted(load_templates()))
def test_each_template_makes_a_clinic_that_works(name: str) -> None:
    """Every queue of a visit has a room that calls it; no two rooms are confused."""
    template = load_templates()[name]

    assert rooms_faults(template.rooms) == []
    assert {room.queue for room in template.rooms} == {*QUEUES, ""}
    assert template.title
    assert template.description


def test_the_templates_come_from_small_to_large() -> None:
    assert list(load_templates()) == ["small-clinic", "health-centre", "hospital-outpatients"]
    sizes = [len(template.rooms) for template in load_templates().values()]
    assert sizes == sorted(sizes)


def test_a_spoilt_template_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("title = 3")

    with pytest.raises(ValueError, match=r"mine\.toml"):
        load_templates(tmp_path)


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("lagos", "Africa/Lagos"),
        ("  LAGOS ", "Africa/Lagos"),
        ("africa/accra", "Africa/Accra"),
        ("Ghana", "Africa/Accra"),
        ("ng", "Africa/Lagos"),
        ("lome", "Africa/Lome"),
        ("Lomé", "Africa/Lome"),
        ("cote d'ivoire", "Africa/Abidjan"),
        ("abijan", "Africa/Abidjan"),
        ("UTC", "UTC"),
    ],
)
def test_a_city_or_a_country_is_enough(typed: str, zone: str) -> None:
    assert find_zones(typed) == [zone]


@pytest.mark.parametrize("typed", ["", "   ", "nowhere at all", "../../etc/passwd", "Africa"])
def test_what_is_no_zone_is_not_taken_for_one(typed: str) -> None:
    assert not is_zone(typed)
    assert len(find_zones(typed)) != 1


def test_usual_money_is_money_the_program_counts_in() -> None:
    assert {customs.currency for customs in CUSTOMS.values()} <= set(MINOR_DIGITS)
    assert set(CURRENCIES) == set(MINOR_DIGITS)
    assert customs_of("Europe/Paris") is None


def test_the_machines_own_zone_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is set to UTC, as most servers are, has none to offer."""
    monkeypatch.setenv("TZ", ":Africa/Accra")
    of_clinic = zone_of_machine()
    monkeypatch.setenv("TZ", "UTC")

    assert of_clinic == "Africa/Accra"
    assert zone_of_machine() != "UTC"


def test_a_key_is_read_as_people_write_it() -> None:
    assert plain_signs("ilou 0–1_a:b") == "110V01AB"
    assert len(plain_signs(grouped(new_signs()))) == 30
