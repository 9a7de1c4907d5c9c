"""A new workstation at a real server, by keys only: found or typed, paired, asked what it is, signed in."""

import gc
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from hms_desktop.app import App
from hms_desktop.connection.pairings import Pairings
from hms_desktop.first_start.place.panel import PlacePage
from hms_desktop.options import Options
from hms_desktop.shell.pairing import PairingPage
from hms_desktop.workplace import Place, load_workplace
from hms_server.accounts.setup import add_staff
from hms_server.announce import Announcement, Announcer
from hms_server.contract.pairing import fingerprint
from hms_server.contract.values import Role
from hms_server.database import connect
from tests.wire.ports import free_port
from tests.wire.processes import PASSWORD, House, Process, open_house

LONG_MS = 60_000


class Clinic:
    """A server in a process of its own, with one doctor."""

    def __init__(self, house: House, stack: ExitStack) -> None:
        self.house = house
        self._stack = stack
        self.pairing_port = free_port()
        self.server = self.serve()
        with connect(house.dsn, application_name="tests", autocommit=True) as connection:
            add_staff(
                connection,
                user_name="ngozi",
                name="Dr Ngozi Eze",
                roles=[Role.DOCTOR],
                password=PASSWORD,
                now=datetime.now(UTC),
            )

    def serve(self) -> Process:
        process = Process(self.house._main, "--pairing-port", str(self.pairing_port), database=self.house.dsn)
        self._stack.callback(process.close)
        process.wait_until_serving()
        return process

    def code(self, name: str) -> str:
        """As the manual's command prints it."""
        command = [sys.executable, "-m", "hms_server", "--data-dir", str(self.house._main)]
        command += ["--database", self.house.dsn, "device", "code", "--name", name]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found = re.search(r"\d{4} \d{4}", printed)
        assert found, printed
        return found[0]


@pytest.fixture
def clinic(database: str, tmp_path: Path) -> Iterator[Clinic]:
    with ExitStack() as stack:
        yield Clinic(stack.enter_context(open_house(database, tmp_path)), stack)


@contextmanager
def program(application: QApplication, folder: Path) -> Iterator[App]:
    """The desktop as it starts without flags."""
    book = Pairings(folder, keychain=None)
    app = App(application, Options(folder=folder, pairings=book, unattended=book, printers=list))
    app.start()
    app.window.activateWindow()
    QTest.qWaitForWindowActive(app.window)
    try:
        yield app
    finally:
        app.close()
        app.window.deleteLater()
        app.deleteLater()
        del app
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        gc.collect()


def press(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(focused(), key, modifier)


def type_text(text: str) -> None:
    # Slower than a scanner.
    for letter in text:
        QTest.keyClicks(focused(), letter)
        QTest.qWait(45)


def focused() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def pair_as(app: App, qtbot: QtBot, code: str) -> PlacePage:
    """The code is all there is to type where the address is known."""
    type_text(code)
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: isinstance(app.window.page, PlacePage), timeout=LONG_MS)
    page = app.window.page
    assert isinstance(page, PlacePage)
    qtbot.waitUntil(lambda: page.room.editor.count() > 1, timeout=LONG_MS)
    return page


def sign_in(app: App, qtbot: QtBot) -> str:
    qtbot.waitUntil(lambda: app.window.page is app.login, timeout=LONG_MS)
    for text in ("ngozi", PASSWORD):
        type_text(text)
        press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: app.desk is not None and bool(app.desk.frame.current_key), timeout=LONG_MS)
    assert app.desk is not None
    return app.desk.frame.current_key


def test_from_an_empty_folder_to_the_right_workspace(
    clinic: Clinic, application: QApplication, qtbot: QtBot, tmp_path: Path
) -> None:
    """Found by its announcement; the doctor's room follows from the name that came with the code."""
    folder = tmp_path / "desk"
    key = clinic.house.keys.public_key
    announcement = Announcement(
        clinic_name="Sunrise Clinic",
        public_key=key,
        port=clinic.server.port,
        pairing_port=clinic.pairing_port,
        version="0.1.0",
    )
    announcer = Announcer(announcement, addresses=lambda: ["127.0.0.1"])
    announcer.start()
    try:
        with program(application, folder) as app:
            page = app.window.page
            assert isinstance(page, PairingPage)
            found = page._model
            qtbot.waitUntil(
                lambda: any(row.fingerprint == fingerprint(key) for row in found.rows), timeout=LONG_MS
            )
            # Other tests on this machine may announce their own servers at the same time.
            page.table.setFocus()
            page.table.choose(f"127.0.0.1:{clinic.pairing_port}")
            page.code.editor.setFocus()
            place = pair_as(app, qtbot, clinic.code("Doctor Room 2"))
            suggested = (place.table.chosen_row(), place.room.value())
            for _ in range(3):
                press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
            opened = sign_in(app, qtbot)
            assert app.desk is not None
            room = app.desk._desk.rooms.current
    finally:
        announcer.stop()

    kept = load_workplace(folder).workplace
    assert suggested == (Place.DOCTOR, "Room 2")
    assert (kept.place, kept.room) == suggested
    assert opened == "doctor"
    assert room is not None
    assert room.name == "Room 2"


def test_a_typed_address_pairs_and_later_finds_a_server_that_moved(
    clinic: Clinic, application: QApplication, qtbot: QtBot, tmp_path: Path
) -> None:
    """Where multicast is blocked. The second time nobody pairs: the key is what is trusted."""
    folder = tmp_path / "desk"
    with program(application, folder) as app:
        page = app.window.page
        assert isinstance(page, PairingPage)
        page.address.editor.setFocus()
        type_text(f"127.0.0.1:{clinic.pairing_port}")
        page.code.editor.setFocus()
        pair_as(app, qtbot, clinic.code("Desk"))
        press(Qt.Key.Key_Escape)
        clinic.server.terminate()
    moved = clinic.serve()

    with program(application, folder) as app:
        qtbot.waitUntil(lambda: "No server in sight" in app.login.sight.text(), timeout=LONG_MS)
        app.login.sight.address.editor.setFocus()
        type_text(f"127.0.0.1:{moved.port}")
        press(Qt.Key.Key_F6)
        qtbot.waitUntil(lambda: not app.login.sight.text(), timeout=LONG_MS)
        app.login.user.editor.setFocus()
        opened = sign_in(app, qtbot)

    assert opened == "doctor"
