"""The clinic's own wording, and its settings."""

from datetime import time

import pytest

from hms_server.contract.messaging import (
    GetMessagingSettings,
    ListTemplates,
    MessageState,
    MessagingSettings,
    ResetTemplate,
    SetMessagingSettings,
    SetTemplate,
    TemplateRow,
)
from hms_server.contract.values import Person, Role
from tests.outside.sms import FakeTwilio
from tests.server.desk import Desk
from tests.server.messaging.post import ADA, Post

ADMIN = Role.ADMINISTRATOR
OURS = SetTemplate(
    name="appointment_booked", language="en", subject="Come on {when}", text="Hello {name}: {when}, {clinic}."
)


def row_of(desk: Desk, name: str, language: str) -> TemplateRow | None:
    rows = desk.ask(ListTemplates(), ADMIN).rows
    return next((row for row in rows if (row.name, row.language) == (name, language)), None)


def test_every_message_is_listed_in_every_language_that_has_it(desk: Desk) -> None:
    """With what may be filled in, and as a patient would read it."""
    answer = desk.ask(ListTemplates(), ADMIN)

    assert answer.languages == ["en", "fr"]
    assert len(answer.rows) == 12
    row = row_of(desk, "appointment_booked", "fr")
    assert row is not None
    assert (row.own, row.shipped, row.changed, row.segments) == (False, True, None, 1)
    assert row.example.startswith("Bonjour Ada, votre rendez-vous à Sunrise Clinic est fixé au mardi 3 mars")
    assert [each.name for each in row.placeholders if each.required] == ["when"]


def test_the_clinics_own_wording_takes_the_place_of_the_shipped_one(post: Post, twilio: FakeTwilio) -> None:
    stored = post.desk.ask(OURS, ADMIN)
    patient = post.patient()
    message = post.say(patient)
    post.relay.run_due()

    assert (stored.own, stored.shipped) == (True, True)
    assert stored.changed is not None
    assert stored.changed.by == Person(post.desk.staff[ADMIN], "Esi Owusu")
    assert stored == row_of(post.desk, "appointment_booked", "en")
    assert twilio.texts_to(ADA) == ["Hello Adaeze: Tuesday 3 March at 10:30, Sunrise Clinic."]
    assert post.open(message).subject == "Come on Tuesday 3 March at 10:30"


def test_the_shipped_wording_comes_back(post: Post, twilio: FakeTwilio) -> None:
    post.desk.ask(OURS, ADMIN)

    post.desk.ask(ResetTemplate(name="appointment_booked", language="en"), ADMIN)

    row = row_of(post.desk, "appointment_booked", "en")
    assert row is not None
    assert not row.own
    assert post.open(post.say(post.patient())).text.startswith("Hello Adaeze, your appointment at")


def test_a_clinic_adds_a_language_of_its_own(post: Post, twilio: FakeTwilio) -> None:
    """Message by message; what is not written yet goes out in the clinic's language."""
    hausa = SetTemplate(
        name="appointment_booked", language="ha", subject="{when}", text="Sannu {name}. {clinic}: {when}."
    )
    post.desk.ask(hausa, ADMIN)
    patient = post.patient(language="ha")

    booked = post.say(patient)
    cancelled = post.say(patient, "appointment_cancelled")

    assert post.open(booked).text == "Sannu Adaeze. Sunrise Clinic: 03/03/2026 10:30."
    assert "is cancelled" in post.open(cancelled).text
    assert post.desk.ask(ListTemplates(), ADMIN).languages == ["en", "fr", "ha"]
    post.desk.ask(ResetTemplate(name="appointment_booked", language="ha"), ADMIN)
    assert row_of(post.desk, "appointment_booked", "ha") is None


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"name": "nonsense"}, "messaging.template_unknown", "name"),
        ({"language": "xx"}, "messaging.language", "language"),
        ({"subject": " "}, "messaging.empty", "subject"),
        ({"text": "Hello {name}"}, "messaging.placeholder_missing", "text"),
        ({"text": "On {when} by {doctor}"}, "messaging.placeholder_unknown", "text"),
        ({"text": "{when}" + "x" * 1000}, "messaging.too_long", "text"),
    ],
)
def test_wording_that_cannot_be_used_is_refused_and_the_old_one_stays(
    desk: Desk, changes: dict[str, str], code: str, field: str
) -> None:
    words = {"name": OURS.name, "language": "en", "subject": OURS.subject, "text": OURS.text} | changes

    fault = desk.fault(SetTemplate(**words), ADMIN)

    assert (fault.code, fault.field) == (code, field)
    row = row_of(desk, "appointment_booked", "en")
    assert row is not None
    assert not row.own


def test_a_new_clinic_has_the_quiet_hours_and_the_country_of_its_zone(desk: Desk) -> None:
    settings = desk.ask(GetMessagingSettings(), ADMIN)

    assert settings == MessagingSettings(
        quiet_from=time(21), quiet_until=time(7), country="NG", language="en"
    )


def test_settings_hold_for_what_is_sent_from_then_on(post: Post, twilio: FakeTwilio) -> None:
    """In Ghana the same digits are another phone, and at this clinic the morning is quiet too."""
    ours = MessagingSettings(quiet_from=time(8), quiet_until=time(12), country=" gh ", language="fr")
    stored = post.desk.ask(SetMessagingSettings(settings=ours), ADMIN)
    message = post.say(post.patient(phone="024 412 3456"))
    post.relay.run_due()

    assert stored.country == "GH"
    assert post.desk.ask(GetMessagingSettings(), ADMIN) == stored
    assert post.state(message) is MessageState.QUEUED
    assert post.open(message).text.startswith("Bonjour")
    post.desk.pass_time(hours=3)
    post.relay.run_due()
    assert [text.to for text in twilio.texts] == ["+233244123456"]


@pytest.mark.parametrize(
    ("country", "language", "field"),
    [("XX", "en", "country"), ("", "en", "country"), ("NG", "xx", "language")],
)
def test_settings_that_cannot_be_are_refused(desk: Desk, country: str, language: str, field: str) -> None:
    wrong = MessagingSettings(quiet_from=time(8), quiet_until=time(9), country=country, language=language)

    assert desk.fault(SetMessagingSettings(settings=wrong), ADMIN).field == field
    assert desk.ask(GetMessagingSettings(), ADMIN).country == "NG"
