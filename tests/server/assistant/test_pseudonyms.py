"""Whoever is named in a text cannot be found in what leaves, and every text comes back as it was."""

import json
import re
import unicodedata
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hms_server.assistant.naming import Identity, NameBook
from hms_server.assistant.patterns import Hidden, safe_length
from hms_server.assistant.pseudonyms import Memory, Pseudonyms
from hms_server.assistant.vocabulary import ordinary_words

TODAY = date(2026, 3, 2)
ADA = Identity(
    key="patient:12",
    kind=Hidden.PATIENT,
    names=("Adaeze Chidinma Okonkwo",),
    numbers=("P000012-4", "0803 123 4567", "A04512378", "23456789012"),
    places=("14 Bode Thomas Street, Surulere, Lagos",),
    emails=("ada.okonkwo@example.com",),
)
KIN = Identity(key="kin:12", kind=Hidden.PERSON, names=("Ifeoma Okonkwo",), numbers=("+234 805 765 4321",))
DOCTOR = Identity(key="staff:3", kind=Hidden.STAFF, names=("Dr Kofi Asante",))
REGISTERED = {"musa", "fatou", "mensah", "young", "grace"}
"""Names of other patients of the clinic."""


def pseudonyms(*known: Identity, memory: Memory | None = None) -> Pseudonyms:
    book = NameBook(ordinary=ordinary_words(), are_names=lambda words: set(words) & REGISTERED)
    made = Pseudonyms(memory or Memory(today=TODAY), book)
    for identity in known:
        made.know(identity)
    return made


def hide(text: str) -> str:
    everybody = pseudonyms(ADA, KIN, DOCTOR)
    hidden = everybody.hide(text)
    assert everybody.restore(hidden) == text
    return hidden


@pytest.mark.parametrize(
    "text",
    [
        "Adaeze Okonkwo has a fever",
        "Okonkwo, Adaeze Chidinma",
        "OKONKWO ADAEZE",
        "okonkwo adaeze",
        "Àdáezé Òkonkwo",
        "Ａdaeze Ｏkonkwo",
        "A\u200bda\u00adeze",
        "Adaeze's mother",
        "Adaeze’s mother",
        "adaezeokonkwo",
        "OkonkwoAdaeze",
        "Adaze Okonkwoo",
        "Adeaze Okonwko",
        "A. C. Okonkwo",
        "“Adaeze”",
        "_Adaeze_",
        "MrsOkonkwo",
        "fever(Okonkwo)fever",
        "Name:Okonkwo;fever",
    ],
)
def test_a_name_is_hidden_however_it_is_spelt(text: str) -> None:
    hidden = hide(text)

    plain = unicodedata.normalize("NFKD", hidden).casefold()
    assert not re.search(r"ada|ade|okon|zeok", plain), hidden


def test_the_same_person_has_the_same_pseudonym_and_the_rest_stays() -> None:
    hidden = hide("Adaeze Chidinma Okonkwo (age 34) saw Dr Kofi Asante. Okonkwo has malaria.")

    assert hidden == "PATIENT-A (age 34) saw Dr STAFF-A2. PATIENT-A2 has malaria."


@pytest.mark.parametrize(
    "text",
    [
        "P000012-4", "p000012-4", "P 000012 - 4", "P0000124", "patient no. P000012", "number 000012-4",
        "0803 123 4567", "08031234567", "+234 803 123 4567", "+2348031234567", "234-803-123-4567",
        "0803.123.4567", "(0803) 123 4567", "0 8 0 3 1 2 3 4 5 6 7", "00234 803 1234567", "tel08031234567",
        "٠٨٠٣١٢٣٤٥٦٧", "０８０３ １２３ ４５６７", "0803\u00a0123\u20114567", "08\u200b031234567",
        "0805 765 4321", "+234-805-765-4321", "another phone: 0244 123 456", "call 024-412-3456",
        "A04512378", "a04512378", "A 04512378", "23456789012", "234-5678-9012",
        "GHA-123456789-0", "NIN 98765432109",
        "ada.okonkwo@example.com", "Ada.Okonkwo@Example.COM", "ada.okonkwo @ example . com",
        "somebody.else@mail.example", "www.facebook.example/ada", "@ada_okonkwo",
        "14 Bode Thomas Street, Surulere", "bode thomas street 14", "lives in Surulere", "LAGOS",
        "at 7 Unity Close", "12B Allen Avenue", "P.O. Box 1234", "GA-183-8164", "6.524379, 3.379206",
    ],
)  # fmt: skip
def test_numbers_addresses_and_accounts_are_hidden(text: str) -> None:
    hidden = hide(f"Note: {text}.")

    assert "-" in hidden
    left = re.sub(r"\b(?:PATIENT|PERSON|ID|PHONE|EMAIL|ADDRESS|TEXT|DATE)-[A-Z0-9]+", "", hidden).casefold()
    assert not re.search(r"\d{3}|ada|okonk|bode|thomas|surul|lagos|unity|allen|example|mail", left), hidden


