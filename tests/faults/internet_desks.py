"""People at their desks while the internet comes and goes: each does its day's work, whatever happens."""

import math
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import LiteralString, TypeVar
from uuid import uuid4

from hms_desktop.connection.client import Client
from hms_desktop.connection.faults import FaultError
from hms_server.billing.ledger import CONSULTATION, charge_consultation
from hms_server.contract.assistant import AnswerState, AskAssistant, GetAnswer, Message, MessageId
from hms_server.contract.billing import GetInvoice, Invoice, RefundPayment
from hms_server.contract.consultations import EncounterSigned
from hms_server.contract.envelope import Request
from hms_server.contract.paystack import (
    GetOnlinePayments,
    OnlineChannel,
    OnlineState,
    StartOnlinePayment,
)
from hms_server.contract.values import EncounterId, Money, PatientId, PaymentId, TicketId
from hms_server.contract.visits import CheckIn
from hms_server.crypto import Vault
from hms_server.database import connect
from hms_server.dispatch import SERVER
from hms_server.messaging.ask import Messaging
from hms_server.relay.providers import Providers
from hms_server.relay_table import PROVIDERS
from hms_server.work import Work
from tests.faults.internet_server import QuickClock
from tests.faults.rush import PASSING
from tests.server.billing.bills import PRICE_SERVICE, SINCE_EVER
from tests.wire.processes import House

A = TypeVar("A")
PRICE = 1_000_000
LONGEST_WAIT_S = 0.1
LONGEST_TOLD = 8
ONGOING = {OnlineState.REQUESTED, OnlineState.OPEN}
FORMS = (
    "What causes", "What helps against", "How do I write down", "How long lasts",
    "When is it urgent to treat",
    "Which questions belong to", "How is it explained to a child:", "How common is", "How do we prevent",
    "What is dangerous about", "How do I print a leaflet on", "What is the usual course of",
    "Which hygiene belongs to", "How often do we check", "What should a patient drink with",
)  # fmt: skip
TOPICS = (
    "fever", "cough", "headache", "malaria", "thirst", "hunger", "pain", "itching", "vomiting", "tiredness",
    "asthma", "anaemia", "burns", "wounds", "diarrhoea", "dizziness", "sweating", "swelling", "hiccups",
    "snoring",
)  # fmt: skip


@dataclass(frozen=True, order=True)
class Wait:
    """Seconds of the monotonic clock."""

    lasted_s: float
    began_s: float
    request: str


@dataclass
class Waits:
    """How long people waited for answers.

    Those that were under way while a server was killed, ended or started are another matter: a workstation
    has to notice first that nobody answers.
    """

    calm_until_s: float = math.inf
    all: list[Wait] = field(default_factory=list)
    machine: list[Wait] = field(default_factory=list)
    """What a bare commit took meanwhile, on a connection of its own: the share of disk and processor."""
    _changes: list[tuple[float, float]] = field(default_factory=list)
    _changing_s: float = math.inf

    @contextmanager
    def server_changes(self) -> Iterator[None]:
        """While a server dies, ends or starts."""
        self._changing_s = time.monotonic()
        yield
        self._changes.append((self._changing_s, time.monotonic()))
        self._changing_s = math.inf

    def before(self) -> list[Wait]:
        """In calm."""
        return [wait for wait in self.all if wait.began_s < self.calm_until_s]

    def during(self) -> list[Wait]:
        """While the internet failed, and the servers did not."""
        return [wait for wait in self.all if wait.began_s >= self.calm_until_s and not self._of_death(wait)]

    def of_deaths(self) -> list[Wait]:
        """While a server was away or not yet back."""
        return [wait for wait in self.all if wait.began_s >= self.calm_until_s and self._of_death(wait)]

    def words(self) -> str:
        names = (
            ("calm", self.before()), ("internet failing", self.during()), ("server dying", self.of_deaths()),
            ("bare commits", self.machine),
        )  # fmt: skip
        lines = [
            f"{name}: {len(waits)}, median {_at(waits, 0.5):.1f}, p99 {_at(waits, 0.99):.1f}, "
            f"longest {_at(waits, 1):.1f} ms"
            for name, waits in names
            if waits
        ]
        longest = [
            f"{1000 * wait.lasted_s:.0f} ms {wait.request}, begun {wait.began_s - self.calm_until_s:.1f} s"
            f" after the calm (a bare commit then: {1000 * self._machine_at(wait):.0f} ms)"
            for wait in sorted(self.during())[: -LONGEST_TOLD - 1 : -1]
        ]
        changes = ", ".join(
            f"{began_s - self.calm_until_s:.1f}-{over_s - self.calm_until_s:.1f}"
            for began_s, over_s in self._changes
        )
        return "\n  ".join(["waits", *lines, *longest, f"servers died, ended or started: {changes} s"])

    def check(self) -> None:
        """Nobody waited for the internet: 100 ms at most, but for what this machine adds by itself."""
        assert _at(self.during(), 0.99) <= max(LONGEST_WAIT_S * 1000, 2 * _at(self.before(), 0.99))
        for wait in self.during():
            limit_s = max(LONGEST_WAIT_S, 2 * self._machine_at(wait), 2 * _at(self.before(), 1) / 1000)
            assert wait.lasted_s <= limit_s, f"{wait}, limit {limit_s:.3f} s"

    def _of_death(self, wait: Wait) -> bool:
        changes = [*self._changes, (self._changing_s, math.inf)]
        ended_s = wait.began_s + wait.lasted_s
        return any(began_s <= ended_s and wait.began_s <= over_s for began_s, over_s in changes)

    def _machine_at(self, wait: Wait) -> float:
        """The longest bare commit that overlapped it."""
        ended_s = wait.began_s + wait.lasted_s
        return max(
            (
                one.lasted_s
                for one in self.machine
                if one.began_s <= ended_s and wait.began_s <= one.began_s + one.lasted_s
            ),
            default=0.0,
        )


