"""The demo's home: made once a day, used by one demo at a time, and never made of a real clinic."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hms_server import filelock
from hms_server.accounts.setup import ClinicPlan, create_clinic
from hms_server.contract.private_files import is_private
from hms_server.database import connect, migrate, migrations_folder
from hms_server.demo.home import DemoUnfit, furnish, open_home

NOW = datetime(2026, 5, 6, 13, 30, tzinfo=UTC)


def days_of_queue(dsn: str) -> list[int]:
    with connect(dsn, application_name="tests", autocommit=True) as connection:
        rows = connection.execute("select extract(day from day)::int, count(*)::int from ticket group by 1")
        return [day for day, _ in rows]


def test_a_demo_of_today_goes_on_and_one_of_yesterday_is_made_anew(
    empty_database: str, tmp_path: Path
) -> None:
    """What somebody tried out is still there after lunch; the waiting room is always today's."""
    people = furnish(tmp_path, empty_database, now=NOW, fresh=False)
    first = days_of_queue(empty_database)

    again = furnish(tmp_path, empty_database, now=NOW + timedelta(hours=2), fresh=False)
    kept = days_of_queue(empty_database)
    tomorrow = furnish(tmp_path, empty_database, now=NOW + timedelta(days=1), fresh=False)

    assert again == people
    assert first == kept == [6]
    assert tomorrow != people
    assert days_of_queue(empty_database) == [7]
    assert all(is_private(path) for path in tmp_path.iterdir())


def test_a_clinic_is_never_taken_for_a_demo(empty_database: str, tmp_path: Path) -> None:
    """Somebody named the wrong folder: nothing is touched, and a sentence says why."""
    migrate(empty_database, migrations_folder())
    with connect(empty_database, application_name="tests", autocommit=True) as connection:
        plan = ClinicPlan(name="Sunrise Clinic", time_zone="Africa/Lagos", currency="NGN")
        create_clinic(connection, plan, admin_name="esi", password="a good password", now=NOW)

        with pytest.raises(DemoUnfit, match="a clinic that is no demo"):
            furnish(tmp_path, empty_database, now=NOW, fresh=True)

        assert connection.execute("select name from clinic").fetchall() == [("Sunrise Clinic",)]


def test_a_second_demo_is_told_of_the_first(tmp_path: Path) -> None:
    """Two servers on one made-up clinic would only confuse."""
    with (
        filelock.hold(tmp_path / "demo.lock", patience_s=1),
        pytest.raises(DemoUnfit, match="running already"),
        open_home(tmp_path, say=lambda _: None),
    ):
        pytest.fail("the second demo was let in")
