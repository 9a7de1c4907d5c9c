"""Names every difference between the clinic's books and Paystack's list; values in, values out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from hms_server.contract.money import format_money
from hms_server.contract.paystack import TaskKind
from hms_server.contract.reconciliation import DifferenceKind, ReconciledSum
from hms_server.contract.values import MINOR_DIGITS, InvoiceId, Money
from hms_server.paystack.channels import fee_from_subunits, from_subunits
from hms_server.paystack.messages import Refund, RefundStatus, Transaction, TransactionStatus, UnreadRow
from hms_server.paystack.rules import Wish, words_of

HAS_COME = frozenset({TransactionStatus.SUCCESS, TransactionStatus.REVERSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class OurPayment:
    """A reference as we know it; `received` is None where nothing was posted.

    `is_due_there`: it was begun at Paystack in the days that are compared, so its list must name it.
    """

    reference: str
    invoice_id: InvoiceId | None
    state: str
    received: Money | None
    fee_minor: int | None
    posted_at: datetime | None
    is_due_there: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OurRefund:
    tag: str
    reference: str
    invoice_id: InvoiceId | None
    state: str
    money: Money
    provider_id: int | None
    is_due_there: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A difference on its way into the report. `wish` is a task that it asks for; `item` tells such apart."""

    kind: DifferenceKind
    reference: str
    ours: str
    theirs: str
    sentence: str
    mended: bool = False
    wish: Wish | None = None
    item: str = ""
    invoice_id: InvoiceId | None = None


def has_news(theirs: Transaction, ours: OurPayment | None) -> bool:
    """Whether what Paystack lists may change the books: everything else is left untouched."""
    if theirs.status not in HAS_COME:
        return False
    if ours is None or ours.received is None or theirs.status == TransactionStatus.REVERSED:
        return True
    is_new_fee = ours.fee_minor is None and theirs.fees is not None
    return is_new_fee or not _is(ours.received, theirs.amount, theirs.currency)


def compare_payment(
    theirs: Transaction, ours: OurPayment | None, *, is_posted: bool, asks_somebody: bool, seen_at: datetime
) -> list[Draft]:
    """`ours` as it was before; `is_posted` and `asks_somebody` are what learning of it has led to now.

    `seen_at` is when the list was asked for: what was posted later it may not know yet.
    """
    received = None if ours is None else ours.received
    if theirs.status == TransactionStatus.SUCCESS:
        if ours is None or received is None:
            return [_missing_here(theirs, ours, is_posted=is_posted)]
        return [*_amounts(theirs, ours, received), *_fees(theirs, ours)]
    if theirs.status == TransactionStatus.REVERSED:
        return [_reversed(theirs, ours)] if asks_somebody or received is None else []
    if ours is None or received is None or (ours.posted_at or seen_at) >= seen_at:
        return []
    return [_taken_back(theirs, ours, received)]


def missing_there(ours: Iterable[OurPayment], listed: Iterable[str]) -> list[Draft]:
    """What we have asked for, or even posted, and Paystack's list does not name."""
    known = set(listed)
    return [_not_listed(one) for one in ours if one.is_due_there and one.reference not in known]


def compare_refund(theirs: Refund, ours: OurRefund | None, *, reference: str) -> list[Draft]:
    """`ours` as it was before Paystack's word on it was noted; `reference` is of the payment."""
    said = f"{words_of(theirs.amount, theirs.currency)}, {theirs.status}"
    if ours is None:
        return [] if theirs.status == RefundStatus.FAILED else [_foreign_refund(theirs, reference, said)]
    if not _is(ours.money, theirs.amount, theirs.currency):
        sentence = f"The refund {ours.tag} of {ours.reference} has another amount at Paystack."
        return [_refund_contradiction(ours, sentence, said)]
    is_over = theirs.status in (RefundStatus.PROCESSED, RefundStatus.FAILED)
    if ours.state in ("asked", "pending"):
        return [_ended_there(ours, said)] if is_over else []
    if ours.state == theirs.status:
        return []
    sentence = (
        f"The refund {ours.tag} of {ours.reference} is posted as {ours.state}, and Paystack calls it "
        f"{theirs.status[:40]}."
    )
    return [_refund_contradiction(ours, sentence, said)]


