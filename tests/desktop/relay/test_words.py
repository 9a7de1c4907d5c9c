"""What the status bar and the lists say of the world outside, in words that name the remedy's owner."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from hms_desktop.relay.words import (
    mode_of,
    mode_word,
    next_text,
    reach_word,
    secret_text,
    sign_text,
    worst_first,
)
from hms_desktop.widgets.tokens import Kind
from hms_server.contract.relay import JobState, Reachability, Trouble
from tests.desktop.relay.samples import (
    MAIL_UP,
    NETWORK,
    PAYSTACK,
    PAYSTACK_DOWN,
    PAYSTACK_UP,
    SMS_REFUSED,
    SMTP,
    job,
)
from tests.desktop.samples import NOW, ZONE


def said(*rows: Reachability) -> str:
    return sign_text(rows, zone=ZONE, now=NOW)


def test_the_worst_is_said_with_since_when_and_what_waits() -> None:
    """In the clinic's time; the others are counted."""
    assert said(PAYSTACK_DOWN) == "Paystack unreachable since 10:12 · 3 payments wait"
    assert (
        said(SMS_REFUSED, MAIL_UP, PAYSTACK_DOWN) == "Paystack unreachable since 10:12 · 3 payments wait  +1"
    )


def test_nobody_outside_is_no_news() -> None:
    """A clinic that uses nothing outside sees nothing of it."""
    assert said() == ""


def test_all_is_well_is_said_quietly_with_what_still_waits() -> None:
    assert said(MAIL_UP) == "Outside reachable"
    waiting = structs.replace(PAYSTACK_UP, waiting=1, waiting_words="1 payment waits")
    assert said(MAIL_UP, waiting) == "Outside reachable · 1 payment waits"


@pytest.mark.parametrize(
    ("trouble", "words", "pill"),
    [
        (Trouble.KEY, "Paystack refuses the key since 10:12", "Key refused"),
        (Trouble.BUSY, "Paystack asks to wait since 10:12", "Asks to wait"),
        (Trouble.DOWN, "Paystack out of order since 10:12", "Out of order"),
        (Trouble.TLS, "Paystack unreachable since 10:12", "Unreachable"),
        (None, "Paystack unreachable since 10:12", "Unreachable"),
    ],
)
def test_who_answers_is_never_called_unreachable(trouble: Trouble | None, words: str, pill: str) -> None:
    """A refused key is mended at the form, not at the modem."""
    row = structs.replace(PAYSTACK_DOWN, trouble=trouble, waiting=0, waiting_words="")

    assert said(row) == words
    assert reach_word(row) == (pill, Kind.DANGER)


def test_what_began_on_another_day_says_which() -> None:
    assert said(SMS_REFUSED).startswith("Twilio (SMS) refuses the key since 19 Nov 2026 10:42")


@given(
    st.lists(
        st.builds(
            lambda reachable, minutes, waiting: structs.replace(
                PAYSTACK_DOWN, reachable=reachable, since=NOW - timedelta(minutes=minutes), waiting=waiting
            ),
            st.booleans(),
            st.integers(0, 10_000),
            st.integers(0, 50),
        )
    )
)
def test_most_waiting_goes_first_then_the_longest_away(rows: list[Reachability]) -> None:
    """And nobody who can be reached is among them."""
    worst = worst_first(rows)

    assert len(worst) == sum(not row.reachable for row in rows)
    for one, next_ in pairwise(worst):
        assert one.waiting > next_.waiting or (one.waiting == next_.waiting and one.since <= next_.since)


@pytest.mark.parametrize(
    ("secret", "is_test"),
    [
        ("sk_test_0123", True),
        (" sk_live_0123\n", False),
        ("pk_test_0123", None),
        ("sk_tes", None),
        ("AC0123456789", None),
        ("xsk_test_01", None),
        ("", None),
    ],
)
def test_a_key_says_what_it_is_only_by_its_beginning(secret: str, is_test: bool | None) -> None:  # noqa: FBT001
    assert mode_of(secret) is is_test


def test_test_live_and_off_are_three_words() -> None:
    """What is switched off is neither, whatever its key says."""
    live = structs.replace(PAYSTACK, test_mode=False)
    off = structs.replace(PAYSTACK, enabled=False)

    assert [mode_word(row)[0] for row in (PAYSTACK, live, off, NETWORK, SMTP)] == [
        "TEST MODE",
        "Live",
        "Off",
        "On",
        "Off",
    ]


def test_of_a_secret_only_its_end_is_said() -> None:
    """Of a short one nothing but that it is there."""
    assert secret_text(PAYSTACK, "secret_key") == "Set, ends in …x3f2"
    assert secret_text(NETWORK, "password") == "Set"
    assert secret_text(SMTP, "password") == "Not set"


def test_next_try_is_said_only_where_there_will_be_one() -> None:
    waiting = job(2, JobState.WAITING, "x")

    assert next_text(waiting, zone=ZONE, now=NOW) == "10:44"
    assert next_text(waiting, zone=ZONE, now=NOW + timedelta(minutes=3)) == "next in line"
    assert next_text(job(3, JobState.FAILED, "x"), zone=ZONE, now=NOW) == ""
