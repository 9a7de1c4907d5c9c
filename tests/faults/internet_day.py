"""A day of bad internet and dying servers; `python -m tests.faults.internet_day --full` plays all of it."""

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import LiteralString
from zoneinfo import ZoneInfo

from psycopg import sql

from hms_desktop.connection.client import Client
from hms_server import database
from hms_server.contract.assistant import SetAssistantPolicy
from hms_server.contract.messaging import MessagingSettings, SetMessagingSettings
from hms_server.contract.reconciliation import (
    GetReconciliation,
    Reconciliation,
    ReconciliationState,
    RunReconciliation,
)
from hms_server.contract.relay import SetProvider
from hms_server.contract.values import Role
from hms_server.postgres import EmbeddedPostgres
from tests.faults import internet_books as books
from tests.faults.internet_desks import Cashier, Desk, Doctor, Nurse, Wait, Waits, Writer, charged_bills
from tests.faults.internet_outside import KEY, World
from tests.faults.internet_server import BEGAN, NOTICES, SPEED, QuickClock
from tests.outside.gemini import API_KEY, MODEL
from tests.server.paystack.online import POSTED
from tests.wire.ports import free_port
from tests.wire.processes import House, Process, open_house, within

SERVER = "tests.faults.internet_server"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much happens, in how many real seconds, and how quickly time passes meanwhile."""

    payments: int
    refunds: int
    questions: int
    messages: int
    check_ins: int
    kills: int
    lasts_s: float
    speed: float
    settles_within_s: float
    calm_s: float = 0.0
    """So long the clinic works before the internet begins to fail; the waits of then are the measure."""


SCALED = Plan(
    payments=50, refunds=20, questions=30, messages=50, check_ins=60, kills=2, lasts_s=20, speed=100,
    settles_within_s=180,
)  # fmt: skip
FULL = Plan(
    payments=500, refunds=200, questions=300, messages=500, check_ins=1200, kills=10, lasts_s=600, speed=60,
    settles_within_s=1200, calm_s=60,
)  # fmt: skip


@dataclass
class Day:
    """One day in one house; `live` plays it, `settle` lets it end, `check` compares the books."""

    house: House
    world: World
    plan: Plan
    chance: random.Random
    waits: Waits = field(default_factory=Waits)
    ended: threading.Event = field(default_factory=threading.Event)
    """The desks have nothing left to do."""
    weather_over: threading.Event = field(default_factory=threading.Event)
    desks: list[Desk] = field(default_factory=list)

    def _tell(self, what: str) -> None:
        print(f"{time.time() - self.world.clock.began_s:6.1f} s  {what}", flush=True)

    def live(self) -> None:
        """From the first patient to the last, with all that goes wrong."""
        # Servers learn of workstations when they start, or when one is paired.
        roles = (Role.ADMINISTRATOR, Role.CASHIER, Role.DOCTOR, Role.NURSE, Role.RECEPTIONIST)
        self.seats = {role: self.house.seat(role) for role in roles}
        self.first, self.second = self.serve("server"), self.serve("second")
        self.set_up()
        with ExitStack() as stack:
            self.desks = self._open_desks(stack)
            pool = stack.enter_context(ThreadPoolExecutor(16))
            stack.callback(self.weather_over.set)
            stack.callback(self.ended.set)
            at_work = [pool.submit(desk.work) for desk in self.desks]
            payers = pool.submit(self.world.serve_payers, self.ended, self._shown)
            machine = pool.submit(self._watch_machine)
            time.sleep(self.plan.calm_s)
            self.waits.calm_until_s = time.monotonic()
            self._tell("the internet begins to come and go")
            internet = pool.submit(self.world.come_and_go, self.weather_over)
            self._let_servers_die(at_work)
            self._tell("the internet is good again")
            self.weather_over.set()
            internet.result()
            self.world.calm()
            self._settle(at_work, payers)
            machine.result()
            self._tell("everything has come to its end")
            self.reconciled = self._reconcile()

    def check(self) -> str:
        """Raises AssertionError where anything is lost, doubled or untrue; else a table of the day."""
        house, world, plan = self.house, self.world, self.plan
        books.check_ledger(house)
        books.check_payments(house, world)
        books.check_refunds(house, world, asked=plan.refunds)
        messages = books.check_messages(house, world, ours=self.writer.sent)
        questions = books.check_questions(house, world, count=plan.questions, answers=self.doctor.answers)
        audited = books.check_audit(house)
        unlike = [one for one in self.reconciled.differences if not one.mended]
        assert unlike == [], unlike
        assert all(one.ours == one.theirs for one in self.reconciled.sums), self.reconciled.sums
        assert len(set(self.nurse.tickets)) == plan.check_ins == house.count("select count(*) from ticket")
        theirs = world.paystack.books()
        return "\n".join(
            [
                f"payments: {plan.payments} bills, {len(house.sql(POSTED))} payments",
                f"received: {theirs.received('NGN')} kobo, of which fees: {theirs.fees('NGN')}",
                f"refunds: {dict(house.sql(STATES_OF_REFUNDS))}; tasks: {dict(house.sql(TASKS))}",
                f"messages: {dict(messages)}; questions: {dict(questions)}",
                f"jobs: {house.sql(JOBS)}",
                f"connections: { {name: line.passed for name, line in world.lines.items()} }",
                f"audit: {audited} rows fit; {self.waits.words()}",
            ]
        )

    def serve(self, name: str, port: int = 0) -> Process:
        return self.house.serve(name, port=port, module=SERVER)

    def set_up(self) -> None:
        """As the administrator does it: each provider at the address of its line."""
        lines = self.world.lines
        twilio = self.world.twilio.settings | {"address": lines["twilio"].url}
        mail = {"host": "127.0.0.1", "port": str(lines["smtp"].port), "security": "none"}
        quiet = datetime.min.time()
        with self.house.at(self.seats[Role.ADMINISTRATOR], self.first) as admin:
            for name, settings, secrets in (
                ("paystack", {"address": lines["paystack"].url}, {"secret_key": self.world.paystack.secret}),
                ("twilio", twilio, {"auth_token": KEY}),
                ("smtp", mail | {"sender": "clinic@example.org"}, {}),
                ("gemini", {"address": lines["gemini"].url, "model": MODEL}, {"api_key": API_KEY}),
            ):
                admin.ask(SetProvider(name=name, settings=settings, secrets=secrets))
            admin.ask(SetAssistantPolicy(enabled=True, person_limit=0, clinic_limit=0))
            always = MessagingSettings(quiet_from=quiet, quiet_until=quiet, country="NG", language="en")
            admin.ask(SetMessagingSettings(settings=always))

    def _open_desks(self, stack: ExitStack) -> list[Desk]:
        plan, house = self.plan, self.house
        bills = charged_bills(house, plan.payments, now=self.world.clock())

        def seated(role: Role) -> tuple[House, Client, Waits, float, random.Random]:
            client = stack.enter_context(house.at(self.seats[role], self.first, self.second))
            chance = random.Random(self.chance.random())  # noqa: S311 - as the day's own
            return house, client, self.waits, plan.lasts_s + plan.calm_s, chance

        self.cashiers = [
            Cashier(*seated(Role.CASHIER), bills=bills[part::2], refunds=plan.refunds // 2) for part in (0, 1)
        ]
        self.doctor = Doctor(*seated(Role.DOCTOR), count=plan.questions)
        self.nurse = Nurse(*seated(Role.NURSE), patients=house.patients(plan.check_ins))
        self.writer = Writer(*seated(Role.RECEPTIONIST), count=plan.messages, clock=self.world.clock)
        return [*self.cashiers, self.doctor, self.nurse, self.writer]

    def _let_servers_die(self, at_work: list[Future[None]]) -> None:
        """Kills one or the other at random moments; in the middle third there is only the first."""
        until_s = time.monotonic() + self.plan.lasts_s
        alone = False
        for number in range(self.plan.kills):
            left_s = (until_s - time.monotonic()) / (self.plan.kills - number)
            time.sleep(max(0.0, left_s * self.chance.uniform(0.3, 1.0)))
            if not alone and number == self.plan.kills // 3:
                with self.waits.server_changes():
                    self.second.terminate()
                alone = True
            elif alone and number >= self.plan.kills * 2 // 3:
                with self.waits.server_changes():
                    self.second, alone = self.serve("second", self.second.port), False
            if alone or self.chance.random() < 0.6:
                self.first = self._killed("server", self.first)
            else:
                self.second = self._killed("second", self.second)
        time.sleep(max(0.0, until_s - time.monotonic()))
        if alone:
            self.second = self.serve("second", self.second.port)
        assert not [one.exception() for one in at_work if one.done() and one.exception()]

    def _watch_machine(self) -> None:
        """Commits a row ten times a second beside everything else, without any of our code."""
        with database.connect(self.house.dsn, application_name="tests", autocommit=True) as connection:
            connection.execute("create table quick.bare (at timestamptz)")
            while not self.ended.wait(0.1):
                began_s = time.monotonic()
                connection.execute("insert into quick.bare values (pg_catalog.clock_timestamp())")
                self.waits.machine.append(Wait(time.monotonic() - began_s, began_s, "bare"))

    def _killed(self, name: str, server: Process) -> Process:
        with self.waits.server_changes():
            server.kill()
            return self.serve(name, server.port)

    def _shown(self) -> set[str]:
        with database.connect(self.house.dsn, application_name="tests") as connection:
            return {reference for (reference,) in connection.execute(SHOWN).fetchall()}

    def _settle(self, at_work: list[Future[None]], payers: Future[None]) -> None:
        """The internet is good again; the day ends when everybody and every job is through."""
        within_s = self.plan.settles_within_s
        with self._explained(UNDER_WAY):
            within(lambda: all(one.done() for one in at_work), within_s)
            for one in at_work:
                one.result()
            within(lambda: not self.house.sql(UNDER_WAY) and self._all_posted(), within_s)
        self.ended.set()
        payers.result()
        self.doctor.read_answers()

    @contextmanager
    def _explained(self, query: LiteralString) -> Iterator[None]:
        """Says what had not come to its end where something does not."""
        try:
            yield
        except AssertionError as error:
            said = [one for one in self.first.output.splitlines() if "level='error" in one][-3:]
            states = [one.state() for one in self.desks]
            now = self.world.clock().isoformat()
            raise AssertionError(now, self.house.sql(query), states, "\n".join(said)) from error

    def _all_posted(self) -> bool:
        taken = [row for row in self.world.paystack.books().payments.values() if row.amount]
        return self.house.count(RECEIPTS) >= len(taken)

    def _reconcile(self) -> Reconciliation:
        """The cashier compares the books of these days."""
        client = self.cashiers[0].client
        zone = ZoneInfo("Africa/Lagos")
        first = datetime.fromtimestamp(self.world.clock.began_s, zone).date()
        last = self.world.clock().astimezone(zone).date()
        asked = client.ask(RunReconciliation(first_day=first, last_day=last))
        request = GetReconciliation(reconciliation_id=asked.id)
        with self._explained(COMPARISON):
            within(lambda: client.ask(request).row.state is not ReconciliationState.WAITING, 60)
        report = client.ask(request)
        assert report.row.state is ReconciliationState.DONE, report.row.why
        return report


def let_time_fly(house: House, clock: QuickClock) -> None:
    """The relay counts by the database's clock, so that one has to fly as well, for every later session."""
    with database.connect(house.dsn, application_name="tests", autocommit=True) as connection:
        connection.execute("create schema quick")
        connection.execute(sql.SQL(QUICK_CLOCK).format(began=clock.began_s, speed=clock.speed))
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL(QUICK_FIRST).format(name))


