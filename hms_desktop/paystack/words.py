"""How online payments are said on the screen; "paid" is said of nothing else than money that came."""

from datetime import datetime, tzinfo

from PySide6.QtCore import QCoreApplication

from hms_desktop.widgets.tokens import Kind
from hms_desktop.widgets.words import since_text
from hms_server.contract.money import format_money
from hms_server.contract.paystack import OnlineChannel, OnlinePayment, OnlineState, SavedAuthorization
from hms_server.contract.relay import Reachability

WAITING = frozenset({OnlineState.REQUESTED, OnlineState.OPEN, OnlineState.FAILED})
"""Money may come at any moment; after a refusal the payer may try again for a while."""

MAY_COME = WAITING | {OnlineState.GIVEN_UP}
"""Whoever takes other money for the same bill should think of it first."""


def tr(text: str) -> str:
    """Translates where no widget is at hand."""
    return QCoreApplication.translate("paystack", text)


def is_waiting(payment: OnlinePayment) -> bool:
    """Whether the server still watches it by itself."""
    return payment.state in WAITING


def state_word(payment: OnlinePayment) -> tuple[str, Kind]:
    """Where it stands, in a word or two."""
    if payment.state is OnlineState.PAID and payment.payment_id is None:
        return tr("To settle"), Kind.DANGER
    return {
        OnlineState.REQUESTED: (tr("Unsent"), Kind.WARNING),
        OnlineState.OPEN: (tr("Waits"), Kind.WARNING),
        OnlineState.PAID: (tr("Paid"), Kind.OK),
        OnlineState.FAILED: (tr("Refused"), Kind.DANGER),
        OnlineState.ABANDONED: (tr("Lapsed"), Kind.NEUTRAL),
        OnlineState.CANCELLED: (tr("Stopped"), Kind.NEUTRAL),
        OnlineState.GIVEN_UP: (tr("Unknown"), Kind.DANGER),
    }[payment.state]


def state_text(payment: OnlinePayment, *, zone: tzinfo, now: datetime) -> str:
    """The state with the time since when it is so."""
    return f"{state_word(payment)[0]} {since_text(payment.since, zone=zone, now=now)}"


def next_sentence(payment: OnlinePayment) -> str:
    """What it means for whoever stands at the desk."""
    if payment.state is OnlineState.PAID and payment.payment_id is None:
        return tr(
            "The money came, but the bill owed less by then. A person has to decide: see Paystack tasks."
        )
    if payment.state is OnlineState.OPEN:
        return _open_sentence(payment)
    return {
        OnlineState.REQUESTED: tr("Paystack was not asked yet. It is asked by itself; go on meanwhile."),
        OnlineState.PAID: tr("The money is there."),
        OnlineState.FAILED: tr("Paystack refused the attempt. The payer may try again for a while."),
        OnlineState.ABANDONED: tr("Nobody paid within the hour."),
        OnlineState.CANCELLED: tr("Nobody waits any more. Money that comes nevertheless is not lost."),
        OnlineState.GIVEN_UP: tr(
            "It could not be learnt what became of it. Check again before you take other money."
        ),
    }[payment.state]


def told_sentence(payment: OnlinePayment) -> tuple[Kind, str] | None:
    """What is told in passing once an end is known; None for what nobody needs to hear of."""
    sentence = {
        OnlineState.PAID: tr("{amount} for {bill} are paid. Receipt {receipt}."),
        OnlineState.FAILED: tr("{amount} for {bill} were refused by Paystack: not paid."),
        OnlineState.ABANDONED: tr("{amount} for {bill} were not paid within the hour."),
        OnlineState.GIVEN_UP: tr("What became of {amount} for {bill} is not known."),
    }.get(payment.state)
    if sentence is None:
        return None
    kind = state_word(payment)[1]
    if payment.state is OnlineState.PAID and payment.payment_id is None:
        sentence = tr("{amount} for {bill} came, but could not be put on the bill: see Paystack tasks.")
    words = sentence.format(
        amount=format_money(payment.amount), bill=payment.invoice_number, receipt=payment.receipt_number
    )
    # What is shown as danger stays until it is closed; a refusal is no reason to cover the screen.
    return (Kind.WARNING if payment.state is OnlineState.FAILED else kind), words


def channel_word(channel: OnlineChannel) -> str:
    """The way to pay, as it stands on its button."""
    return {
        OnlineChannel.CHECKOUT: tr("Paystack"),
        OnlineChannel.BANK_TRANSFER: tr("Bank"),
        OnlineChannel.MOBILE_MONEY: tr("Mobile"),
        OnlineChannel.SAVED: tr("Saved"),
    }[channel]


def unreachable_sentence(row: Reachability | None, *, zone: tzinfo, now: datetime) -> str:
    """Since when Paystack is away, and what that means; empty while it answers or nobody knows."""
    if row is None or row.reachable:
        return ""
    words = tr(
        "Paystack cannot be reached since {time}. What you ask for waits and is sent by itself; cash works."
    )
    return words.format(time=since_text(row.since, zone=zone, now=now))


def card_words(card: SavedAuthorization) -> str:
    """Such as "Visa ending in 4081"."""
    brand = card.brand.strip().capitalize() or tr("Card")
    return tr("{brand} ending in {last4}").format(brand=brand, last4=card.last4)


def _open_sentence(payment: OnlinePayment) -> str:
    if payment.instructions:
        return payment.instructions
    return {
        OnlineChannel.CHECKOUT: tr("The payer scans the code, or opens the link, and pays there."),
        OnlineChannel.BANK_TRANSFER: tr("The payer transfers exactly this amount to this account."),
        OnlineChannel.MOBILE_MONEY: tr("The payer confirms on the phone."),
        OnlineChannel.SAVED: tr("Paystack charges the card."),
    }[payment.channel]
