"""Signing in and out over the connection: waits for the server, so never on the thread of the windows."""

from dataclasses import dataclass
from threading import Lock
from typing import Protocol, TypeVar

import structlog
from msgspec import structs

from hms_desktop.connection.faults import FaultError
from hms_desktop.session import Connection
from hms_server.contract.accounts import ChooseRoom, Clinic, GetClinic, SignedIn
from hms_server.contract.envelope import Fault, Position, Request

log = structlog.get_logger()

A = TypeVar("A")

LEAVE_WITHIN_S = 3.0


class Way(Connection, Protocol):
    """What is needed of the client beyond what a session needs."""

    def ask(self, request: Request[A]) -> A: ...
    def sign_in(self, user_name: str, password: str) -> SignedIn: ...
    def sign_out(self, *, timeout_s: float | None = None) -> None: ...
    def follow(self) -> Position: ...


@dataclass(frozen=True, kw_only=True)
class Entered:
    """Somebody is signed in, and events come from now on."""

    signed_in: SignedIn
    clinic: Clinic


class Door:
    """One person at a time, whatever order the threads come in: who enters signs the one before out."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._turn = Lock()
        self._inside: Entered | None = None

    def enter(self, user_name: str, password: str, *, room: str = "") -> Entered | Fault:
        """Signs in and begins to follow the events; `room` is a room's name, chosen where it exists."""
        with self._turn:
            self._let_out()
            try:
                self._inside = self._let_in(user_name, password, room)
            except FaultError as error:
                return error.fault
            return self._inside

    def leave(self, entered: Entered) -> None:
        """Signs this person out, unless somebody else has entered since."""
        with self._turn:
            if self._inside is entered:
                self._let_out()

    def _let_out(self) -> None:
        if self._inside is None:
            return
        self._inside = None
        try:
            self._way.sign_out(timeout_s=LEAVE_WITHIN_S)
        except FaultError as error:
            # The session has ended already, or ends by itself once the server hears nothing more.
            log.info("not signed out", reason=error.fault.message)

    def _let_in(self, user_name: str, password: str, room: str) -> Entered:
        signed_in = self._way.sign_in(user_name, password)
        self._way.follow()
        clinic = self._way.ask(GetClinic())
        wanted = next((known.id for known in clinic.rooms if known.name == room), None)
        if wanted is not None and wanted != signed_in.room_id:
            self._way.ask(ChooseRoom(room_id=wanted))
            signed_in = structs.replace(signed_in, room_id=wanted)
        return Entered(signed_in=signed_in, clinic=clinic)
