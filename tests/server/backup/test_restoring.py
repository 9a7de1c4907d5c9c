"""Restoring: what was acknowledged is there, what was there is kept, and no trouble destroys anything."""

import shutil
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest

from hms_server import audit
from hms_server.backup.arrival import TargetRefused
from hms_server.backup.content import Packer, unpacked
from hms_server.backup.dumping import ToolFailed
from hms_server.backup.make import Source, back_up
from hms_server.backup.recovery import RecoveryKey
from hms_server.backup.restore import (
    Order,
    known_revisions,
    refuse_newer,
    restore_embedded,
    restore_external,
)
from hms_server.backup.sealing import About, Backup, BadBackup, Sealer
from hms_server.backup.settings import BackupSettings, load_settings, save_settings
from hms_server.contract.values import Role
from hms_server.contract.visits import CheckIn
from hms_server.database import connect, migrate, migrations_folder
from hms_server.events import current_position
from hms_server.gate import is_forgotten
from hms_server.keys import load_or_create
from hms_server.paystack.nightly import RECONCILE, Compared
from hms_server.postgres import EmbeddedPostgres
from tests.server.backup.clinics import NIGHT, Clinic, rows

FIRST_WITH_BACKUPS = "0018"
FOUND_CLINIC = """
insert into clinic (name, time_zone, currency, created_at)
values ('Old Clinic', 'Africa/Lagos', 'NGN', now()) returning 1
"""
SESSION = """
with one as (insert into device (public_key, name, paired_at) values ('k', 'Desk', now()) returning id)
insert into session (secret_hash, staff_id, device_id, started_at, last_seen_at)
select 'h', (select min(id) from staff), one.id, now(), now() from one
"""
CODE = """
insert into pairing_code (code, name, opened_at, expires_at, tries_left) values ('1', 'x', now(), now(), 3)
"""
JOB = """
insert into relay_job (kind, key, payload, summary, state, run_at, asked_at, asked_by, patience_from, since)
select 'sms', state, '{}', 'x', state, now(), now(), 'x', now(), now()
from unnest('{waiting,done}'::text[]) as state
"""
MESSAGES = """
insert into relay_job (kind, key, payload, summary, run_at, asked_at, asked_by, patience_from, since)
select 'messaging.send', key, '{}', 'x', run_at::timestamptz, now(), 'x', now(), now()
from (values ('due', '2026-11-20T12:00Z'), ('later', '2026-11-24T12:00Z')) as message (key, run_at)
"""
PAYSTACK = """
insert into relay_provider (name, settings, enabled, changed_at, changed_by_name)
values ('paystack', '{}', true, now(), 'x')
"""
SERVER = "insert into server_state (id, started_at, seen_at, told) values ('lost', now(), now(), '')"
RELATIONS = "select count(*) from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
ASIDE = "select nspname from pg_namespace where starts_with(nspname, 'before_restore_')"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    return tmp_path / "elsewhere"


def test_everything_is_there_and_new_work_goes_on(
    clinic: Clinic, empty_database: str, elsewhere: Path
) -> None:
    """Rows, keys, settings and the audit chain; no id that the lost server may have given is given again."""
    clinic.work(3)
    last = clinic.desk.sql("select max(id) from encounter")[0][0]
    with clinic.desk.connect() as connection:
        audit.seal(connection, load_or_create(clinic.data_dir / "keys.json").audit_key)
    file = clinic.back_up().files[0]

    restored = clinic.restore(file, empty_database, elsewhere)

    assert restored.aside is None
    assert restored.audit.fault is None
    assert restored.audit.checked + restored.audit.unsealed == 3
    assert load_or_create(elsewhere / "keys.json").public_key == clinic.server_key
    assert load_settings(elsewhere).recovery_public == clinic.key.public
    codes = clinic.desk.sql("select code from ticket order by id")
    assert rows(empty_database, "select code from ticket order by id") == codes
    _move_desk(clinic, empty_database)
    ticket = clinic.desk.ask(CheckIn(patient_id=clinic.desk.patient()), Role.NURSE).ticket
    assert ticket.code not in [code for (code,) in codes]
    assert rows(empty_database, "select max(id) from encounter") == [(last + 100_001,)]


