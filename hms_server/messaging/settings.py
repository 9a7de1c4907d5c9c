"""The clinic's quiet hours, its country and the language in which it writes."""

from dataclasses import dataclass
from datetime import time

from hms_server.contract.messaging import GetMessagingSettings, MessagingSettings, SetMessagingSettings
from hms_server.contract.patients import LANGUAGES
from hms_server.faults import Refused
from hms_server.messaging.phones import country_of_zone, is_country
from hms_server.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    quiet_from: time
    quiet_until: time
    country: str | None
    language: str
    time_zone: str


def get_settings(work: Work, _request: GetMessagingSettings) -> MessagingSettings:
    """Where no country was chosen, it is the one in whose time zone the clinic lies."""
    stored = work.one(_Stored, SETTINGS)
    assert stored is not None
    return MessagingSettings(
        quiet_from=stored.quiet_from,
        quiet_until=stored.quiet_until,
        country=stored.country or country_of_zone(stored.time_zone) or "",
        language=stored.language,
    )


def set_settings(work: Work, request: SetMessagingSettings) -> MessagingSettings:
    """Holds for all that has not left yet."""
    settings = request.settings
    country = settings.country.strip().upper()
    if not is_country(country):
        raise Refused(
            "messaging.country",
            "Write the country with its two letters, such as NG for Nigeria or GH for Ghana.",
            field="country",
        )
    if settings.language not in LANGUAGES:
        raise Refused("messaging.language", "Choose a language from the list.", field="language")
    work.send(SET, (settings.quiet_from, settings.quiet_until, country, settings.language))
    return MessagingSettings(
        quiet_from=settings.quiet_from,
        quiet_until=settings.quiet_until,
        country=country,
        language=settings.language,
    )


SETTINGS = """
select quiet_from, quiet_until, country, language, time_zone from messaging_settings cross join clinic
"""
SET = "update messaging_settings set (quiet_from, quiet_until, country, language) = row(%s, %s, %s, %s)"
