"""What may be written down of a person: clean texts, believable dates, phones and patient numbers."""

import re
import unicodedata
from datetime import date

from msgspec import structs

from hms_server.contract.patients import LANGUAGES, Demographics
from hms_server.contract.values import BirthPrecision
from hms_server.faults import Refused

MAX_AGE_YEARS = 130
MAX_NAME_CHARACTERS = 100
MAX_TEXT_CHARACTERS = 300
MAX_NATIONAL_ID_CHARACTERS = 40
MAX_EMAIL_CHARACTERS = 254
"""RFC 5321, 4.5.3.1.3: a path has 256 octets with its brackets."""
MONTHS_KEPT_UP_TO = 36
"""Up to this estimated age the month of birth is kept: an infant of 5 months is not "0 years" old."""

_MAX_LENGTHS = {
    "family_name": MAX_NAME_CHARACTERS,
    "given_names": MAX_NAME_CHARACTERS,
    "next_of_kin_name": MAX_NAME_CHARACTERS,
    "national_id": MAX_NATIONAL_ID_CHARACTERS,
    "address": MAX_TEXT_CHARACTERS,
}
_LABELS = {
    "family_name": "The family name",
    "given_names": "The given names",
    "next_of_kin_name": "The name of the next of kin",
    "national_id": "The national ID",
    "address": "The address",
}
_WHITESPACE = re.compile(r"\s+")
_EMAIL = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])",
    re.IGNORECASE,
)
_JOINERS = "\u200c\u200d"
_PHONE = re.compile(r"\+?[0-9 ()./–-]+")
_MIN_PHONE_DIGITS, _MAX_PHONE_DIGITS = 8, 15
_MIN_TRUNK_DIGITS, _MAX_TRUNK_DIGITS = 10, 12
_COUNTRY_CODES = (
    "220", "221", "222", "223", "224", "225", "226", "227", "228", "229",
    "231", "232", "233", "234", "235", "236", "237", "238", "240", "241", "245",
)  # fmt: skip
"""ITU-T E.164 codes of West Africa and its neighbours, which a searcher may write or leave out."""
_LONGEST_NATIONAL = 11
_NUMBER = re.compile(r"P[ -]?([0-9]{1,18})[ -]?([0-9])", re.IGNORECASE)


def clean_demographics(given: Demographics, *, today: date) -> Demographics:
    """The same person, texts clean and a birth date instead of an age; a refusal names the field."""
    birth_date, precision = resolve_birth(given, today=today)
    cleaned = structs.replace(
        given,
        family_name=_clean_name("family_name", given.family_name) or "",
        given_names=_clean_name("given_names", given.given_names) or "",
        birth_date=birth_date,
        birth_precision=precision,
        age_years=None,
        age_months=None,
        phone=_clean_phone("phone", given.phone),
        national_id=_clean_line("national_id", given.national_id),
        address=_clean_line("address", given.address),
        next_of_kin_name=_clean_name("next_of_kin_name", given.next_of_kin_name),
        next_of_kin_phone=_clean_phone("next_of_kin_phone", given.next_of_kin_phone),
        email=clean_email(given.email),
        language=_clean_language(given.language),
    )
    _check_together(cleaned, today=today)
    return cleaned


def clean_email(text: str | None) -> str | None:
    """The address as mail is sent to it, None for none; refused where nothing could arrive."""
    email = "".join(sign for sign in (text or "").strip() if unicodedata.category(sign) != "Cf")
    if not email:
        return None
    local, _, domain = email.rpartition("@")
    dots_wrong = local.startswith(".") or local.endswith(".") or ".." in local
    if len(email) > MAX_EMAIL_CHARACTERS or dots_wrong or not _EMAIL.fullmatch(email):
        raise Refused(
            "patients.email", "An e-mail address looks like ada.obi@example.com. Check it.", field="email"
        )
    return f"{local}@{domain.lower()}"


def _clean_language(code: str | None) -> str | None:
    if code and code not in LANGUAGES:
        raise Refused("patients.language", "Choose a language from the list.", field="language")
    return code or None


def require_birth(given: Demographics) -> None:
    """A desk can always say an age, if only an estimated one; records from elsewhere may lack it."""
    if given.birth_date is None and given.age_years is None and given.age_months is None:
        raise Refused(
            "patients.birth_missing",
            "Type the date of birth or an age; an estimate is enough.",
            field="birth_date",
        )


def resolve_birth(given: Demographics, *, today: date) -> tuple[date | None, BirthPrecision]:
    """The birth date, as far as it is known, from a date or from an age."""
    if given.age_years is not None or given.age_months is not None:
        return _birth_from_age(given, today=today), BirthPrecision.ESTIMATED
    if given.birth_date is None:
        return None, given.birth_precision
    if given.birth_date > today:
        raise Refused(
            "patients.birth_in_future",
            f"The date of birth is in the future. Today is {today:%d/%m/%Y}.",
            field="birth_date",
        )
    if years_between(given.birth_date, given.deceased_on or today) > MAX_AGE_YEARS:
        raise Refused(
            "patients.birth_too_early",
            f"That would be more than {MAX_AGE_YEARS} years. Check the year of birth.",
            field="birth_date",
        )
    return _as_precise(given.birth_date, given.birth_precision), given.birth_precision