@pytest.mark.parametrize(
    "text",
    [
        "1990-05-17", "17/05/1990", "17.5.90", "17-05-1990", "17 05 1990", "05/17/1990", "17051990",
        "17 May 1990", "17th of May 1990", "17 may", "May 17, 1990", "May 17", "17-May-90", "17 mai 1990",
        "1er janvier 2020", "2026-02-27T08:30:00Z", "2026-02-27 08:30", "on 17/05", "since 3/12", "1990/5/17",
        "1.2.2026",
    ],
)  # fmt: skip
def test_exact_dates_are_hidden(text: str) -> None:
    hidden = hide(f"Born {text}, well")

    assert re.search(r"(?:DATE|ID|PHONE)-\d+", hidden), hidden
    assert not re.search(r"1990|2026|may|mai|17|\b90\b", hidden.casefold()), hidden


@pytest.mark.parametrize(
    "text",
    [
        "BP 120/80, pulse 88, temp 38.9, SpO2 97 %, RR 18",
        "Give paracetamol 500 mg 1/2 tablet three times a day for 5 days.",
        "Amoxicillin 125 mg/5 mL, 10 mL; total 150 mL.",
        "Age 34 years, in March 2025, weight 62.5 kg, Hb 9.8 g/dL, WBC 11,200",
        "120 80 90 98 36.5 18",
        "ICD-10 B54, malaria, HIV negative, CD4 450",
        "What can I give a child of 3 with malaria and vomiting?",
        "At 10:30 the patient was seen.",
    ],
)
def test_what_names_nobody_stays_readable(text: str) -> None:
    assert hide(text) == text


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("Find musa please", "Find PERSON-B please"),
        ("Ask Fatou Mensah", "Ask PERSON-B"),
        ("The young man is tired", "The young man is tired"),
        ("Her friend Zorblax came", "Her friend PERSON-B came"),
        ("She saw Zorblax Quux there", "She saw PERSON-B there"),
        ("Mr Smith called", "Mr PERSON-B called"),
        ("Young patients need less", "Young patients need less"),
        ("She is Grace", "She is PERSON-B"),
    ],
)
def test_others_than_the_patients_spoken_of_are_hidden_too(text: str, hidden: str) -> None:
    assert hide(text) == hidden


def test_free_days_can_be_counted_with_and_past_days_cannot_be_known() -> None:
    everybody = pseudonyms(ADA)

    hidden = everybody.hide("2026-03-02, 2026-03-09, 2026-02-27, 2031-01-01")

    assert hidden == "DAY+0, DAY+7, DATE-1, DATE-2"
    assert everybody.restore("DAY+0 DAY+8 DATE-1") == "2026-03-02 2026-03-10 2026-02-27"


def test_what_looks_like_a_pseudonym_comes_back_as_it_was_typed() -> None:
    for text in ("PATIENT-A is no name", "Adaeze and PATIENT-A", "day+3", "PATIENT–A", "DATE-1 17/05/1990"):
        assert "TEXT-1" in hide(text)


def test_a_pseudonym_is_understood_as_a_model_may_write_it() -> None:
    everybody = pseudonyms(ADA, DOCTOR)

    said = everybody.restore("**PATIENT-A**'s doctor is Staff-A (patient–A). PATIENT-Q is unknown, day+2.")

    name = "Adaeze Chidinma Okonkwo"
    assert said == f"**{name}**'s doctor is Dr Kofi Asante ({name}). PATIENT-Q is unknown, 2026-03-04."
    assert everybody.holder_of("Patient-A") == "patient:12"
    assert everybody.holder_of("PATIENT-A7") == "patient:12"
    assert everybody.holder_of("PATIENT-B") is None
    assert everybody.holder_of("anything") is None


