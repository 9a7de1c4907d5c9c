"""The visits of the past weeks: who came why, what was measured, prescribed, handed over and paid."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hms_server.contract.news2 import Score, score
from hms_server.contract.prescribing import Frequency
from hms_server.contract.triage import VitalSigns
from hms_server.contract.values import StaffId
from hms_server.demo.people import MadeUp
from hms_server.demo.scenarios import PlannedMedicine, Scenario, weight_kg
from hms_server.demo.stock import Shelves
from hms_server.prescribing.rules import Dosage, Medicine, directions_for, quantity_for

DAYS = 42
_SUNDAY = 6
_OPENS = time(8, 5)
_NOT_AGAIN_BEFORE_DAYS = 9
_BOUGHT_ELSEWHERE, _PAID_IN_PART, _NOT_PAID = 0.06, 0.07, 0.05
_NOTE_MINOR = 50_000
"""Cash comes in notes of 500; what is left over is change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """A product as prescriptions of the past need it."""

    id: int
    label: str
    medicine: Medicine
    units_per_dose: Decimal | None
    usual_frequency: str
    usual_days: int
    price_minor: int
    classes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One line of a prescription; `taken` says from which batches it was handed over, if it was."""

    product: Shelved
    dosage: Dosage
    quantity: int
    directions: str
    taken: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One visit from the front desk to the cash desk, at the times at which each part was done."""

    patient: MadeUp
    scenario: Scenario
    signs: VitalSigns
    scored: Score
    doctor: StaffId
    started_at: datetime
    measured_at: datetime
    signed_at: datetime
    handed_at: datetime
    paid_at: datetime
    lines: tuple[Given, ...]
    charged_minor: int
    paid_minor: int

    @property
    def tendered_minor(self) -> int:
        return -(-self.paid_minor // _NOTE_MINOR) * _NOTE_MINOR


@dataclass(frozen=True, kw_only=True)
class Practice:
    """What the visits of the past are made from."""

    people: Sequence[MadeUp]
    scenarios: Sequence[Scenario]
    products: Mapping[str, Shelved]
    frequencies: Mapping[str, Frequency]
    shelves: Shelves
    doctors: Sequence[StaffId]
    consultation_minor: int
    allergies: Mapping[int, frozenset[str]]
    zone: ZoneInfo


def make_history(practice: Practice, *, today: date, chance: random.Random) -> list[Visit]:
    """The visits of the last weeks without today, in the order of time."""
    diary = _Diary(practice, chance)
    days = (today - timedelta(days=back) for back in range(DAYS, 0, -1))
    return [visit for day in days if day.weekday() != _SUNDAY for visit in diary.visits_of(day)]


def plan_line(
    planned: PlannedMedicine, product: Shelved, frequencies: Mapping[str, Frequency]
) -> tuple[Dosage, int, str]:
    """Dosage, quantity and directions by the rules that hold for a doctor, too."""
    dose = planned.dose or product.units_per_dose
    assert dose is not None
    dosage = Dosage(
        dose=dose,
        frequency=frequencies[planned.frequency or product.usual_frequency],
        days=planned.days or product.usual_days,
    )
    return dosage, quantity_for(product.medicine, dosage), directions_for(product.medicine, dosage)


class _Diary:
    """Fills one day after the other; nobody comes twice within a few days."""

    def __init__(self, practice: Practice, chance: random.Random) -> None:
        self._practice = practice
        self._chance = chance
        self._last_visit: dict[int, date] = {}
        self._weights = {each.id: weight_kg(60 * 12, chance=chance) for each in practice.people}

    def visits_of(self, day: date) -> list[Visit]:
        began = datetime.combine(day, _OPENS, tzinfo=self._practice.zone)
        visits = []
        for _ in range(self._chance.randint(10, 17)):
            began += timedelta(minutes=self._chance.randint(9, 32))
            visits.append(self._visit(self._somebody(day), began))
        return visits

    def _somebody(self, day: date) -> MadeUp:
        while True:
            person = self._chance.choice(self._practice.people)
            last = self._last_visit.get(person.id)
            free = last is None or (day - last).days >= _NOT_AGAIN_BEFORE_DAYS
            if free and not person.deceased and self._scenarios_of(person, day):
                self._last_visit[person.id] = day
                return person

    def _scenarios_of(self, person: MadeUp, day: date) -> list[Scenario]:
        age = person.age_years(day)
        return [each for each in self._practice.scenarios if each.suits(age, person.sex)]

    def _visit(self, person: MadeUp, began: datetime) -> Visit:
        day = began.date()
        possible = self._scenarios_of(person, day)
        scenario = self._chance.choices(possible, weights=[each.weight for each in possible])[0]
        months = person.age_months(day)
        weight = self._weights[person.id] if months >= 18 * 12 else weight_kg(months, chance=self._chance)
        signs = scenario.signs(months, weight_kg=weight, chance=self._chance)
        measured, signed, handed, paid = self._times(began)
        lines = [
            self._line(planned, product, day)
            for planned in scenario.medicines
            if (product := self._tolerated(planned, person)) is not None
        ]
        charged = self._practice.consultation_minor + sum(
            line.quantity * line.product.price_minor for line in lines if line.taken
        )
        return Visit(
            patient=person,
            scenario=scenario,
            signs=signs,
            scored=score(signs, age_months=months),
            doctor=self._chance.choice(self._practice.doctors),
            started_at=began,
            measured_at=measured,
            signed_at=signed,
            handed_at=handed,
            paid_at=paid,
            lines=tuple(lines),
            charged_minor=charged,
            paid_minor=self._paid(charged),
        )

    def _times(self, began: datetime) -> tuple[datetime, datetime, datetime, datetime]:
        moments = []
        for shortest, longest in ((6, 25), (12, 50), (4, 15), (2, 10)):
            began += timedelta(minutes=self._chance.randint(shortest, longest))
            moments.append(began)
        measured, signed, handed, paid = moments
        return measured, signed, handed, paid

    def _tolerated(self, planned: PlannedMedicine, person: MadeUp) -> Shelved | None:
        product = self._practice.products[planned.product]
        allergic = product.classes & self._practice.allergies.get(person.id, frozenset())
        return None if allergic else product

    def _line(self, planned: PlannedMedicine, product: Shelved, day: date) -> Given:
        dosage, quantity, directions = plan_line(planned, product, self._practice.frequencies)
        elsewhere = self._chance.random() < _BOUGHT_ELSEWHERE
        taken = [] if elsewhere else self._practice.shelves.take(product.id, quantity, day=day)
        return Given(
            product=product, dosage=dosage, quantity=quantity, directions=directions, taken=tuple(taken)
        )

    def _paid(self, charged: int) -> int:
        share = self._chance.random()
        if share < _NOT_PAID:
            return 0
        if share < _NOT_PAID + _PAID_IN_PART:
            return max(_NOTE_MINOR, charged // 2 // _NOTE_MINOR * _NOTE_MINOR)
        return charged
