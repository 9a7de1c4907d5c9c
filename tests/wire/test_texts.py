"""What people write comes back as written, in every script; what cannot be kept is refused by field."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import psycopg
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hms_desktop.connection.client import Client
from hms_desktop.connection.faults import FaultError
from hms_server.contract.consultations import GetChart, NoteText, SignEncounter
from hms_server.contract.envelope import Request
from hms_server.contract.patients import Demographics, GetPatient, RegisterPatient, SearchPatients
from hms_server.contract.triage import GetVitals, RecordVitals, VitalSigns
from hms_server.contract.values import PatientId, Role, Sex
from hms_server.contract.visits import CheckIn
from hms_server.reading import field_with_nul
from tests.databases import _lend
from tests.wire.processes import open_house

FEW = settings(max_examples=25, deadline=None, database=None)
WRITTEN = st.text(
    st.characters(codec="utf-8", categories=["L", "M", "N", "P", "S", "Zs"]), min_size=1, max_size=40
)
"""Letters, marks, signs and spaces of every script, emoji included."""
NOTES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=200)
"""A note may contain anything that PostgreSQL can keep: line ends, tabs, what was pasted."""


@dataclass(frozen=True)
class Desks:
    nurse: Client
    doctor: Client


@pytest.fixture(scope="module")
def desks(
    database_server: str,
    database_template: str,
    database_steward: psycopg.Connection[Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Desks]:
    for dsn in _lend(database_server, database_steward, template=database_template):
        with open_house(dsn, tmp_path_factory.mktemp("house")) as house:
            nurse, doctor = house.seat(Role.NURSE), house.seat(Role.DOCTOR)
            server = house.serve()
            with house.at(nurse, server) as at_triage, house.at(doctor, server) as in_room:
                yield Desks(at_triage, in_room)


def register(client: Client, **texts: str) -> PatientId:
    ada = Demographics(family_name="Obi", sex=Sex.FEMALE, age_years=30, no_phone=True)
    written = msgspec.structs.replace(ada, **texts)
    return client.ask(RegisterPatient(demographics=written)).patient.id


def as_kept(text: str) -> str:
    """One line as it is kept: composed, and single spaces instead of any white space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def refused_field(client: Client, request: Request[Any]) -> str | None:
    with pytest.raises(FaultError) as raised:
        client.ask(request)
    assert raised.value.fault.code == "request.control_character"
    return raised.value.fault.field


@FEW
@given(address=WRITTEN, given_names=st.sampled_from(["Ọlá", "N’Golo", "Ɛfua", "محمد", "Zoë 小林", "Nguyễn"]))
@example(address="12 Ọ̀ṣun Rd., Ìbàdàn – flat №3 🏠", given_names="Adébáyọ̀")
def test_names_and_addresses_come_back_as_written(desks: Desks, address: str, given_names: str) -> None:
    patient_id = register(desks.nurse, address=address, given_names=given_names)

    stored = desks.nurse.ask(GetPatient(patient_id=patient_id)).demographics

    assert (stored.address or "") == as_kept(address)
    assert stored.given_names == as_kept(given_names)


@FEW
@given(complaint=NOTES, plan=NOTES)
@example(complaint="Febris 39,5 °C\r\n\t„seit gestern“ 🤒", plan="\u202eright to left\u202c\x1b[0m")
def test_notes_and_complaints_come_back_to_the_letter(desks: Desks, complaint: str, plan: str) -> None:
    """Only blank ends are cut off: what a clinician wrote is evidence."""
    patient_id = register(desks.nurse)
    ticket = desks.nurse.ask(CheckIn(patient_id=patient_id)).ticket
    encounter_id = ticket.encounter_id
    signs = VitalSigns(measured=[], complaint=f"a{complaint}z")
    desks.nurse.ask(RecordVitals(encounter_id=encounter_id, ticket_id=ticket.id, signs=signs))
    text = NoteText(subjective="-", plan=f"a{plan}z")
    desks.doctor.ask(
        SignEncounter(
            encounter_id=encounter_id, ticket_id=ticket.id, text=text, diagnoses=[], prescription=[]
        )
    )

    (vitals,) = desks.nurse.ask(GetVitals(patient_id=patient_id)).sets
    (note,) = desks.doctor.ask(GetChart(encounter_id=encounter_id)).notes

    assert vitals.signs.complaint == f"a{complaint}z"
    assert note.text.plan == f"a{plan}z"


def test_a_nul_is_refused_by_the_field_that_holds_it(desks: Desks) -> None:
    """PostgreSQL cannot keep it; the desk goes on afterwards."""
    patient_id = register(desks.nurse)
    ada = Demographics(family_name="Obi", address="here\0there", sex=Sex.FEMALE, age_years=3, no_phone=True)

    fields = [
        refused_field(desks.nurse, RegisterPatient(demographics=ada)),
        refused_field(desks.nurse, CheckIn(patient_id=patient_id, reason="\0")),
        refused_field(desks.nurse, SearchPatients(text="Ada\0")),
    ]

    assert fields == ["demographics.address", "reason", "text"]
    assert desks.nurse.ask(CheckIn(patient_id=patient_id)).ticket.patient.id == patient_id


def test_a_nul_in_a_line_of_a_list_is_named_with_its_number() -> None:
    request = {"lines": [{"reason": "good"}, {"count": 0, "reason": "b\0d"}], "note": "\0"}

    assert field_with_nul(request) == "lines.1.reason"
    assert field_with_nul({"lines": [{"count": 0}], "note": ""}) is None
