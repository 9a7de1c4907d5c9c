"""The composition root of the server: builds every part once and joins them."""

import random
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import msgspec
import psycopg
import structlog

from hms_server import audit, database, events
from hms_server.accounts.commands import Accounts
from hms_server.accounts.pairing_codes import PairingCodes
from hms_server.accounts.passwords import PasswordDesk
from hms_server.accounts.sessions import Sessions
from hms_server.assistant.answering import load_library
from hms_server.assistant.usage import is_switched_on
from hms_server.assistant.waiting import forget_old as forget_old_answers
from hms_server.assistant.waiting import give_back_waiting
from hms_server.backup.nightly import NightlyBackup
from hms_server.clock import Clock, system_clock
from hms_server.config import Settings
from hms_server.contract.accounts import DeviceChanged, SessionEnded, StaffChanged
from hms_server.contract.envelope import Event
from hms_server.contract.relay import JobChanged, JobState
from hms_server.crypto import Vault
from hms_server.dispatch import Dispatcher, Route, Task
from hms_server.events import EventPump, StoredEvent
from hms_server.gate import ClinicGate
from hms_server.neighbours import keys_of_clinic
from hms_server.pairing import PairingDesk
from hms_server.paystack import notices
from hms_server.paystack.webhook import WebhookEndpoint
from hms_server.postgres_programs import PostgresFailed
from hms_server.presence import Presence
from hms_server.relay.jobs import forget_before
from hms_server.relay.queries import ReachabilityDesk
from hms_server.relay.runner import Runner
from hms_server.relay.running import Runs
from hms_server.relay_table import RelayTable
from hms_server.router import Router
from hms_server.routes import FAULTS_BY_CONSTRAINT, routes, subscribers
from hms_server.scheduling.forgotten import close_missed
from hms_server.steady import keep_steady, read_reference
from hms_server.triage.escalation import escalate
from hms_server.updates.queries import update_desk
from hms_server.upkeep.keeping import Upkeep
from hms_server.visits.forgotten import close_forgotten
from hms_server.work import Actor

log = structlog.get_logger()

SWEEP_EVERY_S = 5.0
SEAL_PAUSE_S = 0.05
TRY_PAUSE_S = 0.05
RETENTION_EVERY = timedelta(hours=1)


