"""What a payment, a refund and a price may be, and in which state payments leave the bill."""

from hms_server.contract.billing import InvoiceState, PaymentMethod, RefundPayment, TakePayment
from hms_server.contract.money import format_money
from hms_server.contract.price_rules import is_jump, jump_sentence, price_fault
from hms_server.contract.values import Money
from hms_server.faults import Refused

MAX_TENDERED_MINOR = 10**14
"""More than any bill; below it no sum of a clinic leaves a 64-bit column."""

MAX_REASON = 500


def state_of(*, charged_minor: int, due_minor: int) -> InvoiceState:
    """A bill without any priced charge is open, not paid."""
    if due_minor == charged_minor:
        return InvoiceState.OPEN
    return InvoiceState.PART_PAID if due_minor else InvoiceState.PAID


def check_payment(request: TakePayment, due: Money) -> None:
    """Refuses money of another currency, an amount above what is due, and one that is not covered."""
    if request.method is not PaymentMethod.CASH:
        raise Refused(
            "billing.method",
            "Only cash is taken here. A payment through Paystack appears by itself once it has come.",
            field="method",
        )
    for field, money in (("amount", request.amount), ("tendered", request.tendered)):
        check_currency(money, due, field=field)
    check_amount(request.amount, due)
    _check_tendered(request.tendered, request.amount)


def check_currency(money: Money, due: Money, *, field: str) -> None:
    """Refuses money that is not in the currency of the bill."""
    if money.currency != due.currency:
        raise Refused(
            "billing.currency",
            f"This bill is in {due.currency}; {money.currency[:10]} cannot be taken for it.",
            field=field,
            data={"currency": due.currency},
        )


def check_refund(request: RefundPayment, refundable: Money) -> None:
    """Refuses a refund without a reason, and one above what is left of the payment."""
    if not request.reason.strip():
        raise Refused("billing.refund_reason", "Say why the money goes back.", field="reason")
    if len(request.reason) > MAX_REASON:
        raise Refused("billing.refund_reason", f"Say it in {MAX_REASON} characters at most.", field="reason")
    check_currency(request.amount, refundable, field="amount")
    if refundable.amount_minor <= 0:
        raise Refused(
            "billing.refunded_already",
            "Nothing is left of this payment: it was returned, or is on its way back.",
            field="payment_id",
        )
    if not 0 < request.amount.amount_minor <= refundable.amount_minor:
        raise Refused(
            "billing.refund_amount",
            f"Return an amount above zero, up to the {format_money(refundable)} that are left of it.",
            field="amount",
            data={"refundable_minor": str(refundable.amount_minor)},
        )


def check_amount(amount: Money, due: Money) -> None:
    """Refuses what is not above zero, or more than is due."""
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


def check_price(price: Money, before: Money | None, *, currency: str, confirmed: bool) -> None:
    """Refuses what is no price in the clinic's currency, and asks about a leap from the one before."""
    if price.currency != currency:
        raise Refused(
            "billing.price_currency",
            f"Prices here are in {currency}, not in {price.currency[:10]}.",
            field="amount",
            data={"currency": currency},
        )
    if fault := price_fault(price):
        raise Refused("billing.price", fault, field="amount")
    if before is not None and is_jump(price, before) and not confirmed:
        raise Refused(
            "billing.price_jump",
            f"{jump_sentence(price, before)} Check the zeros; store it again if it is meant.",
            field="amount",
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
