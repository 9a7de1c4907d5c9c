"""The whole program on a fake connection, in a folder that the test has prepared."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from hms_desktop.app import App
from hms_desktop.connection.identity import Pairing
from hms_desktop.identity_file import IdentityFile
from hms_desktop.options import Options
from hms_server.contract.accounts import GetClinic
from hms_server.contract.patients import FindLookAlikes, LookAlikes
from hms_server.contract.relay import GetReachability, Reachabilities
from hms_server.contract.triage import Alerts, ListAlerts
from hms_server.contract.visits import (
    DisplayBoard,
    GetDisplayBoard,
    ListPractitioners,
    ListQueue,
    Practitioners,
    Queue,
)
from tests.desktop.samples import NOW
from tests.desktop.test_app import PAIRING, FakeWay
from tests.desktop.visits.tickets import CLINIC


class Book:
    """Remembers what it was given to keep."""

    def __init__(self) -> None:
        self.kept: list[Pairing] = []

    def find(self) -> Pairing | None:
        return self.kept[-1] if self.kept else None

    def keep(self, pairing: Pairing) -> None:
        self.kept.append(pairing)


@pytest.fixture
def way() -> FakeWay:
    """A server with nobody waiting."""
    way = FakeWay()
    way.answer(GetClinic, CLINIC)
    way.answer(ListQueue, Queue(tickets=[]))
    way.answer(ListPractitioners, Practitioners([]))
    way.answer(ListAlerts, Alerts([]))
    way.answer(GetReachability, Reachabilities([]))
    way.answer(FindLookAlikes, LookAlikes([]))
    way.answer(GetDisplayBoard, DisplayBoard(clinic="Unity Clinic", called=[], waiting=[]))
    return way


@pytest.fixture
def start(qapp: QApplication, way: FakeWay, tmp_path: Path) -> Iterator[Callable[..., App]]:
    """Starts the program without flags and closes it after the test."""
    started: list[App] = []

    def make(*, paired: bool = True, unattended: Book | None = None) -> App:
        book = IdentityFile(tmp_path / "identity.json")
        if paired:
            book.keep(PAIRING)
        options = Options(
            folder=tmp_path,
            pairings=book,
            unattended=unattended,
            printers=list,
            connect=lambda _pairing: way,  # type: ignore[arg-type,return-value] # a fake answers loosely
            clock=lambda: NOW,
        )
        app = App(qapp, options)
        started.append(app)
        app.start()
        return app

    yield make
    while started:
        app = started.pop()
        app.close()
        app.window.deleteLater()
        app.deleteLater()
        del app
    # The thread of the drafts ends with the last reference to them, and windows are full of circles.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
