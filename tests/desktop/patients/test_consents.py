"""Consent, e-mail address and language at the front desk: asked, written down, and never shown too early."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.patients.consents.panel import ConsentsStrip
from hms_desktop.patients.form.panel import DemographicsForm
from hms_desktop.session import Session
from hms_desktop.widgets.fields import FieldFrame
from hms_server.contract.envelope import Fault
from hms_server.contract.patients import (
    ConsentChanged,
    ConsentDecision,
    ConsentHow,
    ConsentRow,
    Consents,
    ConsentScope,
    Demographics,
    GetConsents,
    RecordConsent,
)
from hms_server.contract.values import Moment, PatientId, Person, Sex, StaffId
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import NOW, ZONE

ADA, OBI = PatientId(7), PatientId(8)
MESSAGES, CARD = ConsentScope.MESSAGES, ConsentScope.SAVED_CARD
YES, NO = ConsentDecision.GIVEN, ConsentDecision.WITHDRAWN


def said(decision: ConsentDecision, *, patient_id: PatientId = ADA) -> Consents:
    """What a patient has said of messages."""
    written = Moment(NOW, Person(StaffId(3), "Ngozi Eze"))
    row = ConsentRow(scope=MESSAGES, decision=decision, how=ConsentHow.SPOKEN, written=written)
    return Consents(patient_id=patient_id, current=[row], history=[row])


NOTHING = Consents(patient_id=ADA, current=[], history=[])


@pytest.fixture
def open_strip(session: Session, qtbot: QtBot) -> Callable[[], ConsentsStrip]:
    """Shows the strip with Ada's consents."""

    def make() -> ConsentsStrip:
        strip = ConsentsStrip(session, zone=ZONE, today=lambda: date(2026, 11, 20))
        qtbot.addWidget(strip)
        strip.resize(680, 200)
        with qtbot.waitExposed(strip):
            strip.show()
        strip.open(ADA)
        return strip

    return make


def pressed(strip: ConsentsStrip, scope: ConsentScope = MESSAGES) -> list[ConsentDecision]:
    return [decision for decision in (YES, NO) if strip.buttons[scope, decision].isChecked()]


