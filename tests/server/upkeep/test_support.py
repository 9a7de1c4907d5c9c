"""The support file: what helps is in it, and nothing of any patient, whatever lies around."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hms_server.backup.settings import BackupSettings, save_settings
from hms_server.backup.state import BackupState, write_state
from hms_server.chosen_database import choose_database
from hms_server.contract.values import Role
from hms_server.contract.visits import CheckIn
from hms_server.keys import load_or_create
from hms_server.upkeep.checking import Ground, Ran
from hms_server.upkeep.support import write_bundle
from tests.server.desk import Desk
from tests.server.upkeep.grounds import ground, programs, server_row

MARK = "Zzqmark"
NUMBERS = ("0803 774 9913", "08037749913", "7749913")
LINES = (
    f"2026-03-02 08:00:00.123 UTC [4711] ERROR:  duplicate key value ({MARK} Obi) {NUMBERS[0]}",
    f"2026-03-02 08:00:00.123 UTC [4711] STATEMENT:  select * from patient where name = '{MARK}'",
    f"timestamp='2026-03-02T08:00:00Z' level='info' event='{MARK} waits' patient='{MARK}' pin={NUMBERS[2]}",
    f"ValueError: {MARK} cannot be read, phone {NUMBERS[1]}",
    "Password: zzqk-3xm9-77fh",
    f"password=zzqsecret host=10.0.0.7 user={MARK.lower()}",
)


@pytest.fixture
def marked(desk: Desk, tmp_path: Path) -> Iterator[Ground]:
    """A clinic in which everything bears a mark, its settings and its logs too."""
    folder = tmp_path / "data"
    log = folder / "postgres" / "cluster" / "log"
    log.mkdir(parents=True)
    folder.chmod(0o700)
    (log / "postgresql-1.log").write_text("\n".join(LINES) + "\n", encoding="utf-8")
    (folder / "server.log").write_text("\n".join(LINES) + "\n", encoding="utf-8")
    load_or_create(folder / "keys.json")
    choose_database(folder, f"host=10.0.0.7 user={MARK.lower()} password=zzqsecret dbname=hms")
    place = folder / f"{MARK}-disk"
    place.mkdir()
    save_settings(folder, BackupSettings(places=(place,), recovery_public=b"Z" * 32))
    write_state(folder, BackupState(last_good_file=f"{MARK}.hms", last_trouble=f"{MARK} {NUMBERS[0]} failed"))
    mark_tables(desk)
    with desk.connect() as connection:
        yield ground(
            folder,
            connection=connection,
            server=server_row(host=MARK, old_desktops=[f"{MARK} (0.0.1)"], addresses=["10.0.0.7"]),
            run=programs(
                {
                    "journalctl -u hms-server -n 5000 -o cat --no-pager": Ran(0, "\n".join(LINES)),
                    "lpstat -r": Ran(0, "scheduler is running"),
                    "lpstat -d": Ran(0, f"system default destination: {MARK}"),
                }
            ),
        )


def mark_tables(desk: Desk) -> None:
    """Every text in every row becomes a mark, as far as no constraint holds it."""
    patient = desk.patient(f"{MARK} Obi")
    desk.ask(CheckIn(patient_id=patient, reason=f"{MARK} pain"), Role.RECEPTIONIST)
    desk.sql("insert into device (public_key, name, paired_at) values ('a', 'b', %s)", (desk.now,))
    desk.set_provider("paystack", settings={}, secrets={"secret_key": f"sk_test_{MARK}0123456789abcdef"})
    with desk.connect() as connection:
        # Without parameters, since its signs of per cent are PostgreSQL's own.
        connection.execute(MARK_ALL.replace("MARK", MARK))
    assert desk.sql("select count(*) from patient where starts_with(family_name, 'Zzq')") == [(1,)]
    assert desk.sql("select name from clinic")[0][0].startswith(MARK)


MARK_ALL = """
do $$
declare found record;
begin
    for found in select table_name, column_name from information_schema.columns
        where table_schema = 'public' and data_type = 'text' and is_generated = 'NEVER'
            and column_name not in ('time_zone', 'currency')
            and table_name not in ('relay_provider', 'alembic_version')
    loop
        begin
            execute format(
                'update %I set %I = %L || ctid::text', found.table_name, found.column_name, 'MARK'
            );
        exception when others then null;
        end;
    end loop;
end $$
"""


def members(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as packed:
        return {name: packed.read(name).decode("utf-8") for name in packed.namelist()}


def test_no_mark_is_inside(marked: Ground, tmp_path: Path) -> None:
    keys = load_or_create(marked.data_dir / "keys.json")
    secrets = [keys.public_key, keys.secret_key, keys.audit_key.hex(), "ZZZZ", "WlpaWl", "zzqsecret", "zzqk"]

    path = write_bundle(marked, tmp_path / "a.zip", log_file=marked.data_dir / "server.log")

    for name, text in members(path).items():
        low = text.lower()
        for mark in (MARK.lower(), *NUMBERS, "10.0.0.7", "sk_test", *(each.lower() for each in secrets)):
            assert mark not in low, (name, mark)


def test_what_helps_is_inside(marked: Ground, tmp_path: Path) -> None:
    inside = members(write_bundle(marked, tmp_path / "a.zip", log_file=marked.data_dir / "server.log"))

    assert {"README.txt", "versions.json", "settings.json", "doctor.json", "status.json"} <= set(inside)
    assert {"logs/journal.txt", "logs/server-0.txt", "logs/postgresql-0.txt"} <= set(inside)
    assert "ERROR:  duplicate key value" in inside["logs/postgresql-0.txt"]
    tables = {row["name"]: row for row in json.loads(inside["tables.json"])}
    assert tables["patient"]["bytes"] > 0
    assert json.loads(inside["migrations.json"])["database"]
    settings = json.loads(inside["settings.json"])
    assert settings["time_zone"] == "Africa/Lagos"
    assert settings["providers_on"] == ["paystack"]
    assert settings["recovery_key_confirmed"] is False
    found = {each["code"]: each["verdict"] for each in json.loads(inside["doctor.json"])}
    assert found["database_down"] == "good"


@pytest.mark.skipif("os.name != 'posix'")
def test_only_its_owner_may_read_it(marked: Ground, tmp_path: Path) -> None:
    assert write_bundle(marked, tmp_path / "a.zip").stat().st_mode & 0o077 == 0


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    """In a folder of everybody's somebody else may have put it there, to read what is written into it."""
    (tmp_path / "a.zip").write_text("mine")

    with pytest.raises(FileExistsError):
        write_bundle(ground(tmp_path / "nothing"), tmp_path / "a.zip")

    assert (tmp_path / "a.zip").read_text() == "mine"


def test_it_can_be_made_while_everything_is_down(tmp_path: Path) -> None:
    inside = members(write_bundle(ground(tmp_path / "nothing"), tmp_path / "a.zip"))

    assert json.loads(inside["tables.json"]) == []
    assert json.loads(inside["status.json"])["running"] is False
