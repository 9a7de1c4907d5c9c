"""Time zones as people name them: a city, a country or the exact name, for both programs."""

import difflib
import os
import sys
import unicodedata
from functools import cache
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import msgspec

MOST_OFFERED = 8
_WINDOWS_ZONES = {
    "W. Central Africa Standard Time": "Africa/Lagos",
    "Greenwich Standard Time": "Africa/Accra",
    "South Africa Standard Time": "Africa/Johannesburg",
    "E. Africa Standard Time": "Africa/Nairobi",
    "Sao Tome Standard Time": "Africa/Sao_Tome",
    "Egypt Standard Time": "Africa/Cairo",
    "Morocco Standard Time": "Africa/Casablanca",
    "GMT Standard Time": "Europe/London",
    "W. Europe Standard Time": "Europe/Berlin",
    "Romance Standard Time": "Europe/Paris",
}
"""Windows' own names where clinics are; source: Unicode CLDR, windowsZones. Others are asked for."""
_REGIONS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
_LIKENESS = 0.75


class Country(msgspec.Struct, frozen=True):
    """ISO 3166 code and English name."""

    code: str
    name: str


class CountryCustoms(msgspec.Struct, frozen=True):
    """What is usual in a country: currency (ISO 4217) and the language of its offices (BCP 47)."""

    currency: str
    language: str


_FRANC_WEST = CountryCustoms("XOF", "fr")
_FRANC_CENTRAL = CountryCustoms("XAF", "fr")
CUSTOMS = (
    {
        "NG": CountryCustoms("NGN", "en"),
        "GH": CountryCustoms("GHS", "en"),
        "KE": CountryCustoms("KES", "en"),
        "ZA": CountryCustoms("ZAR", "en"),
        "GW": CountryCustoms("XOF", "pt"),
        "GQ": CountryCustoms("XAF", "fr"),
    }
    | dict.fromkeys(("BF", "BJ", "CI", "ML", "NE", "SN", "TG"), _FRANC_WEST)
    | dict.fromkeys(("CF", "CG", "CM", "GA", "TD"), _FRANC_CENTRAL)
)
"""Only countries whose currency the program knows; members of UEMOA and CEMAC use the francs."""


def is_zone(name: str) -> bool:
    """Whether the time zone database has exactly this name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return name in available_timezones()


def find_zones(typed: str) -> list[str]:
    """The zones that somebody may mean, the best first; one alone is what was meant.

    Takes the exact name, a city ("lagos"), a country ("Ghana"), and small typing errors.
    """
    wanted = _plain(typed)
    if not wanted:
        return []
    exact = [name for name in available_timezones() if _plain(name) == wanted]
    if exact:
        return sorted(exact)[:1]
    zones = _zones()
    of_city = [name for name in zones if _city(name) == wanted]
    of_country = [
        name
        for name, country in _countries().items()
        if wanted in {_plain(country.name), country.code.lower()}
    ]
    if sure := of_city or of_country:
        return sure[:MOST_OFFERED]
    begun = [name for name in zones if _city(name).startswith(wanted) or wanted in _plain(name)]
    cities = {_city(name): name for name in zones}
    alike = [cities[city] for city in difflib.get_close_matches(wanted, cities, cutoff=_LIKENESS)]
    return list(dict.fromkeys(begun + alike))[:MOST_OFFERED]


def country_of(zone: str) -> Country | None:
    """The country in which a zone's city lies."""
    return _countries().get(zone)


def customs_of(zone: str) -> CountryCustoms | None:
    """What is usual where that zone is; None where the program knows of nothing."""
    country = country_of(zone)
    return CUSTOMS.get(country.code) if country else None


def zone_of_machine() -> str | None:
    """The zone to which this machine is set; None where it does not say, or says UTC."""
    for found in (os.environ.get("TZ", "").lstrip(":"), _zone_of_system()):
        if found.partition("/")[0] in _REGIONS and is_zone(found):
            return found
    return None


if sys.platform == "win32":
    import winreg

    def _zone_of_system() -> str:
        place = r"SYSTEM\CurrentControlSet\Control\TimeZoneInformation"
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, place) as key:
                name = str(winreg.QueryValueEx(key, "TimeZoneKeyName")[0])
        except OSError:
            return ""
        return _WINDOWS_ZONES.get(name, "")

else:

    def _zone_of_system() -> str:
        target = os.path.realpath("/etc/localtime")
        _, found, name = target.partition("zoneinfo/")
        if found:
            return name
        written = Path("/etc/timezone")
        return written.read_text("ascii", "replace").strip() if written.is_file() else ""


def _plain(text: str) -> str:
    """In small letters without accents and apostrophes, blanks as underlines."""
    parted = unicodedata.normalize("NFKD", text.strip().lower()).replace(" ", "_")
    return "".join(sign for sign in parted if sign.isalnum() or sign in "/_+-")


def _city(zone: str) -> str:
    return _plain(zone.rpartition("/")[2])


@cache
def _zones() -> tuple[str, ...]:
    """Zones that are named after a place, those of Africa first."""
    named = [name for name in available_timezones() if name.partition("/")[0] in _REGIONS]
    return tuple(sorted(named, key=lambda name: (not name.startswith("Africa/"), name)))


@cache
def _countries() -> dict[str, Country]:
    names = {code: name for code, name, *_ in _table("iso3166.tab")}
    return {
        row[2]: Country(row[0], names.get(row[0], row[0]))
        for row in _table("zone.tab")
        if len(row) > 2  # noqa: PLR2004 - the third column is the zone
    }


def _table(name: str) -> list[list[str]]:
    text = resources.files("tzdata").joinpath("zoneinfo", name).read_text("utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
