"""Signed notices: kept before they are answered, brought into the books once, however often they come."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hms_server.contract.billing import RefundState
from hms_server.contract.paystack import OnlineState, TaskKind
from hms_server.paystack.notices import SECRET_FOR_S, Notices, forget_before
from hms_server.paystack.webhook import PATH, WebhookEndpoint
from tests.server.desk import Desk
from tests.server.paystack.online import Online, notice


@pytest.fixture
def listening(online: Online) -> Iterator[Online]:
    """The clinic has a public address, and Paystack sends its notices there."""
    endpoint = WebhookEndpoint(
        "127.0.0.1", 0, secret=online.notices.secret, received=online.notices.received, deadline_s=30
    )
    endpoint.start()
    online.theirs.webhook_url = f"http://127.0.0.1:{endpoint.port}{PATH}"
    yield online
    endpoint.stop()


def stored(desk: Desk) -> list[tuple[Any, ...]]:
    return desk.sql("select event, reference, times, outcome from paystack_event order by id")


def test_a_notice_posts_before_the_poll(listening: Online) -> None:
    """Sent three times and polled after it: one posting."""
    bill = listening.bill()
    opened = listening.opened(bill)

    listening.theirs.pay(opened.reference, notices=3)

    assert listening.state(opened.reference).state is OnlineState.PAID
    listening.pass_time(minutes=5, every_s=5)
    assert len(listening.now(bill).payments) == 1
    assert stored(listening.billing.desk) == [("charge.success", opened.reference, 3, "It was posted.")]
    listening.check_books()
    listening.check_against_theirs()


def test_a_notice_after_the_poll_changes_nothing(listening: Online) -> None:
    bill = listening.bill()
    opened = listening.opened(bill)
    listening.theirs.pay(opened.reference, notices=0)
    listening.looked_at(opened.reference)

    assert listening.theirs.announce(opened.reference) == 200

    assert len(listening.now(bill).payments) == 1
    assert stored(listening.billing.desk)[0][3] == "It changed nothing in the books."


def test_a_notice_before_our_own_answer_is_posted(listening: Online) -> None:
    """The first answer was lost, and the payer has paid nevertheless: the wish is over."""
    bill = listening.bill()
    started = listening.start(bill)
    listening.theirs.lose_answers(1)
    listening.relay.run_due()

    listening.theirs.pay(started.reference)
    listening.pass_time(minutes=5, every_s=5)

    assert listening.state(started.reference).state is OnlineState.PAID
    assert list(listening.theirs.payments) == [started.reference]
    listening.check_books()
    listening.check_against_theirs()


def test_a_notice_of_a_stranger_is_one_task(listening: Online) -> None:
    data = {"reference": "shop-9", "status": "success", "amount": "12500", "currency": "NGN", "fees": None}

    statuses = [listening.theirs.notify("charge.success", data) for _ in range(3)]

    assert statuses == [200, 200, 200]
    (task,) = listening.tasks()
    assert (task.kind, task.amount) == (TaskKind.UNKNOWN_REFERENCE, listening.billing.money(12_500))
    listening.check_books()


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("subscription.create", {"anything": [1, 2]}),
        ("transfer.success", {"reference": "acv_9ee55786", "amount": 100_000}),
        ("charge.success", {"reference": "HMS-X", "status": "success", "amount": "many", "currency": "NGN"}),
        ("charge.success", None),
        ("refund.processed", "nothing"),
        ("customeridentification.success", {"email": "bojack@horsinaround.com"}),
    ],
)
def test_what_is_not_understood_is_kept_and_answered(listening: Online, event: str, data: object) -> None:
    """Paystack would send it for three days otherwise; its words are sealed."""
    assert listening.theirs.notify(event, data) == 200

    desk = listening.billing.desk
    ((kept, _, _, outcome),) = stored(desk)
    assert kept == event
    assert outcome
    assert b"bojack" not in bytes(desk.sql("select body from paystack_event")[0][0])
    assert desk.sql("select count(*) from posting") == [(0,)]


def test_a_notice_of_a_refund_hurries_its_look(listening: Online) -> None:
    """It names no refund, so Paystack is asked; the amount comes as a string."""
    paid = listening.paid(listening.bill())
    listening.refund(paid.payment_id, 50_000)
    listening.relay.run_due()

    listening.theirs.process_refunds(notices=2)
    listening.relay.run_due()

    assert listening.billing.desk.sql("select state from refund") == [(RefundState.PROCESSED,)]
    assert listening.theirs.notify("refund.processed", listening.theirs.refunds[0].announced()) == 200
    listening.relay.run_due()
    assert listening.tasks() == []
    listening.check_books()


def test_a_notice_of_a_refund_made_elsewhere_starts_a_comparison(listening: Online) -> None:
    paid = listening.paid(listening.bill())
    data = {
        "status": "processed", "transaction_reference": paid.reference, "refund_reference": "TRF_1",
        "amount": "5000", "currency": "NGN",
    }  # fmt: skip

    for _ in range(2):
        listening.theirs.notify("refund.processed", data)

    rows = listening.billing.desk.sql("select last_day from reconciliation where night is null")
    assert len(rows) == 1


def test_a_chargeback_by_notice_asks_somebody(listening: Online) -> None:
    """Paystack says so in the payment itself."""
    paid = listening.paid(listening.bill())
    listening.theirs.payments[paid.reference].status = "reversed"

    listening.theirs.announce(paid.reference)

    assert [task.kind for task in listening.tasks()] == [TaskKind.REVERSED]


def test_without_a_key_no_notice_is_taken(desk: Desk, online: Online) -> None:
    """Switched off by the administrator: the key is no key any more."""
    assert online.notices.secret() == online.theirs.secret

    desk.sql("update relay_provider set enabled = false")

    assert online.notices.secret() is None


def test_strangers_who_knock_do_not_each_ask_the_database(
    desk: Desk, online: Online, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is looked at again after two seconds, whoever asks."""
    now = 0.0
    asked = 0
    act = desk.dispatcher.act

    def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal asked
        asked += 1
        return act(*arguments, **named)

    monkeypatch.setattr(desk.dispatcher, "act", counted)
    notices = Notices(desk.ground, desk.dispatcher, monotonic=lambda: now)

    keys = {notices.secret() for _ in range(50)}
    desk.sql("update relay_provider set enabled = false")
    now = SECRET_FOR_S

    assert keys == {online.theirs.secret}
    assert notices.secret() is None
    assert asked == 2