def test_a_conversation_remembers_its_pseudonyms() -> None:
    first = pseudonyms(ADA)
    hidden = first.hide("Okonkwo came on 2026-01-05; her uncle Zorblax, too.")

    kept = json.loads(json.dumps({"memory": first.memory.tokens}))
    memory = Memory(
        today=TODAY, holders=first.memory.holders, tokens=kept["memory"], counts=first.memory.counts
    )
    later = pseudonyms(DOCTOR, ADA, memory=memory)

    assert later.hide("Okonkwo came on 2026-01-05; her uncle Zorblax, too.") == hidden
    assert later.restore(hidden).startswith("Okonkwo came on 2026-01-05")


def test_values_are_hidden_wherever_they_stand() -> None:
    everybody = pseudonyms(ADA)
    value = {
        "name": "Adaeze Okonkwo",
        "seen": ["2026-02-27", {"note": "Okonkwo well"}],
        "age": 34,
        "ok": True,
    }

    hidden = everybody.hide_in(value)

    assert "konkwo" not in json.dumps(hidden)
    assert everybody.restore_in(hidden) == value


def test_a_growing_text_is_shown_up_to_where_a_pseudonym_may_begin() -> None:
    whole = "For PATIENT-A2 on DATE-12 see Staff-B, DAY+3."
    everybody = pseudonyms(ADA)

    for length in range(len(whole) + 1):
        shown = whole[: safe_length(whole[:length])]
        assert everybody.restore(whole).startswith(everybody.restore(shown))
        assert len(shown) >= length - 12


LETTERS = st.characters(
    codec="utf-8", categories=("Lu", "Ll", "Lo", "Nd", "Zs", "Po", "Pd", "Mn", "Cf", "Sm")
)
PIECES = st.one_of(
    st.text(LETTERS, max_size=12),
    st.sampled_from(
        [
            "Adaeze", "OKONKWO", "okonkwo", "Chidinma", "0803 123 4567", "17/05/1990", "P000012-4", "Lagos",
            "PATIENT-A", "DATE-1", "DAY+3", "TEXT-", "-1", "'s", "é", "\u200b", "\n", "Musa", "Dr ", "ID-",
            "2026-03-09",
        ]
    ),
)  # fmt: skip


@given(st.lists(PIECES, max_size=12).map("".join))
@example("Adaeze\u0301")
@example("'s Adaeze")
@example("\u200bAdaeze\u200b")
@example("PATIENT-Adaeze")
@example("DATE-17/05/1990")
@example("DAY+0803 123 4567")
def test_every_text_comes_back_as_it_was(text: str) -> None:
    everybody = pseudonyms(ADA, KIN, DOCTOR)

    assert everybody.restore(everybody.hide(text)) == text


SECRETS = st.sampled_from(
    ["Adaeze", "Chidinma", "Okonkwo", "08031234567", "P000012-4", "A04512378", "23456789012", "Surulere"]
)


@given(st.text(LETTERS, max_size=20), SECRETS, st.text(LETTERS, max_size=20), st.sampled_from(["", " "]))
def test_what_was_hidden_never_leaves(before: str, secret: str, after: str, gap: str) -> None:
    """Whatever stands around it, also without a space."""
    hidden = hide(f"{before}{gap}{secret}{gap}{after}")

    assert secret.casefold() not in unicodedata.normalize("NFKC", hidden).casefold()


@given(
    st.sampled_from(["adaeze", "chidinma", "okonkwo"]),
    st.integers(0, 20),
    st.sampled_from("aeioubdgklmnrst"),
    st.sampled_from(["drop", "swap", "change", "add"]),
)
def test_one_slip_of_the_finger_does_not_reveal_a_name(name: str, place: int, letter: str, slip: str) -> None:
    at = place % (len(name) - 1)
    typed = {
        "drop": name[:at] + name[at + 1 :],
        "swap": name[:at] + name[at + 1] + name[at] + name[at + 2 :],
        "change": name[:at] + letter + name[at + 1 :],
        "add": name[:at] + letter + name[at:],
    }[slip]

    assert typed not in hide(f"seen: {typed} with fever")


@given(st.dates(date(1900, 1, 1), TODAY - timedelta(days=1)), st.sampled_from(
    ["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%y", "%d %B %Y", "%B %d, %Y", "%d-%b-%Y", "%Y%m%d", "%d %m %Y", "%d%m%Y"]
))  # fmt: skip
def test_no_past_date_leaves_in_any_spelling(day: date, spelling: str) -> None:
    shown = day.strftime(spelling)

    assert shown not in hide(f"seen {shown} well")
