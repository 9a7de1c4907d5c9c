"""What may be written down of a person, field by field."""

import unicodedata
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from hms_server.contract.patients import Demographics
from hms_server.contract.values import BirthPrecision, Sex
from hms_server.faults import Refused
from hms_server.patients.rules import (
    check_digit_of,
    clean_demographics,
    parse_number,
    phone_key,
    require_birth,
    years_between,
)

TODAY = date(2026, 3, 2)
ADA = Demographics(family_name="Obi", given_names="Ada", sex=Sex.FEMALE, birth_date=date(1990, 5, 17))


def clean(**changes: Any) -> Demographics:
    return clean_demographics(structs.replace(ADA, **changes), today=TODAY)


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"family_name": ""}, "family_name", "family name"),
        ({"family_name": " \u200b\u202e\t "}, "family_name", "family name"),
        ({"family_name": "x" * 101}, "family_name", "at most 100 characters; this one has 101"),
        ({"given_names": "y" * 101}, "given_names", "at most 100"),
        ({"family_name": "😀"}, "family_name", "at least one letter"),
        ({"given_names": "123"}, "given_names", "at least one letter"),
        ({"family_name": "O\x00bi"}, "family_name", "control character"),
        ({"given_names": "A\x1bda"}, "given_names", "control character"),
        ({"address": "here\x07"}, "address", "control character"),
        ({"address": "z" * 301}, "address", "at most 300"),
        ({"national_id": "9" * 41}, "national_id", "at most 40"),
        ({"birth_date": date(2026, 3, 3)}, "birth_date", "in the future. Today is 02/03/2026"),
        ({"birth_date": date(1895, 3, 1)}, "birth_date", "more than 130 years"),
        ({"birth_date": None, "age_years": 131}, "age_years", "between 0 and 130"),
        ({"birth_date": None, "age_years": -1}, "age_years", "between 0 and 130"),
        ({"birth_date": None, "age_months": -1}, "age_months", "between 0 and 130"),
        ({"birth_date": None, "age_years": 130, "age_months": 1}, "age_years", "between 0 and 130"),
        ({"age_years": 35}, "age_years", "or an age, not both"),
        ({"phone": "call me"}, "phone", "digits, spaces"),
        ({"phone": "0803 55 018"}, "phone", "10 to 12 digits; this one has 9"),
        ({"phone": "+1234567"}, "phone", "8 to 15 digits; this one has 7"),
        ({"phone": "+1234567890123456"}, "phone", "8 to 15 digits; this one has 16"),
        ({"next_of_kin_phone": "0803"}, "next_of_kin_phone", "this one has 4"),
        ({"phone": "0803 555 0182", "no_phone": True}, "phone", "not both"),
        ({"next_of_kin_name": "?"}, "next_of_kin_name", "at least one letter"),
        ({"deceased_on": date(2020, 1, 1)}, "deceased_on", "not marked as deceased"),
        ({"deceased": True, "deceased_on": date(2026, 3, 3)}, "deceased_on", "in the future"),
        ({"deceased": True, "deceased_on": date(1990, 5, 16)}, "deceased_on", "before the date of birth"),
    ],
)
def test_a_wrong_field_is_named_with_what_would_be_right(
    changes: dict[str, Any], field: str, says: str
) -> None:
    """Each refusal belongs to one field and says in words how to mend it."""
    with pytest.raises(Refused) as refused:
        clean(**changes)

    assert refused.value.fault.field == field
    assert says in refused.value.fault.message


def test_a_birth_date_or_an_age_is_needed_at_the_desk() -> None:
    """Without both the desk is asked for an estimate."""
    with pytest.raises(Refused, match="an estimate is enough"):
        require_birth(structs.replace(ADA, birth_date=None))


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("  Ọlá\t\n Bisi ", "Ọlá Bisi"),
        (unicodedata.normalize("NFD", "Ọlá"), "Ọlá"),
        ("ẹọṣ ɓɗƙ", "ẹọṣ ɓɗƙ"),
        ("Ada 😀", "Ada 😀"),
        ("Ada 👩\u200d⚕️", "Ada 👩\u200d⚕️"),
        ("\u202eAda\u202c\u200b\ufeff", "Ada"),
        ("محمد", "محمد"),
        ("O'Brien-Eze", "O'Brien-Eze"),
        ("陳", "陳"),
        ("x" * 100, "x" * 100),
        ("e\u0301" * 100, "é" * 100),
    ],
)
def test_names_of_every_script_are_kept(typed: str, stored: str) -> None:
    """Accents are composed, invisible signs taken out, and what somebody is called stays."""
    cleaned = clean(given_names=typed)

    assert cleaned.given_names == stored