def refunds_missing_there(ours: Iterable[OurRefund], seen: Iterable[str]) -> list[Draft]:
    """Refunds that Paystack has confirmed once, and its list does not name; `seen` are our tags in it."""
    known = set(seen)
    return [
        _refund_contradiction(
            one, f"The refund {one.tag} of {one.reference} is not in Paystack's list.", "not listed"
        )
        for one in ours
        if one.is_due_there and one.tag not in known
    ]


def tag_in(theirs: Refund, by_number: Mapping[int, str], tags: Iterable[str]) -> str | None:
    """Which of our refunds it is: by Paystack's number, or by our tag in its note."""
    if theirs.id is not None and theirs.id in by_number:
        return by_number[theirs.id]
    note = theirs.merchant_note or ""
    return next((tag for tag in tags if tag in note), None)


def not_read(row: UnreadRow) -> Draft:
    """A row that nobody can compare: the others are, and somebody looks this one up."""
    where = row.reference or "without a reference"
    sentence = f"A row of Paystack's list ({where}) cannot be read. {row.why}"
    wish = Wish(kind=TaskKind.STUCK, sentence=f"{sentence} Look it up at Paystack, then correct the bill.")
    return Draft(
        kind=DifferenceKind.UNREADABLE,
        reference=row.reference,
        ours="not compared",
        theirs="cannot be read",
        sentence=sentence,
        wish=wish,
        item="row",
    )


