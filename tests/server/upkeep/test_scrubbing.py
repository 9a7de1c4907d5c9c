"""Only words of the program are left of a log; names, numbers and secrets are gone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_server.upkeep.scrubbing import Scrubber, own_scrubber


@pytest.fixture(scope="module")
def scrubber() -> Scrubber:
    return own_scrubber(["patient", "patient_number", "CheckIn"])


STAMP = "2026-11-21 19:09:01.123 UTC"
CONSTRAINT = 'ERROR:  duplicate key value violates unique constraint "patient_number"'
FRAME = 'File "hms_server/dispatch.py", line 41, in run'


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"{STAMP} [4711] LOG:  checkpoint starting: time", f"{STAMP} LOG:  checkpoint starting: time"),
        (f"{STAMP} [4711] {CONSTRAINT}", f"{STAMP} {CONSTRAINT}"),
        (
            f"{STAMP} [4711] ERROR:  Key (phone)=(0803 555 0182) already exists.",
            f"{STAMP} ERROR:  … (phone)=(#) already exists.",
        ),
        (
            "timestamp='2026-11-21T19:09:01Z' level='info' event='serving' endpoint='tcp://10.0.0.7:7717'",
            "2026-11-21T19:09:01Z level='info' event='serving' endpoint='tcp://#'",
        ),
        (FRAME.replace("hms_server", "/opt/hms/hms_server"), f"  {FRAME}"),
        ("ValueError: Ada Obi, born 1990-05-17", "ValueError: …, born #"),
    ],
)
def test_what_is_left_of_a_line(scrubber: Scrubber, line: str, expected: str) -> None:
    assert scrubber.line(line) == expected


def test_a_password_that_was_printed_is_gone(scrubber: Scrubber) -> None:
    scrubbed = scrubber.line("Password: k3dm-9xwp-77fh")

    assert not any(part in scrubbed for part in ("k3dm", "9xwp", "77fh", "xwp"))


@given(
    st.text(
        st.characters(whitelist_categories=("Lu", "Ll", "Lt", "Lo", "Mn")), min_size=1, max_size=20
    ).filter(lambda text: not (text.isascii() and text.islower()))
)
def test_a_name_is_never_left(name: str) -> None:
    """Names begin with a capital, or have letters that no word of the program has."""
    scrubber = Scrubber(words=frozenset({"patient", "is", "called"}), exact=frozenset())

    assert name not in scrubber.line(f"patient is called {name} ({name}@{name}) '{name}'")


@given(st.integers(10_000, 10**16))
def test_a_long_number_is_never_left(number: int) -> None:
    scrubber = Scrubber(words=frozenset({"phone"}), exact=frozenset())
    grouped = " ".join(str(number)[start : start + 3] for start in range(0, len(str(number)), 3))

    scrubbed = scrubber.line(f"phone {number}, {grouped}")

    assert not any(sign.isdigit() for sign in scrubbed)


def test_lines_of_which_nothing_is_left_are_dropped(scrubber: Scrubber) -> None:
    assert list(scrubber.lines(["Ada Obi 0803 555 0182", "checkpoint complete"])) == ["checkpoint complete"]


def test_requests_of_the_program_are_known() -> None:
    """By the program's own code, so that a bundle without sources knows them too."""
    scrubber = own_scrubber()

    line = "event='housekeeping waits for the database' request='CheckIn' request_id='4711'"
    assert scrubber.line(line) == line
