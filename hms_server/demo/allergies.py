"""What the demo's patients are allergic to, and who was asked and knows of nothing."""

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg

from hms_server.contract.consultations import Criticality
from hms_server.contract.values import StaffId
from hms_server.demo.people import MadeUp
from hms_server.demo.writing import copy_rows

_KINDS = (
    ("Penicillin", "penicillins", Criticality.HIGH, "Swollen face and wheezing"),
    ("Penicillin", "penicillins", Criticality.LOW, "Rash"),
    ("Sulfonamide antibiotics", "sulfonamide-antibiotics", Criticality.HIGH, "Blisters in the mouth"),
    ("Ibuprofen", "ibuprofen", Criticality.LOW, "Wheezing"),
    ("Groundnut", None, Criticality.HIGH, "Swollen lips"),
)
_ALLERGIC, _ASKED = 0.09, 0.65


def write_allergies(
    connection: psycopg.Connection[Any],
    people: Sequence[MadeUp],
    *,
    at: datetime,
    by: StaffId,
    chance: random.Random,
) -> dict[int, frozenset[str]]:
    """What each patient is allergic to; empty for who knows of nothing, missing where nobody has asked."""
    known: dict[int, frozenset[str]] = {}
    recorded: list[tuple[Any, ...]] = []
    denied: list[tuple[Any, ...]] = []
    for person in people:
        drawn = chance.random()
        if drawn < _ALLERGIC:
            substance, slug, criticality, reaction = chance.choice(_KINDS)
            known[person.id] = frozenset({slug or substance})
            recorded.append((person.id, substance, slug, criticality, reaction, at, by))
        elif drawn < _ASKED:
            known[person.id] = frozenset()
            denied.append((person.id, "none_known", at, by))
    copy_rows(connection, "allergy_intolerance", ALLERGY, recorded)
    copy_rows(connection, "patient_allergy_status", ("patient_id", "status", "at", "by"), denied)
    return known


ALLERGY = ("patient_id", "substance", "allergen", "criticality", "reaction", "recorded_at", "recorded_by")
