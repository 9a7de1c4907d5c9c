"""A dosage in words, and only if nothing of it would be lost: half a dosage is a wrong one."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from hms_server.fhir.concepts import exact, quantity_words, read_optional_concept
from hms_server.fhir.shapes import ConceptShape, QuantityShape, Shape

_PERIODS = {"s": "second", "min": "minute", "h": "hour", "d": "day", "wk": "week", "mo": "month", "a": "year"}


class RepeatShape(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    frequency: int = 1
    period: Decimal
    period_unit: str


class TimingShape(Shape, frozen=True, forbid_unknown_fields=True):
    repeat: RepeatShape | None = None
    code: ConceptShape | None = None


class DoseAndRateShape(Shape, frozen=True, forbid_unknown_fields=True):
    type: ConceptShape | None = None
    dose_quantity: QuantityShape | None = None


class DosageShape(Shape, frozen=True, forbid_unknown_fields=True):
    """The dosages that are understood whole; any other field makes the dosage one that is not."""

    sequence: int = 1
    patient_instruction: str = ""
    additional_instruction: tuple[ConceptShape, ...] = ()
    timing: TimingShape = TimingShape()
    as_needed_boolean: bool = False
    route: ConceptShape | None = None
    dose_and_rate: tuple[DoseAndRateShape, ...] = ()


def dosage_words(dosages: tuple[dict[str, object], ...]) -> str:
    """One line a dosage: the source's own text, else its parts in words; nothing if one is not understood."""
    lines = [_line(each) for each in dosages]
    return "\n".join(lines) if all(lines) else ""


def _line(raw: Mapping[str, object]) -> str:
    text = raw.get("text")
    if isinstance(text, str):
        return text
    try:
        shape = msgspec.convert(raw, DosageShape)
    except msgspec.ValidationError:
        return ""
    if len(shape.dose_and_rate) > 1 or (
        shape.timing.repeat and shape.timing.repeat.period_unit not in _PERIODS
    ):
        return ""
    return ", ".join(part for part in _parts(shape) if part)


def _parts(shape: DosageShape) -> list[str]:
    dose = shape.dose_and_rate[0].dose_quantity if shape.dose_and_rate else None
    amount = quantity_words(dose, "dosageInstruction")
    return [
        f"dose {amount}" if amount else "",
        _repeat_words(shape.timing.repeat),
        _words(shape.timing.code),
        _words(shape.route),
        "as needed" if shape.as_needed_boolean else "",
        *(_words(each) for each in shape.additional_instruction),
        shape.patient_instruction,
    ]


def _words(shape: ConceptShape | None) -> str:
    concept = read_optional_concept(shape)
    return concept.text if concept else ""


def _repeat_words(repeat: RepeatShape | None) -> str:
    if repeat is None:
        return ""
    period = exact(repeat.period, "dosageInstruction.timing")
    unit = _PERIODS[repeat.period_unit]
    every = f"every {unit}" if period == 1 else f"every {period:f} {unit}s"
    return every if repeat.frequency == 1 else f"{repeat.frequency} times {every}"
