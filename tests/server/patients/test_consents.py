"""Consent, e-mail address and language of a patient, through the dispatcher on a real database."""

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from hms_server.contract.patients import (
    ConsentChanged,
    ConsentDecision,
    ConsentHow,
    Consents,
    ConsentScope,
    EditPatient,
    GetConsents,
    GetPatient,
    RecordConsent,
    RegisterPatient,
)
from hms_server.contract.values import PatientId, Person, Role
from hms_server.faults import Refused
from hms_server.patients.rules import clean_email
from tests.server.desk import Desk
from tests.server.patients.forms import form, register

GIVEN, WITHDRAWN = ConsentDecision.GIVEN, ConsentDecision.WITHDRAWN


def record(desk: Desk, patient_id: PatientId, decision: ConsentDecision, role: Role = Role.NURSE) -> Consents:
    request = RecordConsent(
        patient_id=patient_id, scope=ConsentScope.MESSAGES, decision=decision, how=ConsentHow.WRITTEN
    )
    return desk.ask(request, role)


def test_nobody_has_agreed_to_anything_before_being_asked(desk: Desk) -> None:
    patient = register(desk)

    consents = desk.ask(GetConsents(patient_id=patient.id), Role.RECEPTIONIST)

    assert consents == Consents(patient_id=patient.id, current=[], history=[])


def test_the_last_decision_counts_and_earlier_ones_stay(desk: Desk) -> None:
    """Who wrote it down, when and how the patient said it is kept for each."""
    patient = register(desk)
    record(desk, patient.id, GIVEN)
    desk.pass_time(days=3)

    consents = record(desk, patient.id, WITHDRAWN, Role.RECEPTIONIST)

    (now,) = consents.current
    assert (now.scope, now.decision, now.how) == (ConsentScope.MESSAGES, WITHDRAWN, ConsentHow.WRITTEN)
    assert now.written.at == desk.now
    assert now.written.by == Person(desk.staff[Role.RECEPTIONIST], "Grace Mensah")
    assert [row.decision for row in consents.history] == [WITHDRAWN, GIVEN]
    assert desk.ask(GetConsents(patient_id=patient.id), Role.DOCTOR) == consents


def test_each_scope_is_asked_for_itself(desk: Desk) -> None:
    """Whoever wants messages has not agreed to the assistant."""
    patient = register(desk)
    record(desk, patient.id, GIVEN)

    consents = desk.ask(GetConsents(patient_id=patient.id), Role.NURSE)

    assert [row.scope for row in consents.current] == [ConsentScope.MESSAGES]


def test_others_are_told_and_the_audit_names_the_patient(desk: Desk) -> None:
    patient = register(desk)

    record(desk, patient.id, GIVEN)

    told = ConsentChanged(patient_id=patient.id, scope=ConsentScope.MESSAGES, decision=GIVEN)
    assert desk.events(ConsentChanged) == [told]
    rows = desk.sql("select patients from audit where request = 'RecordConsent'")
    assert rows == [([patient.id],)]


def test_a_decision_cannot_be_changed_or_removed_afterwards(desk: Desk) -> None:
    record(desk, register(desk).id, GIVEN)

    with pytest.raises(psycopg.errors.RestrictViolation):
        desk.sql("update patient_consent set decision = 'withdrawn'")
    with pytest.raises(psycopg.errors.RestrictViolation):
        desk.sql("delete from patient_consent")


def test_consent_of_nobody_is_refused_by_field(desk: Desk) -> None:
    nobody = PatientId(4711)

    asked = desk.fault(GetConsents(patient_id=nobody), Role.NURSE)
    recorded = desk.fault(
        RecordConsent(patient_id=nobody, scope=ConsentScope.ASSISTANT, decision=GIVEN), Role.NURSE
    )

    assert (asked.code, asked.field) == ("patients.unknown", "patient_id")
    assert (recorded.code, recorded.field) == ("patients.unknown", "patient_id")


def test_address_and_language_are_stored_and_corrected(desk: Desk) -> None:
    """The domain is written small, as it is sent; the part before it may matter and stays."""
    written = form(email=" Ada.Obi@Example.COM ", language="ha")
    patient = desk.ask(RegisterPatient(demographics=written), Role.RECEPTIONIST).patient
    seen = desk.ask(GetPatient(patient_id=patient.id), Role.NURSE)

    assert (seen.demographics.email, seen.demographics.language) == ("Ada.Obi@example.com", "ha")

    without = structs.replace(seen.demographics, email=None, language="fr")
    desk.ask(EditPatient(patient_id=patient.id, version=1, demographics=without), Role.RECEPTIONIST)
    now = desk.ask(GetPatient(patient_id=patient.id), Role.NURSE).demographics
    assert (now.email, now.language) == (None, "fr")
    assert desk.sql("select stored ->> 'email' from patient_version") == [("Ada.Obi@example.com",)]


@pytest.mark.parametrize(
    "wrong",
    ["ada", "ada@", "@example.com", "ada@example", "a b@example.com", "ada@exa_mple.com", "ada@-x.com",
     ".ada@example.com", "ada.@example.com", "a..da@example.com", "ada@example.com, obi@example.com",
     "ada@example.com\r\nBcc: all@example.com", "adä@example.com", "a" * 250 + "@example.com"],
)  # fmt: skip
def test_what_is_no_address_is_refused_at_its_field(desk: Desk, wrong: str) -> None:
    fault = desk.fault(RegisterPatient(demographics=form(email=wrong)), Role.RECEPTIONIST)

    assert (fault.code, fault.field) == ("patients.email", "email")
    assert "ada.obi@example.com" in fault.message


def test_a_language_that_nobody_offers_is_refused(desk: Desk) -> None:
    fault = desk.fault(RegisterPatient(demographics=form(language="xx")), Role.RECEPTIONIST)

    assert (fault.code, fault.field) == ("patients.language", "language")


@given(st.text(max_size=40) | st.emails())
def test_whatever_is_typed_an_address_has_one_line_and_stays_as_it_is(typed: str) -> None:
    """An accepted address is accepted again unchanged, and cannot carry a second header line."""
    try:
        email = clean_email(typed)
    except Refused:
        return
    if email is not None:
        assert clean_email(email) == email
        assert email.isascii()
        assert not set(email) & set("\r\n \t,;<>")
