"""Looks after one server: what it sees once a minute is stored for people, and what changes is told them."""

import hashlib
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import structlog

from hms_server.clock import Clock
from hms_server.contract.build import BUILD
from hms_server.contract.upkeep import ConditionsChanged, ServerCondition, ServerRow
from hms_server.dispatch import Dispatcher
from hms_server.permissions import Permission
from hms_server.postgres_cluster import Cluster
from hms_server.upkeep.desktops import DesktopVersions
from hms_server.upkeep.facts import Disks, clinic_since, newest_moment, read_backup, read_database
from hms_server.upkeep.rules import Finding, is_news, judge_backups, judge_clock, judge_disks, with_since
from hms_server.upkeep.time_watch import ClockWatch
from hms_server.work import Work

log = structlog.get_logger()

LOOK_EVERY_S = 60.0
PRUNE_EVERY_S = 3600.0
REMEMBERED = timedelta(days=31)
"""A server that was not heard of for longer was taken away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which server this is; the same after every start from the same folder."""

    data_dir: Path
    port: int
    embedded: bool
    host: str

    @classmethod
    def here(cls, *, data_dir: Path, port: int, embedded: bool) -> "Identity":
        return cls(data_dir=data_dir.resolve(), port=port, embedded=embedded, host=socket.gethostname())

    @property
    def id(self) -> str:
        whole = f"{self.host}\n{self.data_dir}\n{self.port}"
        return hashlib.sha256(whole.encode()).hexdigest()[:16]


class Watch:
    """One duty of the housekeeping thread; `row` is what it saw last, for the metrics."""

    def __init__(
        self,
        identity: Identity,
        dispatcher: Dispatcher,
        clock_watch: ClockWatch,
        *,
        clock: Clock,
        addresses: Callable[[], Sequence[str]],
        desktops: DesktopVersions,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self.identity = identity
        self.row: ServerRow | None = None
        self._dispatcher = dispatcher
        self._clock_watch = clock_watch
        self._clock = clock
        self._addresses = addresses
        self._desktops = desktops
        self._disks = Disks()
        self._look_every_s = look_every_s
        self._started_at = clock()
        self._earlier: list[ServerCondition] | None = None
        self._look_at_s = self._prune_at_s = time.monotonic()
        self._told_clock: list[Finding] = []

    def look(self, connection: psycopg.Connection[Any]) -> None:
        """The clock each time; the rest once a minute, or when the clock has something new to say."""
        self._clock_watch.look(newest_moment(connection))
        clock = self._judge_clock(self._clock())
        is_same = [each.code for each in clock] == [each.code for each in self._told_clock]
        if is_same and time.monotonic() < self._look_at_s:
            return
        self._look_at_s = time.monotonic() + self._look_every_s
        self._told_clock = clock
        self._keep(connection)

    def say_goodbye(self) -> None:
        """The server ends in good order, which is not the same as falling silent."""
        if self.row is None:
            return
        params = {"id": self.identity.id, "now": self._clock()}
        self._dispatcher.act("Watch", lambda work: work.send(GOODBYE, params), audited=lambda _: False)

    def _judge_clock(self, now: datetime) -> list[Finding]:
        return judge_clock(behind=self._clock_watch.behind, jumped=self._clock_watch.jumped, now=now)

    def _keep(self, connection: psycopg.Connection[Any]) -> None:
        now = self._clock()
        if self._earlier is None:
            self._earlier = told_before(connection, self.identity.id)
        row = self._see(connection, now)
        news = is_news(self._earlier, row.conditions)
        self._dispatcher.act("Watch", lambda work: _store(work, row, news=news), audited=lambda _: False)
        if news:
            log.info("conditions changed", now=[each.code.partition(":")[0] for each in row.conditions])
        self._earlier, self.row = row.conditions, row
        self._prune()

    def _see(self, connection: psycopg.Connection[Any], now: datetime) -> ServerRow:
        identity = self.identity
        self._desktops.store(connection)
        backup = read_backup(identity.data_dir)
        disks = self._disks.read(identity.data_dir, backup.places)
        found = [
            *self._judge_clock(now),
            *judge_disks(disks),
            *judge_backups(backup, now=now, clinic_since=clinic_since(connection)),
        ]
        return ServerRow(
            id=identity.id,
            host=identity.host,
            version=BUILD.version,
            commit=BUILD.commit,
            started_at=self._started_at,
            seen_at=now,
            addresses=list(self._addresses()),
            port=identity.port,
            database=read_database(connection, embedded=identity.embedded),
            disks=disks,
            backup=backup,
            conditions=with_since(found, self._earlier or [], now=now),
            old_desktops=self._desktops.older_than(BUILD.version, connection),
        )

    def _prune(self) -> None:
        if self.identity.embedded and time.monotonic() >= self._prune_at_s:
            self._prune_at_s = time.monotonic() + PRUNE_EVERY_S
            Cluster(self.identity.data_dir / "postgres").prune_logs()


def told_before(connection: psycopg.Connection[Any], server_id: str) -> list[ServerCondition]:
    """The conditions that people were told of last, also before a restart; none of a server that is new."""
    row = connection.execute("select told from server_state where id = %s", (server_id,)).fetchone()
    if row is None:
        return []
    try:
        return msgspec.msgpack.decode(row[0], type=ServerRow).conditions
    except msgspec.DecodeError:
        # Another version told it in other words: everything is told anew.
        return []


def _store(work: Work, row: ServerRow, *, news: bool) -> None:
    params = {
        "id": row.id,
        "started": row.started_at,
        "now": row.seen_at,
        "told": msgspec.msgpack.encode(row),
        "forget": row.seen_at - REMEMBERED,
    }
    work.send(STORE, params)
    work.send(FORGET, params)
    if news:
        event = ConditionsChanged(server=row.id, host=row.host, conditions=row.conditions)
        work.emit(event, audience=Permission.ADMINISTER)


STORE = """
insert into server_state (id, started_at, seen_at, told) values (%(id)s, %(started)s, %(now)s, %(told)s)
on conflict (id) do update set started_at = excluded.started_at, seen_at = excluded.seen_at,
    stopped_at = null, told = excluded.told
"""
FORGET = "delete from server_state where seen_at < %(forget)s"
GOODBYE = "update server_state set stopped_at = %(now)s where id = %(id)s"
