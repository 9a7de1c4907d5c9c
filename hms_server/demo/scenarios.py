"""The reasons for which people come to the demo clinic, and vital signs that go with them."""

import random
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from hms_server.contract.consultations import Diagnosis, NoteText
from hms_server.contract.places import resource
from hms_server.contract.triage import Consciousness, Measured, VitalSigns
from hms_server.contract.values import Sex
from hms_server.contract.vitals import ADULT_MONTHS, SIGNS, VitalSign, band_of

Span = tuple[Decimal, Decimal]

_ADULT: Mapping[VitalSign, Span] = {
    VitalSign.TEMPERATURE: (Decimal("36.3"), Decimal("37.2")),
    VitalSign.PULSE: (Decimal(62), Decimal(88)),
    VitalSign.RESPIRATION_RATE: (Decimal(14), Decimal(18)),
    VitalSign.SPO2: (Decimal(96), Decimal(99)),
    VitalSign.SYSTOLIC: (Decimal(112), Decimal(134)),
    VitalSign.DIASTOLIC: (Decimal(68), Decimal(84)),
}
_OF_CHILDREN = (VitalSign.PULSE, VitalSign.RESPIRATION_RATE, VitalSign.SPO2, VitalSign.TEMPERATURE)
_MONTHS_A_YEAR = 12
_CHARTED_DECIMALS = 1


class PlannedMedicine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A product by its code; what is not said is as usual for the product."""

    product: str
    dose: Decimal | None = None
    frequency: str | None = None
    days: int | None = None


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why somebody of that age comes, how often compared with the others, and what the doctor does."""

    reason: str
    from_years: int
    to_years: int
    sex: Sex | None = None
    weight: int
    code: str
    display: str
    chronic: bool = False
    subjective: str
    objective: str
    assessment: str
    plan: str
    medicines: tuple[PlannedMedicine, ...]
    vitals: dict[str, Span]

    @property
    def text(self) -> NoteText:
        return NoteText(
            subjective=self.subjective,
            objective=self.objective,
            assessment=self.assessment,
            plan=self.plan,
        )

    @property
    def diagnosis(self) -> Diagnosis:
        return Diagnosis(code=self.code, display=self.display)

    def suits(self, age_years: int, sex: Sex) -> bool:
        return self.from_years <= age_years <= self.to_years and self.sex in {None, sex}

    def signs(self, age_months: int, *, weight_kg: Decimal, chance: random.Random) -> VitalSigns:
        """A set as a nurse would measure it for this complaint."""
        spans = dict(_usual(age_months)) | {
            VitalSign[name.upper()]: span for name, span in self.vitals.items()
        }
        spans.setdefault(VitalSign.WEIGHT, (weight_kg, weight_kg))
        measured = [Measured(code=sign, value=_between(sign, span, chance)) for sign, span in spans.items()]
        return VitalSigns(
            measured=measured, consciousness=Consciousness.ALERT, on_oxygen=False, complaint=self.reason
        )


def load_scenarios() -> list[Scenario]:
    return msgspec.json.decode(resource("demo", "visits.json").read_bytes(), type=list[Scenario])


def weight_kg(age_months: int, *, chance: random.Random) -> Decimal:
    """Children roughly twice their years and 8; adults as they come."""
    if age_months < ADULT_MONTHS:
        usual = 3.5 + age_months * 0.6 if age_months < _MONTHS_A_YEAR else age_months / 6 + 8
        return Decimal(str(round(usual * chance.uniform(0.92, 1.1), 1)))
    return Decimal(str(round(chance.gauss(70, 11), 1))).max(Decimal(44))


def _usual(age_months: int) -> Mapping[VitalSign, Span]:
    if age_months >= ADULT_MONTHS:
        return _ADULT
    spans = {}
    for sign in _OF_CHILDREN:
        normal = band_of(sign, age_months).normal
        assert normal is not None
        assert normal.low is not None
        assert normal.high is not None
        middle = (normal.low + normal.high) / 2
        spans[sign] = (middle - (middle - normal.low) / 2, middle + (normal.high - middle) / 2)
    return spans


def _between(sign: VitalSign, span: Span, chance: random.Random) -> Decimal:
    low, high = (float(end) for end in span)
    decimals = min(SIGNS[sign].decimals, _CHARTED_DECIMALS)
    return Decimal(str(round(chance.uniform(low, high), decimals))).quantize(Decimal(1).scaleb(-decimals))
