"""What people write as date of birth or age is understood, or refused in words that help."""

from datetime import date

import pytest

from hms_desktop.patients.birth import Birth, BirthUnclearError, read_birth, say_birth, write_birth
from hms_server.contract.values import BirthPrecision

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12/03/1980", Birth(birth_date=date(1980, 3, 12))),
        (" 1.2.2020 ", Birth(birth_date=date(2020, 2, 1))),
        ("1980-03-12", Birth(birth_date=date(1980, 3, 12))),
        ("12/3/80", Birth(birth_date=date(1980, 3, 12))),
        ("12/3/26", Birth(birth_date=date(2026, 3, 12))),
        ("3/1980", Birth(birth_date=date(1980, 3, 1), precision=BirthPrecision.MONTH)),
        ("1980", Birth(birth_date=date(1980, 1, 1), precision=BirthPrecision.YEAR)),
        ("46", Birth(age_years=46)),
        ("~46 y", Birth(age_years=46)),
        ("0", Birth(age_years=0)),
        ("8 mo", Birth(age_months=8)),
        ("8mo", Birth(age_months=8)),
        ("18 Months", Birth(age_months=18)),
        ("5 d", Birth(birth_date=date(2026, 11, 15))),
        ("3 weeks", Birth(birth_date=date(2026, 10, 30), precision=BirthPrecision.MONTH)),
        ("130", Birth(age_years=130)),
    ],
)
def test_dates_years_and_ages_are_understood(text: str, expected: Birth) -> None:
    """The day stands before the month; two digits of a year are the latest that is not in the future."""
    assert read_birth(text, today=TODAY) == expected


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "such as"),
        ("old", "such as"),
        ("46 z", "behind it"),
        ("31/02/1980", "no such day"),
        ("03/31/1980", "no such day"),
        ("21/11/2026", "in the future"),
        ("2027", "in the future"),
        ("131", "more than 130"),
        ("1895", "more than 130"),
        ("1600 mo", "more than 130"),
        ("9999 w", "more than 130"),
        ("-4", "such as"),
        ("12/03/198", "such as"),
    ],
)
def test_what_cannot_be_right_says_what_would_be(text: str, hint: str) -> None:
    """A wrong age would change doses and scores."""
    with pytest.raises(BirthUnclearError, match=hint):
        read_birth(text, today=TODAY)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("12/03/1980", "12 Mar 1980 · 46 y"),
        ("3/2026", "03/2026 · 8 mo"),
        ("1980", "1980 · ~46 y"),
        ("46", "about 46 years old"),
        ("8 mo", "about 8 months old"),
    ],
)
def test_how_it_was_understood_is_said(text: str, said: str) -> None:
    """Nobody has to trust the program blindly."""
    assert say_birth(read_birth(text, today=TODAY), today=TODAY) == said


@pytest.mark.parametrize("precision", [BirthPrecision.DAY, BirthPrecision.MONTH, BirthPrecision.YEAR])
def test_what_is_stored_can_be_typed_again(precision: BirthPrecision) -> None:
    """A correction begins with what is stored."""
    written = write_birth(date(1980, 1, 1), precision)

    assert read_birth(written, today=TODAY) == Birth(birth_date=date(1980, 1, 1), precision=precision)