class Server:
    """One server process on a database that is running and migrated.

    `revive` brings back a database of our own that has died, and says where it is now.
    """

    def __init__(
        self,
        settings: Settings,
        dsn: str,
        *,
        clock: Clock = system_clock,
        revive: Callable[[], str] | None = None,
        relay: RelayTable | None = None,
    ) -> None:
        self.settings = settings
        self._dsn = dsn
        self._revive = revive
        self._clock = clock
        with self._connect() as connection:
            self.keys = keys_of_clinic(connection, settings.keys_path)
        self._passwords = PasswordDesk()
        self.sessions = Sessions(clock=clock, idle_after=settings.idle_after)
        self._pump = EventPump(self._connect, self._publish)
        table = relay or RelayTable()
        vault = Vault(self.keys.audit_key)
        self._outside = table.ground(vault)
        self.upkeep = Upkeep(settings, self._served(), clock=clock)
        self._dispatcher = self._make_dispatcher(vault)
        self._notices: WebhookEndpoint | None = None
        self._relay = self._make_relay(table)
        self._gate = self._make_gate()
        self.router = self._make_router()
        self._presence = self._make_presence()
        self.pairing = self._make_pairing()
        self._join_upkeep()
        self._stopping = threading.Event()
        self._warm_up = threading.Thread(target=read_reference, name="hms-warm-up", daemon=True)
        self._forgets_at = clock()
        self._keeper = threading.Thread(target=self._keep_house, name="hms-housekeeping", daemon=True)
        # Apart from the other duties: a backup takes minutes, and alerts move on meanwhile.
        self._nightly = NightlyBackup(settings.data_dir, lambda: self._dsn, clock)

    def _served(self) -> Sequence[Route[Any]]:
        idle_minutes = int(self.settings.idle_after.total_seconds() // 60)
        desk = Accounts(self._passwords, idle_minutes=idle_minutes)
        return routes(desk, self._outside, update_desk(self.settings.data_dir))

    def _make_dispatcher(self, vault: Vault) -> Dispatcher:
        return Dispatcher(
            self.upkeep.routes,
            subscribers=subscribers(self._outside),
            constraints=FAULTS_BY_CONSTRAINT,
            connect=self._connect,
            clock=self._clock,
            committed=self._on_commit,
            vault=vault,
        )

    def _make_relay(self, table: RelayTable) -> Runner:
        outside = self._outside
        runs = Runs(
            self._dispatcher,
            outside.providers,
            table.job_kinds(outside, self._dispatcher),
            outside.destinations,
            clock=self._clock,
            chance=random.random,
        )
        reach = ReachabilityDesk(outside.providers, outside.destinations)
        return Runner(runs, reach, desks_are_busy=lambda: self._gate.is_busy)

    def _make_gate(self) -> ClinicGate:
        return ClinicGate(
            self._dispatcher,
            self.sessions,
            connect=self._connect,
            connect_hurried=self._connect_hurried,
            requests_per_second=self.settings.requests_per_second,
        )

    def _make_router(self) -> Router[Actor, Task]:
        return Router(
            self.upkeep.count(self._gate),
            bind=f"tcp://{self.settings.bind}:{self.settings.port or '*'}",
            secret_key=self.keys.secret_key.encode(),
            public_key=self.keys.public_key.encode(),
            clock=self._clock,
            workers=self.settings.workers,
        )

    def _make_presence(self) -> Presence:
        return Presence(
            self.settings,
            self.keys,
            connect=self._connect,
            clock=self._clock,
            port=lambda: int(self.router.endpoint.rpartition(":")[2]),
            tell=self.router.tell_servers,
        )

    def _make_pairing(self) -> PairingDesk:
        return PairingDesk(
            PairingCodes(self._connect, clock=self._clock),
            bind=f"tcp://{self.settings.bind}:{self.settings.pairing_port or '*'}",
            invite=self._presence.invite,
            hand_over=self._presence.hand_over,
            paired=self._load_devices,
        )

    def _join_upkeep(self) -> None:
        self.upkeep.join(
            self._dispatcher,
            self.router,
            connect=self._connect,
            addresses=self._presence.addresses,
            position=lambda: self._pump.position,
        )

    def start(self) -> None:
        """Begins to serve."""
        self._look_at_clock()
        self._load_devices()
        self._load_assistant()
        keep_steady()
        self._pump.start()
        self._pump.started.wait()
        position = self._pump.position
        self._listen_for_notices()
        self.pairing.start()
        self._presence.start()
        self.upkeep.start()
        self._keeper.start()
        self._nightly.start()
        self._warm_up.start()
        self._relay.start()
        # Last: whoever sees the start fail may rely on it that nothing was acknowledged.
        self.router.start(position)
        log.info("serving", endpoint=self.router.endpoint)

    def try_out(self) -> None:
        """Comes up so far that its router answers, acts on nothing, and goes; raises what a start raises."""
        self._load_devices()
        self._pump.start()
        self._pump.started.wait()
        self.pairing.start()
        self.router.start(self._pump.position)
        while self.router.life.trouble():
            self._stopping.wait(TRY_PAUSE_S)
        self._close()

    def trouble(self) -> str:
        """Why this process is of no use any more, in a few words; empty as long as it serves."""
        return self.upkeep.trouble() or ("" if self._keeper.is_alive() else "the housekeeping has ended")

    def stop(self) -> None:
        """Finishes what is under way, then lets go of everything."""
        self._stopping.set()
        self._nightly.stop()
        self._keeper.join()
        self.upkeep.stop()
        self._warm_up.join()
        if self._notices is not None:
            self._notices.stop()
        self._relay.stop()
        self._presence.stop()
        self._close()

    def _close(self) -> None:
        self.pairing.stop()
        self._pump.stop()
        self.router.stop()
        self._gate.close()
        self._passwords.close()

    def _listen_for_notices(self) -> None:
        if self.settings.webhook is not None:
            self._notices = notices.endpoint(self.settings.webhook, self._outside, self._dispatcher)
            self._notices.start()

    def _connect(self) -> psycopg.Connection[Any]:
        return database.connect(self._dsn, application_name="hms-server")

    def _connect_hurried(self) -> psycopg.Connection[Any]:
        return database.connect(
            self._dsn, application_name="hms-server", autocommit=True, kind=database.HurriedConnection
        )

    def _look_at_clock(self) -> None:
        with self._connect() as connection:
            connection.autocommit = True
            self.upkeep.look_at_clock(connection)

    def _load_assistant(self) -> None:
        """Before anybody waits: with the first question, a second of imports would hold up every screen."""
        with self._connect() as connection:
            if is_switched_on(connection):
                load_library()

    def _load_devices(self) -> None:
        with self._connect() as connection:
            self.sessions.load_devices(connection)

    def _on_commit(self, committed: Sequence[Event]) -> None:
        """Whoever was signed out here is out at once, before the event has made its way round."""
        for event in committed:
            if isinstance(event, SessionEnded | StaffChanged):
                self.sessions.forget(_concerned_by(event))
            elif isinstance(event, JobChanged) and event.state is JobState.WAITING:
                self._relay.wake()
        self._pump.committed()

    def _publish(self, committed: Sequence[StoredEvent]) -> None:
        concerned = [self._apply(event) for event in committed]
        self.router.publish(committed)
        for concerns in filter(None, concerned):
            self.router.refresh(concerns)

    def _apply(self, event: StoredEvent) -> Callable[[Actor], bool] | None:
        """What this process must know of an event, whichever server sent it; whose session it concerns."""
        if event.name == DeviceChanged.__name__:
            self._load_devices()
        if event.name == JobChanged.__name__:
            self._relay.wake()
        if event.name not in (SessionEnded.__name__, StaffChanged.__name__):
            return None
        kinds: tuple[type[SessionEnded], type[StaffChanged]] = (SessionEnded, StaffChanged)
        kind = kinds[event.name == StaffChanged.__name__]
        concerns = _concerned_by(msgspec.msgpack.decode(event.body, type=kind))
        self.sessions.forget(concerns)
        return concerns

    def _keep_house(self) -> None:
        while not self._stopping.wait(SWEEP_EVERY_S):
            self.keep_house_once()
        self._say_goodbye()
        self._dispatcher.close_thread()

    def is_alive(self) -> bool:
        """Whether workstations get answers and housekeeping turns; a watchdog starts a dead one anew."""
        return not self.trouble()

    def _say_goodbye(self) -> None:
        try:
            self.upkeep.say_goodbye()
        except psycopg.Error as error:
            log.info("ended without the database", error=str(error))

    def keep_house_once(self) -> None:
        """One round of what happens because time has passed; each duty fails on its own."""
        self.upkeep.stir()
        try:
            with self._connect() as connection:
                connection.autocommit = True
                for duty in self._duties():
                    _perform(duty, connection)
                    self.upkeep.stir()
        except psycopg.OperationalError as error:
            log.warning("housekeeping waits for the database", error=str(error))
            self._revive_database()

    def _duties(self) -> Sequence[Callable[[psycopg.Connection[Any]], None]]:
        duties = (self._act_on_time, self._give_back, self._seal, self._forget_old, self.upkeep.watch)
        return (*duties, self._presence.look_around)

    def _revive_database(self) -> None:
        if self._revive is None:
            return
        # Recovery takes as long as it takes; a watchdog that bites now would only begin it anew.
        self.upkeep.stir(pausing=True)
        try:
            self._dsn = self._revive()
        except PostgresFailed as failure:
            log.warning("the database does not start", error=str(failure))

    def _act_on_time(self, connection: psycopg.Connection[Any]) -> None:
        """Sessions end, alerts move on, old tickets and appointments are closed."""
        now = self._clock()
        ended = self.sessions.sweep(connection)
        acted = escalate(connection, now) + close_forgotten(connection, now) + close_missed(connection, now)
        if ended + acted:
            self._pump.committed()

    def _give_back(self, _connection: psycopg.Connection[Any]) -> None:
        give_back_waiting(self._dispatcher, self._outside)

    def _seal(self, connection: psycopg.Connection[Any]) -> None:
        while audit.seal(connection, self.keys.audit_key) == audit.BATCH:
            # A backlog is sealed in small steps, so that nobody at a desk waits for it.
            self.upkeep.stir()
            self._stopping.wait(SEAL_PAUSE_S)

    def _forget_old(self, connection: psycopg.Connection[Any]) -> None:
        now = self._clock()
        if now < self._forgets_at:
            return
        self._forgets_at = now + RETENTION_EVERY
        events.forget_before(connection, now - self.settings.events_kept)
        forget_before(connection, now - self.settings.jobs_kept)
        notices.forget_before(connection, now - self.settings.jobs_kept)
        connection.execute("delete from request where at < %s", (now - self.settings.answers_kept,))
        forget_old_answers(self._dispatcher)


def _perform(duty: Callable[[psycopg.Connection[Any]], None], connection: psycopg.Connection[Any]) -> None:
    try:
        duty(connection)
    except psycopg.OperationalError:
        raise
    except Exception:
        # One row that cannot be read must not keep alerts from moving on and sessions from ending.
        log.exception("a duty of the house failed", duty=duty.__name__)


def _concerned_by(event: SessionEnded | StaffChanged) -> Callable[[Actor], bool]:
    if isinstance(event, SessionEnded):
        return lambda actor: actor.session_id == event.session_id
    return lambda actor: actor.staff_id == event.staff_id
