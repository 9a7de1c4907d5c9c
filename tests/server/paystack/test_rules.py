"""The one judgement: what came is divided to the last unit, the same word twice changes nothing."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hms_server.contract.paystack import OnlineState, TaskKind
from hms_server.contract.values import Money
from hms_server.paystack.channels import CURRENCIES, is_reference
from hms_server.paystack.messages import Transaction, TransactionStatus
from hms_server.paystack.rules import (
    LONGEST_PAUSE,
    SHORTEST_PAUSE,
    Asked,
    Posted,
    Standing,
    Watch,
    judge,
    numbered,
    pause_at,
    pause_of_refund,
    reference_of,
    watch,
    without_number,
    words_of,
)

AMOUNT = st.integers(1, 10**9)
NGN = Money(50_000, "NGN")


def said(
    amount: int = 50_000,
    *,
    status: str = "success",
    currency: str = "NGN",
    requested: int | None = 50_000,
    fees: int | None = 750,
) -> Transaction:
    return Transaction(
        reference="HMS-A",
        status=status,
        amount=amount,
        currency=currency,
        requested_amount=requested,
        fees=fees,
    )


def asked(amount: Money = NGN, *, due_minor: int = 50_000) -> Asked:
    return Asked(amount=amount, due_minor=due_minor)


def posted(received: Money = NGN, *, fee_minor: int | None = 750, returned_minor: int = 0) -> Posted:
    return Posted(received=received, payer_fee_minor=0, fee_minor=fee_minor, returned_minor=returned_minor)


@given(
    wanted=AMOUNT,
    came=AMOUNT,
    due=st.integers(0, 10**9),
    requested=st.none() | AMOUNT,
    fees=st.none() | st.integers(0, 10**8),
    currency=st.sampled_from(["NGN", "GHS"]),
)
def test_money_that_came_is_divided_to_the_last_unit(
    *, wanted: int, came: int, due: int, requested: int | None, fees: int | None, currency: str
) -> None:
    """Never more to the bill than was asked for or is due, and what nobody can place has its tasks."""
    theirs = said(came, requested=requested, fees=fees, currency=currency)

    verdict = judge(theirs, asked=asked(Money(wanted, "NGN"), due_minor=due), posted=None)

    shares = verdict.shares
    assert shares is not None
    assert verdict.standing is Standing.PAID
    assert shares.credited_minor + shares.payer_fee_minor + shares.unallocated_minor == came
    assert min(shares.credited_minor, shares.payer_fee_minor, shares.unallocated_minor) >= 0
    assert shares.credited_minor <= min(wanted, due)
    assert shares.payer_fee_minor <= (fees or 0)
    loose = sum(wish.amount.amount_minor for wish in verdict.wishes if wish.amount)
    assert loose == shares.unallocated_minor
    assert len({wish.kind for wish in verdict.wishes}) == len(verdict.wishes)
    is_plain = came == wanted == shares.credited_minor or (shares.payer_fee_minor and wanted <= due)
    assert is_plain or verdict.wishes


@given(came=AMOUNT, fees=st.none() | st.integers(0, 10**8), status=st.sampled_from(TransactionStatus))
def test_the_same_word_again_changes_nothing(came: int, fees: int | None, status: TransactionStatus) -> None:
    """Nor does any other word but a new fee, or that the money was taken back."""
    theirs = said(came, status=status, fees=fees)

    verdict = judge(theirs, asked=asked(), posted=posted(Money(came, "NGN"), fee_minor=fees))

    assert (verdict.shares, verdict.fee_minor) == (None, None)
    assert [wish.kind for wish in verdict.wishes] == (
        [TaskKind.REVERSED] if status is TransactionStatus.REVERSED else []
    )


def test_the_payers_fees_are_no_overpayment() -> None:
    """`amount` exceeds `requested_amount` by the fees where the customer bears them."""
    verdict = judge(said(50_750, fees=750), asked=asked(), posted=None)

    assert verdict.wishes == ()
    assert verdict.shares is not None
    assert (verdict.shares.credited_minor, verdict.shares.payer_fee_minor) == (50_000, 750)


@pytest.mark.parametrize(
    ("theirs", "kind", "credited"),
    [
        (said(50_751, fees=750), TaskKind.OVERPAID, 50_000),
        (said(50_750, fees=None), TaskKind.OVERPAID, 50_000),
        (said(50_750, fees=750, requested=50_750), TaskKind.OVERPAID, 50_000),
        (said(40_000), TaskKind.UNDERPAID, 40_000),
        (said(50_000, currency="GHS"), TaskKind.CURRENCY, 0),
    ],
)
def test_another_amount_pays_what_it_can_and_asks_somebody(
    theirs: Transaction, kind: TaskKind, credited: int
) -> None:
    verdict = judge(theirs, asked=asked(), posted=None)

    assert [wish.kind for wish in verdict.wishes] == [kind]
    assert verdict.shares is not None
    assert verdict.shares.credited_minor == credited


@pytest.mark.parametrize(("due", "loose"), [(0, 50_000), (20_000, 30_000)])
def test_a_bill_that_was_paid_meanwhile_leaves_the_rest_to_somebody(due: int, loose: int) -> None:
    """Cash was taken while the payer paid online: no bill is ever overpaid."""
    verdict = judge(said(), asked=asked(due_minor=due), posted=None)

    (wish,) = verdict.wishes
    assert (wish.kind, wish.amount) == (TaskKind.ALREADY_PAID, Money(loose, "NGN"))
    assert verdict.shares is not None
    assert verdict.shares.credited_minor == due


def test_an_unknown_reference_belongs_to_no_bill() -> None:
    verdict = judge(said(), asked=None, posted=None)

    (wish,) = verdict.wishes
    assert (wish.kind, wish.amount) == (TaskKind.UNKNOWN_REFERENCE, NGN)
    assert verdict.shares is not None
    assert verdict.shares.unallocated_minor == 50_000


@pytest.mark.parametrize(
    ("amount", "currency"), [(50_050, "XOF"), (50_000, "EGP"), (50_000, "???"), (0, "NGN")]
)
def test_what_the_books_cannot_hold_is_left_to_somebody(amount: int, currency: str) -> None:
    """A fraction of a franc, an unknown currency, nothing at all: nothing is posted, nothing is silent."""
    verdict = judge(said(amount, currency=currency), asked=asked(), posted=None)

    assert verdict.shares is None
    assert [wish.kind for wish in verdict.wishes] == [TaskKind.CONTRADICTION]


def test_another_amount_than_was_posted_is_a_contradiction() -> None:
    verdict = judge(said(60_000), asked=asked(), posted=posted())

    assert [wish.kind for wish in verdict.wishes] == [TaskKind.CONTRADICTION]
    assert verdict.shares is None


def test_a_fee_that_becomes_known_later_is_posted_then() -> None:
    verdict = judge(said(fees=750), asked=asked(), posted=posted(fee_minor=None))

    assert (verdict.shares, verdict.fee_minor, verdict.wishes) == (None, 750, ())


@pytest.mark.parametrize(
    ("before", "known", "kinds"),
    [
        (posted(), True, [TaskKind.REVERSED]),
        (posted(returned_minor=49_999), True, [TaskKind.REVERSED]),
        (posted(returned_minor=50_000), True, []),
        (None, True, [TaskKind.REVERSED]),
        (None, False, []),
    ],
)
def test_money_taken_back_is_somebodys_task_unless_we_returned_it(
    *, before: Posted | None, known: bool, kinds: list[TaskKind]
) -> None:
    """A chargeback is; Paystack says the same word of our own full refund, and of strangers' affairs."""
    verdict = judge(said(status="reversed"), asked=asked() if known else None, posted=before)

    assert [wish.kind for wish in verdict.wishes] == kinds
    assert verdict.shares is None


