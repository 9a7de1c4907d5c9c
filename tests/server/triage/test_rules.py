"""Which vital signs the server takes, and when a doctor is alerted."""

from decimal import Decimal

import pytest

from hms_server.contract.news2 import Risk, Score, State
from hms_server.contract.triage import Measured, VitalSigns
from hms_server.contract.vitals import VitalSign
from hms_server.faults import Refused
from hms_server.triage.rules import accepted_values, needs_alert

ADULT_MONTHS = 40 * 12


def signs_of(values: dict[str, int], *, spo2_scale: int = 1) -> VitalSigns:
    measured = [Measured(code=code, value=Decimal(value)) for code, value in values.items()]
    return VitalSigns(measured=measured, spo2_scale=spo2_scale)


def scored(risk: Risk | None) -> Score:
    return Score(state=State.INCOMPLETE, risk=risk, response="", reason="")


def test_plausible_values_are_accepted_as_given() -> None:
    signs = signs_of({VitalSign.PULSE: 70, VitalSign.SPO2: 98})

    values = accepted_values(signs, age_months=ADULT_MONTHS, confirmed=[])

    assert values == {VitalSign.PULSE: Decimal(70), VitalSign.SPO2: Decimal(98)}


def test_all_impossible_values_come_back_in_one_fault() -> None:
    signs = signs_of({VitalSign.SPO2: 980, VitalSign.PULSE: 700, VitalSign.RESPIRATION_RATE: 41})

    with pytest.raises(Refused) as refused:
        accepted_values(signs, age_months=ADULT_MONTHS, confirmed=[])

    assert refused.value.fault.code == "triage.impossible_value"
    assert refused.value.fault.field == "8867-4"
    assert refused.value.fault.message == "Pulse must be 0 to 350 /min."
    assert refused.value.fault.data.keys() == {"8867-4", "59408-5"}


def test_no_confirmation_makes_the_impossible_possible() -> None:
    with pytest.raises(Refused) as refused:
        accepted_values(signs_of({VitalSign.PULSE: 700}), age_months=ADULT_MONTHS, confirmed=["8867-4"])

    assert refused.value.fault.code == "triage.impossible_value"


def test_unusual_values_are_accepted_once_each_is_confirmed() -> None:
    signs = signs_of({VitalSign.PULSE: 190, VitalSign.SPO2: 80})

    with pytest.raises(Refused) as refused:
        accepted_values(signs, age_months=ADULT_MONTHS, confirmed=["8867-4"])
    values = accepted_values(signs, age_months=ADULT_MONTHS, confirmed=["8867-4", "59408-5"])

    assert refused.value.fault.code == "triage.unusual_value"
    assert refused.value.fault.data.keys() == {"59408-5"}
    assert values[VitalSign.PULSE] == 190


@pytest.mark.parametrize(
    ("signs", "code", "field"),
    [
        (signs_of({"1234-5": 1}), "triage.unknown_value", "measured"),
        (signs_of({}, spo2_scale=0), "triage.unknown_scale", "spo2_scale"),
    ],
)
def test_what_is_no_vital_sign_is_refused(signs: VitalSigns, code: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        accepted_values(signs, age_months=ADULT_MONTHS, confirmed=[])

    assert (refused.value.fault.code, refused.value.fault.field) == (code, field)


@pytest.mark.parametrize(
    ("risk", "alert"),
    [(None, False), (Risk.LOW, False), (Risk.LOW_MEDIUM, True), (Risk.MEDIUM, True), (Risk.HIGH, True)],
)
def test_a_doctor_is_alerted_from_a_single_3_on(
    risk: Risk | None,
    alert: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert needs_alert(scored(risk)) is alert
