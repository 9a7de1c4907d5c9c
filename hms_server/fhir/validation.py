"""Whether one resource is FHIR R4 and fit to be stored, before anything is read out of it."""

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

import msgspec
from fhir_core.fhirabstractmodel import FHIRAbstractModel
from pydantic import ValidationError

from hms_server.fhir.report import ResourceRejected

MAX_TEXT_CHARACTERS = 20_000
MAX_DEPTH = 40
_MODULES = {
    # R4B corrected R4 without touching these; the models of plain R4 are not published any more.
    name: f"fhir.resources.R4B.{name.lower()}"
    for name in (
        "Patient",
        "Encounter",
        "AllergyIntolerance",
        "Condition",
        "MedicationRequest",
        "Medication",
        "Observation",
    )
}
# FHIR forbids to read a resource whose meaning an unknown extension may turn around.
_MODIFIERS = {"modifierExtension", "implicitRules"}
_BULKY_FIELDS = {"div", "data"}
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_SENTENCES = {
    "missing": "The field is missing.",
    "extra_forbidden": "FHIR R4 has no such field.",
    "string_pattern_mismatch": "The text is empty or has characters that FHIR does not allow here.",
    "model_type": "An object is expected here.",
    "list_type": "A list is expected here.",
    "string_type": "A text is expected here.",
}

S = TypeVar("S", bound=msgspec.Struct)


def checked(resource_type: str, raw: dict[str, Any], shape: type[S]) -> S:
    """The parts of the resource that are taken, or ResourceRejected with the field at fault."""
    _check_values(raw)
    _check_model(resource_type, raw)
    try:
        return msgspec.convert(raw, shape)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        plain = message.replace(" | null", "").replace("`", "")
        raise ResourceRejected(_field(path), f"{plain}.") from error


def _field(path: str) -> str:
    return path.rstrip("`").lstrip(".").replace("[...]", "")


def _check_values(raw: dict[str, Any]) -> None:
    """No text that PostgreSQL cannot hold or a screen cannot show, no depth that would end a parser."""
    for name, value, depth in _walk(raw):
        if name in _MODIFIERS and value:
            raise ResourceRejected(name, "This may change the meaning and is not understood here.")
        if _UNSTORABLE.search(name):
            raise ResourceRejected("", "The name of a field has a character that does not belong there.")
        if depth > MAX_DEPTH:
            raise ResourceRejected(name, "The resource is nested far deeper than any real one.")
        if isinstance(value, str):
            if _UNSTORABLE.search(value):
                raise ResourceRejected(name, "The text has a character that cannot be stored.")
            if len(value) > MAX_TEXT_CHARACTERS and name not in _BULKY_FIELDS:
                raise ResourceRejected(name, f"The text is longer than {MAX_TEXT_CHARACTERS} characters.")


def _walk(raw: dict[str, Any]) -> Iterator[tuple[str, Any, int]]:
    """Every value with the name of its field and its depth, without recursion."""
    waiting: list[tuple[str, Any, int]] = [("", raw, 0)]
    while waiting:
        name, value, depth = waiting.pop()
        yield name, value, depth
        if isinstance(value, dict):
            waiting.extend((key, each, depth + 1) for key, each in value.items())
        elif isinstance(value, list):
            waiting.extend((name, each, depth + 1) for each in value)


def _check_model(resource_type: str, raw: dict[str, Any]) -> None:
    try:
        _model(resource_type).model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise ResourceRejected(_path(first["loc"]), _sentence(first["type"], first["msg"])) from error


@cache
def _model(resource_type: str) -> type[FHIRAbstractModel]:
    """Imported when first needed: the models of all resources together would take seconds."""
    model: type[FHIRAbstractModel] = getattr(import_module(_MODULES[resource_type]), resource_type)
    return model


def _path(location: tuple[int | str, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location).lstrip(".")


def _sentence(kind: str, message: str) -> str:
    if kind in _SENTENCES:
        return _SENTENCES[kind]
    if "outside expected range" in message:
        return "There is no such day or time."
    if kind.startswith(("date", "time")) or "does not match spec regex" in message:
        return "This is not a date or time as FHIR writes it."
    return f"{message.removeprefix('Value error, ').rstrip('.')}."