def _move_desk(clinic: Clinic, dsn: str) -> None:
    """The same staff at work on another database."""
    clinic.desk.dispatcher.close_thread()
    clinic.desk._connection.close()
    clinic.desk._dsn = dsn
    clinic.desk._connection = clinic.desk.connect()


def test_positions_sessions_codes_and_jobs_of_the_lost_server(
    clinic: Clinic, empty_database: str, elsewhere: Path
) -> None:
    """Whoever followed gets a gap; nobody is signed in; pairings hold; nothing leaves the premises twice."""
    clinic.work(1)
    for statement in (SESSION, CODE, JOB, SERVER):
        clinic.desk.sql(statement)
    file = clinic.back_up().files[0]
    clinic.work(2)
    with clinic.desk.connect() as connection:
        after_the_backup = current_position(connection)

    clinic.restore(file, empty_database, elsewhere)

    with connect(empty_database, application_name="tests", autocommit=True) as connection:
        assert is_forgotten(connection, after_the_backup)
        assert not is_forgotten(connection, current_position(connection))
    assert rows(empty_database, "select end_reason from session") == [("restored",)]
    assert rows(empty_database, "select public_key, revoked_at from device") == [("k", None)]
    assert rows(empty_database, "select tries_left from pairing_code") == [(0,)]
    assert rows(empty_database, "select id from server_state") == []
    assert rows(empty_database, "select state, uncertain from relay_job order by state") == [
        ("done", False),
        ("waiting", True),
    ]


def test_a_message_whose_time_is_to_come_cannot_have_been_sent(
    clinic: Clinic, empty_database: str, elsewhere: Path
) -> None:
    """A reminder of next week's appointment is sent next week, without a doubt."""
    clinic.desk.sql(MESSAGES)

    clinic.restore(clinic.back_up().files[0], empty_database, elsewhere)

    assert rows(empty_database, "select key, uncertain from relay_job order by key") == [
        ("due", True),
        ("later", False),
    ]


def test_the_books_are_compared_with_paystack_from_the_backup_on(
    clinic: Clinic, empty_database: str, elsewhere: Path
) -> None:
    """At once, so that nobody pays or returns again what Paystack knows and the books do not."""
    clinic.desk.sql(PAYSTACK)
    file = clinic.back_up(NIGHT - timedelta(days=20)).files[0]

    clinic.restore(file, empty_database, elsewhere)

    ((number, *asked),) = rows(
        empty_database, "select id, first_day, last_day, state, why from reconciliation"
    )
    assert asked == [
        date(2026, 11, 1),
        date(2026, 11, 21),
        "waiting",
        "The clinic was restored from a backup.",
    ]
    ((kind, key, payload),) = rows(empty_database, "select kind, key, payload from relay_job")
    assert (kind, key) == (RECONCILE, str(number))
    assert msgspec.convert(payload, Compared) == Compared(reconciliation_id=number)


def test_a_database_with_a_clinic_is_refused_and_stays(clinic: Clinic, elsewhere: Path) -> None:
    file = clinic.back_up().files[0]
    codes = clinic.work(2)

    with pytest.raises(TargetRefused, match=r"holds a clinic already; nothing was changed.*--replace"):
        clinic.restore(file, clinic.dsn, elsewhere)

    assert len(clinic.desk.sql("select from ticket")) == len(codes)
    assert not (elsewhere / "keys.json").exists()


def test_replacing_keeps_the_old_database_aside(clinic: Clinic) -> None:
    """It can be looked into, and the next backup does not hold it."""
    clinic.work(1)
    file = clinic.back_up().files[0]
    clinic.work(2)

    restored = clinic.restore(file, clinic.dsn, clinic.data_dir, replacing=True)

    ((aside,),) = rows(clinic.dsn, ASIDE)
    assert restored.aside == f"schema {aside}"
    assert rows(clinic.dsn, "select count(*) from ticket") == [(1,)]
    with connect(clinic.dsn, application_name="tests") as connection:
        connection.execute("select set_config('search_path', %s, true)", (aside,))
        assert connection.execute("select count(*) from ticket").fetchone() == (3,)
    again_at = NIGHT + timedelta(days=1)
    again = clinic.back_up(again_at)
    assert again.rows["ticket"] == 1
    later = replace(clinic.order(again.files[0], clinic.data_dir, replacing=True), now=again_at)
    restore_external(later, clinic.dsn, lambda _: None)
    assert rows(clinic.dsn, "select count(*) from ticket") == [(1,)]


