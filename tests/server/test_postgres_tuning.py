"""How much memory PostgreSQL takes: enough on a small machine, never too much on any."""

import os
import re
import time
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_server.postgres import EmbeddedPostgres
from hms_server.postgres_cluster import KEPT_LOGS, Cluster
from hms_server.postgres_tuning import GIGABYTE, MEGABYTE, Machine, this_machine, tuned
from tests.server.clusters import cluster_of, setting


def megabytes(value: str) -> int:
    found = re.fullmatch(r"(\d+)(MB|GB)", value)
    assert found is not None
    return int(found[1]) * (1024 if found[2] == "GB" else 1)


def test_two_gigabytes_are_enough() -> None:
    """Half of the machine stays free for the server, the system and its cache."""
    settings = tuned(Machine(memory=2 * GIGABYTE, processors=4))

    assert settings["shared_buffers"] == "256MB"
    assert settings["work_mem"] == "4MB"
    assert settings["max_connections"] == "60"
    cleaners = 3 * megabytes(settings["autovacuum_work_mem"])
    assert megabytes(settings["shared_buffers"]) + cleaners + 20 * 4 + 64 < 1024


@given(st.integers(512 * MEGABYTE, 1 << 40), st.integers(512 * MEGABYTE, 1 << 40), st.integers(1, 256))
def test_more_memory_never_gives_less(one: int, other: int, processors: int) -> None:
    less, more = (tuned(Machine(memory, processors)) for memory in sorted((one, other)))

    for name in ("shared_buffers", "effective_cache_size", "work_mem", "maintenance_work_mem"):
        assert megabytes(less[name]) <= megabytes(more[name])


@given(st.integers(512 * MEGABYTE, 1 << 40))
def test_postgres_never_takes_more_than_its_part(memory: int) -> None:
    settings = tuned(Machine(memory, processors=2))

    assert megabytes(settings["shared_buffers"]) * MEGABYTE <= max(memory // 8, 64 * MEGABYTE)
    assert megabytes(settings["shared_buffers"]) < megabytes(settings["effective_cache_size"])


def test_a_container_counts_by_its_own_limit(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text("1073741824\n")
    limited = this_machine(limit_file=limit).memory
    limit.write_text("max\n")

    assert limited == GIGABYTE
    assert this_machine(limit_file=limit).memory == psutil.virtual_memory().total
    assert this_machine(limit_file=tmp_path / "absent").memory == psutil.virtual_memory().total


def test_an_older_cluster_is_tuned_at_its_next_start(postgres: EmbeddedPostgres, data_dir: Path) -> None:
    """PostgreSQL takes what the rule says, whatever stood in the file before."""
    postgres.ensure_running()
    postgres.stop()
    (data_dir / "postgres" / "hms.conf").write_text("shared_buffers = '1MB'\n", encoding="utf-8")

    dsn = postgres.ensure_running()

    wanted = tuned(this_machine())
    with_unit = {name: setting(dsn, name) for name in ("work_mem", "max_connections", "autovacuum")}
    assert with_unit == {
        "work_mem": wanted["work_mem"],
        "max_connections": wanted["max_connections"],
        "autovacuum": "on",
    }
    assert megabytes(setting(dsn, "shared_buffers")) == megabytes(wanted["shared_buffers"])
    assert setting(dsn, "log_error_verbosity") == "terse"


@pytest.mark.parametrize("count", [3, KEPT_LOGS, 20])
def test_only_the_newest_files_of_the_log_stay(tmp_path: Path, count: int) -> None:
    cluster = Cluster(tmp_path)
    folder = cluster.data / "log"
    folder.mkdir(parents=True)
    now = time.time()
    for number in range(count):
        path = folder / f"postgresql-{number:02}.log"
        path.write_text("LOG:  checkpoint complete\n")
        os.utime(path, (now + number, now + number))

    removed = cluster.prune_logs()

    kept = sorted(path.name for path in folder.iterdir())
    assert removed == max(count - KEPT_LOGS, 0)
    assert kept == [f"postgresql-{number:02}.log" for number in range(count)][-KEPT_LOGS:]


def test_the_log_of_a_running_cluster_can_be_pruned(postgres: EmbeddedPostgres, data_dir: Path) -> None:
    """The file in use is the newest, so it stays."""
    postgres.ensure_running()
    log = cluster_of(data_dir) / "log"
    (log / "postgresql-Mon.log").write_text("an older version's\n")
    os.utime(log / "postgresql-Mon.log", (1, 1))

    Cluster(data_dir / "postgres").prune_logs(keep=1)

    assert len(list(log.iterdir())) == 1
    assert "ready to accept" in next(log.iterdir()).read_text(encoding="utf-8")