def test_who_was_not_asked_has_said_neither_yes_nor_no(
    open_strip: Callable[[], ConsentsStrip], connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.answer(GetConsents, NOTHING)
    strip = open_strip()

    qtbot.waitUntil(lambda: strip._since[MESSAGES].text() == "Not asked yet")

    assert pressed(strip) == []


def test_what_was_said_is_shown_with_who_wrote_it_down(
    open_strip: Callable[[], ConsentsStrip], connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.answer(GetConsents, said(NO))
    strip = open_strip()

    qtbot.waitUntil(lambda: pressed(strip) == [NO])

    assert strip._since[MESSAGES].text() == "said 10:42 · Ngozi Eze"
    assert strip._since[CARD].text() == "Not asked yet"


def test_a_decision_is_recorded_by_keys_and_shown_once_it_is_stored(
    open_strip: Callable[[], ConsentsStrip], connection: FakeConnection, qtbot: QtBot
) -> None:
    """Until the server has said so, the button looks as before."""
    connection.answer(GetConsents, NOTHING)
    strip = open_strip()
    button = strip.buttons[MESSAGES, YES]
    qtbot.waitUntil(button.isEnabled)
    connection.answer(RecordConsent, said(YES))
    connection.hold()

    button.setFocus()
    QTest.keyClick(button, Qt.Key.Key_Space)
    assert pressed(strip) == []
    assert strip._since[MESSAGES].text() == "Saving…"
    assert button.hasFocus()
    connection.release()
    qtbot.waitUntil(lambda: pressed(strip) == [YES])

    assert connection.requests(RecordConsent) == [
        RecordConsent(patient_id=ADA, scope=MESSAGES, decision=YES, how=ConsentHow.SPOKEN)
    ]


def test_how_it_was_said_goes_with_it(
    open_strip: Callable[[], ConsentsStrip], connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.answer(GetConsents, NOTHING)
    connection.answer(RecordConsent, said(NO))
    strip = open_strip()
    qtbot.waitUntil(strip.buttons[CARD, NO].isEnabled)

    strip.how.set_value(ConsentHow.WRITTEN)
    strip.buttons[CARD, NO].click()

    sent = RecordConsent(patient_id=ADA, scope=CARD, decision=NO, how=ConsentHow.WRITTEN)
    assert connection.requests(RecordConsent) == [sent]


def test_pressing_what_holds_already_records_nothing(
    open_strip: Callable[[], ConsentsStrip], connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.answer(GetConsents, said(YES))
    strip = open_strip()
    qtbot.waitUntil(lambda: pressed(strip) == [YES])

    strip.buttons[MESSAGES, YES].click()

    assert pressed(strip) == [YES]
    assert connection.requests(RecordConsent) == []


def test_a_refusal_says_so_and_shows_what_holds(
    open_strip: Callable[[], ConsentsStrip], connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.answer(GetConsents, said(YES))
    connection.answer(
        RecordConsent, Fault(code="request.forbidden", message="Your role does not allow this.")
    )
    strip = open_strip()
    qtbot.waitUntil(lambda: pressed(strip) == [YES])

    strip.buttons[MESSAGES, NO].click()

    qtbot.waitUntil(lambda: len(connection.requests(GetConsents)) == 2)
    qtbot.waitUntil(lambda: pressed(strip) == [YES])


def test_what_could_not_be_fetched_is_not_shown_as_not_asked(
    open_strip: Callable[[], ConsentsStrip], connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.answer(GetConsents, Fault(code="server.away", message="The server is away."))
    strip = open_strip()

    qtbot.waitUntil(lambda: "could not be fetched" in strip.notice.text())

    assert strip._since[MESSAGES].text() == "not known"
    assert not strip.buttons[MESSAGES, YES].isEnabled()


def test_a_late_answer_about_somebody_else_is_ignored(
    open_strip: Callable[[], ConsentsStrip], connection: FakeConnection, qtbot: QtBot
) -> None:
    """Ada has agreed; Obi, who was opened meanwhile, has not."""
    connection.answer(
        GetConsents,
        lambda request: said(YES) if request.patient_id == ADA else said(NO, patient_id=OBI),
    )
    connection.hold()
    strip = open_strip()
    strip.open(OBI)
    connection.release()

    qtbot.waitUntil(lambda: pressed(strip) == [NO])


def test_what_a_colleague_records_appears_by_itself(
    open_strip: Callable[[], ConsentsStrip], connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.answer(GetConsents, NOTHING)
    strip = open_strip()
    qtbot.waitUntil(strip.buttons[MESSAGES, YES].isEnabled)
    connection.answer(GetConsents, said(YES))

    connection.happen(ConsentChanged(patient_id=OBI, scope=MESSAGES, decision=YES))
    connection.happen(ConsentChanged(patient_id=ADA, scope=MESSAGES, decision=YES))

    qtbot.waitUntil(lambda: pressed(strip) == [YES])
    assert len(connection.requests(GetConsents)) == 2


@pytest.fixture
def form(qtbot: QtBot) -> DemographicsForm:
    made = DemographicsForm(today=lambda: date(2026, 11, 20))
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


def fill(form: DemographicsForm) -> None:
    form.fill(Demographics(family_name="Obi", sex=Sex.FEMALE, birth_date=date(1990, 5, 17)))


def test_address_and_language_are_read_and_kept_in_drafts(form: DemographicsForm) -> None:
    fill(form)
    form.email.set_text("ada.obi@example.com")
    form.language.set_value("ha")

    written = form.read()
    typed = form.typed()
    form.clear()
    empty = form.is_empty()
    form.restore(typed)

    assert written is not None
    assert (written.email, written.language) == ("ada.obi@example.com", "ha")
    assert empty
    assert (form.email.text(), form.language.value()) == ("ada.obi@example.com", "ha")
    assert not form.is_empty()


def test_a_stored_address_is_kept_by_a_correction_of_something_else(form: DemographicsForm) -> None:
    stored = Demographics(
        family_name="Obi",
        sex=Sex.FEMALE,
        birth_date=date(1990, 5, 17),
        email="ada@example.com",
        language="fr",
    )
    form.fill(stored)
    form.address.set_text("Enugu")

    written = form.read()

    assert written is not None
    assert (written.email, written.language) == ("ada@example.com", "fr")


def test_a_language_can_be_taken_back(form: DemographicsForm) -> None:
    fill(form)
    form.language.set_value("")

    written = form.read()

    assert written is not None
    assert written.language is None


@pytest.mark.parametrize("wrong", ["ada", "ada@", "ada@example", "ada obi@example.com"])
def test_an_address_that_is_none_is_said_at_once_and_not_sent(form: DemographicsForm, wrong: str) -> None:
    fill(form)
    form.email.set_text(wrong)
    form.email.finished.emit()
    at_once = form.email.error()

    assert form.read() is None
    assert at_once == form.email.error() == "An e-mail address looks like ada.obi@example.com."
    assert form.email.text() == wrong


def test_what_the_server_refuses_of_an_address_stands_at_its_field(form: DemographicsForm) -> None:
    assert form.show_fault(Fault(code="patients.email", message="Check it.", field="email"))
    assert form.email.error() == "Check it."
    assert form.show_fault(Fault(code="patients.language", message="Choose.", field="language"))
    assert form.language.error() == "Choose."


def test_enter_goes_through_the_new_fields_in_the_order_of_the_eye(form: DemographicsForm) -> None:
    form.start()
    order: list[FieldFrame[Any]] = [
        form.family, form.given, form.birth, form.sex, form.phone, form.email, form.language,
        form.national_id, form.kin, form.kin_phone, form.address,
    ]  # fmt: skip

    for field in order:
        assert field.editor.hasFocus(), field.editor.accessibleName()
        QTest.keyClick(field.editor, Qt.Key.Key_Return)
