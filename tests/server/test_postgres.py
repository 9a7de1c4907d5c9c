"""The embedded PostgreSQL survives what kills Python or itself, is found again, and never runs twice."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from hms_server.database import connect
from hms_server.postgres import EmbeddedPostgres, PostgresFailed
from hms_server.postmaster import find_postmaster

ON_WINDOWS = sys.platform == "win32"
RUN = """
import sys, time
from pathlib import Path
from hms_server.postgres import EmbeddedPostgres
print(EmbeddedPostgres(Path(sys.argv[1])).ensure_running(), flush=True)
time.sleep(600)
"""


@pytest.fixture
def postgres(data_dir: Path) -> EmbeddedPostgres:
    """Not running yet; fsync stays on, since these tests are about what a crash leaves."""
    return EmbeddedPostgres(data_dir)


@pytest.fixture
def stranger(postgres: EmbeddedPostgres, data_dir: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another program of the user to whom the cluster belongs: PostgreSQL takes only such for its like."""
    postgres.ensure_running()
    wait = [sys.executable, "-c", "import time; time.sleep(600)"] if ON_WINDOWS else ["sleep", "600"]
    user = None if ON_WINDOWS or os.geteuid() != 0 else cluster_of(data_dir).stat().st_uid
    with subprocess.Popen(wait, user=user) as process:
        yield process
        process.kill()


def cluster_of(data_dir: Path) -> Path:
    return data_dir / "postgres" / "cluster"


def running_pid(data_dir: Path) -> int:
    postmaster = find_postmaster(cluster_of(data_dir))
    assert postmaster is not None
    return postmaster.pid


def servers_on(data_dir: Path) -> list[int]:
    cluster = str(cluster_of(data_dir))
    found = psutil.process_iter(["name", "cmdline"])
    return [
        one.pid for one in found if one.info["name"] == "postgres" and cluster in (one.info["cmdline"] or [])
    ]


def kill_and_wait(*processes: psutil.Process) -> None:
    for process in processes:
        process.kill()
    psutil.wait_procs(processes, timeout=10)


