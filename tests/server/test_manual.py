"""The manual answers questions by words, offline: pages are parted at headings, the best line comes along."""

from pathlib import Path

import pytest

from hms_server.contract.manual import START, Manual, load_manual, plain, read_page
from hms_server.manual import search

TEXT = """# Tea kitchen

How to make `tea`.

## Keys

- **Kettle**: `F8`
- See [the cups](cups.md)

## When something goes wrong

1. No water: open the tap.
2. The kettle leaks:
   buy a new one.
"""


@pytest.fixture
def page_file(tmp_path: Path) -> Path:
    path = tmp_path / "tea-kitchen.md"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_a_page_is_parted_at_its_headings(page_file: Path) -> None:
    page = read_page(page_file)

    assert (page.name, page.title) == ("tea-kitchen", "Tea kitchen")
    assert [section.heading for section in page.sections] == [
        "Tea kitchen",
        "Keys",
        "When something goes wrong",
    ]
    assert page.sections[1].text == "- Kettle: F8\n- See the cups"


def test_a_passage_names_its_page_and_the_line_that_fits(page_file: Path) -> None:
    """Who reads the answer, a person or a model, can open where it stands."""
    (passage,) = Manual([read_page(page_file)]).search("kettle leaking, leaks!", limit=1)

    assert (passage.page, passage.title) == ("tea-kitchen", "Tea kitchen")
    assert passage.heading == "When something goes wrong"
    assert passage.best == "The kettle leaks: buy a new one."


@pytest.mark.parametrize(
    ("question", "page"),
    [
        ("The receipt was not printed", "billing"),
        ("wrong pack scanned", "pharmacy"),
        ("How do I take vital signs?", "nurse"),
        ("no internet, paystack", "billing"),
        ("somebody forgot the password", "administration"),
        ("cancel an appointment", "appointments"),
        ("what does NOT CHECKED mean", "medicine-check"),
        ("correct a signed note", "doctor"),
        ("doctor is on leave, absence", "hours"),
        ("pairing code", "administration"),
    ],
)
def test_a_question_of_every_desk_finds_its_page(question: str, page: str) -> None:
    """Among the first two: what somebody at a desk would ask in their own words."""
    assert page in [passage.page for passage in search(question, limit=2)]


def test_the_beginning_of_a_word_is_enough_and_plurals_do_not_matter() -> None:
    """Somebody who types sees pages before the word is whole."""
    whole = search("allergies")

    assert search("allerg")[0].page == whole[0].page
    assert search("ALLERGÍES")[0] == whole[0]


@pytest.mark.parametrize("question", ["", "   ", "?!", "xylophone"])
def test_nothing_fits_nothing(question: str) -> None:
    assert search(question) == []


def test_small_words_do_not_decide_unless_there_are_no_others() -> None:
    assert search("what is the receipt")[0] == search("receipt")[0]


def test_a_workspace_without_a_page_of_its_own_gets_the_first_one() -> None:
    manual = load_manual()

    assert manual.page_for("front_desk") is manual.pages["front-desk"]
    assert manual.page_for("no_such_place") is manual.pages[START]


def test_an_empty_manual_has_no_page_and_no_answer(tmp_path: Path) -> None:
    """An installation without the folder still starts."""
    empty = load_manual(tmp_path)

    assert empty.page_for("nurse") is None
    assert empty.search("receipt") == []


def test_marks_are_no_words() -> None:
    assert plain("**Stored** `F8` [Nurse](nurse.md)") == "Stored F8 Nurse"
