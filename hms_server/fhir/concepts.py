"""Codes, quantities and notes, which stand in every kind of resource."""

from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from hms_server.contract.values import Quantity
from hms_server.fhir.records import UCUM, Coding, Concept
from hms_server.fhir.report import ResourceRejected
from hms_server.fhir.shapes import ConceptShape, NoteShape, QuantityShape, RangeShape, RatioShape

E = TypeVar("E", bound=StrEnum)


def read_concept(shape: ConceptShape | None, field: str) -> Concept:
    """The thing in the source's own words, else by the display of a code, else by the code itself."""
    concept = read_optional_concept(shape)
    if concept is None:
        raise ResourceRejected(field, "It has neither a text nor a code.")
    return concept


def read_optional_concept(shape: ConceptShape | None) -> Concept | None:
    if shape is None:
        return None
    codings = tuple(Coding(each.system, each.code, each.display) for each in shape.coding)
    words = [shape.text, *(each.display for each in codings), *(each.code for each in codings)]
    text = next((each.strip() for each in words if each.strip()), "")
    return Concept(text, codings) if text else None


def read_concepts(shapes: tuple[ConceptShape, ...]) -> tuple[Concept, ...]:
    return tuple(concept for each in shapes if (concept := read_optional_concept(each)))


def read_status(shape: ConceptShape | None, kinds: type[E], field: str) -> E | None:
    """The status that one of the codes names; one that FHIR does not know is not guessed at."""
    if shape is None:
        return None
    known = {kind.value: kind for kind in kinds}
    found = next((known[each.code] for each in shape.coding if each.code in known), None)
    if found is None:
        raise ResourceRejected(field, f"Expected one of: {', '.join(known)}.")
    return found


def read_quantity(shape: QuantityShape, field: str) -> Quantity | None:
    """The number as given with its UCUM unit, or the unit's words where there is no code."""
    if shape.value is None:
        return None
    unit = shape.code if shape.system == UCUM and shape.code else shape.unit or shape.code
    return Quantity(exact(shape.value, field), unit)


def exact(value: Decimal, field: str) -> Decimal:
    if not value.is_finite():
        raise ResourceRejected(field, "The number is absurdly long or large.")
    return value


def quantity_words(shape: QuantityShape | None, field: str) -> str:
    quantity = read_quantity(shape, field) if shape else None
    if shape is None or quantity is None:
        return ""
    return f"{shape.comparator}{quantity.value:f} {shape.unit or quantity.unit}".strip()


def range_words(shape: RangeShape, field: str) -> str:
    low, high = quantity_words(shape.low, field), quantity_words(shape.high, field)
    if low and high:
        return f"{low} – {high}"
    return f"from {low}" if low else f"up to {high}" if high else ""


def ratio_words(shape: RatioShape, field: str) -> str:
    parts = quantity_words(shape.numerator, field), quantity_words(shape.denominator, field)
    return " : ".join(parts) if all(parts) else ""


def note_words(notes: tuple[NoteShape, ...]) -> str:
    return "\n".join(note.text for note in notes if note.text)