def years_between(birth: date, day: date) -> int:
    """Completed years of age."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def check_digit_of(digits: str) -> str:
    """ISO 7064 MOD 11,10, the last digit of a patient number."""
    product = 10
    for digit in digits:
        product = (product + int(digit)) % 10 or 10
        product = product * 2 % 11
    return str((11 - product) % 10)


def parse_number(text: str) -> int | None:
    """The id behind a whole patient number (P000123-7, p1237), or None if it is none or was misread."""
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        return None
    digits, check_digit = found.groups()
    return int(digits) if check_digit_of(digits.zfill(6)) == check_digit else None


def phone_key(phone: str) -> str:
    """The digits without country code and leading zero, which end alike however somebody writes a phone."""
    digits = "".join(sign for sign in ascii_digits(phone) if sign.isdecimal())
    international = phone.lstrip().startswith("+") or digits.startswith("00")
    if international or len(digits) > _LONGEST_NATIONAL:
        digits = digits.removeprefix("00")
        if digits.startswith(_COUNTRY_CODES):
            digits = digits[3:]
    return digits.lstrip("0")


def national_id_key(national_id: str) -> str:
    """Letters and digits only, so that spaces and dashes do not matter."""
    return "".join(sign for sign in national_id.upper() if sign.isalnum())


def ascii_digits(text: str) -> str:
    """Digits of any script as 0 to 9."""
    return "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in text)


def _birth_from_age(given: Demographics, *, today: date) -> date:
    field = "age_months" if given.age_years is None else "age_years"
    years, months = given.age_years or 0, given.age_months or 0
    if given.birth_date is not None:
        raise Refused("patients.birth_twice", "Give a date of birth or an age, not both.", field=field)
    if years < 0 or months < 0 or years * 12 + months > MAX_AGE_YEARS * 12:
        raise Refused("patients.age", f"An age is between 0 and {MAX_AGE_YEARS} years.", field=field)
    months += years * 12
    if given.age_months is None or months > MONTHS_KEPT_UP_TO:
        return date(today.year - months // 12, 1, 1)
    month = today.year * 12 + today.month - 1 - months
    return date(month // 12, month % 12 + 1, 1)


def _as_precise(birth_date: date, precision: BirthPrecision) -> date:
    match precision:
        case BirthPrecision.YEAR:
            return birth_date.replace(month=1, day=1)
        case BirthPrecision.MONTH:
            return birth_date.replace(day=1)
        case _:
            return birth_date


def _check_together(cleaned: Demographics, *, today: date) -> None:
    if not cleaned.family_name:
        raise Refused(
            "patients.name_missing",
            "Type the family name. Somebody with a single name has it here.",
            field="family_name",
        )
    if cleaned.no_phone and cleaned.phone:
        raise Refused(
            "patients.phone_twice", "Type a phone number or choose “no phone”, not both.", field="phone"
        )
    if cleaned.deceased_on is not None:
        _check_deceased_on(cleaned, cleaned.deceased_on, today=today)


def _check_deceased_on(cleaned: Demographics, deceased_on: date, *, today: date) -> None:
    if not cleaned.deceased:
        message = "A date of death is given for somebody who is not marked as deceased."
    elif deceased_on > today:
        message = f"The date of death is in the future. Today is {today:%d/%m/%Y}."
    elif cleaned.birth_date and deceased_on < cleaned.birth_date:
        message = f"The date of death is before the date of birth, {cleaned.birth_date:%d/%m/%Y}."
    else:
        return
    raise Refused("patients.deceased_on", message, field="deceased_on")


def _clean_name(field: str, text: str | None) -> str | None:
    name = _clean_line(field, text)
    if name and not any(unicodedata.category(sign)[0] == "L" for sign in name):
        raise Refused(
            "patients.name_without_letter", f"{_LABELS[field]} has at least one letter.", field=field
        )
    return name


def _clean_line(field: str, text: str | None) -> str | None:
    """One line in NFC, or None where nothing visible is left."""
    line = _visible(field, unicodedata.normalize("NFC", text or ""))
    longest = _MAX_LENGTHS[field]
    if len(line) > longest:
        raise Refused(
            "patients.too_long",
            f"{_LABELS[field]} has at most {longest} characters; this one has {len(line)}.",
            field=field,
        )
    return line or None


def _visible(field: str, text: str) -> str:
    """Takes out what nobody can see: it comes along when text is pasted, and nobody could correct it.

    Tabs and line ends become spaces. Joiners stay inside a word, where some scripts and emoji need them.
    Other control characters are refused, since something is wrong with wherever they come from.
    """
    spaced = _WHITESPACE.sub(" ", text)
    if any(unicodedata.category(sign) == "Cc" for sign in spaced):
        raise Refused(
            "patients.control_character",
            f"{_LABELS[field]} contains a control character. Type it anew.",
            field=field,
        )
    shown = "".join(sign for sign in spaced if unicodedata.category(sign) != "Cf" or sign in _JOINERS)
    return _WHITESPACE.sub(" ", shown).strip(" " + _JOINERS)


def _clean_phone(field: str, text: str | None) -> str | None:
    shown = "".join(sign for sign in ascii_digits(text or "") if unicodedata.category(sign) != "Cf")
    phone = _WHITESPACE.sub(" ", shown).strip()
    if not phone:
        return None
    if not _PHONE.fullmatch(phone):
        raise Refused(
            "patients.phone", "A phone number has digits, spaces and perhaps a + in front.", field=field
        )
    if problem := _wrong_length(sum(sign.isdecimal() for sign in phone), phone):
        raise Refused("patients.phone", problem, field=field)
    return phone


def _wrong_length(count: int, phone: str) -> str | None:
    if phone.startswith("0") and not phone.startswith("00"):
        shortest, longest, which = _MIN_TRUNK_DIGITS, _MAX_TRUNK_DIGITS, "A phone number that begins with 0"
    else:
        shortest, longest, which = _MIN_PHONE_DIGITS, _MAX_PHONE_DIGITS, "A phone number"
    if shortest <= count <= longest:
        return None
    return f"{which} has {shortest} to {longest} digits; this one has {count}."
