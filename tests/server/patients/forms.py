"""Filled-in forms for tests of the patients slice."""

from datetime import date
from typing import Any

from hms_server.contract.patients import Demographics, RegisterPatient, SearchPatients
from hms_server.contract.values import PatientHeader, Role, Sex
from tests.server.desk import Desk


def form(name: str = "Adaeze Okonkwo", **fields: Any) -> Demographics:
    """A form with the given name; the last word is the family name."""
    given, _, family = name.rpartition(" ")
    known: dict[str, Any] = {"sex": Sex.FEMALE, "birth_date": date(1980, 3, 12)}
    return Demographics(family_name=family, given_names=given, **known | fields)


def register(desk: Desk, name: str = "Adaeze Okonkwo", **fields: Any) -> PatientHeader:
    """Somebody whom the front desk has just registered."""
    request = RegisterPatient(demographics=form(name, **fields))
    return desk.ask(request, Role.RECEPTIONIST).patient


def names_found(desk: Desk, text: str, **limits: int) -> list[str]:
    """The names that a search shows, best first."""
    hits = desk.ask(SearchPatients(text=text, **limits), Role.RECEPTIONIST)
    return [patient.name for patient in hits.patients]