def test_a_database_that_is_served_is_refused(clinic: Clinic, empty_database: str, elsewhere: Path) -> None:
    file = clinic.back_up().files[0]

    with (
        connect(empty_database, application_name="hms-server"),
        pytest.raises(TargetRefused, match="A server works on this database at the moment: stop it first"),
    ):
        clinic.restore(file, empty_database, elsewhere)


def test_a_server_that_is_started_in_the_midst_ends_the_restore(
    clinic: Clinic, empty_database: str, elsewhere: Path, data_dir: Path
) -> None:
    """Its work would go aside unseen, or into rows that it read before."""
    file = clinic.back_up().files[0]
    old = EmbeddedPostgres(data_dir)
    embedded = old.ensure_running()
    with ExitStack() as served:

        def start_on(dsn: str, said: str) -> None:
            if said.startswith("Loading"):
                served.enter_context(connect(dsn, application_name="hms-server"))

        with pytest.raises(ToolFailed, match="A server was started on this database meanwhile"):
            restore_external(clinic.order(file, elsewhere), empty_database, partial(start_on, empty_database))
        with pytest.raises(TargetRefused, match="stop it first"):
            restore_embedded(clinic.order(file, data_dir), partial(start_on, embedded))

    assert rows(empty_database, RELATIONS) == [(0,)]
    assert not (elsewhere / "keys.json").exists()
    assert old.is_running()
    assert not (data_dir / "restoring").exists()
    assert not (data_dir / "keys.json").exists()


@pytest.mark.parametrize("part", [0.02, 0.5, 0.999])
def test_a_damaged_backup_changes_nothing(
    clinic: Clinic, empty_database: str, elsewhere: Path, part: float
) -> None:
    """Found before anything is touched, wherever it is."""
    file = clinic.back_up().files[0]
    content = bytearray(file.read_bytes())
    content[int(len(content) * part)] ^= 1
    file.write_bytes(content)

    with pytest.raises(BadBackup, match="is damaged"):
        clinic.restore(file, empty_database, elsewhere)

    assert rows(empty_database, RELATIONS) == [(0,)]
    assert not (elsewhere / "keys.json").exists()


def test_a_cut_backup_and_a_wrong_key_change_nothing(
    clinic: Clinic, empty_database: str, elsewhere: Path
) -> None:
    file = clinic.back_up().files[0]
    order = Order(backup=Backup(file), key=RecoveryKey.new(), data_dir=elsewhere, replacing=False, now=NIGHT)
    with pytest.raises(BadBackup, match="not the recovery key of the backup"):
        restore_external(order, empty_database, lambda _: None)
    file.write_bytes(file.read_bytes()[:-100])

    with pytest.raises(BadBackup, match="is cut off after"):
        clinic.restore(file, empty_database, elsewhere)

    assert rows(empty_database, RELATIONS) == [(0,)]


def test_a_backup_of_a_newer_program_names_its_version(clinic: Clinic) -> None:
    header = Backup(clinic.back_up().files[0]).header
    known = known_revisions(migrations_folder())

    refuse_newer(header, known)
    with pytest.raises(BadBackup, match=r"made by version .* of the program, with a newer database"):
        refuse_newer(header, known - {header.revision})


