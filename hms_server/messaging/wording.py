"""The words of messages: which there are, what may be filled in, and filling it in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import NamedTuple

from hms_server.contract.messaging import Placeholder
from hms_server.contract.money import format_amount
from hms_server.contract.places import resource
from hms_server.contract.values import Money
from hms_server.faults import Refused

MAX_SUBJECT_CHARACTERS = 120
MAX_TEXT_CHARACTERS = 1000
FALLBACK_LANGUAGE = "en"
Value = str | datetime | Money


def _may(name: str, meaning: str, example: str) -> Placeholder:
    return Placeholder(name=name, meaning=meaning, example=example, required=False)


def _must(name: str, meaning: str, example: str) -> Placeholder:
    return Placeholder(name=name, meaning=meaning, example=example, required=True)


_NAME = _may("name", "The patient's given names", "Ada")
_CLINIC = _may("clinic", "The clinic's name", "Sunrise Clinic")
_WHEN = _must("when", "Day and time of the appointment", "Tuesday 3 March at 10:30")
_BEFORE = _may("before", "Day and time before it was moved", "Monday 2 March at 09:00")
_AMOUNT = _must("amount", "The amount with its currency", "NGN 18,650.00")


@dataclass(frozen=True, kw_only=True)
class Template:
    """One kind of message. An urgent one does not wait for the end of the quiet hours."""

    name: str
    title: str
    placeholders: tuple[Placeholder, ...]
    urgent: bool = False


# No placeholder can carry a diagnosis, a medicine, a test, or the speciality of a doctor: whoever holds the
# patient's phone reads a message.
_ALL = (
    Template(
        name="appointment_booked", title="Appointment booked", placeholders=(_NAME, _CLINIC, _WHEN)
    ),
    Template(
        name="appointment_moved",
        title="Appointment moved",
        placeholders=(
            _NAME, _CLINIC, _WHEN, _BEFORE,
        ),
    ),
    Template(
        name="appointment_cancelled", title="Appointment cancelled", placeholders=(_NAME, _CLINIC, _WHEN)
    ),
    Template(
        name="appointment_reminder", title="Reminder of an appointment", placeholders=(_NAME, _CLINIC, _WHEN)
    ),
    Template(
        name="payment_link",
        title="Link to pay",
        placeholders=(
            _NAME, _CLINIC, _AMOUNT, _must("link", "The address of the payment page", "https://example.com/pay/x1y2"),
        ),
        urgent=True,
    ),
    Template(
        name="payment_received",
        title="Payment received",
        placeholders=(_NAME, _CLINIC, _AMOUNT, _must("receipt", "The receipt's number", "R2026-000123")),
        urgent=True,
    ),
)  # fmt: skip
TEMPLATES: dict[str, Template] = {template.name: template for template in _ALL}


def title_of(name: str) -> str:
    """What people call a message; one that this program does not know keeps its own name."""
    template = TEMPLATES.get(name)
    return template.title if template else name


class Wording(NamedTuple):
    """What stands in a template, with its placeholders still open."""

    subject: str
    text: str


_PART = re.compile(r"\{([^{}]*)\}|([{}])")


def shipped_languages() -> list[str]:
    """The languages in which templates are shipped."""
    return sorted(folder.name for folder in resource("messages").iterdir() if folder.is_dir())


def shipped_wording(template: str, language: str) -> Wording | None:
    """What is shipped in that language: a line of subject, a blank one, and the text."""
    if language not in shipped_languages():
        return None
    path = resource("messages", language) / f"{template}.txt"
    if not path.exists():
        return None
    subject, _, text = path.read_text("utf-8").partition("\n\n")
    return Wording(subject.strip(), text.strip())


def check_wording(template: Template, wording: Wording) -> None:
    """Refuses, at the field, what could not be filled in or leaves out what the message is for."""
    _check_field(template, "subject", wording.subject, longest=MAX_SUBJECT_CHARACTERS)
    if "\n" in wording.subject:
        raise Refused("messaging.subject_lines", "A subject has one line.", field="subject")
    _check_field(template, "text", wording.text, longest=MAX_TEXT_CHARACTERS)
    used = {name for name, _ in _PART.findall(wording.text)}
    for placeholder in template.placeholders:
        if placeholder.required and placeholder.name not in used:
            raise Refused(
                "messaging.placeholder_missing",
                f"The text says nowhere {{{placeholder.name}}}: {placeholder.meaning.lower()}. Put it in.",
                field="text",
            )


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with everything filled in; a placeholder without a value is a bug of the caller."""
    return _PART.sub(lambda found: values[found[1]], text)


def said(value: Value, language: str, zone: tzinfo) -> str:
    """A value in the words of a message; an amount with its ISO code, since no SMS alphabet has the signs."""
    if isinstance(value, Money):
        return f"{value.currency} {format_amount(value)}"
    if isinstance(value, datetime):
        return _moment(value.astimezone(zone), language)
    return value


def examples(template: Template, language: str = FALLBACK_LANGUAGE) -> dict[str, str]:
    """For each placeholder, what may stand there."""
    moments = {name: _moment(moment, language) for name, moment in _EXAMPLE_MOMENTS.items()}
    return {each.name: moments.get(each.name, each.example) for each in template.placeholders}


def _check_field(template: Template, field: str, text: str, *, longest: int) -> None:
    if not text.strip():
        raise Refused("messaging.empty", "This must not be empty.", field=field)
    if len(text) > longest:
        raise Refused(
            "messaging.too_long",
            f"This has at most {longest} characters; now it has {len(text)}.",
            field=field,
        )
    known = [placeholder.name for placeholder in template.placeholders]
    for name, brace in _PART.findall(text):
        if brace or name not in known:
            wrong = brace or f"{{{name}}}"
            offered = ", ".join(f"{{{each}}}" for each in known)
            raise Refused(
                "messaging.placeholder_unknown",
                f"{wrong} cannot be filled in here. What can be filled in: {offered}.",
                field=field,
            )


_EXAMPLE_MOMENTS = {
    "when": datetime(2026, 3, 3, 10, 30),  # noqa: DTZ001 - already on the clinic's clock
    "before": datetime(2026, 3, 2, 9, 0),  # noqa: DTZ001 - as above
}


def _moment(local: datetime, language: str) -> str:
    words = _MOMENTS.get(language)
    if words is None:
        return f"{local:%d/%m/%Y %H:%M}"
    days, months, form = words
    return form.format(
        day=days.split()[local.weekday()],
        date=local.day,
        month=months.split()[local.month - 1],
        clock=f"{local:%H:%M}",
    )


# In the spelling of 1990 "aout" has no circumflex, which the alphabet of SMS lacks.
_MOMENTS = {
    "en": (
        "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        "January February March April May June July August September October November December",
        "{day} {date} {month} at {clock}",
    ),
    "fr": (
        "lundi mardi mercredi jeudi vendredi samedi dimanche",
        "janvier février mars avril mai juin juillet aout septembre octobre novembre décembre",
        "{day} {date} {month} à {clock}",
    ),
}