def add_up(ours: Iterable[tuple[str, Money]], theirs: Iterable[tuple[str, int, str]]) -> list[ReconciledSum]:
    """Sums by name and currency: ours in minor units, theirs in Paystack's hundredths."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for name, money in ours:
        sums[name, money.currency][0] += money.amount_minor
    for name, amount, currency in theirs:
        if currency in MINOR_DIGITS:
            sums[name, currency][1] += _minor(amount, currency)
    order = {"received": 0, "fees": 1, "refunded": 2}
    return [
        ReconciledSum(name=name, ours=Money(mine, currency), theirs=Money(other, currency))
        for (name, currency), (mine, other) in sorted(
            sums.items(), key=lambda one: (one[0][1], order[one[0][0]])
        )
    ]


def _missing_here(theirs: Transaction, ours: OurPayment | None, *, is_posted: bool) -> Draft:
    amount = words_of(theirs.amount, theirs.currency)
    what = "they are now" if is_posted else "they could not be: see the task"
    return Draft(
        kind=DifferenceKind.MISSING_HERE,
        reference=theirs.reference,
        ours="unknown" if ours is None else ours.state,
        theirs=f"{amount}, {theirs.status}",
        sentence=f"{amount} had come under {theirs.reference} and were not posted here; {what}.",
        mended=is_posted,
        invoice_id=None if ours is None else ours.invoice_id,
    )


def _amounts(theirs: Transaction, ours: OurPayment, received: Money) -> list[Draft]:
    if _is(received, theirs.amount, theirs.currency):
        return []
    in_currency = received.currency == theirs.currency
    said = words_of(theirs.amount, theirs.currency)
    return [
        Draft(
            kind=DifferenceKind.AMOUNT if in_currency else DifferenceKind.CURRENCY,
            reference=ours.reference,
            ours=format_money(received),
            theirs=said,
            sentence=f"{format_money(received)} were posted for {ours.reference}; Paystack lists {said}.",
            invoice_id=ours.invoice_id,
        )
    ]


def _fees(theirs: Transaction, ours: OurPayment) -> list[Draft]:
    if theirs.fees is None or theirs.currency not in MINOR_DIGITS:
        return []
    fee = fee_from_subunits(theirs.fees, theirs.currency)
    if ours.fee_minor == fee.amount_minor:
        return []
    if ours.fee_minor is None:
        known, sentence = "not known", f"The fee of {ours.reference} was not known; it is posted now."
    else:
        known = format_money(Money(ours.fee_minor, theirs.currency))
        sentence = f"Paystack keeps another fee of {ours.reference} than was posted."
    return [
        Draft(
            kind=DifferenceKind.FEE,
            reference=ours.reference,
            ours=known,
            theirs=format_money(fee),
            sentence=sentence,
            mended=ours.fee_minor is None,
            invoice_id=ours.invoice_id,
        )
    ]


def _reversed(theirs: Transaction, ours: OurPayment | None) -> Draft:
    known = "unknown"
    if ours is not None:
        known = ours.state if ours.received is None else f"{format_money(ours.received)}, posted"
    return Draft(
        kind=DifferenceKind.STATUS,
        reference=theirs.reference,
        ours=known,
        theirs=f"{words_of(theirs.amount, theirs.currency)}, {theirs.status}",
        sentence=f"Paystack has taken {theirs.reference} back, and no refund from here explains it.",
        invoice_id=None if ours is None else ours.invoice_id,
    )


def _taken_back(theirs: Transaction, ours: OurPayment, received: Money) -> Draft:
    return _contradiction(
        DifferenceKind.STATUS,
        f"{format_money(received)} were posted for {ours.reference}, and Paystack calls it "
        f"{theirs.status[:40]} now.",
        reference=ours.reference,
        ours=f"{format_money(received)}, posted",
        theirs=f"{words_of(theirs.amount, theirs.currency)}, {theirs.status}",
        invoice_id=ours.invoice_id,
    )


def _not_listed(ours: OurPayment) -> Draft:
    if ours.received is None:
        return Draft(
            kind=DifferenceKind.MISSING_THERE,
            reference=ours.reference,
            ours=ours.state,
            theirs="not listed",
            sentence=f"{ours.reference} was begun here, and Paystack's list does not name it.",
            invoice_id=ours.invoice_id,
        )
    return _contradiction(
        DifferenceKind.MISSING_THERE,
        f"{format_money(ours.received)} were posted for {ours.reference}; Paystack's list does not name it.",
        reference=ours.reference,
        ours=f"{format_money(ours.received)}, posted",
        theirs="not listed",
        invoice_id=ours.invoice_id,
    )


def _foreign_refund(theirs: Refund, reference: str, said: str) -> Draft:
    sentence = (
        f"Paystack lists a refund of {words_of(theirs.amount, theirs.currency)} of {reference} that was not "
        "asked for from here. Correct the bill, or ask who has made it."
    )
    return Draft(
        kind=DifferenceKind.REFUND,
        reference=reference,
        ours="unknown",
        theirs=said,
        sentence=sentence,
        wish=Wish(kind=TaskKind.UNKNOWN_REFUND, sentence=sentence),
        item=str(theirs.id or theirs.refund_reference or ""),
    )


def _ended_there(ours: OurRefund, said: str) -> Draft:
    return Draft(
        kind=DifferenceKind.REFUND,
        reference=ours.reference,
        ours=f"{format_money(ours.money)}, {ours.state}",
        theirs=said,
        sentence=f"The refund {ours.tag} of {ours.reference} had ended at Paystack; it is posted so now.",
        mended=True,
        invoice_id=ours.invoice_id,
    )


def _refund_contradiction(ours: OurRefund, sentence: str, said: str) -> Draft:
    return _contradiction(
        DifferenceKind.REFUND,
        sentence,
        reference=ours.reference,
        ours=f"{format_money(ours.money)}, {ours.state}",
        theirs=said,
        invoice_id=ours.invoice_id,
        item=ours.tag,
    )


def _contradiction(
    kind: DifferenceKind,
    sentence: str,
    *,
    reference: str,
    ours: str,
    theirs: str,
    invoice_id: InvoiceId | None,
    item: str = "",
) -> Draft:
    return Draft(
        kind=kind,
        reference=reference,
        ours=ours,
        theirs=theirs,
        sentence=sentence,
        wish=Wish(kind=TaskKind.CONTRADICTION, sentence=f"{sentence} Ask Paystack, then correct the bill."),
        item=item,
        invoice_id=invoice_id,
    )


def _is(money: Money, amount: int, currency: str) -> bool:
    try:
        return from_subunits(amount, currency) == money
    except ValueError:
        return False


def _minor(amount: int, currency: str) -> int:
    return int(amount // 10 ** (2 - MINOR_DIGITS[currency]))
