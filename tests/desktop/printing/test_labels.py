"""Labels as the person who reads them and the scanner see them."""

from datetime import date, datetime

import pytest
from msgspec.structs import replace

from hms_desktop.printing.labels import dispensing_label_pdf, patient_label_pdf, ticket_label_pdf
from hms_desktop.printing.words import Words, write_birth
from hms_server.contract.values import BirthPrecision
from tests.desktop.printing.papers import (
    DISPENSED,
    LONG_NAME,
    PATIENT,
    PATIENT_LABEL,
    TICKET,
    ink_bounds_mm,
    read_sizes_mm,
    read_text,
    scan,
)

WORDS = Words()


def test_a_ticket_tells_number_service_and_the_clinics_own_time() -> None:
    pdf = ticket_label_pdf(TICKET, WORDS)

    assert read_sizes_mm(pdf) == [(62, 40)]
    assert read_text(pdf) == "Ìlérá Clinic, Òṣogbo T-004 General consultation 21 Nov 2026 00:30"
    assert scan(pdf) == ["20261121-T004"]


def test_a_ticket_names_the_patient_only_when_asked() -> None:
    named = ticket_label_pdf(replace(TICKET, patient_name=LONG_NAME), WORDS)

    assert LONG_NAME in read_text(named)
    assert read_sizes_mm(named) == [(62, 40)]


def test_a_patients_label_says_who_it_is_and_scans_as_the_number() -> None:
    pdf = patient_label_pdf(PATIENT_LABEL, WORDS)

    assert read_sizes_mm(pdf) == [(62, 29)]
    assert read_text(pdf) == "Adébáyọ̀ Ògúnṣọlá Female · Born 12 Mar 1984 P-000123"
    assert scan(pdf) == ["P-000123"]


@pytest.mark.parametrize(
    ("birth_date", "precision", "written"),
    [
        (date(1984, 3, 12), BirthPrecision.DAY, "Born 12 Mar 1984"),
        (date(1984, 3, 1), BirthPrecision.MONTH, "Born Mar 1984"),
        (date(1984, 1, 1), BirthPrecision.YEAR, "Born 1984"),
        (date(1984, 1, 1), BirthPrecision.ESTIMATED, "Born about 1984"),
        (None, BirthPrecision.ESTIMATED, "Date of birth not known"),
    ],
)
def test_a_birth_date_is_written_as_far_as_it_is_known(
    birth_date: date | None, precision: BirthPrecision, written: str
) -> None:
    patient = replace(PATIENT, birth_date=birth_date, birth_precision=precision)

    assert write_birth(patient, WORDS) == written


def test_a_medicine_label_holds_what_the_patient_and_the_law_need() -> None:
    pdf = dispensing_label_pdf(DISPENSED, WORDS)

    assert read_sizes_mm(pdf) == [(70, 40)]
    text = read_text(pdf)
    for part in (
        "Adébáyọ̀ Ògúnṣọlá",
        "Amoxicillin 500 mg capsules",
        "21 capsules",
        "Take 1 capsule three times a day, after food, for 7 days.",
        "Batch AMX-2209, use before 30 Jun 2027",
        "Batch AMX-2301, use before 31 Dec 2027",
        "Prescribed by Dr Ada Obi",
        "Ìlérá Clinic, Òṣogbo · Tel. +234 803 555 0199 · 21 Nov 2026 00:30",
        "KEEP OUT OF REACH OF CHILDREN",
    ):
        assert part in text


def test_what_does_not_fit_one_medicine_label_goes_on_with_the_same_heading() -> None:
    words = [f"word{number}" for number in range(120)]
    name = f"{LONG_NAME} {LONG_NAME[::-1]}"
    label = replace(DISPENSED, patient_name=name, directions=" ".join(words))

    pdf = dispensing_label_pdf(label, WORDS)

    pages = len(read_sizes_mm(pdf))
    assert pages > 1
    text = read_text(pdf)
    assert text.count(name) == text.count("Amoxicillin 500 mg capsules") == pages
    assert [text.count(f"{word} ") for word in words] == [1] * len(words)
    assert f"Page {pages} of {pages}" in text


@pytest.mark.parametrize(
    "name", [LONG_NAME * 3, "x" * 400, "A\u202eB\u0000C\nD", "日本 عربي 👩‍⚕️", "Ẹ̀ọ́" * 60, ""]
)
def test_no_name_breaks_a_label_or_leaves_its_print_area(name: str) -> None:
    pdf = patient_label_pdf(replace(PATIENT_LABEL, patient=replace(PATIENT, name=name)), WORDS)

    for left, top, right, bottom in ink_bounds_mm(pdf):
        assert left >= 1.5
        assert top >= 1
        assert right <= 62 - 1.5
        assert bottom <= 29 - 1
    assert scan(pdf) == ["P-000123"]


def test_the_longest_name_is_all_there() -> None:
    pdf = patient_label_pdf(replace(PATIENT_LABEL, patient=replace(PATIENT, name="x" * 400)), WORDS)

    assert read_text(pdf).count("x") == 400


@pytest.mark.parametrize(
    ("scan_text", "reason"),
    [("", "cannot stand"), ("Ọ1", "cannot stand"), ("9A" * 40, "too long"), ("A" * 17, "too long")],
)
def test_a_barcode_that_no_scanner_could_read_is_refused(scan_text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        ticket_label_pdf(replace(TICKET, scan_text=scan_text), WORDS)


def test_the_longest_barcode_still_scans() -> None:
    pdf = ticket_label_pdf(replace(TICKET, scan_text="ABCDEFGHIJKLMNOP"), WORDS)

    assert scan(pdf) == ["ABCDEFGHIJKLMNOP"]


def test_a_time_without_its_zone_is_refused() -> None:
    naive = datetime(2026, 11, 20, 12)  # noqa: DTZ001 - the mistake under test

    with pytest.raises(ValueError, match="no time zone"):
        ticket_label_pdf(replace(TICKET, issued_at=naive), WORDS)


def test_paper_speaks_the_words_it_is_given() -> None:
    french = Words(keep_away="TENIR HORS DE PORTÉE DES ENFANTS")

    assert "TENIR HORS DE PORTÉE DES ENFANTS" in read_text(dispensing_label_pdf(DISPENSED, french))
