"""Phone numbers from a desk as a provider wants them."""

from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_server.messaging.phones import country_of_zone, is_country, normal_phone


@pytest.mark.parametrize(
    ("written", "country", "normal"),
    [
        ("0803 555 0182", "NG", "+2348035550182"),
        ("+234 (0)803 555-0182", "NG", "+2348035550182"),
        ("00234 803 555 0182", "NG", "+2348035550182"),
        ("234 803 555 0182", "NG", "+2348035550182"),
        ("0803 555 0182", "GH", None),
        ("024 412 3456", "GH", "+233244123456"),
        ("+233 24 412 3456", "NG", "+233244123456"),
        ("77 123 45 67", "SN", "+221771234567"),
        ("07 07 12 34 56", "CI", "+2250707123456"),
        ("+44 7911 123456", "NG", "+447911123456"),
        ("01 271 0000", "NG", None),
        ("0803 555 018", "NG", None),
        ("+234 803 555 0182 00", "NG", None),
        ("", "NG", None),
        ("no phone", "NG", None),
    ],
)
def test_a_number_is_brought_into_one_form(written: str, country: str, normal: str | None) -> None:
    """What no SMS can reach (too short, a fixed line, another country's) is None and never guessed at."""
    assert normal_phone(written, country) == normal


@given(st.text(max_size=20))
def test_whatever_is_written_a_normal_number_stays_itself_everywhere(written: str) -> None:
    normal = normal_phone(written, "NG")

    if normal is not None:
        assert normal.startswith("+")
        assert normal[1:].isdecimal()
        assert normal_phone(normal, "GH") == normal


@pytest.mark.parametrize(
    ("zone", "country"),
    [("Africa/Lagos", "NG"), ("Africa/Accra", "GH"), ("Africa/Dakar", "SN"), ("Africa/Abidjan", "CI"),
     ("UTC", None), ("Nowhere/Else", None)],
)  # fmt: skip
def test_a_clinics_zone_says_in_which_country_it_is(zone: str, country: str | None) -> None:
    assert country_of_zone(zone) == country


def test_phones_are_known_of_every_country_of_the_zones() -> None:
    """Only a few places without telephones of their own are missing (Antarctica, Pitcairn …)."""
    countries = {country for zone in available_timezones() if (country := country_of_zone(zone))}

    assert {country for country in countries if not is_country(country)} <= {"AQ", "GS", "PN", "TF", "UM"}
    assert not is_country("XX")