def test_what_postgresql_refuses_leaves_the_database_empty(
    clinic: Clinic, empty_database: str, elsewhere: Path, tmp_path: Path
) -> None:
    """A backup that is whole and sealed, and whose dump is none: everything is taken back."""
    header = Backup(clinic.back_up().files[0]).header
    about = About(**{name: getattr(header, name) for name in About.__struct_fields__})
    sealer = Sealer(about, clinic.key.public)
    whole = b"".join(Backup(clinic.place / "clinic-2026-11-21-0200.hmsbackup").chunks(clinic.key))
    file = tmp_path / "short.hmsbackup"
    file.write_bytes(sealer.start + sealer.chunk(whole[: len(whole) // 2], last=True))

    with pytest.raises(ToolFailed, match="PostgreSQL's program pg_restore failed"):
        clinic.restore(file, empty_database, elsewhere)

    assert rows(empty_database, RELATIONS) == [(0,)]
    assert not (elsewhere / "keys.json").exists()


def test_a_count_that_differs_takes_everything_back(
    clinic: Clinic, empty_database: str, elsewhere: Path, tmp_path: Path
) -> None:
    made = Backup(clinic.back_up().files[0])
    content = unpacked(made, clinic.key)
    content.manifest.rows["staff"] += 1
    about = About(**{name: getattr(made.header, name) for name in About.__struct_fields__})
    sealer = Sealer(about, clinic.key.public)
    packer = Packer(content.manifest)
    chunks = [sealer.chunk(piece, last=False) for block in content.dump for piece in packer.add(block)]
    file = tmp_path / "other.hmsbackup"
    file.write_bytes(sealer.start + b"".join(chunks) + sealer.chunk(packer.last(), last=True))

    with pytest.raises(ToolFailed, match="The table staff has 8 rows after loading, and 9 were stored"):
        clinic.restore(file, empty_database, elsewhere)

    assert rows(empty_database, RELATIONS) == [(0,)]


def test_an_interrupted_restore_is_repeated_with_the_same_keys(
    clinic: Clinic, empty_database: str, elsewhere: Path
) -> None:
    """The keys come first; they are the backup's own, and no reason to refuse the second attempt."""
    file = clinic.back_up().files[0]
    elsewhere.mkdir()
    (elsewhere / "keys.json").write_bytes((clinic.data_dir / "keys.json").read_bytes())
    (elsewhere / "keys.json").chmod(0o600)

    restored = clinic.restore(file, empty_database, elsewhere)

    assert restored.rows["staff"] == 8
    assert load_settings(elsewhere).recovery_public == clinic.key.public


def test_a_folder_with_the_keys_of_another_clinic_is_refused(
    clinic: Clinic, empty_database: str, elsewhere: Path
) -> None:
    file = clinic.back_up().files[0]
    other = load_or_create(elsewhere / "keys.json")

    with pytest.raises(TargetRefused, match="elsewhere holds a clinic already"):
        clinic.restore(file, empty_database, elsewhere)
    assert rows(empty_database, RELATIONS) == [(0,)]

    clinic.restore(file, empty_database, elsewhere, replacing=True)
    assert load_or_create(elsewhere / "keys.json").public_key == clinic.server_key
    (aside,) = elsewhere.glob("before-restore-*")
    assert load_or_create(aside / "keys.json") == other


def test_a_backup_of_an_older_version_is_brought_up_to_this_one(
    empty_database: str, data_dir: Path, tmp_path: Path
) -> None:
    """The first version that made backups, restored by this one."""
    folder, key, place = tmp_path / "migrations", RecoveryKey.new(), tmp_path / "disk"
    shutil.copytree(migrations_folder(), folder)
    for path in (folder / "versions").glob("*.py"):
        if path.stem[:4] > FIRST_WITH_BACKUPS:
            path.unlink()
    migrate(empty_database, folder)
    rows(empty_database, FOUND_CLINIC)
    save_settings(tmp_path, BackupSettings(places=(place,), recovery_public=key.public))
    place.mkdir()
    made = back_up(Source(dsn=empty_database, data_dir=tmp_path), now=NIGHT)
    order = Order(backup=Backup(made.files[0]), key=key, data_dir=data_dir, replacing=False, now=NIGHT)

    restore_embedded(order, lambda _: None)

    dsn = EmbeddedPostgres(data_dir).ensure_running()
    newest = max(known_revisions(migrations_folder()))
    assert rows(dsn, "select version_num from alembic_version") == [(newest,)]
    assert rows(dsn, "select name from clinic") == [("Old Clinic",)]
