"""What the tests of the embedded PostgreSQL ask about a data folder."""

from pathlib import Path

import psutil

from hms_server.database import connect
from hms_server.postmaster import find_postmaster


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


def setting(dsn: str, name: str) -> str:
    with connect(dsn, application_name="test") as connection:
        row = connection.execute("select current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])
