"""The server in numbers, as Prometheus reads them; no label names or counts a patient."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from hms_server.contract.build import BUILD
from hms_server.contract.envelope import Position
from hms_server.contract.relay import JobState
from hms_server.contract.upkeep import ServerRow

READ_AGAIN_S = 5.0
"""However often somebody asks, the database is asked no more often than this."""


@dataclass(frozen=True, kw_only=True)
class Gauges:
    """Where the numbers come from; each is asked at every reading, from any thread."""

    connect: Callable[[], psycopg.Connection[Any]]
    load: Callable[[], Mapping[str, int]]
    position: Callable[[], Position]
    trouble: Callable[[], str]
    turned_s: Callable[[], float]
    row: Callable[[], ServerRow | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the database says; `up` is False where it says nothing."""

    up: bool
    sessions: int = 0
    devices: int = 0
    event_lag: int = 0
    unsealed: int = 0
    jobs: Mapping[str, int] | None = None
    reachable: Mapping[str, bool] | None = None


class ServerNumbers(Collector):
    """Everything but the requests, read when it is asked for."""

    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges
        self._lock = threading.Lock()
        self._reading = Reading(up=False)
        self._read_at_s = -READ_AGAIN_S

    def database_is_up(self) -> bool:
        """Whether the database answered within the last seconds."""
        return self._read().up

    def collect(self) -> Iterator[Metric]:
        gauges, reading = self._gauges, self._read()
        build = GaugeMetricFamily("hms_build_info", "Which program this is.", labels=["version", "commit"])
        build.add_metric([BUILD.version, BUILD.commit], 1)
        yield build
        yield _gauge("hms_alive", "Whether workstations get answers.", not gauges.trouble())
        age_s = time.monotonic() - gauges.turned_s()
        yield _gauge("hms_housekeeping_age_seconds", "Since housekeeping last showed a sign of life.", age_s)
        load = gauges.load()
        lanes = {lane: count for lane, count in load.items() if lane != "followers"}
        yield _family("hms_queue_length", "Calls that wait for a worker.", "lane", lanes)
        yield _gauge("hms_followers", "Screens that are sent events by this server.", load["followers"])
        yield from _database_numbers(reading)
        row = gauges.row()
        if row is not None:
            yield from _watch_numbers(row)

    def _read(self) -> Reading:
        with self._lock:
            if time.monotonic() - self._read_at_s >= READ_AGAIN_S:
                self._reading = self._ask()
                self._read_at_s = time.monotonic()
            return self._reading

    def _ask(self) -> Reading:
        position = self._gauges.position()
        try:
            with self._gauges.connect() as connection:
                connection.autocommit = True
                params = {"transaction": str(position.transaction), "number": position.number}
                counts = connection.execute(COUNTS, params).fetchone()
                jobs = connection.execute(JOBS).fetchall()
                reachable = connection.execute(REACHABLE).fetchall()
        except psycopg.Error:
            # Being away is a number too; housekeeping logs why.
            return Reading(up=False)
        sessions, devices, event_lag, unsealed = counts or (0, 0, 0, 0)
        return Reading(
            up=True,
            sessions=sessions,
            devices=devices,
            event_lag=event_lag,
            unsealed=unsealed,
            jobs=dict(jobs),
            reachable=dict(reachable),
        )


def metrics_text(registry: CollectorRegistry) -> bytes:
    """All numbers in Prometheus' text format."""
    return generate_latest(registry)


def _database_numbers(reading: Reading) -> Iterator[Metric]:
    yield _gauge("hms_database_up", "Whether the database answers.", reading.up)
    if not reading.up:
        return
    yield _gauge("hms_sessions", "People and displays signed in.", reading.sessions)
    yield _gauge("hms_devices", "Workstations that may connect.", reading.devices)
    yield _gauge("hms_event_lag", "Committed events that are not sent yet.", reading.event_lag)
    yield _gauge("hms_audit_unsealed", "Audit rows that wait for their seal.", reading.unsealed)
    jobs = {state.value: 0 for state in JobState} | dict(reading.jobs or {})
    yield _family("hms_outside_jobs", "Jobs for the outside by state.", "state", jobs)
    reachable = {name: int(is_so) for name, is_so in (reading.reachable or {}).items()}
    yield _family("hms_outside_reachable", "Who outside can be reached.", "destination", reachable)


def _watch_numbers(row: ServerRow) -> Iterator[Metric]:
    yield _gauge("hms_started_timestamp_seconds", "When this server began.", row.started_at.timestamp())
    yield _gauge("hms_database_bytes", "Size of the clinic's database.", row.database.size_bytes)
    for name, which in (("free", "free_bytes"), ("total", "total_bytes")):
        family = GaugeMetricFamily(f"hms_disk_{name}_bytes", "Room on a disk.", labels=["purpose", "place"])
        for disk in row.disks:
            if not disk.trouble:
                family.add_metric([disk.purpose, disk.place], getattr(disk, which))
        yield family
    yield _gauge("hms_backup_places", "Folders that backups go to.", len(row.backup.places))
    if row.backup.last_good_at is not None:
        last = row.backup.last_good_at.timestamp()
        yield _gauge("hms_backup_last_success_timestamp_seconds", "When a backup was last finished.", last)
        size = row.backup.last_good_bytes
        yield _gauge("hms_backup_last_success_bytes", "Size of that backup.", size)
    if row.backup.last_proved_at is not None:
        proved = row.backup.last_proved_at.timestamp()
        yield _gauge("hms_backup_last_proved_timestamp_seconds", "When one was last loaded.", proved)
    conditions = GaugeMetricFamily("hms_condition", "What a person should look at.", labels=["code", "level"])
    for each in row.conditions:
        conditions.add_metric([each.code, each.level.value], 1)
    yield conditions


def _gauge(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, about, value=float(value))


def _family(name: str, about: str, label: str, values: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


COUNTS = """
select
    (select count(*) from session where ended_at is null),
    (select count(*) from device where revoked_at is null),
    (select count(*) from event where (transaction, number) > (%(transaction)s::text::xid8, %(number)s)),
    (select count(*) from audit where (transaction, number) > (
        coalesce((select transaction from audit_seal order by position desc limit 1), '0'::xid8),
        coalesce((select number from audit_seal order by position desc limit 1), 0)
    ))
"""
JOBS = "select state, count(*) from relay_job group by state"
# Nobody asks whether a destination can be reached that is switched off.
REACHABLE = """
select name, open_until is null from relay_destination join relay_provider using (name)
where enabled order by name
"""