def _at(waits: Sequence[Wait], share: float) -> float:
    """Milliseconds below which that share lies."""
    ordered = sorted(wait.lasted_s for wait in waits)
    return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@dataclass
class Desk:
    """Somebody who asks until there is an answer, as workstations do: the same id again."""

    house: House
    client: Client
    waits: Waits
    lasts_s: float
    chance: random.Random

    def work(self) -> None:
        """Until everything is done."""
        raise NotImplementedError

    def state(self) -> str:
        """For whoever wonders why the day does not end."""
        return type(self).__name__

    def ask(self, request: Request[A]) -> A:
        request_id, began_s = uuid4(), time.monotonic()
        while True:
            try:
                answer = self.client.ask(request, request_id=request_id, timeout_s=3)
            except FaultError as raised:
                if raised.fault.code not in PASSING:
                    raise
            else:
                wait = Wait(time.monotonic() - began_s, began_s, type(request).__name__)
                self.waits.all.append(wait)
                return answer

    def pause(self, count: int) -> None:
        """Spreads so many acts over the day, by chance."""
        time.sleep(self.chance.uniform(0, 2) * self.lasts_s / count * 0.9)


@dataclass
class Cashier(Desk):
    """Starts payments and goes on with the next patient; comes back to those that did not work."""

    bills: list[EncounterId]
    refunds: int
    open: dict[EncounterId, bool] = field(default_factory=dict)
    paid: list[EncounterId] = field(default_factory=list)
    refunded: set[PaymentId] = field(default_factory=set)

    def work(self) -> None:
        for bill in self.bills:
            self.pause(len(self.bills) * 2)
            self.open[bill] = True
            self._look_after(bill)
            for other in self.chance.sample(list(self.open), min(3, len(self.open))):
                self._look_after(other)
            self._refund_some()
        while self.open or len(self.refunded) < self.refunds:
            for bill in list(self.open):
                self._look_after(bill)
            self._refund_some()
            time.sleep(0.3)

    def state(self) -> str:
        return f"{len(self.open)} bills open, {len(self.refunded)} of {self.refunds} refunds"

    def _look_after(self, bill: EncounterId) -> None:
        if bill not in self.open:
            return
        invoice = self.ask(GetInvoice(encounter_id=bill))
        if invoice.due.amount_minor == 0:
            del self.open[bill]
            self.paid.append(bill)
            return
        attempts = self.ask(GetOnlinePayments(invoice_id=invoice.id)).rows
        if not any(one.state in ONGOING for one in attempts):
            self._start(invoice)

    def _start(self, invoice: Invoice) -> None:
        channel = OnlineChannel.BANK_TRANSFER if self.chance.random() < 0.3 else OnlineChannel.CHECKOUT
        request = StartOnlinePayment(
            invoice_id=invoice.id, version=invoice.version, amount=invoice.due, channel=channel
        )
        try:
            self.ask(request)
        except FaultError as raised:
            # The money of an earlier attempt came in this very moment.
            if raised.fault.field not in {"version", "amount"}:
                raise

    def _refund_some(self) -> None:
        while len(self.refunded) < self.refunds and len(self.refunded) * 2 < len(self.paid):
            invoice = self.ask(GetInvoice(encounter_id=self.paid[len(self.refunded) * 2]))
            payment = invoice.payments[0]
            amount = payment.amount.amount_minor
            amount = amount if self.chance.random() < 0.3 else self.chance.randint(5_000, amount // 2)
            money = Money(amount, payment.amount.currency)
            self.ask(RefundPayment(payment_id=payment.id, amount=money, reason="Not given", credit=True))
            self.refunded.add(payment.id)


@dataclass
class Doctor(Desk):
    """Asks the assistant, each question in words of its own; half of them may wait for the internet."""

    count: int
    asked: list[MessageId] = field(default_factory=list)
    answers: list[Message] = field(default_factory=list)

    def work(self) -> None:
        texts = [f"{form} {topic}?" for topic in TOPICS for form in FORMS]
        self.chance.shuffle(texts)
        for text in texts[: self.count]:
            self.pause(self.count)
            question = self.ask(AskAssistant(text=text, park=self.chance.random() < 0.5))
            self.asked.append(question.answer.id)

    def state(self) -> str:
        return f"{len(self.asked)} of {self.count} questions asked"

    def read_answers(self) -> None:
        """As they stand at the end of the day."""
        self.answers = [self.ask(GetAnswer(message_id=one)) for one in self.asked]
        waiting = {AnswerState.WAITING, AnswerState.WRITING}
        assert not [one.id for one in self.answers if one.state in waiting]


@dataclass
class Nurse(Desk):
    """The clinic's own work, which has nothing to do with the internet."""

    patients: list[PatientId]
    tickets: list[TicketId] = field(default_factory=list)

    def work(self) -> None:
        for patient_id in self.patients:
            self.pause(len(self.patients))
            self.tickets.append(self.ask(CheckIn(patient_id=patient_id)).ticket.id)

    def state(self) -> str:
        return f"{len(self.tickets)} of {len(self.patients)} checked in"


@dataclass
class Writer(Desk):
    """Writes to patients as a slice does, in a transaction of its own; every message has its own address."""

    count: int
    clock: QuickClock
    sent: dict[int, str] = field(default_factory=dict)

    def work(self) -> None:
        vault = Vault(self.house.keys.audit_key)
        messaging = Messaging(Providers(vault, PROVIDERS), vault)
        (patient_id,) = self._patient()
        with connect(self.house.dsn, application_name="tests", autocommit=True) as connection:
            for number in range(self.count):
                self.pause(self.count)
                to = f"+234803555{number:04d}" if number % 4 else f"patient{number}@example.org"
                with connection.transaction():
                    work = Work(connection, SERVER, self.clock(), uuid4())
                    when = self.clock() + timedelta(days=1 + number)
                    message_id = messaging.say(work, patient_id, "appointment_booked", {"when": when}, to=to)
                self.sent[message_id] = to

    def _patient(self) -> list[PatientId]:
        with connect(self.house.dsn, application_name="tests") as connection:
            return [row[0] for row in connection.execute(FIRST_PATIENT).fetchall()]

    def state(self) -> str:
        return f"{len(self.sent)} of {self.count} messages asked for"


def charged_bills(house: House, count: int, *, now: datetime) -> list[EncounterId]:
    """So many signed visits that owe a consultation."""
    house.sql("delete from price where service_code = %s", (CONSULTATION,))
    house.sql(PRICE_SERVICE, (CONSULTATION, PRICE, "NGN", SINCE_EVER))
    visits = []
    with connect(house.dsn, application_name="tests") as connection:
        for patient_id in house.patients(count):
            row = connection.execute(ADD_ENCOUNTER, (patient_id, now)).fetchone()
            assert row is not None
            signed = EncounterSigned(encounter_id=row[0], patient_id=patient_id)
            charge_consultation(Work(connection, SERVER, now, uuid4()), signed)
            visits.append(row[0])
    return visits


FIRST_PATIENT: LiteralString = "select id from patient order by id limit 1"
ADD_ENCOUNTER: LiteralString = "insert into encounter (patient_id, started_at) values (%s, %s) returning id"
