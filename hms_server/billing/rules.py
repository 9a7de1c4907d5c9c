"""What a payment may be, and in which state it leaves the bill."""

from hms_server.contract.billing import InvoiceState, TakePayment
from hms_server.contract.money import format_money
from hms_server.contract.values import Money
from hms_server.faults import Refused

MAX_TENDERED_MINOR = 10**14
"""More than any bill; below it no sum of a clinic leaves a 64-bit column."""


def state_of(*, charged_minor: int, due_minor: int) -> InvoiceState:
    """A bill without any priced charge is open, not paid."""
    if due_minor == charged_minor:
        return InvoiceState.OPEN
    return InvoiceState.PART_PAID if due_minor else InvoiceState.PAID


def check_payment(request: TakePayment, due: Money) -> None:
    """Refuses money of another currency, an amount above what is due, and one that is not covered."""
    for field, money in (("amount", request.amount), ("tendered", request.tendered)):
        if money.currency != due.currency:
            raise Refused(
                "billing.currency",
                f"This bill is in {due.currency}; {money.currency[:10]} cannot be taken for it.",
                field=field,
                data={"currency": due.currency},
            )
    _check_amount(request.amount, due)
    _check_tendered(request.tendered, request.amount)


def _check_amount(amount: Money, due: Money) -> None:
    if due.amount_minor <= 0:
        raise Refused("billing.nothing_due", "Nothing is due on this bill.", field="amount")
    if amount.amount_minor <= 0:
        raise Refused(
            "billing.amount",
            f"Take an amount above zero, up to the {format_money(due)} that are due.",
            field="amount",
        )
    if amount.amount_minor > due.amount_minor:
        raise Refused(
            "billing.above_due",
            f"Only {format_money(due)} are due. What the patient gave beyond that is given back as change.",
            field="amount",
            data={"due_minor": str(due.amount_minor)},
        )


def _check_tendered(tendered: Money, amount: Money) -> None:
    if tendered.amount_minor < amount.amount_minor:
        raise Refused(
            "billing.tendered",
            f"{format_money(tendered)} do not cover {format_money(amount)}. "
            "Take a smaller amount; the rest stays due.",
            field="tendered",
        )
    if tendered.amount_minor > MAX_TENDERED_MINOR:
        raise Refused(
            "billing.tendered", "That is too much to have been given. Check the zeros.", field="tendered"
        )
