"""Observations: one record a value, and a value exactly as it was given."""

from datetime import date, timedelta
from decimal import Decimal

from hms_server.contract.values import Quantity
from hms_server.fhir.concepts import (
    exact,
    note_words,
    range_words,
    ratio_words,
    read_concept,
    read_concepts,
    read_optional_concept,
    read_quantity,
)
from hms_server.fhir.links import Links
from hms_server.fhir.moments import read_start, read_when
from hms_server.fhir.records import Concept, ObservationRecord, ObservationValue, When
from hms_server.fhir.report import ResourceNotKept, ResourceRejected
from hms_server.fhir.shapes import ObservationShape, QuantityShape, ReferenceRangeShape, ValueShape


def read_observation(
    source_id: str, shape: ObservationShape, links: Links, *, today: date
) -> tuple[ObservationRecord, ...]:
    """The observation's own value, if it has one, and after it the values of its components."""
    whole = _Whole(shape, links, today=today)
    value = read_value(shape)
    records = (
        [] if value is None else [whole.record(source_id, shape, read_concept(shape.code, "code"), value)]
    )
    used = {source_id}
    for index, component in enumerate(shape.component):
        field = f"component[{index}]."
        code = read_concept(component.code, f"{field}code")
        part = read_value(component, field=field)
        if part is not None:
            part_id = _unused(f"{source_id}#{code.codings[0].code if code.codings else code.text}", used)
            records.append(whole.record(part_id, component, code, part))
    if not records:
        raise ResourceNotKept("without a value of its own: a heading over others")
    return tuple(records)


class _Whole:
    """What an observation says for its own value and for every component alike."""

    def __init__(self, shape: ObservationShape, links: Links, *, today: date) -> None:
        self._shape = shape
        self._patient = links.patient(shape.subject, "subject")
        self._encounter = links.encounter(shape.encounter)
        self._effective = _effective(shape, today)
        self._category = next((code.code for each in shape.category for code in each.coding), "")

    def record(
        self, source_id: str, part: ValueShape, code: Concept, value: ObservationValue
    ) -> ObservationRecord:
        normal = part.reference_range[0] if part.reference_range else ReferenceRangeShape()
        return ObservationRecord(
            source_id=source_id,
            patient_source_id=self._patient,
            encounter_source_id=self._encounter,
            category=self._category,
            code=code,
            status=self._shape.status,
            effective=self._effective,
            value=value,
            interpretation=", ".join(each.text for each in read_concepts(part.interpretation)),
            reference_low=_limit(normal.low),
            reference_high=_limit(normal.high),
            reference_text=normal.text,
            note=note_words(self._shape.note),
        )


def _limit(shape: QuantityShape | None) -> Decimal | None:
    return exact(shape.value, "referenceRange") if shape and shape.value is not None else None


def _effective(shape: ObservationShape, today: date) -> When | None:
    effective = (
        read_when(shape.effective_date_time, "effectiveDateTime")
        or read_when(shape.effective_instant, "effectiveInstant")
        or read_start(shape.effective_period, "effectivePeriod")
    )
    # East of Greenwich today may have begun a day ahead of the server's.
    if effective and effective.at.date() > today + timedelta(days=1):
        raise ResourceRejected("effectiveDateTime", "It was observed in the future.")
    return effective


def _unused(wanted: str, used: set[str]) -> str:
    """The id itself, or with a number behind it if a component before has the same code."""
    number = 1
    name = wanted
    while name in used:
        number += 1
        name = f"{wanted}.{number}"
    used.add(name)
    return name


def read_value(shape: ValueShape, *, field: str = "") -> ObservationValue | None:
    """The value in whichever way it was given; none at all for a mere heading."""
    if shape.value_sampled_data is not None:
        raise ResourceRejected(f"{field}valueSampledData", "A recorded curve cannot be shown here.")
    if shape.value_quantity is not None:
        return _quantity_value(shape.value_quantity, f"{field}valueQuantity")
    if shape.value_integer is not None:
        return ObservationValue(quantity=Quantity(Decimal(shape.value_integer), ""))
    concept = read_optional_concept(shape.value_codeable_concept)
    if concept:
        return ObservationValue(text=concept.text, concept=concept)
    text = _value_words(shape, field)
    if text:
        return ObservationValue(text=text)
    absent = read_optional_concept(shape.data_absent_reason)
    return ObservationValue(absent_reason=absent.text) if absent else None


def _quantity_value(shape: QuantityShape, field: str) -> ObservationValue:
    quantity = read_quantity(shape, field)
    if quantity is None:
        raise ResourceRejected(field, "The quantity has no number.")
    return ObservationValue(quantity=quantity, comparator=shape.comparator)


def _value_words(shape: ValueShape, field: str) -> str:
    if shape.value_boolean is not None:
        return "yes" if shape.value_boolean else "no"
    if shape.value_range is not None:
        return range_words(shape.value_range, f"{field}valueRange")
    if shape.value_ratio is not None:
        return ratio_words(shape.value_ratio, f"{field}valueRatio")
    if shape.value_period is not None:
        return f"{shape.value_period.start or '…'} – {shape.value_period.end or '…'}"
    return shape.value_string or shape.value_time or shape.value_date_time or ""
