"""What a price may be, and when it leaps so far that a person is asked, at the desk and at the server."""

from hms_server.contract.money import format_money
from hms_server.contract.values import Money

MAX_PRICE_MINOR = 10**10
"""More than one unit of anything costs; times the largest quantity it stays far inside a 64-bit column."""

JUMP_TIMES = 10
"""One zero too many or too few."""


def price_fault(price: Money) -> str:
    """Why this is no price, in a sentence; empty where it is one."""
    if price.amount_minor <= 0:
        return "A price has to be more than nothing."
    if price.amount_minor > MAX_PRICE_MINOR:
        most = format_money(Money(MAX_PRICE_MINOR, price.currency))
        return f"A price is {most} at most. Check the zeros."
    return ""


def is_jump(price: Money, before: Money | None) -> bool:
    """Whether a slipped zero would explain the difference; a first price has nothing to be compared with."""
    if before is None or before.amount_minor <= 0:
        return False
    low, high = sorted((price.amount_minor, before.amount_minor))
    return high >= JUMP_TIMES * low


def jump_sentence(price: Money, before: Money) -> str:
    """How unlike the two are, such as "₦ 50.00 is 1/100 of the ₦ 5,000.00 until now."."""
    if price.amount_minor >= before.amount_minor:
        times = f"{price.amount_minor // before.amount_minor:,} times"
    else:
        times = f"1/{before.amount_minor // price.amount_minor:,} of"
    return f"{format_money(price)} is {times} the {format_money(before)} until now."
