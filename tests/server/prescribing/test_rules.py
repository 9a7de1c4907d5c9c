"""Quantity, directions and limits of a line."""

from decimal import Decimal

import pytest

from hms_server.contract.prescribing import Frequency
from hms_server.faults import Refused
from hms_server.prescribing.rules import (
    Dosage,
    Medicine,
    checked_dosage,
    directions_for,
    dose_unit,
    is_reason,
    quantity_for,
    refuse_quantity,
)
from hms_server.reference import load_formulary, load_frequencies

FREQUENCIES = {
    item.code: Frequency(
        code=item.code,
        text=item.text,
        times_per_day=item.times_per_day,
        once=item.once,
        as_needed=item.as_needed,
    )
    for item in load_frequencies()
}


def medicine(
    form: str = "tablet", route: str = "oral", unit: str = "tablet", *, whole: bool = False
) -> Medicine:
    return Medicine(
        form=form,
        route=route,
        dispensing_unit=unit,
        dose_unit=dose_unit(form=form, route=route, dispensing_unit=unit, dispensed_whole=whole),
        dispensed_whole=whole,
    )


def dosage(dose: str, frequency: str, days: int) -> Dosage:
    return Dosage(dose=Decimal(dose), frequency=FREQUENCIES[frequency], days=days)


TABLET = medicine()
BOTTLE = medicine("syrup", "oral", "bottle", whole=True)


@pytest.mark.parametrize(
    ("dose", "frequency", "days", "quantity"),
    [
        ("2", "Q6H-PRN", 5, 40),
        ("4", "BD", 3, 24),
        ("0.5", "TDS", 5, 8),
        ("1", "STAT", 30, 1),
        ("2.5", "STAT", 1, 3),
        ("1", "ALT", 7, 4),
        ("1", "WEEKLY", 28, 4),
        ("1", "2XWEEK", 28, 8),
        ("1", "3XWEEK", 14, 6),
        ("1", "MONTHLY", 84, 3),
        ("0.001", "OD", 1, 1),
    ],
)
def test_quantity_covers_the_course_and_is_rounded_up(
    dose: str, frequency: str, days: int, quantity: int
) -> None:
    """Dose × times × days in whole units; STAT is one dose whatever the days; weekly fractions add up."""
    assert quantity_for(TABLET, dosage(dose, frequency, days)) == quantity


def test_a_bottle_is_dispensed_whole() -> None:
    """A course of a syrup is one bottle, however much is taken."""
    assert quantity_for(BOTTLE, dosage("10", "TDS", 7)) == 1


@pytest.mark.parametrize(
    ("product", "taken", "instructions", "sentence"),
    [
        (TABLET, ("2", "Q6H-PRN", 5), "", "Take 2 tablets by mouth every 6 hours if needed, for 5 days"),
        (TABLET, ("0.5", "OD", 1), "", "Take ½ tablet by mouth once a day, for 1 day"),
        (
            TABLET,
            ("1.5", "BD", 2),
            "After food.",
            "Take 1½ tablets by mouth twice a day, for 2 days. After food.",
        ),
        (TABLET, ("1", "STAT", 9), "", "Take 1 tablet by mouth once only"),
        (BOTTLE, ("7.5", "TDS", 3), "", "Take 7½ mL by mouth three times a day, for 3 days"),
        (BOTTLE, ("12.25", "TDS", 3), "", "Take 12¼ mL by mouth three times a day, for 3 days"),
        (BOTTLE, ("100", "OD", 3), "", "Take 100 mL by mouth once a day, for 3 days"),
        (
            medicine("eye drops", "ocular", "bottle", whole=True),
            ("1", "QDS", 5),
            "",
            "Put 1 drop into the eye four times a day, for 5 days",
        ),
        (
            medicine("inhaler", "inhaled", "inhaler", whole=True),
            ("2", "Q6H-PRN", 28),
            "",
            "Inhale 2 puffs every 6 hours if needed, for 28 days",
        ),
        (
            medicine("cream", "topical", "tube", whole=True),
            ("1", "BD", 14),
            "",
            "Apply a thin layer on the skin twice a day, for 14 days",
        ),
        (
            medicine("injection", "subcutaneous", "vial", whole=True),
            ("12", "BD", 28),
            "",
            "Inject 12 units under the skin twice a day, for 28 days",
        ),
        (
            medicine("pessary", "vaginal", "pessary"),
            ("2", "NOCTE", 3),
            "",
            "Insert 2 pessaries into the vagina at night, for 3 days",
        ),
    ],
)
def test_directions_are_a_sentence_for_the_patient(
    product: Medicine, taken: tuple[str, str, int], instructions: str, sentence: str
) -> None:
    """How much, how, how often and how long, in words that stand on the label."""
    assert directions_for(product, dosage(*taken), instructions=instructions) == sentence


def test_every_product_of_the_formulary_has_directions_and_a_quantity() -> None:
    """No form or route of our own formulary is without words."""
    for item in load_formulary():
        shown = medicine(item.form, item.route, item.dispensing_unit, whole=item.dispensed_whole)
        taken = Dosage(
            dose=item.units_per_dose or Decimal(1),
            frequency=FREQUENCIES[item.default_frequency],
            days=item.usual_days,
        )

        sentence = directions_for(shown, taken)

        assert sentence[0].isupper()
        assert "  " not in sentence
        assert 1 <= quantity_for(shown, taken) <= 400, item.code


@pytest.mark.parametrize(
    ("dose", "frequency", "days", "field"),
    [
        ("0", "OD", 5, "dose"),
        ("-1", "OD", 5, "dose"),
        ("1000", "OD", 5, "dose"),
        ("50.001", "OD", 5, "dose"),
        ("0.0001", "OD", 5, "dose"),
        ("NaN", "OD", 5, "dose"),
        ("Infinity", "OD", 5, "dose"),
        ("1", "SOMETIMES", 5, "frequency"),
        ("1", "OD", 0, "days"),
        ("1", "OD", 400, "days"),
    ],
)
def test_impossible_lines_name_their_field(dose: str, frequency: str, days: int, field: str) -> None:
    """The fault leads to the field of the line that is wrong."""
    with pytest.raises(Refused) as refused:
        checked_dosage(
            Decimal(dose), days, frequency=frequency, known=FREQUENCIES, medicine=TABLET, at="prescription.1."
        )

    assert refused.value.fault.field == f"prescription.1.{field}"


@pytest.mark.parametrize("quantity", [0, -5, 10_001, 1_000_000])
def test_impossible_quantities_are_refused(quantity: int) -> None:
    """Nobody gets nothing, and nobody gets a million."""
    with pytest.raises(Refused) as refused:
        refuse_quantity(quantity, at="prescription.0.")

    assert refused.value.fault.field == "prescription.0.quantity"


def test_a_reason_has_letters() -> None:
    """A dot or five of them are no reason to give somebody what they are allergic to."""
    assert is_reason("No other choice")
    assert not is_reason("....., 12345")
    assert not is_reason("ok")
