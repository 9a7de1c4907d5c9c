"""What Paystack's word on a payment means for the clinic's books: one judgement for poll, notice and list."""

import base64
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from hms_server.contract.money import format_money
from hms_server.contract.paystack import OnlineState, TaskKind
from hms_server.contract.values import MINOR_DIGITS, Money
from hms_server.paystack.channels import fee_from_subunits, from_subunits
from hms_server.paystack.messages import Transaction, TransactionStatus

LIVE, TEST = "HMS-", "HMS-TEST-"
"""How our references begin: what was only play shows it on every paper."""
UNTOUCHED_FOR = timedelta(hours=1)
"""So long an untouched page, or one on which an attempt failed, is watched."""
UNKNOWN_FOR = timedelta(minutes=2)
"""So long a reference may be unknown to Paystack although a call with it is said to have arrived."""
WATCHED_FOR = timedelta(hours=24)
"""So long a payment that is under way is watched; after it only the nightly comparison looks."""
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=3), timedelta(minutes=10)


class Standing(Enum):
    """How a payment stands at Paystack, as far as the books are concerned."""

    WAITING = "waiting"
    FAILED = "failed"
    PAID = "paid"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What we had asked for; `due_minor` is what the bill owes now."""

    amount: Money
    due_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What was posted for the reference before. `returned_minor` went back from here, or is on its way."""

    received: Money
    payer_fee_minor: int
    fee_minor: int | None
    returned_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """How money that came is divided; the three parts add up to what was received, in its currency.

    `fee_minor` is what Paystack keeps of it, None while that is not known.
    """

    received: Money
    credited_minor: int
    payer_fee_minor: int
    unallocated_minor: int
    fee_minor: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A task for a person; `amount` is the money that it is about, where nobody has allocated it."""

    kind: TaskKind
    sentence: str
    amount: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What follows. `fee_minor` is a fee that has become known for a payment posted before."""

    standing: Standing
    shares: Shares | None = None
    fee_minor: int | None = None
    wishes: tuple[Wish, ...] = ()


def judge(theirs: Transaction, *, asked: Asked | None, posted: Posted | None) -> Verdict:
    """The one judgement for every path; the same word a second time changes nothing.

    Only `status` of the transaction counts. A word other than success never takes back what was posted: an
    answer that was on its way may be older than the posting.
    """
    if theirs.status == TransactionStatus.REVERSED:
        return Verdict(standing=Standing.REVERSED, wishes=_reversed(theirs, asked=asked, posted=posted))
    if theirs.status == TransactionStatus.SUCCESS:
        return _paid(theirs, asked=asked, posted=posted)
    failed = theirs.status == TransactionStatus.FAILED
    return Verdict(standing=Standing.FAILED if failed else Standing.WAITING)


def _paid(theirs: Transaction, *, asked: Asked | None, posted: Posted | None) -> Verdict:
    try:
        received = from_subunits(theirs.amount, theirs.currency)
        fee = None if theirs.fees is None else fee_from_subunits(theirs.fees, theirs.currency).amount_minor
    except ValueError as error:
        return _contradicts(
            f"Paystack reports {words_of(theirs.amount, theirs.currency)} under {theirs.reference}, which "
            f"the books cannot hold: {error} Nothing was posted."
        )
    if posted is not None:
        return _paid_before(theirs, received, fee, posted)
    if received.amount_minor == 0:
        return _contradicts(f"Paystack calls {theirs.reference} paid, with an amount of zero.")
    if asked is None or received.currency != asked.amount.currency:
        shares = Shares(
            received=received,
            credited_minor=0,
            payer_fee_minor=0,
            unallocated_minor=received.amount_minor,
            fee_minor=fee,
        )
        return Verdict(standing=Standing.PAID, shares=shares, wishes=(_stranger(theirs, received, asked),))
    return _divide(theirs, received, fee, asked)


def _divide(theirs: Transaction, received: Money, fee: int | None, asked: Asked) -> Verdict:
    currency = received.currency
    for_bill = min(received.amount_minor, asked.amount.amount_minor)
    extra = received.amount_minor - for_bill
    # Where the customer bears the fees Paystack charges more than was asked for, and keeps the difference.
    is_fee = extra <= (fee or 0) and _requested(theirs) == asked.amount
    credited = max(0, min(for_bill, asked.due_minor))
    wishes = []
    if for_bill < asked.amount.amount_minor:
        wishes.append(_underpaid(received, asked))
    if extra and not is_fee:
        wishes.append(_overpaid(received, asked, Money(extra, currency)))
    if credited < for_bill:
        wishes.append(_already_paid(received, Money(for_bill - credited, currency), credited=credited))
    shares = Shares(
        received=received,
        credited_minor=credited,
        payer_fee_minor=extra if is_fee else 0,
        unallocated_minor=for_bill - credited + (0 if is_fee else extra),
        fee_minor=fee,
    )
    return Verdict(standing=Standing.PAID, shares=shares, wishes=tuple(wishes))


def _paid_before(theirs: Transaction, received: Money, fee: int | None, posted: Posted) -> Verdict:
    if received != posted.received:
        return _contradicts(
            f"{format_money(posted.received)} were posted for {theirs.reference}, and now Paystack says "
            f"{format_money(received)}. The posting stands until somebody has asked Paystack."
        )
    return Verdict(standing=Standing.PAID, fee_minor=fee if posted.fee_minor is None else None)


