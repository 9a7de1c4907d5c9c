"""What a line of a prescription comes to: dose unit, quantity, the sentence for the patient, and limits."""

from collections.abc import Mapping
from decimal import Decimal
from math import ceil

import msgspec

from hms_server.contract.prescribing import Frequency
from hms_server.faults import Refused

MAX_DAYS = 365
MAX_QUANTITY = 10_000
MAX_COUNTED_DOSE = 50
"""Tablets, ampoules and the like in one intake."""
MAX_MEASURED_DOSE = 500
"""Millilitres, drops, puffs or units of insulin in one intake."""
MAX_DECIMALS = 3
MAX_INSTRUCTIONS_CHARACTERS = 500
MIN_OVERRIDE_LETTERS = 5
MAX_OVERRIDE_CHARACTERS = 500
LAYER = "layer"
STRIP = "strip"
"""Of what is spread nobody counts; a dose is one layer or one strip."""

_DOSE_UNITS_BY_FORM = {
    "drops": "mL",
    "mouthwash": "mL",
    "nebuliser solution": "mL",
    "eye drops": "drop",
    "ear drops": "drop",
    "nasal drops": "drop",
    "nasal spray": "spray",
    "inhaler": "puff",
    "eye ointment": STRIP,
    "cream": LAYER,
    "ointment": LAYER,
    "gel": LAYER,
    "lotion": LAYER,
    "injection": "unit",
}
_PLACES = {
    "oral": "by mouth",
    "sublingual": "under the tongue",
    "oromucosal": "in the mouth",
    "intramuscular": "into the muscle",
    "intravenous": "into the vein",
    "subcutaneous": "under the skin",
    "infiltration": "around the place",
    "topical": "on the skin",
    "ocular": "into the eye",
    "otic": "into the ear",
    "nasal": "into each nostril",
    "inhaled": "",
    "rectal": "into the back passage",
    "vaginal": "into the vagina",
}
_VERBS = {
    "oral": "Take",
    "sublingual": "Put",
    "oromucosal": "Rinse with",
    "intramuscular": "Inject",
    "intravenous": "Give",
    "subcutaneous": "Inject",
    "infiltration": "Inject",
    "topical": "Apply",
    "ocular": "Put",
    "otic": "Put",
    "nasal": "Put",
    "inhaled": "Inhale",
    "rectal": "Insert",
    "vaginal": "Insert",
}
_FRACTIONS = {Decimal("0.25"): "¼", Decimal("0.5"): "½", Decimal("0.75"): "¾"}
_WITHOUT_PLURAL = {"mL"}


class Medicine(msgspec.Struct, frozen=True, kw_only=True):
    """What quantity and directions depend on."""

    form: str
    route: str
    dispensing_unit: str
    dose_unit: str
    dispensed_whole: bool


class Dosage(msgspec.Struct, frozen=True, kw_only=True):
    """How much, how often, how long."""

    dose: Decimal
    frequency: Frequency
    days: int


def dose_unit(*, form: str, route: str, dispensing_unit: str, dispensed_whole: bool) -> str:
    """What a dose is counted in: tablets, but mL of a bottle, drops, puffs, units of insulin, layers."""
    if not dispensed_whole:
        return dispensing_unit
    if route == "topical":
        return LAYER
    return _DOSE_UNITS_BY_FORM.get(form, "mL")


def quantity_for(medicine: Medicine, dosage: Dosage) -> int:
    """The dispensing units for the whole course, rounded up; of a bottle, tube or inhaler always one.

    What is taken if needed counts with the most allowed, and STAT counts one dose whatever the days.
    """
    if medicine.dispensed_whole:
        return 1
    times = Decimal(1) if dosage.frequency.once else dosage.frequency.times_per_day * dosage.days
    return ceil(dosage.dose * times)


def directions_for(medicine: Medicine, dosage: Dosage, *, instructions: str = "") -> str:
    """The sentence on the label: "Take 2 tablets by mouth every 6 hours if needed, for 5 days"."""
    words = [_VERBS[medicine.route], _amount(dosage.dose, medicine.dose_unit), _PLACES[medicine.route]]
    sentence = " ".join(word for word in (*words, dosage.frequency.text) if word)
    if not dosage.frequency.once:
        sentence += f", for {dosage.days} {'day' if dosage.days == 1 else 'days'}"
    return f"{sentence}. {instructions}" if instructions else sentence


def checked_dosage(
    dose: Decimal, days: int, *, frequency: str, known: Mapping[str, Frequency], medicine: Medicine, at: str
) -> Dosage:
    """Dose, frequency and days, each within its limits; `at` names the line before the field."""
    _refuse_dose(dose, medicine, field=f"{at}dose")
    found = known.get(frequency)
    if found is None:
        raise Refused(
            "prescribing.frequency_unknown",
            f"There is no frequency {frequency!r}. Choose one from the list.",
            field=f"{at}frequency",
        )
    if not 1 <= days <= MAX_DAYS:
        raise Refused(
            "prescribing.days",
            f"A course lasts 1 to {MAX_DAYS} days, not {days}.",
            field=f"{at}days",
        )
    return Dosage(dose=dose, frequency=found, days=days)


def refuse_quantity(quantity: int, *, at: str) -> None:
    if not 1 <= quantity <= MAX_QUANTITY:
        raise Refused(
            "prescribing.quantity",
            f"The quantity is 1 to {MAX_QUANTITY:,}, not {quantity:,}.",
            field=f"{at}quantity",
        )


def checked_instructions(text: str, *, at: str) -> str:
    """Without blank ends; refused where it would not fit a label."""
    words = text.strip()
    if len(words) > MAX_INSTRUCTIONS_CHARACTERS:
        raise Refused(
            "prescribing.instructions_long",
            f"Instructions have at most {MAX_INSTRUCTIONS_CHARACTERS} characters; these have {len(words)}.",
            field=f"{at}instructions",
        )
    return words


def is_reason(text: str) -> bool:
    """Whether a doctor has said something, rather than typed a dot to get on."""
    return sum(sign.isalpha() for sign in text) >= MIN_OVERRIDE_LETTERS


def _refuse_dose(dose: Decimal, medicine: Medicine, *, field: str) -> None:
    most = MAX_MEASURED_DOSE if medicine.dispensed_whole else MAX_COUNTED_DOSE
    if not dose.is_finite() or not 0 < dose <= most:
        raise Refused(
            "prescribing.dose",
            f"One dose is more than 0 and at most {most} {_counted(Decimal(most), medicine.dose_unit)}.",
            field=field,
        )
    exponent = dose.normalize().as_tuple().exponent
    if isinstance(exponent, int) and exponent < -MAX_DECIMALS:
        raise Refused(
            "prescribing.dose", f"A dose has at most {MAX_DECIMALS} places after the point.", field=field
        )


def _amount(dose: Decimal, unit: str) -> str:
    if unit == LAYER:
        return "a thin layer"
    if unit == STRIP:
        return "a 1 cm strip"
    return f"{_number(dose)} {_counted(dose, unit)}"


def _number(dose: Decimal) -> str:
    whole, rest = divmod(dose, 1)
    sign = _FRACTIONS.get(rest)
    if sign:
        return f"{int(whole)}{sign}" if whole else sign
    return f"{dose.normalize():f}"


def _counted(dose: Decimal, unit: str) -> str:
    if dose <= 1 or unit in _WITHOUT_PLURAL:
        return unit
    return f"{unit[:-1]}ies" if unit.endswith("y") else f"{unit}s"
