"""The vital signs by LOINC code: their units, and what is possible, usual and normal at an age."""

from decimal import Decimal
from enum import StrEnum

import msgspec

ADULT_MONTHS = 16 * 12
"""NEWS2 and the adult ranges begin with the sixteenth birthday."""


class VitalSign(StrEnum):
    """What a nurse measures; the values are LOINC codes and go over the wire and into the database."""

    TEMPERATURE = "8310-5"
    PULSE = "8867-4"
    RESPIRATION_RATE = "9279-1"
    SPO2 = "59408-5"
    SYSTOLIC = "8480-6"
    DIASTOLIC = "8462-4"
    GLUCOSE = "15074-8"
    WEIGHT = "29463-7"
    HEIGHT = "8302-2"
    PAIN = "72514-3"


class Range(msgspec.Struct, frozen=True):
    """Both ends belong to it; None is an open end."""

    low: Decimal | None
    high: Decimal | None

    def __contains__(self, value: Decimal) -> bool:
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


class AgeBand(msgspec.Struct, frozen=True, kw_only=True):
    """What holds up to an age: outside `usual` a nurse is asked, outside `normal` a pill says high or low.

    `below_months` itself no longer belongs to the band; None is the last band. A `normal` of None means
    that no published range was found, and nothing is claimed.
    """

    below_months: int | None
    usual: Range
    normal: Range | None
    source: str


class SignFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One vital sign: outside `possible` a value is refused; `bands` go from the youngest to the oldest."""

    name: str
    unit: str
    shown_unit: str
    decimals: int
    example: str
    possible: Range
    source: str
    bands: tuple[AgeBand, ...]


def _range(low: str | None, high: str | None) -> Range:
    return Range(None if low is None else Decimal(low), None if high is None else Decimal(high))


def _band(
    below_months: int | None,
    usual: tuple[str, str],
    normal: tuple[str | None, str | None] | None,
    source: str,
) -> AgeBand:
    return AgeBand(
        below_months=below_months,
        usual=_range(*usual),
        normal=None if normal is None else _range(*normal),
        source=source,
    )


_NEWS2 = "Normal: zero points in NEWS2, Royal College of Physicians 2017. Usual: this project"
_APLS = "Normal: APLS, as tabulated by Fleming et al., Lancet 2011, web box 1. Usual: this project"
_IMCI = "Normal: from PALS 2006 to below fast breathing of WHO IMCI. Usual: this project"
_PALS = "Normal: PALS 2006. Usual: this project"
_TEENS = "Normal: lower end PALS 2006, upper end APLS. Usual: this project"
_PALS_LOW = "Normal: not below hypotension in PALS 2006; no upper end. Usual: this project"
_WHO_FEVER = "Normal: WHO IMCI, axillary; low below 35.5, fever from 37.5. Usual: this project"
_WHO_GROWTH = "Usual: WHO child growth standards 2006, ±3 standard deviations rounded outwards; no normal"
_OURS = "Usual: this project; no normal"

_SYSTOLIC_OF_CHILDREN = tuple(
    _band((years + 1) * 12, ("60", "150"), (str(70 + 2 * years), None), _PALS_LOW) for years in range(1, 10)
)
"""PALS counts 70 mmHg and 2 for each year of age from one to nine years."""

SIGNS: dict[VitalSign, SignFacts] = {
    VitalSign.TEMPERATURE: SignFacts(
        name="Temperature",
        unit="Cel",
        shown_unit="°C",
        decimals=2,
        example="38.5",
        possible=_range("20", "45"),
        source="This project; wider than 25–43 of the OpenMRS concept CIEL 5088, for deep hypothermia",
        bands=(
            _band(ADULT_MONTHS, ("34", "41"), ("35.5", "37.4"), _WHO_FEVER),
            _band(None, ("34", "41"), ("36.1", "38.0"), _NEWS2),
        ),
    ),
    VitalSign.PULSE: SignFacts(
        name="Pulse",
        unit="/min",
        shown_unit="/min",
        decimals=0,
        example="72",
        possible=_range("0", "350"),
        source="This project; tachycardia of infants reaches 300",
        bands=(
            _band(3, ("80", "220"), ("110", "160"), _APLS),
            _band(12, ("75", "220"), ("110", "160"), _APLS),
            _band(24, ("75", "220"), ("100", "150"), _APLS),
            _band(60, ("50", "180"), ("95", "140"), _APLS),
            _band(144, ("50", "180"), ("80", "120"), _APLS),
            _band(ADULT_MONTHS, ("45", "170"), ("60", "100"), _APLS),
            _band(None, ("40", "150"), ("51", "90"), _NEWS2),
        ),
    ),
    VitalSign.RESPIRATION_RATE: SignFacts(
        name="Breaths",
        unit="/min",
        shown_unit="/min",
        decimals=0,
        example="16",
        possible=_range("0", "150"),
        source="This project; 150 as in CARE, where a limit of 70 had kept sick children's rates out",
        bands=(
            _band(2, ("20", "80"), ("30", "59"), _IMCI),
            _band(12, ("20", "80"), ("30", "49"), _IMCI),
            _band(48, ("15", "60"), ("24", "39"), _IMCI),
            _band(72, ("15", "60"), ("22", "34"), _PALS),
            _band(156, ("12", "50"), ("18", "30"), _PALS),
            _band(ADULT_MONTHS, ("10", "45"), ("12", "20"), _TEENS),
            _band(None, ("8", "40"), ("12", "20"), _NEWS2),
        ),
    ),
    VitalSign.SPO2: SignFacts(
        name="SpO₂",
        unit="%",
        shown_unit="%",
        decimals=0,
        example="97",
        possible=_range("0", "100"),
        source="A percentage",
        bands=(
            _band(
                ADULT_MONTHS,
                ("85", "100"),
                ("95", "100"),
                "Normal: WHO pulse oximetry training manual 2011. Usual: this project",
            ),
            _band(None, ("85", "100"), ("96", "100"), _NEWS2),
        ),
    ),
    VitalSign.SYSTOLIC: SignFacts(
        name="Systolic",
        unit="mm[Hg]",
        shown_unit="mmHg",
        decimals=0,
        example="120",
        possible=_range("30", "300"),
        source="This project; 300 is where cuffs and gauges end",
        bands=(
            _band(1, ("40", "130"), ("60", None), _PALS_LOW),
            _band(12, ("40", "130"), ("70", None), _PALS_LOW),
            *_SYSTOLIC_OF_CHILDREN,
            _band(ADULT_MONTHS, ("70", "180"), ("90", None), _PALS_LOW),
            _band(None, ("80", "220"), ("111", "219"), _NEWS2),
        ),
    ),
    VitalSign.DIASTOLIC: SignFacts(
        name="Diastolic",
        unit="mm[Hg]",
        shown_unit="mmHg",
        decimals=0,
        example="80",
        possible=_range("0", "200"),
        source="This project; sounds can be heard down to 0",
        bands=(
            _band(ADULT_MONTHS, ("20", "100"), None, _OURS),
            _band(
                None,
                ("40", "130"),
                ("60", "89"),
                "Normal: below hypertension from 90, ISH 2020; lower end and usual: this project",
            ),
        ),
    ),
    VitalSign.GLUCOSE: SignFacts(
        name="Glucose",
        unit="mmol/L",
        shown_unit="mmol/L",
        decimals=2,
        example="5.6",
        possible=_range("0.1", "100"),
        source="This project; meters show 0.6 to 33.3, laboratories more",
        bands=(
            _band(
                None,
                ("2.5", "25"),
                ("3.9", "11.0"),
                "Normal: above ADA's alert value (below 3.9), below WHO's for diabetes (random, from 11.1)."
                " Usual: this project",
            ),
        ),
    ),
    VitalSign.WEIGHT: SignFacts(
        name="Weight",
        unit="kg",
        shown_unit="kg",
        decimals=3,
        example="71.5",
        possible=_range("0.2", "500"),
        source="This project",
        bands=(
            _band(12, ("2", "13.5"), None, _WHO_GROWTH),
            _band(60, ("6", "30"), None, _WHO_GROWTH),
            _band(120, ("12", "60"), None, _OURS),
            _band(ADULT_MONTHS, ("18", "120"), None, _OURS),
            _band(None, ("30", "200"), None, _OURS),
        ),
    ),
    VitalSign.HEIGHT: SignFacts(
        name="Height",
        unit="cm",
        shown_unit="cm",
        decimals=1,
        example="172",
        possible=_range("20", "260"),
        source="This project",
        bands=(
            _band(12, ("43", "84"), None, _WHO_GROWTH),
            _band(60, ("66", "125"), None, _WHO_GROWTH),
            _band(120, ("95", "160"), None, _OURS),
            _band(ADULT_MONTHS, ("115", "195"), None, _OURS),
            _band(None, ("130", "210"), None, _OURS),
        ),
    ),
    VitalSign.PAIN: SignFacts(
        name="Pain",
        unit="{score}",
        shown_unit="of 10",
        decimals=0,
        example="6",
        possible=_range("0", "10"),
        source="The numeric rating scale ends at 10",
        bands=(_band(None, ("0", "10"), ("0", "3"), "Normal: mild pain on the numeric rating scale"),),
    ),
}


def band_of(sign: VitalSign, age_months: int | None) -> AgeBand:
    """The band of that age; for an unknown age the widest usual range, and no normal if ages differ."""
    bands = SIGNS[sign].bands
    if age_months is not None:
        return next(band for band in bands if band.below_months is None or age_months < band.below_months)
    if len(bands) == 1:
        return bands[0]
    lows = [band.usual.low for band in bands if band.usual.low is not None]
    highs = [band.usual.high for band in bands if band.usual.high is not None]
    widest = Range(min(lows), max(highs))
    return AgeBand(below_months=None, usual=widest, normal=None, source="The widest of all ages")
