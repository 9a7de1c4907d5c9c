"""How an amount of money is written on screen and paper, and read from what a person typed."""

import re

from hms_server.contract.values import MINOR_DIGITS, Money

SYMBOLS = {
    "NGN": "₦",
    "GHS": "GH₵",
    "ZAR": "R",
    "KES": "KSh",
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "XOF": "F CFA",
    "XAF": "FCFA",
}
"""The signs of CLDR, which keep the two CFA francs apart; a currency without one shows its ISO code."""

MAX_WHOLE_DIGITS = 12
"""More than any bill; in minor units it still fits a 64-bit column a thousand times over."""

_SPACES = re.compile(r"[ \u00a0\u2009\u202f]+")
_WHOLE = re.compile(r"[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,3}(?: [0-9]{3})+")


def format_money(money: Money) -> str:
    """The amount with its sign and thousands marked: "₦ 18,650.00", "F CFA 18,650"; a minus stands first.

    No line ends between sign and amount.
    """
    minus = "−" if money.amount_minor < 0 else ""
    return f"{minus}{symbol_of(money.currency)} {_format_digits(money)}".replace(" ", "\u00a0")


def format_amount(money: Money) -> str:
    """The same without the sign of the currency, for a column whose heading names it."""
    minus = "−" if money.amount_minor < 0 else ""
    return minus + _format_digits(money)


def symbol_of(currency: str) -> str:
    return SYMBOLS.get(currency, currency)


def parse_money(text: str, currency: str) -> Money:
    """The amount that was typed; a ValueError carries a sentence that says what would be right."""
    digits = _minor_digits(currency)
    typed = _without_sign(_SPACES.sub(" ", text).strip(), currency)
    if not typed:
        raise ValueError(f"Type an amount, for example {_example(currency)}.")
    if typed[0] in "-−":
        raise ValueError("Type the amount without a minus sign.")
    whole, point, fraction = typed.partition(".")
    if not _WHOLE.fullmatch(whole) or (point and not re.fullmatch("[0-9]+", fraction)):
        raise ValueError(f"“{typed}” is not an amount. Write it like {_example(currency)}.")
    if len(fraction) > digits:
        raise ValueError(_too_many_decimals(currency))
    return _of_parts(re.sub("[ ,]", "", whole), fraction, currency)


def _of_parts(whole: str, fraction: str, currency: str) -> Money:
    digits = _minor_digits(currency)
    significant = whole.lstrip("0")
    if len(significant) > MAX_WHOLE_DIGITS:
        raise ValueError("That amount is too large. Check the number of zeros.")
    return Money(int((significant + fraction.ljust(digits, "0")) or "0"), currency)


def _without_sign(typed: str, currency: str) -> str:
    for sign in (symbol_of(currency), currency):
        if typed.upper().startswith(sign.upper()):
            return typed[len(sign) :].lstrip()
    return typed


def _format_digits(money: Money) -> str:
    digits = _minor_digits(money.currency)
    whole, fraction = divmod(abs(money.amount_minor), 10**digits)
    return f"{whole:,}.{fraction:0{digits}d}" if digits else f"{whole:,}"


def _minor_digits(currency: str) -> int:
    if currency not in MINOR_DIGITS:
        raise ValueError(f"{currency} is not a currency that a clinic can be set up with.")
    return MINOR_DIGITS[currency]


def _too_many_decimals(currency: str) -> str:
    digits = _minor_digits(currency)
    if digits:
        return f"{currency} has {digits} decimals. Write it like {_example(currency)}."
    return f"{currency} has no decimals. Write it like {_example(currency)}."


def _example(currency: str) -> str:
    return format_amount(Money(18_650 * 10 ** _minor_digits(currency), currency))
