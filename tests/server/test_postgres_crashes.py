"""The embedded PostgreSQL survives what kills Python, itself or the power, and is found again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from hms_server.database import connect
from hms_server.postgres import EmbeddedPostgres
from tests.server.clusters import cluster_of, running_pid, servers_on, setting

ON_WINDOWS = sys.platform == "win32"
RUN = """
import signal, sys, time
from pathlib import Path
from hms_server.postgres import EmbeddedPostgres
signal.signal(signal.SIGINT, signal.default_int_handler)
print(EmbeddedPostgres(Path(sys.argv[1])).ensure_running(), flush=True)
time.sleep(600)
"""


@pytest.fixture
def stranger(postgres: EmbeddedPostgres, data_dir: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another program of the user to whom the cluster belongs: PostgreSQL takes only such for its like."""
    postgres.ensure_running()
    wait = [sys.executable, "-c", "import time; time.sleep(600)"] if ON_WINDOWS else ["sleep", "600"]
    user = None if ON_WINDOWS or os.geteuid() != 0 else cluster_of(data_dir).stat().st_uid
    with subprocess.Popen(wait, user=user) as process:
        yield process
        process.kill()


def kill_and_wait(*processes: psutil.Process) -> None:
    for process in processes:
        process.kill()
    psutil.wait_procs(processes, timeout=10)


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


@pytest.mark.skipif(ON_WINDOWS, reason="no sockets in the file system")
def test_swept_away_socket_comes_back(postgres: EmbeddedPostgres) -> None:
    """A cleaner of temporary files that takes the socket costs a restart, not the day."""
    where = conninfo_to_dict(postgres.ensure_running())
    Path(str(where["host"]), f".s.PGSQL.{where['port']}").unlink()

    dsn = postgres.ensure_running()

    assert setting(dsn, "fsync") == "on"


def test_failed_creation_is_repeated_from_scratch(postgres: EmbeddedPostgres, data_dir: Path) -> None:
    """A power cut while the cluster is made leaves a draft, which the next start throws away."""
    draft = data_dir / "postgres" / "cluster.new"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n", encoding="ascii")

    dsn = postgres.ensure_running()

    assert setting(dsn, "fsync") == "on"
    assert not draft.exists()