def test_what_was_acted_on_is_forgotten_after_a_time(desk: Desk, listening: Online) -> None:
    """A notice that nobody could act on stays for a person to see."""
    listening.paid(listening.bill())
    listening.theirs.announce(next(iter(listening.theirs.payments)))
    desk.sql(
        "insert into paystack_event (fingerprint, event, body, received_at) values ('x', 'odd', 'x', now())"
    )

    with desk.connect() as connection:
        forgotten = forget_before(connection, datetime.now(UTC) + timedelta(days=10_000))

    assert forgotten == 1
    assert [row[0] for row in stored(desk)] == ["odd"]


def test_an_old_failure_after_the_money_takes_nothing_back(online: Online) -> None:
    """Notices may come in any order."""
    bill = online.bill()
    paid = online.paid(bill)
    old = online.theirs.payments[paid.reference].written() | {"status": "failed"}

    online.notices.received("charge.failed", notice("charge.failed", old))

    assert online.state(paid.reference).state is OnlineState.PAID
    assert online.now(bill).due.amount_minor == 0
    assert online.tasks() == []


def test_a_notice_whose_second_step_failed_is_acted_on_when_it_comes_again(online: Online) -> None:
    """Kept already, but not in the books: the next time it is."""
    bill = online.bill()
    opened = online.opened(bill)
    data = online.theirs.pay(opened.reference).written()
    raw = notice("charge.success", data)
    online.notices.received("charge.success", raw)
    desk = online.billing.desk
    assert desk.sql("select processed_at is not null from paystack_event") == [(True,)]

    desk.sql("update paystack_event set processed_at = null, outcome = ''")
    online.notices.received("charge.success", raw)

    assert stored(desk)[0][3] == "It changed nothing in the books."
    assert len(online.now(bill).payments) == 1
