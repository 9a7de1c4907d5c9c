"""A workstation that starts for the first time: the whole program, or the pages about the workplace alone."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from hms_desktop.app import App
from hms_desktop.first_start.chosen import Station
from hms_desktop.first_start.desk import WorkplaceDesk
from hms_desktop.printing.known import KnownPrinter
from hms_desktop.session import Session
from hms_desktop.shell.main_window import MainWindow
from hms_server.contract.accounts import GetClinic
from tests.desktop.conftest import FakeConnection
from tests.desktop.first_start.visitor import PRINTERS, Server, Visit
from tests.desktop.programs import FakeWay, programs, quiet_way
from tests.desktop.samples import NOW
from tests.desktop.visits.tickets import CLINIC


@pytest.fixture
def way() -> FakeWay:
    return quiet_way()


@pytest.fixture
def start(qapp: QApplication, way: FakeWay, tmp_path: Path) -> Iterator[Callable[..., App]]:
    with programs(qapp, tmp_path, way) as start:
        yield start


@pytest.fixture
def visit(qtbot: QtBot, connection: FakeConnection, tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    """Opens the pages for a workstation of that name."""
    made: list[Visit] = []
    connection.answer(GetClinic, CLINIC)

    def make(
        device: str = "Front desk 1", *, printers: list[KnownPrinter] | None = None, is_first: bool = True
    ) -> Visit:
        window = MainWindow("Unity Clinic")
        qtbot.addWidget(window)
        window.resize(1280, 720)
        session = Session(connection, window, clock=lambda: NOW)
        found = PRINTERS if printers is None else printers
        desk = WorkplaceDesk(window, tmp_path, printers=lambda: found, clock=lambda: NOW, parent=window)
        visit = Visit(desk, window, tmp_path, Server())
        desk.closed.connect(lambda: visit.closed.append(True))
        window.show()
        station = Station(clinic="Unity Clinic", device=device, key="A1B2 C3D4 E5F6 0718")
        desk.open(session, station, account=visit.server, is_first=is_first)
        window.activateWindow()
        QTest.qWaitForWindowActive(window)
        tour = desk._tour
        assert tour is not None
        qtbot.waitUntil(lambda: tour._clinic is not None or bool(visit.place.notice.text()))
        made.append(visit)
        return visit

    yield make
    for each in made:
        each.desk.close()
