"""What must be true after a day of internet trouble: our books, the fakes' books, and nothing sent twice."""

from collections import Counter
from typing import Any, LiteralString

from hms_server import audit
from hms_server.contract.messaging import MessageState
from hms_server.database import connect
from tests.faults.internet_outside import World
from tests.server.billing.bills import BALANCES, UNLIKE
from tests.server.paystack.online import OPEN_MONEY, POSTED, RECEIVED, RETURNED, TWICE, UNBALANCED
from tests.wire.processes import House

ARRIVED = {MessageState.SENT, MessageState.DELIVERED}
NEVER_LEFT = {MessageState.FAILED, MessageState.NOT_SENT}


def check_ledger(house: House) -> None:
    """Every entry balances, every bill follows from its postings, loose money has its tasks."""
    assert all(total == 0 for (total,) in house.sql(UNBALANCED))
    assert house.sql(TWICE) == []
    assert house.sql(UNLIKE) == []
    balances = dict(house.sql(BALANCES))
    ((received, fees, returned),) = house.sql(RECEIVED)
    assert balances.get("paystack-clearing", 0) == received - fees - returned
    assert -balances.get("unallocated-receipts", 0) == house.sql(OPEN_MONEY)[0][0] == house.sql(LOOSE)[0][0]


def check_payments(house: House, world: World) -> None:
    """What the payers paid is posted once, to the last kobo, with its fees; nothing else is posted."""
    taken = {
        row.reference: (row.amount, row.currency, row.fees)
        for row in world.paystack.books().payments.values()
        if row.status in {"success", "reversed"}
    }
    rows = house.sql(POSTED)
    assert len(rows) == len(taken)
    assert {reference: tuple(rest) for reference, *rest in rows} == taken


def check_refunds(house: House, world: World, *, asked: int) -> None:
    """Each refund was asked for once at Paystack, and ended here as it ended there."""
    books = world.paystack.books()
    notes = Counter(row.merchant_note for row in books.refunds)
    assert [note for note, times in notes.items() if times > 1] == []
    ours = house.sql(REFUNDS)
    assert len(ours) == asked
    assert {tag for tag, state in ours if state in {"processed", "failed"}} == set(notes)
    done = sorted((row.reference, row.amount) for row in books.refunds if row.status == "processed")
    assert house.sql(RETURNED) == done


def check_messages(house: House, world: World, *, ours: dict[int, str]) -> Counter[str]:
    """No message arrived twice, and what we say of each is true; gives how many ended how."""
    letters = [one.to for one in world.mail.letters]
    arrived = Counter([text.to for text in world.twilio.texts] + letters)
    assert [to for to, times in arrived.items() if times > 1] == []
    states: dict[int, str] = dict(
        house.sql("select id, state from message where id = any(%s)", (list(ours),))
    )
    assert set(states) == set(ours)
    wrong = {
        ours[number]: state
        for number, state in states.items()
        if state == MessageState.QUEUED
        or (state in ARRIVED and not arrived[ours[number]])
        or (state in NEVER_LEFT and arrived[ours[number]])
    }
    assert wrong == {}, wrong
    return Counter(states.values())


def check_questions(house: House, world: World, *, count: int, answers: list[Any]) -> Counter[str]:
    """Each was answered once, or stands there with a sentence that says why not; none was paid for twice."""
    assert len(answers) == count == house.count(QUESTIONS)
    twice = [text for text, times in world.asked.items() if times > 1]
    assert twice == [], twice
    done = [one for one in answers if one.state == "done"]
    assert all(one.text for one in done)
    assert len(done) <= len(world.asked)
    assert [one for one in answers if one.state != "done" and not one.note] == []
    assert {str(one.state) for one in answers} <= {"done", "broken_off", "unsent", "parked", "failed"}
    return Counter(str(one.state) for one in answers)


def check_audit(house: House) -> int:
    """The chain fits together; gives how many rows it has."""
    with connect(house.dsn, application_name="tests") as connection:
        verdict = audit.verify(connection, house.keys.audit_key)
    assert verdict.fault is None
    return verdict.checked


MESSAGES: LiteralString = "select id, state from message where id = any(%s)"
LOOSE: LiteralString = "select coalesce(sum(amount_minor), 0) from paystack_task where done_at is null"
REFUNDS: LiteralString = "select tag, state from paystack_refund"
QUESTIONS: LiteralString = "select count(*) from assistant_message where state is not null"
