"""The whole program on a fake connection: a clinic with nobody waiting, and its people at the door."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from hms_desktop.app import App
from hms_desktop.connection.engine import Search
from hms_desktop.connection.faults import FaultError
from hms_desktop.connection.identity import KeyPair, Pairing, PinnedServer
from hms_desktop.identity_file import IdentityFile
from hms_desktop.options import Options
from hms_server.contract.accounts import GetClinic, Nothing, SignedIn
from hms_server.contract.envelope import Fault, Position, Request
from hms_server.contract.patients import FindLookAlikes, LookAlikes, PatientHits, SearchPatients
from hms_server.contract.relay import GetReachability, Reachabilities
from hms_server.contract.triage import Alerts, ListAlerts
from hms_server.contract.values import Role
from hms_server.contract.visits import (
    DisplayBoard,
    GetDisplayBoard,
    ListPractitioners,
    ListQueue,
    Practitioners,
    Queue,
)
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import NOW
from tests.desktop.visits.tickets import CLINIC, patient, signed_in

PEOPLE = {
    "blessing": signed_in(Role.RECEPTIONIST, name="Blessing Udo"),
    "ama": signed_in(Role.NURSE, name="Ama Serwaa"),
    "screen": signed_in(Role.DISPLAY, name="Waiting room"),
}
WRONG = Fault(code="accounts.wrong_password", message="User name or password is wrong.", field="password")
AWAY = Fault(code="link.down", message="There is no connection to the server.")
SERVER = PinnedServer(
    name="Unity Clinic", addresses=["tcp://127.0.0.1:1"], public_key="server", device_name="Desk"
)
PAIRING = Pairing(server=SERVER, keys=KeyPair(public_key="public", secret_key="secret"))


@dataclass
class FakeWay(FakeConnection):
    """The connection with a door: everybody's password is "right"."""

    steps: list[str] = field(default_factory=list)
    search: Search = field(default_factory=lambda: Search(since=None, tried=()))
    typed: list[str] = field(default_factory=list)
    down: bool = False
    why_down: Fault = AWAY

    def try_address(self, text: str) -> None:
        self.typed.append(text)

    def sign_in(self, user_name: str, password: str) -> SignedIn:
        if self.down:
            raise FaultError(self.why_down)
        if password != "right":
            raise FaultError(WRONG)
        self.steps.append(f"in {user_name}")
        return PEOPLE[user_name]

    def sign_out(self, *, timeout_s: float | None = None) -> None:  # noqa: ARG002 - a Way
        self.steps.append("out")

    def follow(self) -> Position:
        self.steps.append("follow")
        return Position(1, 1)

    def ask(self, request: Request[object]) -> object:
        self.asked.append(request)
        return CLINIC if isinstance(request, GetClinic) else Nothing()


def quiet_way() -> FakeWay:
    """To a server with nobody waiting."""
    way = FakeWay()
    way.answer(GetClinic, CLINIC)
    way.answer(ListQueue, Queue(tickets=[]))
    way.answer(ListPractitioners, Practitioners([]))
    way.answer(ListAlerts, Alerts([]))
    way.answer(GetReachability, Reachabilities([]))
    way.answer(FindLookAlikes, LookAlikes([]))
    way.answer(GetDisplayBoard, DisplayBoard(clinic="Unity Clinic", called=[], waiting=[]))
    way.answer(SearchPatients, PatientHits(patients=[patient(7, "Adaeze Okonkwo")], more=False))
    return way


@contextmanager
def programs(application: QApplication, folder: Path, way: FakeWay) -> Iterator[Callable[..., App]]:
    """Starts programs in that folder, paired unless told otherwise; leaving the block closes them all."""
    started: list[App] = []

    def start(*, paired: bool = True, **others: Any) -> App:
        book = IdentityFile(folder / "identity.json")
        if paired:
            book.keep(PAIRING)
        options = Options(
            folder=folder,
            pairings=book,
            printers=list,
            connect=lambda _pairing: way,  # type: ignore[arg-type,return-value] # a fake answers loosely
            clock=lambda: NOW,
            **others,
        )
        app = App(application, options)
        started.append(app)
        app.start()
        return app

    try:
        yield start
    finally:
        while started:
            app = started.pop()
            app.close()
            app.window.deleteLater()
            app.deleteLater()
            del app
        # The drafts' thread ends with the last reference to them, and windows are full of circles.
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        gc.collect()
