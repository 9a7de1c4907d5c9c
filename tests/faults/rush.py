"""A rush at the front desk that goes on through whatever happens, and what must be stored after it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

from hms_desktop.connection.client import Client
from hms_desktop.connection.faults import FaultError
from hms_server.contract.envelope import Event
from hms_server.contract.values import PatientId
from hms_server.contract.visits import CheckIn, QueueChanged, TicketRow
from tests.wire.processes import House

PASSING = {"link.timeout", "link.down", "server.database_away"}
ALONGSIDE = 4
"""So many people check in at the same time."""


def check_in_persistently(client: Client, patient_id: PatientId, request_id: UUID) -> TicketRow:
    """As a workstation does: the same id again until there is an answer."""
    while True:
        try:
            return client.ask(CheckIn(patient_id=patient_id), request_id=request_id, timeout_s=3).ticket
        except FaultError as raised:
            if raised.fault.code not in PASSING:
                raise


def check_in_all(
    client: Client, patients: list[PatientId], *, at: int, then: Callable[[], None]
) -> list[TicketRow]:
    """Everybody gets a ticket; the misfortune happens after so many answers."""
    answered = threading.Semaphore(0)

    def check_in(patient_id: PatientId) -> TicketRow:
        ticket = check_in_persistently(client, patient_id, uuid4())
        answered.release()
        return ticket

    with ThreadPoolExecutor(ALONGSIDE + 1) as pool:
        happening = pool.submit(strike_after, answered, at, then)
        tickets = list(pool.map(check_in, patients))
        happening.result()
    return tickets


def strike_after(answered: threading.Semaphore, count: int, act: Callable[[], None]) -> None:
    for _ in range(count):
        answered.acquire()
    act()


def assert_stored_once(house: House, tickets: list[TicketRow]) -> None:
    """Every acknowledged ticket, no other, each number once."""
    stored = house.sql("select id, patient_id, code from ticket")
    assert {row[0] for row in stored} == {ticket.id for ticket in tickets}
    assert len(stored) == len({row[1] for row in stored}) == len({row[2] for row in stored}) == len(tickets)


def told(events: list[Event]) -> list[int]:
    """The tickets that a screen heard of, in that order."""
    return [event.ticket_id for event in events if isinstance(event, QueueChanged)]
