"""The half-full waiting room: today's patients, brought there by the same requests that staff send."""

import random
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from uuid import uuid4
from zoneinfo import ZoneInfo

import msgspec
import psycopg

from hms_server.accounts.commands import Accounts
from hms_server.accounts.passwords import PasswordDesk
from hms_server.contract.billing import GetInvoice, TakePayment
from hms_server.contract.consultations import SignEncounter
from hms_server.contract.envelope import Call, Fault, Refusal, Request
from hms_server.contract.pharmacy import Dispense, PickedLine
from hms_server.contract.prescribing import Frequency, MedicationRequestRow, NewMedicationRequest
from hms_server.contract.triage import Consciousness, Measured, RecordVitals, VitalSigns
from hms_server.contract.values import DeviceId, PatientId, ProductId
from hms_server.contract.visits import DOCTOR, TRIAGE, CallTicket, CheckIn, TicketRow
from hms_server.contract.vitals import VitalSign
from hms_server.crypto import Vault
from hms_server.demo import staff
from hms_server.demo.history import Shelved, plan_line
from hms_server.demo.people import MadeUp
from hms_server.demo.scenarios import PlannedMedicine, Scenario, weight_kg
from hms_server.demo.staff import Hired, Planned
from hms_server.dispatch import Dispatcher, answer_type
from hms_server.permissions import permissions_of
from hms_server.relay_table import ground
from hms_server.routes import FAULTS_BY_CONSTRAINT, routes, subscribers
from hms_server.work import Actor

A = TypeVar("A")

ALARMING = VitalSigns(
    measured=[
        Measured(code=VitalSign.TEMPERATURE, value=Decimal("39.2")),
        Measured(code=VitalSign.PULSE, value=Decimal(124)),
        Measured(code=VitalSign.RESPIRATION_RATE, value=Decimal(26)),
        Measured(code=VitalSign.SPO2, value=Decimal(91)),
        Measured(code=VitalSign.SYSTOLIC, value=Decimal(98)),
        Measured(code=VitalSign.DIASTOLIC, value=Decimal(60)),
        Measured(code=VitalSign.WEIGHT, value=Decimal("71.5")),
    ],
    consciousness=Consciousness.ALERT,
    on_oxygen=False,
    complaint="Fever and cough for three days, short of breath since last night",
)
"""NEWS2 12: an alert that nobody has acknowledged yet."""
_NOT_LATELY_DAYS = 4


class DemoError(Exception):
    """The server refused what the demo planned, and why: a bug of the demo."""

    def __init__(self, request: Request[Any], fault: Fault) -> None:
        super().__init__(f"{type(request).__name__}: {fault.code}: {fault.message} ({fault.field})")


@dataclass(frozen=True, kw_only=True)
class Today:
    """What the waiting room is made from; `visited` is when somebody was last here."""

    people: Sequence[MadeUp]
    scenarios: Sequence[Scenario]
    products: Mapping[str, Shelved]
    frequencies: Mapping[str, Frequency]
    allergies: Mapping[int, frozenset[str]]
    visited: Mapping[int, date]
    hired: Hired
    zone: ZoneInfo


@dataclass(slots=True, kw_only=True)
class Guest:
    """One of today's patients; `minutes_ago` is when the last thing happened."""

    person: MadeUp
    scenario: Scenario
    ticket: TicketRow
    minutes_ago: int
    lines: list[MedicationRequestRow]


