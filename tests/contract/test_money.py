"""Money as written and as typed."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_server.contract.money import format_amount, format_money, parse_money
from hms_server.contract.values import MINOR_DIGITS, Money

amounts = st.builds(
    Money, st.integers(min_value=0, max_value=10**12 - 1), st.sampled_from(sorted(MINOR_DIGITS))
)


@pytest.mark.parametrize(
    ("money", "written"),
    [
        (Money(1_865_000, "NGN"), "₦\u00a018,650.00"),
        (Money(5, "NGN"), "₦\u00a00.05"),
        (Money(0, "GHS"), "GH₵\u00a00.00"),
        (Money(18_650, "XOF"), "F\u00a0CFA\u00a018,650"),
        (Money(-50_000, "NGN"), "−₦\u00a0500.00"),
        (Money(-5, "NGN"), "−₦\u00a00.05"),
    ],
)
def test_writes_sign_thousands_and_the_currencys_own_decimals(money: Money, written: str) -> None:
    assert format_money(money) == written


def test_an_amount_in_a_column_has_no_sign_of_the_currency() -> None:
    assert format_amount(Money(1_865_000, "NGN")) == "18,650.00"


@pytest.mark.parametrize(
    "typed",
    [
        "18650",
        "18,650",
        "18,650.00",
        "18 650",
        "18\u202f650.0",
        " ₦ 18,650.00 ",
        "₦18650",
        "NGN 18650",
        "ngn18650",
    ],
)
def test_reads_what_cashiers_type(typed: str) -> None:
    assert parse_money(typed, "NGN") == Money(1_865_000, "NGN")


@given(money=amounts)
def test_reads_back_what_it_wrote(money: Money) -> None:
    assert parse_money(format_money(money), money.currency) == money


@pytest.mark.parametrize(
    ("typed", "currency", "sentence"),
    [
        ("", "NGN", "Type an amount, for example 18,650.00."),
        ("₦", "NGN", "Type an amount, for example 18,650.00."),
        ("-5", "NGN", "Type the amount without a minus sign."),
        ("−5", "NGN", "Type the amount without a minus sign."),
        ("ten", "NGN", "“ten” is not an amount. Write it like 18,650.00."),
        ("1,50", "NGN", "“1,50” is not an amount. Write it like 18,650.00."),
        ("18,650 000", "NGN", "“18,650 000” is not an amount. Write it like 18,650.00."),
        ("5.", "NGN", "“5.” is not an amount. Write it like 18,650.00."),
        ("1.2.3", "NGN", "“1.2.3” is not an amount. Write it like 18,650.00."),
        ("٣", "NGN", "“٣” is not an amount. Write it like 18,650.00."),
        ("$ 5", "NGN", "“$ 5” is not an amount. Write it like 18,650.00."),
        ("18.650", "NGN", "NGN has 2 decimals. Write it like 18,650.00."),
        ("18.50", "XOF", "XOF has no decimals. Write it like 18,650."),
        ("1" + "0" * 12, "NGN", "That amount is too large. Check the number of zeros."),
        ("5", "BTC", "BTC is not a currency that a clinic can be set up with."),
    ],
)
def test_refuses_with_a_sentence_that_says_what_would_be_right(
    typed: str, currency: str, sentence: str
) -> None:
    with pytest.raises(ValueError, match=r"\.$") as refused:
        parse_money(typed, currency)

    assert str(refused.value) == sentence


@given(text=st.text(alphabet="0123456789 ,.-₦NG\u00a0x"))
def test_whatever_was_read_is_what_the_digits_say(text: str) -> None:
    try:
        money = parse_money(text, "NGN")
    except ValueError:
        return

    typed = "".join(sign for sign in text if sign in "0123456789.")
    assert money.amount_minor == Decimal(typed) * 100
