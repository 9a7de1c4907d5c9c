"""The words of messages: what is shipped, what a clinic may write, and filling it in."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_server.contract.values import Money
from hms_server.faults import Refused
from hms_server.messaging.segments import count_segments, is_plain
from hms_server.messaging.wording import (
    TEMPLATES,
    Wording,
    check_wording,
    examples,
    fill,
    said,
    shipped_languages,
    shipped_wording,
)
from hms_server.reference import load_classes, load_formulary, load_ingredients, load_specialities

LAGOS = ZoneInfo("Africa/Lagos")
SHIPPED = [(name, language) for name in TEMPLATES for language in shipped_languages()]


def shipped(name: str, language: str) -> Wording:
    wording = shipped_wording(name, language)
    assert wording is not None
    return wording


def test_english_and_french_are_shipped() -> None:
    assert shipped_languages() == ["en", "fr"]
    assert shipped_wording("appointment_booked", "ha") is None
    assert shipped_wording("no_such_message", "en") is None


@pytest.mark.parametrize(("name", "language"), SHIPPED)
def test_what_is_shipped_can_be_filled_in(name: str, language: str) -> None:
    """Every template in every language passes the check that the clinic's own wording has to pass."""
    wording, values = shipped(name, language), examples(TEMPLATES[name])

    check_wording(TEMPLATES[name], wording)

    assert not set("{}") & set(fill(wording.text, values) + fill(wording.subject, values))


@pytest.mark.parametrize(("name", "language"), SHIPPED)
def test_what_is_shipped_stays_within_the_cheap_alphabet(name: str, language: str) -> None:
    """One wrong sign in the wording would double the price of every message."""
    text = fill(shipped(name, language).text, examples(TEMPLATES[name]))

    assert is_plain(text), [sign for sign in text if not is_plain(sign)]
    assert count_segments(text) == 1


@pytest.mark.parametrize(("name", "language"), SHIPPED)
def test_no_message_says_anything_medical(name: str, language: str) -> None:
    """Whoever holds the phone reads it: no medicine, no diagnosis, and nothing that could carry one."""
    wording = shipped(name, language)
    said_words = set(f"{wording.subject} {wording.text}".lower().replace(",", " ").replace(".", " ").split())
    shipped_names = [
        *(product.name for product in load_formulary()),
        *(each.name for each in load_ingredients()),
        *(each.name for each in load_classes()),
        *(each.name for each in load_specialities()),
    ]
    medical = {word for name in shipped_names for word in name.lower().split() if len(word) > 3}

    assert not said_words & medical


def test_no_placeholder_can_carry_anything_medical() -> None:
    allowed = {"name", "clinic", "when", "before", "amount", "link", "receipt"}

    assert {each.name for template in TEMPLATES.values() for each in template.placeholders} == allowed


@pytest.mark.parametrize(
    ("subject", "text", "field", "says"),
    [
        ("", "On {when}.", "subject", "must not be empty"),
        ("Hello", "  ", "text", "must not be empty"),
        ("Hello", "See you soon.", "text", "says nowhere {when}"),
        ("Hello", "On {when}, Dr {doctor}.", "text", "{doctor} cannot be filled in here"),
        ("Hello {amount}", "On {when}.", "subject", "{amount} cannot be filled in here"),
        ("Hello", "On {when} {}.", "text", "{} cannot be filled in here"),
        ("Hello", "On {when.year}.", "text", "{when.year} cannot be filled in here"),
        ("Hello", "On {when!r:>10}.", "text", "cannot be filled in here"),
        ("Hello", "On {when} {", "text", "{ cannot be filled in here"),
        ("Hello", "On {{when}}", "text", "cannot be filled in here"),
        ("Hello\nBcc: all@example.com", "On {when}.", "subject", "one line"),
        ("x" * 121, "On {when}.", "subject", "at most 120 characters; now it has 121"),
        ("Hello", "{when}" + "x" * 1000, "text", "at most 1000 characters; now it has 1006"),
    ],
)
def test_wording_that_cannot_be_used_is_refused_at_its_field(
    subject: str, text: str, field: str, says: str
) -> None:
    with pytest.raises(Refused) as refused:
        check_wording(TEMPLATES["appointment_booked"], Wording(subject, text))

    assert refused.value.fault.field == field
    assert says in refused.value.fault.message


@given(st.text(max_size=60), st.text(alphabet="{}when abc", max_size=30))
def test_what_passes_the_check_can_always_be_filled_in(subject: str, text: str) -> None:
    """No wording of an administrator can break the sending of a message later."""
    template = TEMPLATES["appointment_booked"]
    try:
        check_wording(template, Wording(subject, text))
    except Refused:
        return

    fill(subject, examples(template))
    assert fill(text, {**examples(template), "when": "NOW"}).count("NOW") >= 1


def test_what_is_filled_in_is_not_filled_in_again() -> None:
    """A patient called "{clinic}" is called so."""
    assert fill("Hello {name}", {"name": "{clinic}", "clinic": "Sunrise"}) == "Hello {clinic}"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Tuesday 3 March at 10:30"),
        ("fr", "mardi 3 mars à 10:30"),
        ("ha", "03/03/2026 10:30"),
    ],
)
def test_a_moment_is_said_on_the_clinics_clock(language: str, words: str) -> None:
    assert said(datetime(2026, 3, 3, 9, 30, tzinfo=UTC), language, LAGOS) == words


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("month", range(1, 13))
def test_every_day_can_be_said_in_the_cheap_alphabet(language: str, month: int) -> None:
    for day in range(1, 8):
        assert is_plain(said(datetime(2026, month, day, tzinfo=UTC), language, LAGOS))


def test_money_is_said_with_its_code() -> None:
    """The sign of the naira would double the price of the message."""
    assert said(Money(1_865_000, "NGN"), "en", LAGOS) == "NGN 18,650.00"
    assert said(Money(18_650, "XOF"), "fr", LAGOS) == "XOF 18,650"