class WaitingRoom:
    """Sends requests through the server's own dispatcher, each at a moment of this morning."""

    def __init__(
        self,
        plan: Today,
        connect: Callable[[], psycopg.Connection[Any]],
        *,
        now: datetime,
        chance: random.Random,
    ) -> None:
        self._plan = plan
        self._now = self._moment = now
        self._midnight = datetime.combine(now.astimezone(plan.zone).date(), time(), tzinfo=plan.zone)
        self._chance = chance
        self._passwords = PasswordDesk()
        # Nobody will repeat these requests, so their answers need no key that lasts.
        vault = Vault(secrets.token_bytes(32))
        outside = ground(vault)
        self._dispatcher = Dispatcher(
            routes(Accounts(self._passwords, idle_minutes=30), outside),
            subscribers=subscribers(outside),
            constraints=FAULTS_BY_CONSTRAINT,
            connect=connect,
            clock=lambda: self._moment,
            committed=lambda _: None,
            vault=vault,
        )
        self._free = self._visitors()

    def fill(self) -> None:
        """Some are through, three pay, three wait for medicines, five for a doctor, six for the nurse."""
        try:
            self._fill_counters()
            self._fill_doctors_queue()
            for place in range(6):
                self._arrive(33 - 5 * place)
        finally:
            self._dispatcher.close_thread()
            self._passwords.close()

    def _fill_counters(self) -> None:
        stops = [*[self._pay] * 4, *[self._hand_over] * 3, *[self._sign] * 3]
        for place, last in enumerate(stops):
            guest = self._arrive(178 - 11 * place, prescribed=True)
            for act in (self._measure, self._sign, self._hand_over, self._pay):
                act(guest)
                if act == last:
                    break

    def _fill_doctors_queue(self) -> None:
        with_other_doctor = self._arrive(75)
        self._measure(with_other_doctor)
        self._call(with_other_doctor, staff.OTHER_DOCTOR, minutes=45)
        for place in range(4):
            self._measure(self._arrive(68 - 6 * place))
        self._measure(self._arrive(24, from_years=55), signs=ALARMING)

    def _arrive(self, minutes_ago: int, *, from_years: int = 0, prescribed: bool = False) -> Guest:
        today = self._midnight.date()
        person, scenario = next(
            (person, scenario)
            for person in self._free
            if person.age_years(today) >= from_years and not (prescribed and self._needs_override(person))
            for scenario in self._chance.sample(self._plan.scenarios, len(self._plan.scenarios))
            if scenario.suits(person.age_years(today), person.sex) and (scenario.medicines or not prescribed)
        )
        request = CheckIn(patient_id=PatientId(person.id), service=TRIAGE, reason=scenario.reason)
        checked_in = self._ask(request, staff.RECEPTION, minutes_ago)
        return Guest(
            person=person, scenario=scenario, ticket=checked_in.ticket, minutes_ago=minutes_ago, lines=[]
        )

    def _needs_override(self, person: MadeUp) -> bool:
        """Only of those who know of no allergy no finding can stand against a medicine."""
        return self._plan.allergies.get(person.id) != frozenset()

    def _call(self, guest: Guest, by: Planned, *, minutes: int) -> None:
        guest.minutes_ago = max(1, guest.minutes_ago - minutes)
        request = CallTicket(ticket_id=guest.ticket.id, room_id=self._plan.hired.rooms[by.room])
        called = self._ask(request, by, guest.minutes_ago)
        assert called.ticket is not None
        guest.ticket = called.ticket

    def _measure(self, guest: Guest, signs: VitalSigns | None = None) -> None:
        self._call(guest, staff.NURSE, minutes=8)
        months = guest.person.age_months(self._midnight.date())
        weight = weight_kg(months, chance=self._chance)
        request = RecordVitals(
            encounter_id=guest.ticket.encounter_id,
            ticket_id=guest.ticket.id,
            signs=signs or guest.scenario.signs(months, weight_kg=weight, chance=self._chance),
            send_to=DOCTOR,
        )
        guest.minutes_ago = max(1, guest.minutes_ago - 6)
        recorded = self._ask(request, staff.NURSE, guest.minutes_ago)
        assert recorded.ticket is not None
        guest.ticket = recorded.ticket

    def _sign(self, guest: Guest) -> None:
        self._call(guest, staff.OTHER_DOCTOR, minutes=14)
        request = SignEncounter(
            encounter_id=guest.ticket.encounter_id,
            ticket_id=guest.ticket.id,
            text=guest.scenario.text,
            diagnoses=[guest.scenario.diagnosis],
            prescription=[self._new_line(planned) for planned in guest.scenario.medicines],
        )
        guest.minutes_ago = max(1, guest.minutes_ago - 11)
        signed = self._ask(request, staff.OTHER_DOCTOR, guest.minutes_ago)
        assert signed.ticket is not None
        guest.ticket, guest.lines = signed.ticket, signed.prescriptions

    def _new_line(self, planned: PlannedMedicine) -> NewMedicationRequest:
        product = self._plan.products[planned.product]
        dosage, quantity, _ = plan_line(planned, product, self._plan.frequencies)
        return NewMedicationRequest(
            product_id=ProductId(product.id),
            dose=dosage.dose,
            frequency=dosage.frequency.code,
            days=dosage.days,
            quantity=quantity,
        )

    def _hand_over(self, guest: Guest) -> None:
        self._call(guest, staff.PHARMACIST, minutes=7)
        request = Dispense(
            encounter_id=guest.ticket.encounter_id,
            ticket_id=guest.ticket.id,
            lines=[PickedLine(medication_request_id=line.id, quantity=line.quantity) for line in guest.lines],
        )
        guest.minutes_ago = max(1, guest.minutes_ago - 3)
        dispensed = self._ask(request, staff.PHARMACIST, guest.minutes_ago)
        assert dispensed.ticket is not None
        guest.ticket = dispensed.ticket

    def _pay(self, guest: Guest) -> None:
        self._call(guest, staff.CASHIER, minutes=4)
        invoice = self._ask(
            GetInvoice(encounter_id=guest.ticket.encounter_id), staff.CASHIER, guest.minutes_ago
        )
        request = TakePayment(
            invoice_id=invoice.id,
            version=invoice.version,
            amount=invoice.due,
            tendered=invoice.due,
            ticket_id=guest.ticket.id,
        )
        self._ask(request, staff.CASHIER, guest.minutes_ago)

    def _ask(self, request: Request[A], by: Planned, minutes_ago: int) -> A:
        self._moment = max(self._midnight, self._now - timedelta(minutes=minutes_ago)).astimezone(UTC)
        call = Call(uuid4(), type(request).__name__, "", msgspec.Raw(msgspec.msgpack.encode(request)))
        task = self._dispatcher.admit(call, self._actor(by))
        answer = task if isinstance(task, Refusal) else self._dispatcher.run(task)
        if isinstance(answer, Refusal):
            raise DemoError(request, answer.fault)
        return msgspec.msgpack.decode(answer.body, type=answer_type(type(request)))

    def _actor(self, by: Planned) -> Actor:
        roles = frozenset({by.role})
        hired = self._plan.hired
        return Actor(
            device_id=DeviceId(0),
            staff_id=hired.ids[by.user_name],
            name=by.name,
            roles=roles,
            permissions=permissions_of(roles),
            room_id=hired.rooms[by.room],
        )

    def _visitors(self) -> Iterator[MadeUp]:
        """Living people who were not here lately."""
        today = self._midnight.date()
        recent = {id_ for id_, day in self._plan.visited.items() if (today - day).days < _NOT_LATELY_DAYS}
        people = [each for each in self._plan.people if not each.deceased and each.id not in recent]
        self._chance.shuffle(people)
        return iter(people)
