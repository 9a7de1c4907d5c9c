"""Registering and correcting patients, through the dispatcher on a real database."""

import re
from datetime import date
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from msgspec import structs

from hms_server.contract.patients import (
    EditPatient,
    GetPatient,
    PatientAdded,
    PatientChanged,
    PatientDetails,
    RegisterPatient,
)
from hms_server.contract.values import BirthPrecision, PatientId, Person, Role, Sex
from hms_server.patients.rules import parse_number
from tests.server.desk import Desk, FaultRaised
from tests.server.patients.forms import form, names_found, register


def details(desk: Desk, patient_id: PatientId) -> PatientDetails:
    return desk.ask(GetPatient(patient_id=patient_id), Role.DOCTOR)


def edited(desk: Desk, seen: PatientDetails, **changes: Any) -> EditPatient:
    return EditPatient(
        patient_id=seen.header.id,
        version=seen.version,
        demographics=structs.replace(seen.demographics, **changes),
    )


def test_who_is_registered_has_a_number_and_is_shown_as_written(desk: Desk) -> None:
    """The answer is what a list shows; the number carries its own check digit."""
    patient = register(desk, "Adaeze Ngozi Okonkwo")

    assert patient.name == "Adaeze Ngozi Okonkwo"
    assert (patient.sex, patient.birth_date) == (Sex.FEMALE, date(1980, 3, 12))
    assert not patient.deceased
    assert re.fullmatch(r"P\d{6}-\d", patient.number)
    assert parse_number(patient.number) == patient.id


def test_the_whole_entry_comes_back(desk: Desk) -> None:
    """Every field of the form is stored, with who wrote it and when."""
    written = form(
        "Ọlá Adéyẹmí",
        sex=Sex.OTHER,
        phone="+234 803 555 0182",
        national_id="NIN 1234 5678",
        address="14 Ahmadu Bello Way, Enugu",
        next_of_kin_name="Emeka, brother",
        next_of_kin_phone="0803 555 0183",
        deceased=True,
        deceased_on=date(2026, 3, 1),
    )

    patient = desk.ask(RegisterPatient(demographics=written), Role.RECEPTIONIST).patient

    seen = details(desk, patient.id)
    assert seen.demographics == written
    assert seen.header == patient
    assert patient.deceased
    assert seen.version == 1
    assert seen.registered == seen.changed
    assert seen.registered.at == desk.now
    assert seen.registered.by == Person(desk.staff[Role.RECEPTIONIST], "Grace Mensah")
    assert seen.last_visit is None


def test_an_estimated_age_is_shown_as_an_estimate(desk: Desk) -> None:
    """Forty years today is the year 1986, and known to be a guess."""
    patient = register(desk, birth_date=None, age_years=40)

    assert patient.birth_date == date(1986, 1, 1)
    assert patient.birth_precision is BirthPrecision.ESTIMATED


def test_today_is_the_day_in_the_clinic(desk: Desk) -> None:
    """Half past eleven at night in UTC is already tomorrow in Lagos: a child born then has a birth date."""
    desk.pass_time(hours=15, minutes=30)

    assert register(desk, birth_date=date(2026, 3, 3)).birth_date == date(2026, 3, 3)
    fault = desk.fault(RegisterPatient(demographics=form(birth_date=date(2026, 3, 4))), Role.RECEPTIONIST)
    assert (fault.code, fault.field) == ("patients.birth_in_future", "birth_date")


def test_a_refused_form_leaves_nothing_behind(desk: Desk) -> None:
    """The fault names the field; neither patient nor event nor search entry is stored."""
    fault = desk.fault(RegisterPatient(demographics=form(phone="0803")), Role.RECEPTIONIST)

    assert fault.field == "phone"
    assert desk.sql("select * from patient") == []
    assert desk.sql("select * from name_word") == []
    assert desk.events(PatientAdded) == []


def test_somebody_who_looks_like_another_is_registered_all_the_same(desk: Desk) -> None:
    """Namesakes exist: a second entry with everything equal is never refused."""
    first, second = register(desk, phone="0803 555 0182"), register(desk, phone="0803 555 0182")

    assert first.id != second.id
    assert first.number != second.number


def test_the_same_request_twice_registers_once(desk: Desk) -> None:
    """A workstation that asks again because it heard nothing gets the same patient."""
    request, request_id = RegisterPatient(demographics=form()), uuid4()

    answers = [desk.ask(request, Role.RECEPTIONIST, request_id=request_id) for _ in range(2)]

    assert answers[0] == answers[1]
    assert desk.sql("select count(*) from patient") == [(1,)]