@pytest.mark.parametrize(
    ("status", "age", "state", "goes_on"),
    [
        ("abandoned", timedelta(seconds=1), OnlineState.OPEN, True),
        ("abandoned", timedelta(minutes=59), OnlineState.OPEN, True),
        ("abandoned", timedelta(hours=1), OnlineState.ABANDONED, False),
        ("failed", timedelta(seconds=5), OnlineState.FAILED, True),
        ("failed", timedelta(hours=1), OnlineState.FAILED, False),
        ("ongoing", timedelta(hours=23), OnlineState.OPEN, True),
        ("a new word", timedelta(hours=23), OnlineState.OPEN, True),
        ("pending", timedelta(hours=24), OnlineState.GIVEN_UP, False),
        (None, timedelta(seconds=30), OnlineState.OPEN, True),
        (None, timedelta(minutes=2), OnlineState.FAILED, False),
    ],
)
def test_a_payment_is_watched_as_long_as_it_may_still_come(
    *, status: str | None, age: timedelta, state: OnlineState, goes_on: bool
) -> None:
    assert watch(status, age) == Watch(state, pause_at(age) if goes_on else None)


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=60)))
def test_pauses_grow_and_stay_within_bounds(age: timedelta) -> None:
    later = age + timedelta(minutes=1)

    assert SHORTEST_PAUSE <= pause_at(age) <= pause_at(later) <= LONGEST_PAUSE
    assert timedelta(minutes=1) <= pause_of_refund(age) <= pause_of_refund(later) <= timedelta(hours=12)


@given(chance=st.binary(min_size=16, max_size=16), attempt=st.integers(1, 99), test_mode=st.booleans())
def test_a_reference_is_one_that_paystack_takes(*, chance: bytes, attempt: int, test_mode: bool) -> None:
    """It says whether it was only play, and our own is found again in the one with a number."""
    reference = reference_of(chance, test_mode=test_mode)

    assert is_reference(numbered(reference, attempt))
    assert without_number(numbered(reference, attempt)) == reference
    assert reference.startswith("HMS-TEST-") == test_mode


@given(st.integers(0, 10**12), st.sampled_from([*CURRENCIES, "EGP", "x" * 50]))
def test_any_amount_can_be_said(amount: int, currency: str) -> None:
    """Also in a currency of which nothing is known here."""
    assert words_of(amount, currency)