@given(st.text(max_size=120))
def test_any_text_is_a_clean_name_or_a_refusal(text: str) -> None:
    """No text passes with something invisible in it, and cleaning twice changes nothing."""
    with suppress(Refused):
        cleaned = clean(given_names=text)

        assert len(cleaned.given_names) <= 100
        assert not any(unicodedata.category(sign) == "Cc" for sign in cleaned.given_names)
        assert clean(given_names=cleaned.given_names) == cleaned


@pytest.mark.parametrize(
    ("age", "birth_date"),
    [
        ({"age_years": 40}, date(1986, 1, 1)),
        ({"age_years": 0}, date(2026, 1, 1)),
        ({"age_years": 130}, date(1896, 1, 1)),
        ({"age_months": 5}, date(2025, 10, 1)),
        ({"age_months": 0}, date(2026, 3, 1)),
        ({"age_years": 1, "age_months": 2}, date(2025, 1, 1)),
        ({"age_months": 36}, date(2023, 3, 1)),
        ({"age_years": 3, "age_months": 1}, date(2023, 1, 1)),
    ],
)
def test_an_age_becomes_an_estimated_birth_date(age: dict[str, int], birth_date: date) -> None:
    """Years keep the year only; up to 36 months the month is kept."""
    cleaned = clean(birth_date=None, **age)

    assert cleaned.birth_date == birth_date
    assert cleaned.birth_precision is BirthPrecision.ESTIMATED
    assert (cleaned.age_years, cleaned.age_months) == (None, None)


@pytest.mark.parametrize(
    ("precision", "stored"),
    [
        (BirthPrecision.YEAR, date(1990, 1, 1)),
        (BirthPrecision.MONTH, date(1990, 5, 1)),
        (BirthPrecision.DAY, date(1990, 5, 17)),
    ],
)
def test_a_birth_date_is_stored_no_more_precisely_than_it_is_known(
    precision: BirthPrecision, stored: date
) -> None:
    """What nobody knows of a date is not kept as if somebody knew."""
    assert clean(birth_precision=precision).birth_date == stored


@pytest.mark.parametrize(
    ("birth", "day", "years"),
    [
        (date(2000, 2, 29), date(2026, 2, 28), 25),
        (date(2000, 2, 29), date(2026, 3, 1), 26),
        (date(1896, 3, 2), TODAY, 130),
    ],
)
def test_years_are_completed_years(birth: date, day: date, years: int) -> None:
    """A birthday counts on its day, for the 29th of February on the 1st of March."""
    assert years_between(birth, day) == years


def test_somebody_of_130_can_be_registered() -> None:
    """The limit itself is allowed."""
    assert clean(birth_date=date(1895, 3, 3)).birth_date == date(1895, 3, 3)


@pytest.mark.parametrize(
    "written",
    ["0803 555 0182", "+234 803 555 0182", "+234 (0) 803-555-0182", "00234 803 555 0182", "2348035550182"],
)
def test_a_phone_has_one_key_however_it_is_written(written: str) -> None:
    """Country code, leading zero, spaces and dashes make no difference."""
    assert phone_key(written) == "8035550182"


def test_digits_of_other_scripts_are_digits() -> None:
    """A phone number from an Arabic keyboard is stored in the digits that everybody reads."""
    assert clean(phone="٠٨٠٣ ٥٥٥ ٠١٨٢").phone == "0803 555 0182"


def test_the_check_digit_is_that_of_the_standard() -> None:
    """The published example of ISO 7064 MOD 11,10."""
    assert check_digit_of("79462") == "3"


@pytest.mark.parametrize("text", ["P000123-7", "p000123-7", "P0001237", "P000123 7", " P123-7 ", "p1237"])
def test_a_patient_number_is_read_however_it_is_typed(text: str) -> None:
    """With or without dash and zeros, by hand or by scanner."""
    assert parse_number(text) == 123


@pytest.mark.parametrize(
    "text", ["P000123-8", "P000132-7", "000123-7", "Peter", "P", "P1", "P" + "0" * 19 + "1237"]
)
def test_a_misread_patient_number_is_none(text: str) -> None:
    """A wrong digit, two swapped ones, or no number at all lead to nobody rather than to somebody else."""
    assert parse_number(text) is None


@given(st.integers(min_value=1, max_value=10**9), st.data())
def test_one_wrong_digit_is_always_noticed(number: int, data: st.DataObject) -> None:
    """No two patient numbers differ in a single digit."""
    digits = f"{number:06d}"
    place = data.draw(st.integers(0, len(digits) - 1))
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != digits[place]]))
    misread = digits[:place] + wrong + digits[place + 1 :]

    assert check_digit_of(misread) != check_digit_of(digits)