def test_others_are_told_ids_and_no_names(desk: Desk) -> None:
    """Events say who was added and changed; whoever may see more asks for it."""
    patient = register(desk)
    desk.ask(edited(desk, details(desk, patient.id), address="Enugu"), Role.RECEPTIONIST)

    assert desk.events(PatientAdded) == [PatientAdded(patient_id=patient.id)]
    assert desk.events(PatientChanged) == [PatientChanged(patient_id=patient.id, version=2)]
    assert desk.sql("select body from event where position('Okonkwo'::bytea in body) > 0") == []


def test_reading_and_changing_a_patient_is_audited(desk: Desk) -> None:
    """Who registered, found, opened and edited the entry can be answered later."""
    patient = register(desk)
    seen = details(desk, patient.id)
    names_found(desk, "okonkwo")
    desk.ask(edited(desk, seen, address="Enugu"), Role.RECEPTIONIST)

    rows = desk.sql("select request from audit where %s = any(patients) order by number", (patient.id,))
    assert [row[0] for row in rows] == ["RegisterPatient", "GetPatient", "SearchPatients", "EditPatient"]


def test_an_edit_replaces_the_entry_and_keeps_the_old_one(desk: Desk) -> None:
    """The correction is a new version by whoever made it; what was there before stays readable."""
    seen = details(desk, register(desk).id)
    desk.pass_time(minutes=5)

    answer = desk.ask(edited(desk, seen, family_name="Okoro", phone="0803 555 0182"), Role.NURSE)

    now = details(desk, seen.header.id)
    assert answer.version == now.version == 2
    assert answer.patient.name == "Adaeze Okoro"
    assert now.demographics == structs.replace(seen.demographics, family_name="Okoro", phone="0803 555 0182")
    assert now.registered == seen.registered
    assert (now.changed.at, now.changed.by) == (desk.now, Person(desk.staff[Role.NURSE], "Ngozi Eze"))
    old = desk.sql("select version, stored ->> 'family_name', replaced_by from patient_version")
    assert old == [(1, "Okonkwo", desk.staff[Role.NURSE])]


def test_who_edits_an_old_version_is_told_who_was_faster(desk: Desk) -> None:
    """The second of two editors changes nothing and learns who changed it at what time of the clinic."""
    seen = details(desk, register(desk).id)
    desk.ask(edited(desk, seen, address="Enugu"), Role.NURSE)

    fault = desk.fault(edited(desk, seen, address="Lagos"), Role.RECEPTIONIST)

    assert fault.code == "patients.edited_meanwhile"
    assert "Ngozi Eze changed this patient at 09:00" in fault.message
    assert fault.data == {"by": "Ngozi Eze", "at": desk.now.isoformat(), "version": "2"}
    assert details(desk, seen.header.id).demographics.address == "Enugu"


def test_of_many_who_edit_at_once_one_is_first(desk: Desk) -> None:
    """Eight editors of one version: one is stored, seven are told, nothing is lost or doubled."""
    seen = details(desk, register(desk).id)

    def edit(number: int) -> str:
        try:
            desk.ask(edited(desk, seen, address=f"House {number}"), Role.RECEPTIONIST)
        except FaultRaised as raised:
            return raised.fault.code
        return "stored"

    outcomes = desk.together(8, edit)

    assert sorted(outcomes) == ["patients.edited_meanwhile"] * 7 + ["stored"]
    assert details(desk, seen.header.id).version == 2
    assert desk.sql("select count(*) from patient_version") == [(1,)]


def test_many_desks_register_people_of_one_name_at_once(desk: Desk) -> None:
    """New words of names met by several writers at the same moment stop nobody."""

    def enrol(number: int) -> str:
        return register(desk, f"Fatima Zainab Bello{number % 2}").number

    numbers = desk.together(8, enrol)

    assert len(set(numbers)) == 8
    assert len(names_found(desk, "fatima zainab")) == 8


@pytest.mark.parametrize("request_kind", ["get", "edit"])
def test_an_unknown_patient_is_said_to_be_unknown(desk: Desk, request_kind: str) -> None:
    """An id that nobody has is refused by name of its field, not answered with emptiness."""
    nobody = PatientId(4711)
    request = (
        GetPatient(patient_id=nobody)
        if request_kind == "get"
        else EditPatient(patient_id=nobody, version=1, demographics=form())
    )

    fault = desk.fault(request, Role.NURSE)

    assert (fault.code, fault.field) == ("patients.unknown", "patient_id")


def test_the_database_gives_the_same_numbers_as_the_rules(database: str) -> None:
    """The check digit is computed in two places, which agree."""
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "select id, patient_number(id) from unnest(array[1, 9, 10, 123, 99999, 1000000, 987654321]) as id"
        ).fetchall()

    assert all(parse_number(number) == patient_id for patient_id, number in rows)
    assert len(rows) == 7
