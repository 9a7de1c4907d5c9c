"""Joins what looks after one server: the clock, the watch, the numbers and their endpoint."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import psycopg

from hms_server.clock import Clock, system_clock
from hms_server.config import Settings
from hms_server.contract.build import BUILD
from hms_server.contract.envelope import Position
from hms_server.contract.upkeep import Level
from hms_server.dispatch import Dispatcher, Route, Task
from hms_server.doorway import Gate
from hms_server.router import Router
from hms_server.upkeep.counting import CountingGate, RequestCounts
from hms_server.upkeep.desktops import DesktopVersions
from hms_server.upkeep.endpoint import MetricsEndpoint
from hms_server.upkeep.facts import newest_moment
from hms_server.upkeep.metrics import Gauges, ServerNumbers, metrics_text
from hms_server.upkeep.time_watch import ClockWatch, built_at, hold_back, read_trust
from hms_server.upkeep.watch import Identity, Watch
from hms_server.work import Actor

KEEPER_WITHIN_S = 180.0
"""A round takes less than a second; one that waits for a database that is away takes half a minute."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """What `/health` answers; `status` is ok, warning, alarm, or failing where workstations get no answer."""

    status: str
    version: str
    commit: str
    host: str
    port: int
    since: str | None
    trouble: str
    database: bool
    conditions: list[dict[str, str]]


class Upkeep:
    """Made before everything else of a server, since requests are held back and counted through it."""

    def __init__(self, settings: Settings, routes: Sequence[Route[Any]], *, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self.clock_watch = ClockWatch(
            clock,
            floor=built_at(),
            trusted=read_trust(settings.data_dir),
            # A clock that was handed in goes as its owner likes.
            watches_jumps=clock is system_clock,
        )
        self._desktops = DesktopVersions()
        self.routes = self._desktops.listen(hold_back(routes, self.clock_watch.refuse))
        self._counts = RequestCounts(routes)
        self._turned_s = time.monotonic()
        self._pausing = threading.Event()
        self._watch: Watch | None = None
        self._router: Router[Actor, Task] | None = None
        self._numbers: ServerNumbers | None = None
        self._endpoint: MetricsEndpoint | None = None

    def count(self, gate: Gate[Actor, Task]) -> Gate[Actor, Task]:
        """The same gate, where every request is counted."""
        return CountingGate(gate, self._counts)

    def join(
        self,
        dispatcher: Dispatcher,
        router: Router[Actor, Task],
        *,
        connect: Callable[[], psycopg.Connection[Any]],
        addresses: Callable[[], Sequence[str]],
        position: Callable[[], Position],
    ) -> None:
        """Gets to know the rest of the server, once that is built."""
        settings = self._settings
        identity = Identity.here(
            data_dir=settings.data_dir, port=settings.port, embedded=settings.dsn is None
        )
        watch = self._watch = Watch(
            identity,
            dispatcher,
            self.clock_watch,
            clock=self._clock,
            addresses=addresses,
            desktops=self._desktops,
        )
        self._router = router
        gauges = Gauges(
            connect=connect,
            load=router.load,
            position=position,
            trouble=self.trouble,
            turned_s=lambda: self._turned_s,
            row=lambda: watch.row,
        )
        self._numbers = ServerNumbers(gauges)
        self._counts.registry.register(self._numbers)

    def start(self) -> None:
        """Begins to serve numbers, where a port is set."""
        self.stir()
        if self._settings.metrics_port:
            self._endpoint = MetricsEndpoint(
                self._settings.metrics_port,
                health=self.health,
                metrics=lambda: metrics_text(self._counts.registry),
            )
            self._endpoint.start()

    def stop(self) -> None:
        """Gives the port back."""
        if self._endpoint is not None:
            self._endpoint.stop()

    def look_at_clock(self, connection: psycopg.Connection[Any]) -> None:
        """Called before the first request is let in: none may be recorded by a clock that is late."""
        self.clock_watch.look(newest_moment(connection))

    def watch(self, connection: psycopg.Connection[Any]) -> None:
        """One duty of the house."""
        if self.clock_watch.behind is not None:
            # Somebody may just have said that it is right.
            self.clock_watch.trusted = read_trust(self._settings.data_dir)
        if self._watch is not None:
            self._watch.look(connection)

    def say_goodbye(self) -> None:
        """Called by the thread that kept house, as its last duty."""
        if self._watch is not None:
            self._watch.say_goodbye()

    def stir(self, *, pausing: bool = False) -> None:
        """Housekeeping shows that it turns; `pausing` while it waits for a database that recovers."""
        self._turned_s = time.monotonic()
        if pausing:
            self._pausing.set()
        else:
            self._pausing.clear()

    def trouble(self) -> str:
        """Why this server should be started anew, in a few words; empty while it turns as it should."""
        if self._router is not None and (trouble := self._router.life.trouble()):
            return trouble
        silent_s = time.monotonic() - self._turned_s
        if silent_s > KEEPER_WITHIN_S and not self._pausing.is_set():
            return f"housekeeping has not come round for {silent_s:.0f} s"
        return ""

    def health(self) -> tuple[bytes, bool]:
        """The JSON of `/health`, and whether workstations get answers and the database gives them."""
        row = self._watch.row if self._watch is not None else None
        trouble = self.trouble()
        database = self._numbers is not None and self._numbers.database_is_up()
        conditions = row.conditions if row else []
        worst = conditions[0].level if conditions else None
        status = worst.value if worst in (Level.WARNING, Level.ALARM) else "ok"
        well = database and not trouble
        health = Health(
            status=status if well else "failing",
            version=BUILD.version,
            commit=BUILD.commit,
            host=row.host if row else "",
            port=row.port if row else self._settings.port,
            since=row.started_at.isoformat() if row else None,
            trouble=trouble or ("" if database else "the database does not answer"),
            database=database,
            conditions=[{"code": each.code, "level": each.level.value} for each in conditions],
        )
        return msgspec.json.encode(health), well