def _reversed(theirs: Transaction, *, asked: Asked | None, posted: Posted | None) -> tuple[Wish, ...]:
    amount = words_of(theirs.amount, theirs.currency)
    if posted is None:
        if asked is None:
            return ()
        sentence = (
            f"{amount} were paid and taken back at Paystack before they were posted here. Nothing was "
            "posted: the bill is still due."
        )
        return (Wish(kind=TaskKind.REVERSED, sentence=sentence),)
    if posted.returned_minor >= posted.received.amount_minor - posted.payer_fee_minor:
        return ()
    sentence = (
        f"Paystack took {amount} back that were posted here, and no refund from here explains it: a "
        "chargeback, or a refund on Paystack's own pages. Ask Paystack, then correct the bill."
    )
    return (Wish(kind=TaskKind.REVERSED, sentence=sentence),)


def _contradicts(sentence: str) -> Verdict:
    return Verdict(standing=Standing.PAID, wishes=(Wish(kind=TaskKind.CONTRADICTION, sentence=sentence),))


def _stranger(theirs: Transaction, received: Money, asked: Asked | None) -> Wish:
    if asked is None:
        sentence = (
            f"{format_money(received)} came to the clinic's Paystack account under {theirs.reference}, for "
            "which nothing was asked from here. Find out what they are for."
        )
        return Wish(kind=TaskKind.UNKNOWN_REFERENCE, sentence=sentence, amount=received)
    sentence = (
        f"{format_money(asked.amount)} were asked for and {format_money(received)} came, in another "
        "currency. The bill is still due; return the money, or settle it with the patient."
    )
    return Wish(kind=TaskKind.CURRENCY, sentence=sentence, amount=received)


def _underpaid(received: Money, asked: Asked) -> Wish:
    missing = Money(asked.amount.amount_minor - received.amount_minor, received.currency)
    sentence = (
        f"Only {format_money(received)} came of {format_money(asked.amount)} that were asked for; "
        f"{format_money(missing)} of them are missing."
    )
    return Wish(kind=TaskKind.UNDERPAID, sentence=sentence)


def _overpaid(received: Money, asked: Asked, extra: Money) -> Wish:
    sentence = (
        f"{format_money(received)} came where {format_money(asked.amount)} were asked for, and fees do not "
        f"explain it: {format_money(extra)} belong to no bill."
    )
    return Wish(kind=TaskKind.OVERPAID, sentence=sentence, amount=extra)


def _already_paid(received: Money, left: Money, *, credited: int) -> Wish:
    what = "the bill was settled in another way meanwhile"
    if credited:
        what = f"the bill owed only {format_money(Money(credited, received.currency))} by then"
    sentence = f"{format_money(received)} came online, but {what}: {format_money(left)} belong to no bill."
    return Wish(kind=TaskKind.ALREADY_PAID, sentence=sentence, amount=left)


def _requested(theirs: Transaction) -> Money | None:
    if theirs.requested_amount is None:
        return None
    try:
        return from_subunits(theirs.requested_amount, theirs.currency)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Watch:
    """How a payment that is not paid stands here now, and when to look again (None: not any more)."""

    state: OnlineState
    again: timedelta | None


def watch(status: str | None, age: timedelta) -> Watch:
    """What to do with an answer that says anything but paid; `age` counts since the payer could pay.

    A status of None means that Paystack does not know the reference. A page that nobody has touched is
    "abandoned" from the beginning, and after a failure the payer may try again on the same page, so neither
    ends the watch at once.
    """
    pause = pause_at(age)
    if status is None:
        still = age < UNKNOWN_FOR
        return Watch(OnlineState.OPEN if still else OnlineState.FAILED, pause if still else None)
    if status == TransactionStatus.FAILED:
        return Watch(OnlineState.FAILED, pause if age < UNTOUCHED_FOR else None)
    if status == TransactionStatus.ABANDONED:
        still = age < UNTOUCHED_FOR
        return Watch(OnlineState.OPEN if still else OnlineState.ABANDONED, pause if still else None)
    still = age < WATCHED_FOR
    return Watch(OnlineState.OPEN if still else OnlineState.GIVEN_UP, pause if still else None)


def pause_at(age: timedelta) -> timedelta:
    """Grows with the age of a payment: 3 s at first, 30 s after two minutes, 10 minutes at most."""
    return min(max(age / 4, SHORTEST_PAUSE), LONGEST_PAUSE)


def pause_of_refund(age: timedelta) -> timedelta:
    """A refund takes up to ten working days: looked for after a minute, then rarer, at last twice a day."""
    return min(max(age / 4, timedelta(minutes=1)), timedelta(hours=12))


def reference_of(chance: bytes, *, test_mode: bool) -> str:
    """Of 16 random bytes: nobody can guess it, and no other clinic on the same account will have it."""
    return (TEST if test_mode else LIVE) + base64.b32encode(chance).decode().rstrip("=")


def numbered(reference: str, attempt: int) -> str:
    """Our reference as Paystack gets it: where an answer was lost, the next attempt has its number."""
    return reference if attempt == 1 else f"{reference}.{attempt}"


def without_number(reference: str) -> str:
    """Our reference out of the one that Paystack names."""
    return reference.partition(".")[0]


def is_ours(reference: str) -> bool:
    return reference.startswith(LIVE)


def words_of(amount: int, currency: str) -> str:
    """An amount in Paystack's hundredths for people, in whatever currency."""
    if currency in MINOR_DIGITS:
        try:
            return format_money(from_subunits(amount, currency))
        except ValueError:
            pass
    whole, hundredths = divmod(amount, 100)
    return f"{currency[:10]} {whole:,}.{hundredths:02d}"