def setting(dsn: str, name: str) -> str:
    with connect(dsn, application_name="test") as connection:
        row = connection.execute("select current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


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


def test_server_outlives_a_killed_python(data_dir: Path) -> None:
    """SIGKILL of the program leaves PostgreSQL alone, and the next program uses it."""
    with subprocess.Popen(
        [sys.executable, "-c", RUN, data_dir],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    ) as program:
        assert program.stdout is not None
        dsn = program.stdout.readline().strip()
        pid = running_pid(data_dir)
        program.kill()

    assert EmbeddedPostgres(data_dir).ensure_running() == dsn
    assert running_pid(data_dir) == pid


@pytest.mark.skipif(ON_WINDOWS, reason="Windows has no process groups to interrupt")
def test_interrupting_the_program_spares_the_server(data_dir: Path) -> None:
    """Ctrl+C in the terminal goes to the program's whole group, to which PostgreSQL does not belong."""
    with subprocess.Popen(
        [sys.executable, "-c", RUN, data_dir],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
        start_new_session=True,
    ) as program:
        assert program.stdout is not None
        program.stdout.readline()
        pid = running_pid(data_dir)
        os.killpg(program.pid, signal.SIGINT)

    time.sleep(0.5)
    assert running_pid(data_dir) == pid


def test_killed_server_recovers_what_was_committed(postgres: EmbeddedPostgres, data_dir: Path) -> None:
    """SIGKILL of all of PostgreSQL: the next start has everything that was acknowledged, and nothing else."""
    dsn = postgres.ensure_running()
    with connect(dsn, application_name="test") as connection:
        connection.execute("create table kept (id int)")
        connection.execute("insert into kept select generate_series(1, 1000)")
        connection.commit()
        connection.execute("insert into kept values (-1)")
        postmaster = psutil.Process(running_pid(data_dir))
        kill_and_wait(postmaster, *postmaster.children(recursive=True))
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")

    assert postgres.ensure_running() == dsn

    with connect(dsn, application_name="test") as connection:
        row = connection.execute("select count(*), min(id) from kept").fetchone()
    assert row == (1000, 1)


@pytest.mark.skipif(ON_WINDOWS, reason="SIGSTOP")
def test_start_waits_for_the_remains_of_a_killed_postmaster(
    postgres: EmbeddedPostgres, data_dir: Path
) -> None:
    """A process of the dead postmaster that still holds its memory delays the start and never spoils it."""
    postgres.ensure_running()
    postmaster = psutil.Process(running_pid(data_dir))
    remains = [one for one in postmaster.children() if "checkpointer" in " ".join(one.cmdline())]
    remains[0].send_signal(signal.SIGSTOP)
    postmaster.kill()
    with ThreadPoolExecutor(1) as pool:
        start = pool.submit(postgres.ensure_running)
        time.sleep(1.5)
        waited = not start.done()
        remains[0].send_signal(signal.SIGCONT)
        dsn = start.result(timeout=60)

    assert waited
    assert setting(dsn, "fsync") == "on"
    assert len(servers_on(data_dir)) == 1


def test_reused_process_number_is_no_server(
    postgres: EmbeddedPostgres, data_dir: Path, stranger: subprocess.Popen[bytes]
) -> None:
    """After a restart of the machine the number in postmaster.pid may be any program's: it is left alone."""
    where = conninfo_to_dict(postgres.ensure_running())
    pid_file = cluster_of(data_dir) / "postmaster.pid"
    lines = pid_file.read_text(encoding="utf-8").splitlines()
    postgres.stop()
    remains = "\n".join([str(stranger.pid), *lines[1:]]) + "\n"
    pid_file.write_text(remains, encoding="utf-8")
    if not ON_WINDOWS:
        Path(str(where["host"]), f".s.PGSQL.{where['port']}.lock").write_text(remains, encoding="utf-8")

    dsn = postgres.ensure_running()

    assert setting(dsn, "fsync") == "on"
    assert running_pid(data_dir) != stranger.pid
    assert stranger.poll() is None


@pytest.mark.parametrize("rubbish", ["", "\n", "\0\0\0\0", "not a number\n"])
def test_rubbish_after_a_power_cut_is_cleared(
    postgres: EmbeddedPostgres, data_dir: Path, rubbish: str
) -> None:
    """A postmaster.pid that was never written out does not stop the clinic."""
    postgres.ensure_running()
    postgres.stop()
    (cluster_of(data_dir) / "postmaster.pid").write_text(rubbish, encoding="utf-8")

    postgres.ensure_running()

    assert len(servers_on(data_dir)) == 1


def test_stop_of_a_strangers_number_harms_nobody(
    postgres: EmbeddedPostgres, data_dir: Path, stranger: subprocess.Popen[bytes]
) -> None:
    """Stopping sends no signal to a program that only has the number."""
    postgres.ensure_running()
    postgres.stop()
    (cluster_of(data_dir) / "postmaster.pid").write_text(f"{stranger.pid}\n", encoding="utf-8")

    postgres.stop()

    assert stranger.poll() is None


def test_stop_ends_the_server(postgres: EmbeddedPostgres, data_dir: Path) -> None:
    """Stopping ends open sessions too, leaves no process, and may be repeated."""
    with connect(postgres.ensure_running(), application_name="test") as connection:
        postgres.stop()
        postgres.stop()

        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")

    assert servers_on(data_dir) == []


@pytest.mark.skipif(ON_WINDOWS, reason="no sockets in the file system")
def test_swept_away_socket_comes_back(postgres: EmbeddedPostgres) -> None:
    """A cleaner of temporary files that takes the socket costs a restart, not the day."""
    where = conninfo_to_dict(postgres.ensure_running())
    Path(str(where["host"]), f".s.PGSQL.{where['port']}").unlink()

    dsn = postgres.ensure_running()

    assert setting(dsn, "fsync") == "on"


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


def test_failed_creation_is_repeated_from_scratch(postgres: EmbeddedPostgres, data_dir: Path) -> None:
    """A power cut while the cluster is made leaves a draft, which the next start throws away."""
    draft = data_dir / "postgres" / "cluster.new"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n", encoding="ascii")

    dsn = postgres.ensure_running()

    assert setting(dsn, "fsync") == "on"
    assert not draft.exists()


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
