"""The doctor looks at the machine: clock, memory, limits, printer."""

import locale
import resource
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hms_server.contract.upkeep import Level, ServerCondition
from hms_server.postgres_tuning import Machine
from hms_server.upkeep import machine_checks as checks
from hms_server.upkeep.checking import Ran, Verdict
from hms_server.upkeep.time_watch import trust_clock
from tests.server.desk import Desk
from tests.server.upkeep.grounds import NOW, ground, programs, says, server_row


@pytest.mark.parametrize(
    ("kept", "verdict"), [(True, Verdict.GOOD), (False, Verdict.NOTE), (None, Verdict.UNKNOWN)]
)
def test_whether_something_keeps_the_clock_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, kept: bool | None, verdict: Verdict
) -> None:
    monkeypatch.setattr(checks, "is_synchronised", lambda: kept)

    assert says(checks.check_clock_kept(ground(tmp_path))) is verdict


def test_a_clock_behind_the_records_is_found(tmp_path: Path, desk: Desk) -> None:
    """Until somebody says that it is right."""
    desk.sql(
        "insert into event (name, audience, at, body) values ('X', 'x', %s, '')", (NOW + timedelta(days=2),)
    )

    with desk.connect() as connection:
        near = ground(tmp_path, connection=connection)
        found = checks.check_clock(near)
        trust_clock(tmp_path, NOW + timedelta(days=2))
        trusted = checks.check_clock(near)

    assert says(found) is Verdict.WRONG
    assert says(trusted) is Verdict.GOOD


def test_a_clock_that_jumped_is_found_for_a_day(tmp_path: Path) -> None:
    def jumped(hours: int) -> Verdict:
        condition = ServerCondition(
            code="clock_jumped",
            level=Level.WARNING,
            title="The clock was changed",
            sentence="It jumped.",
            remedy="Look at it.",
            since=NOW - timedelta(hours=hours),
        )
        return says(checks.check_clock(ground(tmp_path, server=server_row(conditions=[condition]))))

    assert [jumped(1), jumped(25)] == [Verdict.WRONG, Verdict.GOOD]


@pytest.fixture
def machine_in_lagos(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Africa/Lagos")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("zone", "verdict"),
    [
        ("Africa/Lagos", Verdict.GOOD),
        ("Africa/Accra", Verdict.NOTE),
        ("Africa/Nowhere", Verdict.WRONG),
        ("../etc/passwd", Verdict.WRONG),
    ],
)
@pytest.mark.usefixtures("machine_in_lagos")
def test_the_time_zone_of_clinic_and_machine(tmp_path: Path, desk: Desk, zone: str, verdict: Verdict) -> None:
    desk.sql("update clinic set time_zone = %s", (zone,))

    with desk.connect() as connection:
        assert says(checks.check_time_zone(ground(tmp_path, connection=connection))) is verdict


def test_without_a_database_the_time_zone_is_not_checked(tmp_path: Path) -> None:
    assert says(checks.check_time_zone(ground(tmp_path))) is Verdict.UNKNOWN


@pytest.mark.parametrize(("gigabytes", "verdict"), [(4, Verdict.GOOD), (1, Verdict.WRONG)])
def test_how_much_memory_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gigabytes: int, verdict: Verdict
) -> None:
    monkeypatch.setattr(checks, "this_machine", lambda: Machine(gigabytes << 30, 2))

    assert says(checks.check_memory(ground(tmp_path))) is verdict


def test_memory_that_is_used_up_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "LEAST_FREE", 1 << 60)

    answer = checks.check_memory(ground(tmp_path))

    assert says(answer) is Verdict.WRONG
    assert "used up" in answer.sentence


@pytest.fixture
def few_files() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("few_files")
def test_a_low_limit_of_the_command_is_no_trouble_of_the_service(tmp_path: Path) -> None:
    assert says(checks.check_open_files(ground(tmp_path))) is Verdict.UNKNOWN


def test_a_low_limit_of_open_files_is_found() -> None:
    assert says(checks.judge_open_files(1024)) is Verdict.WRONG


def test_a_high_limit_of_open_files_is_good(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] != resource.RLIM_INFINITY and before[1] < checks.FILES:
        pytest.skip("this machine allows no more")
    resource.setrlimit(resource.RLIMIT_NOFILE, (checks.FILES, before[1]))

    assert says(checks.check_open_files(ground(tmp_path))) is Verdict.GOOD
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_database_with_every_letter_is_good(tmp_path: Path, desk: Desk) -> None:
    with desk.connect() as connection:
        assert says(checks.check_encoding(ground(tmp_path, connection=connection))) is Verdict.GOOD


def test_a_database_that_loses_letters_is_found(tmp_path: Path, desk: Desk, database: str) -> None:
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    from hms_server.database import connect

    name = f"{conninfo_to_dict(database)['dbname']}_ascii"
    desk.sql(f"create database {name} encoding 'SQL_ASCII' locale 'C' template template0")
    try:
        dsn = make_conninfo(database, dbname=name)
        with connect(dsn, application_name="tests", autocommit=True) as connection:
            answer = checks.check_encoding(ground(tmp_path, connection=connection))
    finally:
        desk.sql(f"drop database {name}")

    assert says(answer) is Verdict.WRONG


def test_a_machine_that_prints_no_letters_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locale, "getpreferredencoding", lambda **_: "ANSI_X3.4-1968")

    assert says(checks.check_encoding(ground(tmp_path))) is Verdict.NOTE


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        ({}, Verdict.GOOD),
        ({"lpstat -r": Ran(1, "lpstat: Bad file descriptor")}, Verdict.WRONG),
        ({"lpstat -r": Ran(0, "scheduler is not running")}, Verdict.WRONG),
        (
            {
                "lpstat -r": Ran(0, "scheduler is running"),
                "lpstat -d": Ran(0, "no system default destination"),
            },
            Verdict.NOTE,
        ),
        (
            {
                "lpstat -r": Ran(0, "scheduler is running"),
                "lpstat -d": Ran(0, "system default destination: Front_desk"),
            },
            Verdict.GOOD,
        ),
    ],
)
def test_whether_this_machine_can_print(tmp_path: Path, answers: dict[str, Ran], verdict: Verdict) -> None:
    near = ground(tmp_path, run=programs(answers), find=lambda name: f"/usr/sbin/{name}")

    assert says(checks.check_printer(near)) is verdict


def test_a_client_for_printers_elsewhere_is_no_trouble(tmp_path: Path) -> None:
    """A system's desktop brings it along without a service."""
    client = programs({"lpstat -r": Ran(1, "lpstat: Bad file descriptor")})

    assert says(checks.check_printer(ground(tmp_path, run=client, find=lambda _: None))) is Verdict.NOTE
