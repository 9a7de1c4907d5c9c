"""Every screen converges: a snapshot and the events after it equal a fresh snapshot, for each role's view."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hms_desktop.connection.client import Client
from hms_desktop.connection.faults import FaultError
from hms_server.contract.envelope import Event, Request
from hms_server.contract.values import PatientId, Role, RoomId, TicketId
from hms_server.contract.visits import (
    CallNext,
    CallTicket,
    CheckIn,
    GetDisplayBoard,
    ListQueue,
    MarkLeft,
    MarkNoShow,
    MoveTicket,
    QueueChanged,
    TicketRow,
    TicketState,
    UndoTicket,
)
from tests.wire.processes import open_house, within

ACTS = 60
SEED = 7
SERVICES = ("T", "D", "P", "B")
FOLLOWING = (Role.RECEPTIONIST, Role.NURSE, Role.DOCTOR, Role.PHARMACIST, Role.CASHIER)
SHOWN = (TicketState.WAITING, TicketState.CALLED)

Shown = dict[TicketId, tuple[str, str, TicketState, str | None]]
"""What a list has of a ticket and an event tells of it: code, service, state, room."""


@dataclass
class Screen:
    """Keeps a list up to date by events alone, once it has its snapshot."""

    client: Client
    shown: Shown = field(default_factory=dict)
    early: list[QueueChanged] | None = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self) -> None:
        """Follows first and fetches then, so that nothing falls in between."""
        self.client.on_event(self._take)
        self.client.follow()

    def load(self, snapshot: Shown) -> None:
        with self.lock:
            self.shown = dict(snapshot)
            early, self.early = self.early or [], None
            for event in early:
                self._apply(event)

    def _take(self, event: Event) -> None:
        if not isinstance(event, QueueChanged):
            return
        with self.lock:
            if self.early is not None:
                self.early.append(event)
            else:
                self._apply(event)

    def _apply(self, event: QueueChanged) -> None:
        self.shown.pop(event.ticket_id, None)
        if event.state in SHOWN:
            self.shown[event.ticket_id] = (event.code, event.service, event.state, event.room)


def queue(client: Client) -> Shown:
    """The fresh list."""
    return {row.id: as_shown(row) for row in client.ask(ListQueue()).tickets}


def as_shown(row: TicketRow) -> tuple[str, str, TicketState, str | None]:
    return row.code, row.service, row.state, row.room


def waiting_codes(shown: Shown) -> set[tuple[str, str]]:
    return {(service, code) for code, service, state, _ in shown.values() if state is TicketState.WAITING}


def work_at_random(
    client: Client, seed: int, *, patients: list[PatientId], rooms: list[RoomId]
) -> dict[str, int]:
    """Presses buttons as a busy desk does, also too late ones; gives how often each was carried out."""
    chance, done = random.Random(seed), dict[str, int]()  # noqa: S311 - repeatable, not secret
    for _ in range(ACTS):
        tickets = client.ask(ListQueue()).tickets
        ticket_id = chance.choice(tickets).id if tickets else TicketId(0)
        room, service = chance.choice(rooms), chance.choice(SERVICES)
        buttons: list[Request[Any]] = [
            CheckIn(patient_id=chance.choice(patients), service=service),
            CallNext(service=service, room_id=room),
            CallTicket(ticket_id=ticket_id, room_id=room),
            MoveTicket(ticket_id=ticket_id, service=service),
            MarkNoShow(ticket_id=ticket_id),
            MarkLeft(ticket_id=ticket_id, reason="Went home."),
            UndoTicket(ticket_id=ticket_id),
        ]
        request = chance.choices(buttons, weights=[5, 3, 2, 3, 1, 1, 3])[0]
        try:
            client.ask(request)
        except FaultError as raised:
            if not raised.fault.code.startswith("visits."):
                raise
        else:
            done[type(request).__name__] = done.get(type(request).__name__, 0) + 1
    return done


def test_every_role_s_list_converges_while_three_desks_work_at_random(database: str, tmp_path: Path) -> None:
    """The desks work at two servers; the screens begin at different moments in the middle of it."""
    with open_house(database, tmp_path) as house, ExitStack() as stack:
        desks = [house.seat(Role.NURSE) for _ in range(3)]
        seats = {role: house.seat(role) for role in (*FOLLOWING, Role.DISPLAY)}
        patients = house.patients(25)
        rooms = [row[0] for row in house.sql("select id from room order by id")]
        servers = [house.serve(), house.serve("second")]
        with ThreadPoolExecutor(len(desks)) as pool:
            clients = [
                stack.enter_context(house.at(desk, servers[number % 2])) for number, desk in enumerate(desks)
            ]
            working = [
                pool.submit(work_at_random, client, SEED + number, patients=patients, rooms=rooms)
                for number, client in enumerate(clients)
            ]
            screens: dict[Role, Screen] = {}
            for number, role in enumerate(FOLLOWING):
                screen = screens[role] = Screen(
                    stack.enter_context(house.at(seats[role], servers[number % 2]))
                )
                screen.begin()
                screen.load(queue(screen.client))
            display = Screen(stack.enter_context(house.at(seats[Role.DISPLAY], servers[0])))
            display.begin()
            display.load(queue(clients[0]))
            done = [one.result() for one in working]

        fresh = queue(clients[0])
        for screen in (*screens.values(), display):
            within(lambda shown=screen: shown.shown == fresh)  # type: ignore[misc]
        board = display.client.ask(GetDisplayBoard())
        fresh_by_role = [queue(screen.client) for screen in screens.values()]

    carried_out = {name for each in done for name in each}
    assert carried_out >= {"CheckIn", "CallNext", "CallTicket", "MoveTicket", "MarkLeft", "UndoTicket"}
    assert fresh_by_role == [fresh] * len(FOLLOWING)
    assert waiting_codes(display.shown) == {(one.service, one.code) for one in board.waiting}
