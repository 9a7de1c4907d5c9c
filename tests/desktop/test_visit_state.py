"""What bill and prescription share: no late answer, no double storing, one fetch for many changes."""

import pytest
from pytestqt.qtbot import QtBot

from hms_desktop.session import Session
from hms_desktop.visit_state import VisitState
from hms_server.contract.billing import GetInvoice, InvoiceChanged, ListToPay, ToPay
from hms_server.contract.envelope import Fault
from hms_server.contract.pharmacy import Dispense
from hms_server.contract.values import EncounterId, InvoiceId, PatientId
from tests.desktop.conftest import FakeConnection
from tests.desktop.visits.tickets import ticket

FIRST, SECOND = EncounterId(11), EncounterId(12)
AWAY = Fault(code="link.down", message="There is no connection to the server.")
FASTER = Fault(code="stock.changed", message="Somebody was faster.")


class Bill(VisitState):
    """Notes what it is told."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, changes=(InvoiceChanged,), gather_ms=1, parent=session)
        self.told: list[object] = []

    def fetch_visit(self, encounter_id: EncounterId) -> None:
        self.ask_about(encounter_id, GetInvoice(encounter_id=encounter_id), done=self.told.append)

    def fetch_lists(self) -> None:
        self.ask_aside(ListToPay(), done=self.told.append)

    def hand_over(self) -> None:
        self.store(Dispense(encounter_id=FIRST, ticket_id=None, lines=[]), done=self.told.append)


@pytest.fixture
def bill(session: Session) -> Bill:
    return Bill(session)


def test_an_answer_about_a_visit_that_was_left_is_dropped(
    bill: Bill, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Also a failure: it is no news about the one that is open."""
    connection.answer(GetInvoice, lambda request: AWAY if request.encounter_id == FIRST else "second")
    connection.hold()
    failures: list[Fault] = []
    bill.failed.connect(failures.append)
    bill.begin(FIRST, ticket(1, "Ada"))
    bill.fetch_visit(FIRST)
    bill.begin(SECOND, None)
    bill.fetch_visit(SECOND)

    connection.release()
    qtbot.waitUntil(lambda: bool(bill.told))

    assert bill.told == ["second"]
    assert failures == []
    assert bill.ticket_id is None


def test_a_list_at_the_side_stays_where_the_server_is_away(
    bill: Bill, connection: FakeConnection, session: Session, qtbot: QtBot
) -> None:
    """Nobody is bothered about it: the status bar says so already."""
    refused: list[Fault] = []
    session.refused.connect(refused.append)
    connection.answer(ListToPay, AWAY)
    bill.fetch_lists()
    connection.answer(ListToPay, ToPay(rows=[]))
    bill.fetch_lists()

    qtbot.waitUntil(lambda: bool(bill.told))

    assert bill.told == [ToPay(rows=[])]
    assert refused == []


def test_a_key_pressed_twice_stores_once(bill: Bill, connection: FakeConnection, qtbot: QtBot) -> None:
    """And once the answer is there, the next one may be stored."""
    connection.hold()
    connection.answer(Dispense, lambda _request: "stored")
    bill.hand_over()
    bill.hand_over()

    connection.release()
    qtbot.waitUntil(lambda: bill.told == ["stored"])
    bill.hand_over()

    assert len(connection.requests(Dispense)) == 2


def test_what_was_refused_is_told_and_everything_fetched_again(
    bill: Bill, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Somebody else may have been faster."""
    connection.answer(Dispense, FASTER)
    refused: list[Fault] = []
    bill.refused.connect(refused.append)
    bill.begin(FIRST, None)

    bill.hand_over()
    qtbot.waitUntil(lambda: bool(refused))

    assert refused == [FASTER]
    assert not bill.saving
    assert len(connection.requests(GetInvoice)) == 1
    assert len(connection.requests(ListToPay)) == 1


def test_many_changes_are_one_fetch(bill: Bill, connection: FakeConnection, qtbot: QtBot) -> None:
    """Also a gap in the events."""
    event = InvoiceChanged(invoice_id=InvoiceId(5), encounter_id=FIRST, patient_id=PatientId(7))

    for _ in range(5):
        connection.happen(event)
    connection.lose_events()
    qtbot.waitUntil(lambda: bool(connection.requests(ListToPay)))
    qtbot.wait(20)

    assert len(connection.requests(ListToPay)) == 1
