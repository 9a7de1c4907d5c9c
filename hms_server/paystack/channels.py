"""Paystack's currencies, how it counts their amounts, and the ways to pay that each of them has."""

import re
from dataclasses import dataclass
from enum import StrEnum

from hms_server.contract.values import MINOR_DIGITS, Money

SUBUNIT_DIGITS = 2
"""Paystack counts every currency in hundredths, the franc too, which has none.

"Sending an amount in subunits simply means multiplying the base amount by 100 … While there is no subunit for
XOF, developers must multiply the amount by 100 regardless. This doesn't imply that the amount can have a
fractional part." (Paystack, API reference, Introduction, "Supported Currency".)
"""

_REFERENCE = re.compile(r"[A-Za-z0-9.=-]{1,100}")


class Channel(StrEnum):
    """A way to pay, under Paystack's own name."""

    CARD = "card"
    BANK = "bank"
    """Out of the customer's bank account, by internet banking."""
    USSD = "ussd"
    QR = "qr"
    MOBILE_MONEY = "mobile_money"
    BANK_TRANSFER = "bank_transfer"
    """Into a bank account that lives for this one payment."""
    EFT = "eft"
    APPLE_PAY = "apple_pay"
    CAPITEC_PAY = "capitec_pay"


@dataclass(frozen=True, kw_only=True)
class Currency:
    """`minimum` is the smallest payment in Paystack's subunits; `wallets` are the mobile money providers."""

    minimum: int
    channels: tuple[Channel, ...]
    wallets: tuple[str, ...] = ()


CURRENCIES = {
    "NGN": Currency(
        minimum=50_00,
        channels=(Channel.CARD, Channel.BANK, Channel.BANK_TRANSFER, Channel.USSD, Channel.APPLE_PAY),
    ),
    "GHS": Currency(
        minimum=10,
        channels=(Channel.CARD, Channel.MOBILE_MONEY, Channel.APPLE_PAY),
        wallets=("mtn", "atl", "vod"),
    ),
    "ZAR": Currency(
        minimum=1_00,
        channels=(Channel.CARD, Channel.EFT, Channel.QR, Channel.CAPITEC_PAY, Channel.APPLE_PAY),
    ),
    "KES": Currency(
        minimum=3_00,
        channels=(Channel.CARD, Channel.MOBILE_MONEY, Channel.BANK_TRANSFER, Channel.APPLE_PAY),
        wallets=("mpesa", "atl"),
    ),
    "USD": Currency(minimum=2_00, channels=(Channel.CARD, Channel.APPLE_PAY)),
    "XOF": Currency(
        minimum=1_00,
        channels=(Channel.CARD, Channel.MOBILE_MONEY, Channel.APPLE_PAY),
        wallets=("mtn", "orange", "wave"),
    ),
}
"""Minima: Paystack's API reference, "Supported Currency"; ways to pay: its guide "Payment Channels".

A clinic's own account may have fewer of them; Paystack then answers that the channel is not active.
"""

WALLET_NAMES = {
    "mtn": "MTN MoMo",
    "atl": "AirtelTigo / Airtel Money",
    "vod": "Telecel Cash",
    "mpesa": "M-PESA",
    "orange": "Orange Money",
    "wave": "Wave",
}


def to_subunits(money: Money) -> int:
    """The amount as Paystack counts it; a ValueError carries a sentence where it takes no such payment."""
    _currency(money.currency)
    if money.amount_minor < 0:
        raise ValueError("A payment cannot be negative.")
    return money.amount_minor * _subunits_per_minor(money.currency)


def from_subunits(amount: int, currency: str) -> Money:
    """Paystack's amount as our money; a ValueError where ours cannot hold it (a fraction of a franc)."""
    _currency(currency)
    minor, left_over = divmod(amount, _subunits_per_minor(currency))
    if left_over:
        raise ValueError(f"{amount} subunits are no whole amount of {currency}.")
    return Money(minor, currency)


def fee_from_subunits(amount: int, currency: str) -> Money:
    """Paystack's fee as our money, a half upwards: a percentage may come to a fraction of a franc."""
    _currency(currency)
    per_minor = _subunits_per_minor(currency)
    return Money((amount + per_minor // 2) // per_minor, currency)


def channels_of(currency: str) -> tuple[Channel, ...]:
    """Nothing where Paystack does not take the currency."""
    return CURRENCIES[currency].channels if currency in CURRENCIES else ()


def refuse_amount(money: Money) -> str | None:
    """The sentence for the cashier where Paystack cannot take this payment, or None."""
    if money.currency not in CURRENCIES:
        known = ", ".join(sorted(CURRENCIES))
        return f"Paystack takes no payments in {money.currency}, only in {known}."
    if to_subunits(money) < CURRENCIES[money.currency].minimum:
        least = from_subunits(CURRENCIES[money.currency].minimum, money.currency)
        return f"Paystack takes no payment below {_plain(least)}. Take cash, or ask for more."
    return None


def is_reference(text: str) -> bool:
    """Whether Paystack takes it as a reference: at most 100 of A-Z, a-z, 0-9, "-", "." and "="."""
    return _REFERENCE.fullmatch(text) is not None


def _plain(money: Money) -> str:
    digits = MINOR_DIGITS[money.currency]
    whole, fraction = divmod(money.amount_minor, 10**digits)
    return f"{money.currency} {whole}.{fraction:0{digits}d}" if digits else f"{money.currency} {whole}"


def _subunits_per_minor(currency: str) -> int:
    return int(10 ** (SUBUNIT_DIGITS - MINOR_DIGITS[currency]))


def _currency(code: str) -> Currency:
    if code not in CURRENCIES:
        raise ValueError(f"Paystack takes no payments in {code}.")
    return CURRENCIES[code]
