"""Somebody at a new workstation, who has a keyboard and nothing else."""

from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from hms_desktop.connection.identity import Pairing
from hms_desktop.first_start.chosen import Chosen
from hms_desktop.first_start.desk import WorkplaceDesk
from hms_desktop.first_start.place.panel import PlacePage
from hms_desktop.first_start.printers.panel import PrintersPage
from hms_desktop.first_start.scanner.panel import ScannerPage
from hms_desktop.printing.known import KnownPrinter
from hms_desktop.shell.main_window import MainWindow
from hms_desktop.workplace import ScreenAccount, Workplace, load_workplace
from hms_server.contract.envelope import Fault

PRINTERS = [
    KnownPrinter(name="HP", about="HP LaserJet", is_default=True),
    KnownPrinter(name="Zebra_ZD220", about="Zebra Technologies"),
]
ACCOUNT = ScreenAccount(user_name="display-1", password="made for it")


class Book:
    """Remembers what it was given to keep."""

    def __init__(self) -> None:
        self.kept: list[Pairing] = []

    def find(self) -> Pairing | None:
        return self.kept[-1] if self.kept else None

    def keep(self, pairing: Pairing) -> None:
        self.kept.append(pairing)


@dataclass
class Server:
    """Judges accounts of screens, and remembers which it was asked about."""

    outcome: ScreenAccount | Fault = ACCOUNT
    asked: list[Chosen] = field(default_factory=list)

    def __call__(self, chosen: Chosen) -> ScreenAccount | Fault:
        self.asked.append(chosen)
        return self.outcome


@dataclass
class Visit:
    """Somebody at a new workstation."""

    desk: WorkplaceDesk
    window: MainWindow
    folder: Path
    server: Server
    closed: list[bool] = field(default_factory=list)

    @property
    def kept(self) -> Workplace:
        return load_workplace(self.folder).workplace

    @property
    def place(self) -> PlacePage:
        assert isinstance(self.window.page, PlacePage)
        return self.window.page

    @property
    def printers(self) -> PrintersPage:
        assert isinstance(self.window.page, PrintersPage)
        return self.window.page

    @property
    def scanner(self) -> ScannerPage:
        assert isinstance(self.window.page, ScannerPage)
        return self.window.page


def press(key: Qt.Key, *, ctrl: bool = False) -> None:
    modifier = Qt.KeyboardModifier.ControlModifier if ctrl else Qt.KeyboardModifier.NoModifier
    QTest.keyClick(focused(), key, modifier)


def focused() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def go_on() -> None:
    press(Qt.Key.Key_Return, ctrl=True)
