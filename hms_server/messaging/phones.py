"""Phone numbers as a provider wants them: E.164, from whatever a desk has written down."""

from functools import cache
from importlib import resources

import phonenumbers
from phonenumbers import PhoneNumberType

_CANNOT_READ = {PhoneNumberType.FIXED_LINE, PhoneNumberType.PREMIUM_RATE, PhoneNumberType.TOLL_FREE}
"""Lines on which an SMS does not arrive, or costs somebody else."""


def normal_phone(written: str, country: str) -> str | None:
    """The number in E.164, such as "+2348035550182"; None for what cannot receive an SMS.

    `country` (ISO 3166) is where a number without a country code is at home. Which numbers exist is
    the knowledge of the library `phonenumbers`.
    """
    typed = written.strip()
    if typed.startswith("00"):
        # Not every country dials out with 00, but everybody who writes it in front means that.
        typed = "+" + typed[2:]
    try:
        number = phonenumbers.parse(typed, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) in _CANNOT_READ:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_country(code: str) -> bool:
    """Whether phones of that country (ISO 3166) are known."""
    return code in phonenumbers.SUPPORTED_REGIONS


def country_of_zone(time_zone: str) -> str | None:
    """The country in which a time zone lies, from the table of the time zone database."""
    return _countries_by_zone().get(time_zone)


@cache
def _countries_by_zone() -> dict[str, str]:
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    rows = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
    return {row[2]: row[0] for row in rows}
