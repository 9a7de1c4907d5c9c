"""What a nurse typed is read, refused where impossible, asked about where unusual, and called low or high."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum

import msgspec

from hms_server.contract.triage import VitalSigns
from hms_server.contract.vitals import SIGNS, Range, SignFacts, VitalSign, band_of

_NUMBER = re.compile(r"[0-9]{1,9}(?:[.,][0-9]{1,9})?")
_SHOWN_CHARACTERS = 20
_PRESSURES = {VitalSign.SYSTOLIC, VitalSign.DIASTOLIC}


class Grade(StrEnum):
    """IMPOSSIBLE is refused; UNUSUAL is stored once somebody has said that it is right."""

    IMPOSSIBLE = "impossible"
    UNUSUAL = "unusual"


class Interpretation(StrEnum):
    """HL7 ObservationInterpretation, as far as a pill below a field needs it."""

    LOW = "L"
    NORMAL = "N"
    HIGH = "H"


class Doubt(msgspec.Struct, frozen=True):
    """What is wrong with one value, and a sentence that says what would be right."""

    sign: VitalSign
    grade: Grade
    sentence: str


class _Mistaken(msgspec.Struct, frozen=True):
    """A unit that a value may have been read in, and how to come from there to ours."""

    unit: str
    convert: Callable[[Decimal], Decimal]


_MISTAKEN = {
    VitalSign.TEMPERATURE: _Mistaken("°F", lambda fahrenheit: (fahrenheit - 32) * 5 / 9),
    VitalSign.GLUCOSE: _Mistaken("mg/dL", lambda mg_per_dl: mg_per_dl / Decimal("18.016")),
    VitalSign.WEIGHT: _Mistaken("g", lambda grams: grams / 1000),
    VitalSign.HEIGHT: _Mistaken("m", lambda metres: metres * 100),
}


def parse_value(text: str) -> Decimal | None:
    """The number that was typed, with point or comma; blank is None, not measured. ValueError has a sentence.

    A comma is always a decimal mark, so thousands are refused rather than read as a thousandth.
    """
    typed = text.strip()
    if not typed:
        return None
    if not _NUMBER.fullmatch(typed):
        raise ValueError(f"“{typed[:_SHOWN_CHARACTERS]}” is not a number. Write it like 38.5 or 72.")
    return Decimal(typed.replace(",", "."))


def values_of(signs: VitalSigns) -> dict[VitalSign, Decimal]:
    """The measured values by sign; ValueError for a code that is no vital sign, or that is there twice."""
    values: dict[VitalSign, Decimal] = {}
    for measured in signs.measured:
        if measured.code not in {*VitalSign}:
            raise ValueError(f"{measured.code[:_SHOWN_CHARACTERS]} is not the code of a vital sign.")
        sign = VitalSign(measured.code)
        if sign in values:
            raise ValueError(f"{SIGNS[sign].name} is given twice. Send one value.")
        values[sign] = measured.value
    return values


def check_all(values: Mapping[VitalSign, Decimal], *, age_months: int | None) -> list[Doubt]:
    """Every doubt about a set of vital signs, at most one a sign, in the order of `VitalSign`."""
    doubts = {sign: check_value(sign, value, age_months=age_months) for sign, value in values.items()}
    if values.keys() >= _PRESSURES and not any(_is_impossible(doubts[sign]) for sign in _PRESSURES):
        swapped = check_pressures(values[VitalSign.SYSTOLIC], values[VitalSign.DIASTOLIC])
        doubts[VitalSign.DIASTOLIC] = swapped or doubts[VitalSign.DIASTOLIC]
    return [doubt for sign in VitalSign if (doubt := doubts.get(sign)) is not None]


def check_value(sign: VitalSign, value: Decimal, *, age_months: int | None) -> Doubt | None:
    """None when the value can be stored as it is."""
    facts = SIGNS[sign]
    if not value.is_finite():
        return Doubt(sign, Grade.IMPOSSIBLE, f"{facts.name} is not a number. Write it like {facts.example}.")
    usual = band_of(sign, age_months).usual
    if value not in facts.possible:
        sentence = f"{facts.name} must be {_between(facts.possible, facts)}.{_hint(sign, value, usual)}"
        return Doubt(sign, Grade.IMPOSSIBLE, sentence)
    if value != round(value, facts.decimals):
        return Doubt(sign, Grade.IMPOSSIBLE, _too_fine(facts))
    if value not in usual:
        asked = f"{facts.name} of {value:f} {facts.shown_unit} is unusual"
        at_age = "" if age_months is None else " at this age"
        sentence = (
            f"{asked}{at_age} (usual: {_between(usual, facts)}). Is it right?{_hint(sign, value, usual)}"
        )
        return Doubt(sign, Grade.UNUSUAL, sentence)
    return None


def check_pressures(systolic: Decimal, diastolic: Decimal) -> Doubt | None:
    """The pressure between beats is below that of the beat; equal or above means a slip of the pen."""
    if diastolic < systolic:
        return None
    sentence = f"Diastolic must be below systolic ({systolic:f} mmHg). Have the two been swapped?"
    return Doubt(VitalSign.DIASTOLIC, Grade.IMPOSSIBLE, sentence)


def interpret(sign: VitalSign, value: Decimal, *, age_months: int | None) -> Interpretation | None:
    """Low, normal or high at that age; None where no normal range is known, so that nothing is claimed."""
    normal = band_of(sign, age_months).normal
    if normal is None:
        return None
    if normal.low is not None and value < normal.low:
        return Interpretation.LOW
    return Interpretation.NORMAL if value in normal else Interpretation.HIGH


def _is_impossible(doubt: Doubt | None) -> bool:
    return doubt is not None and doubt.grade is Grade.IMPOSSIBLE


def _between(limits: Range, facts: SignFacts) -> str:
    return f"{limits.low} to {limits.high} {facts.shown_unit}"


def _too_fine(facts: SignFacts) -> str:
    if facts.decimals:
        return f"{facts.name} has at most {facts.decimals} decimals. Write it like {facts.example}."
    return f"{facts.name} is a whole number. Write it like {facts.example}."


def _hint(sign: VitalSign, value: Decimal, usual: Range) -> str:
    """Names the unit that was probably meant, when the value would be usual in it."""
    mistaken = _MISTAKEN.get(sign)
    if mistaken is None or not _is_short(value):
        return ""
    meant = mistaken.convert(value)
    if meant not in usual:
        return ""
    return f" {value:f} {mistaken.unit} would be {round(meant, 1):f} {SIGNS[sign].shown_unit}."


def _is_short(value: Decimal) -> bool:
    """A value that a sentence can repeat, and that no conversion overflows on."""
    return abs(value) < 10**5 and value == round(value, 3)