@contextmanager
def open_day(dsn: str, folder: Path, plan: Plan, *, seed: int) -> Iterator[Day]:
    """A clinic with everybody outside, ready to begin."""
    clock = QuickClock(time.time(), plan.speed)
    os.environ.update({BEGAN: repr(clock.began_s), SPEED: repr(clock.speed), NOTICES: str(free_port())})
    world = World(clock, seed=seed)
    world.paystack.webhook_url = f"http://127.0.0.1:{os.environ[NOTICES]}/paystack"
    with world.opened(), open_house(dsn, folder) as house:
        let_time_fly(house, clock)
        yield Day(house, world, plan, random.Random(seed))  # noqa: S311 - a repeatable day


def main() -> int:
    """Plays a day on a PostgreSQL of its own and prints what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="500 payments, 200 refunds, 300 questions …")
    parser.add_argument("--seed", type=int, default=16)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hms-day-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        (folder / "data").mkdir()
        (folder / "data").chmod(0o711)
        postgres = EmbeddedPostgres(folder / "data", settings={"log_lock_waits": "on"})
        try:
            dsn = postgres.ensure_running()
            database.migrate(dsn, database.migrations_folder())
            with open_day(dsn, folder, FULL if options.full else SCALED, seed=options.seed) as day:
                day.live()
                print(day.check(), flush=True)
                if options.full:
                    day.waits.check()
        finally:
            with suppress(OSError):
                postgres.stop()
            _tell_slow_things(folder / "data")
    return 0


def _tell_slow_things(data: Path) -> None:
    """What PostgreSQL wrote down of locks and of its own work."""
    for log in sorted(data.rglob("log/*.log")):
        for line in log.read_text().splitlines():
            if any(word in line for word in ("deadlock", "still waiting", "acquired", "checkpoint complete")):
                print(line[:200])


QUICK_CLOCK: LiteralString = """
create function quick.clock_timestamp() returns timestamptz volatile language sql return to_timestamp(
    {began} + (extract(epoch from pg_catalog.clock_timestamp())::double precision - {began}) * {speed})
