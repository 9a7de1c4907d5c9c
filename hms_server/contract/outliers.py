"""Which values are outside what is normal at an age or in pregnancy, and so far that somebody must judge.

Where NEWS2 applies it says how grave a value is; what is alarming is asked only where it does not apply.
"""

from decimal import Decimal

import msgspec

from hms_server.contract.plausibility import values_of
from hms_server.contract.triage import Consciousness, VitalSigns
from hms_server.contract.vitals import ADULT_MONTHS, SIGNS, Range, VitalSign, band_of

YOUNG_INFANT_MONTHS = 2
SCALE_2 = 2
_A_TENTH, _A_FIFTH = Decimal("0.1"), Decimal("0.2")


class Outlier(msgspec.Struct, frozen=True, kw_only=True):
    """One value outside the normal range; `alarming` where it is far outside."""

    sign: VitalSign
    value: Decimal
    normal: Range
    alarming: bool

    @property
    def is_low(self) -> bool:
        return self.normal.low is not None and self.value < self.normal.low


def _range(low: str | None, high: str | None) -> Range:
    return Range(None if low is None else Decimal(low), None if high is None else Decimal(high))


IN_PREGNANCY = {
    VitalSign.TEMPERATURE: _range("35", "38"),
    VitalSign.PULSE: _range("50", "120"),
    VitalSign.RESPIRATION_RATE: _range("10", "30"),
    VitalSign.SPO2: _range("95", None),
    VitalSign.SYSTOLIC: _range("90", "160"),
    VitalSign.DIASTOLIC: _range(None, "100"),
}
"""Maternal early warning criteria, Mhyre et al., Obstet Gynecol 2014; temperature: MEOWS, CEMACH 2003–2005.

Their single triggers: what is out of them is alarming, and nothing is claimed about what is within.
"""

PRESCRIBED_SPO2 = _range("88", None)
"""Who is on scale 2 has a target of 88–92 %."""

OF_EVERYBODY = {VitalSign.GLUCOSE: _range("3.0", "13.9"), VitalSign.PAIN: _range(None, "6")}
"""Glucose: below it ADA's level 2, above it where ADA asks for ketones. Pain: above it severe."""

FEVERS = ((3, _range("35.5", "37.99")), (6, _range("35.5", "38.99")), (ADULT_MONTHS, _range("35", "39.99")))
"""Up to an age in months: NICE NG143, red below 3 and amber below 6 months, after which the height of a fever
alone says little; 40 °C, and the lower ends: this project's choice, for a clinic to confirm."""


def outliers(signs: VitalSigns, *, age_months: int | None) -> list[Outlier]:
    """The alarming first; nothing where no normal range is known. ValueError as of `values_of`."""
    values = values_of(signs)
    found = [
        Outlier(sign=sign, value=values[sign], normal=normal, alarming=_alarms(sign, signs, age_months))
        for sign in VitalSign
        if sign in values
        and (normal := _normal(sign, signs, age_months)) is not None
        and values[sign] not in normal
    ]
    return sorted(found, key=lambda each: not each.alarming)


def is_clouded(signs: VitalSigns) -> bool:
    """Whether consciousness was assessed and is anything but alert."""
    return signs.consciousness not in {None, Consciousness.ALERT}


def spoken_name(sign: VitalSign) -> str:
    """The name as it stands within a sentence."""
    name = SIGNS[sign].name
    return name if sign is VitalSign.SPO2 else name.lower()


def _normal(sign: VitalSign, signs: VitalSigns, age_months: int | None) -> Range | None:
    if signs.pregnant and sign in IN_PREGNANCY:
        return IN_PREGNANCY[sign]
    if sign is VitalSign.SPO2 and signs.spo2_scale == SCALE_2:
        return PRESCRIBED_SPO2
    return band_of(sign, age_months).normal


def _alarms(sign: VitalSign, signs: VitalSigns, age_months: int | None) -> bool:
    limits = _tolerated(sign, signs, age_months)
    return limits is not None and values_of(signs)[sign] not in limits


def _tolerated(sign: VitalSign, signs: VitalSigns, age_months: int | None) -> Range | None:
    """What a child or a pregnant woman may have without alarming anybody; None where NEWS2 says it."""
    is_child = age_months is not None and age_months < ADULT_MONTHS
    if not is_child and not signs.pregnant:
        return None
    if sign in OF_EVERYBODY:
        return OF_EVERYBODY[sign]
    normal = _normal(sign, signs, age_months)
    if signs.pregnant or age_months is None or normal is None:
        return normal
    return _tolerated_of_child(sign, normal, age_months)


def _tolerated_of_child(sign: VitalSign, normal: Range, age_months: int) -> Range:
    """Crying and fever quicken pulse and breath, sleep slows them: the margins are this project's choice.

    None for saturation and pressure, whose normal ranges end where WHO and PALS see danger, and none for
    breaths and temperature of young infants, where WHO IMCI does.
    """
    is_young = age_months < YOUNG_INFANT_MONTHS
    if sign is VitalSign.PULSE:
        return _widened(normal, below=_A_FIFTH, above=_A_FIFTH)
    if sign is VitalSign.RESPIRATION_RATE and not is_young:
        return _widened(normal, below=_A_FIFTH, above=_A_TENTH)
    if sign is VitalSign.TEMPERATURE and not is_young:
        return next(limits for below_months, limits in FEVERS if age_months < below_months)
    return normal


def _widened(limits: Range, *, below: Decimal, above: Decimal) -> Range:
    return Range(
        None if limits.low is None else limits.low * (1 - below),
        None if limits.high is None else limits.high * (1 + above),
    )
