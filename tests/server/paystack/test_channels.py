"""Amounts cross over to Paystack's subunits and back without loss, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_server.contract.values import Money
from hms_server.paystack.channels import (
    CURRENCIES,
    WALLET_NAMES,
    Channel,
    channels_of,
    fee_from_subunits,
    from_subunits,
    is_reference,
    refuse_amount,
    to_subunits,
)

CODES = st.sampled_from(sorted(CURRENCIES))


def test_the_currencies_are_those_of_paystack() -> None:
    assert set(CURRENCIES) == {"NGN", "GHS", "ZAR", "KES", "USD", "XOF"}


def test_a_franc_counts_a_hundred_subunits() -> None:
    assert to_subunits(Money(1500, "XOF")) == 150_000
    assert to_subunits(Money(1500, "NGN")) == 1500


@given(st.integers(0, 10**13), CODES)
def test_there_and_back_is_the_same_money(amount: int, currency: str) -> None:
    money = Money(amount, currency)

    assert from_subunits(to_subunits(money), currency) == money


@given(st.integers(0, 10**13), CODES)
def test_back_and_there_is_the_same_amount_or_refused(subunits: int, currency: str) -> None:
    try:
        money = from_subunits(subunits, currency)
    except ValueError:
        assert currency == "XOF"
        assert subunits % 100
    else:
        assert to_subunits(money) == subunits


@given(st.integers(0, 10**12), CODES)
def test_a_fee_is_rounded_by_less_than_one_unit(subunits: int, currency: str) -> None:
    fee = fee_from_subunits(subunits, currency)

    assert abs(to_subunits(fee) - subunits) <= (50 if currency == "XOF" else 0)


@pytest.mark.parametrize("currency", ["EUR", "XAF", "ngn", ""])
def test_other_currencies_are_refused_in_words(currency: str) -> None:
    with pytest.raises(ValueError, match="Paystack takes no payments"):
        to_subunits(Money(100, currency))
    with pytest.raises(ValueError, match="Paystack takes no payments"):
        from_subunits(100, currency)
    assert refuse_amount(Money(100, currency)) is not None
    assert channels_of(currency) == ()


def test_a_negative_payment_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        to_subunits(Money(-1, "NGN"))


def test_a_payment_below_paystack_s_minimum_is_refused_with_the_minimum() -> None:
    assert refuse_amount(Money(50_00, "NGN")) is None
    assert refuse_amount(Money(1, "XOF")) is None
    assert "NGN 50.00" in (refuse_amount(Money(49_99, "NGN")) or "")
    assert "XOF 1." in (refuse_amount(Money(0, "XOF")) or "")


def test_every_wallet_has_a_name_and_every_currency_a_card() -> None:
    assert {wallet for c in CURRENCIES.values() for wallet in c.wallets} == set(WALLET_NAMES)
    for currency in CURRENCIES.values():
        assert Channel.CARD in currency.channels
        assert bool(currency.wallets) == (Channel.MOBILE_MONEY in currency.channels)


@pytest.mark.parametrize("text", ["HMS-1.a=B", "0"])
def test_a_reference_has_signs_that_paystack_takes(text: str) -> None:
    assert is_reference(text)


@pytest.mark.parametrize("text", ["", "A B", "A_B", "A/B", "ä", "A\n", "x" * 101])
def test_other_signs_are_no_reference(text: str) -> None:
    assert not is_reference(text)