"""
QUICK_FIRST: LiteralString = "alter database {} set search_path = quick, pg_catalog, public"
SHOWN: LiteralString = """
select case attempt when 1 then reference else reference || '.' || attempt end
from paystack_transaction where url <> '' or account is not null
"""
UNDER_WAY: LiteralString = """
select kind, state, count(*), min(why), min(run_at) from relay_job
where state in ('waiting', 'running') and kind not in ('paystack.reconcile', 'messaging.report')
    and not (kind = 'paystack.verify' and exists (
        select from paystack_transaction as one where one.reference = split_part(relay_job.key, '#', 1)
            and one.state in ('failed', 'abandoned')))
group by 1, 2
"""
COMPARISON: LiteralString = """
select job.kind, job.state, why, run_at, calling, attempts, failures, open_until, heard_at, trial
from relay_job as job join relay_destination as destination on destination.name = job.destination
where job.state in ('waiting', 'running') and destination.name = 'paystack' order by run_at limit 10
"""
STATES_OF_REFUNDS: LiteralString = "select state, count(*) from paystack_refund group by 1"
TASKS: LiteralString = "select kind, count(*) from paystack_task group by 1"
RECEIPTS: LiteralString = "select count(*) from paystack_receipt"
JOBS: LiteralString = "select kind, state, count(*) from relay_job group by 1, 2 order by 1, 2"

if __name__ == "__main__":
    sys.exit(main())
