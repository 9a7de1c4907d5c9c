"""How a station moves from one patient to the next, and which workspaces a role has."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, Signal
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from hms_desktop.drafts import KEY_BYTES, Autosaver, DraftStore
from hms_desktop.printing.printer import FolderPrinter
from hms_desktop.relay.state import OutsideState
from hms_desktop.session import Session
from hms_desktop.stations import Desk, StationWorkspace
from hms_desktop.triage.alerts import AlertsState
from hms_desktop.visits.rooms import Rooms
from hms_desktop.widgets.workspace import Workspace
from hms_desktop.workspaces import workspaces_of
from hms_server.contract.values import Role
from hms_server.contract.visits import Called, CallNext, ListQueue, Queue, TicketRow, TicketState
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import NOW, ZONE
from tests.desktop.visits.tickets import CLINIC, TRIAGE_ROOM, WAITING, signed_in, ticket

CALLED = ticket(21, state=TicketState.CALLED, room="Triage")


class NotePanel(QWidget):
    """A station's panel that remembers what it was told."""

    sent_on = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[TicketRow] = []
        self.pressed = 0
        self.busy = False

    def open_ticket(self, ticket: TicketRow) -> None:
        self.opened.append(ticket)

    def primary(self) -> None:
        self.pressed += 1

    def is_busy(self) -> bool:
        return self.busy


@pytest.fixture
def desk(session: Session, tmp_path: Path, qapp: QApplication) -> Iterator[Desk]:
    """The desk of a nurse in the triage room."""
    autosaver = Autosaver(DraftStore(tmp_path, bytes(KEY_BYTES)))
    yield Desk(
        session=session,
        signed_in=signed_in(Role.NURSE),
        clinic=CLINIC,
        zone=ZONE,
        clock=lambda: NOW,
        printer=FolderPrinter(folder=tmp_path),
        autosaver=autosaver,
        alerts=AlertsState(session, parent=session),
        rooms=Rooms(session, CLINIC.rooms, room_id=TRIAGE_ROOM, parent=session),
        outside=OutsideState(session, clock=lambda: NOW, parent=session),
    )
    autosaver.flush()
    autosaver._disk.shutdown()
    qapp.aboutToQuit.disconnect(autosaver.flush)
    autosaver.deleteLater()


@pytest.fixture
def station(
    connection: FakeConnection, desk: Desk, qtbot: QtBot
) -> Callable[[], tuple[StationWorkspace, NotePanel]]:
    """Shows a station with five waiting."""
    connection.answer(ListQueue, Queue(tickets=WAITING))
    connection.answer(CallNext, Called(ticket=CALLED))

    def make() -> tuple[StationWorkspace, NotePanel]:
        workspace, panel = StationWorkspace(desk, service="T", queue_title="Triage queue"), NotePanel()
        workspace.set_panel(panel, panel)
        qtbot.addWidget(workspace)
        with qtbot.waitExposed(workspace):
            workspace.show()
        qtbot.waitUntil(lambda: workspace.queue.table.model().rowCount() == 5)
        workspace.shown()
        return workspace, panel

    return make


def test_who_was_called_is_opened(
    station: Callable[[], tuple[StationWorkspace, NotePanel]], qtbot: QtBot
) -> None:
    """Without a question while nothing is typed."""
    workspace, panel = station()

    workspace.call_next()

    qtbot.waitUntil(lambda: panel.opened == [CALLED])


def test_while_something_is_typed_the_first_key_asks_and_the_second_goes_on(
    station: Callable[[], tuple[StationWorkspace, NotePanel]], connection: FakeConnection, qtbot: QtBot
) -> None:
    """The question stands in the page; nobody is called before it is answered."""
    workspace, panel = station()
    panel.busy = True

    workspace.call_next()
    assert "not stored" in workspace.question.text()
    assert not connection.requests(CallNext)
    workspace.call_next()
    qtbot.waitUntil(lambda: len(connection.requests(CallNext)) == 1)


def test_an_answer_that_finds_something_typed_asks_before_it_takes_the_page_away(
    station: Callable[[], tuple[StationWorkspace, NotePanel]], connection: FakeConnection, qtbot: QtBot
) -> None:
    """Keys that were meant for one patient never end up with another."""
    workspace, panel = station()
    connection.hold()
    workspace.call_next()
    panel.busy = True

    connection.release()
    qtbot.waitUntil(lambda: "not stored" in workspace.question.text())
    assert panel.opened == []
    workspace.call_next()

    qtbot.waitUntil(lambda: panel.opened == [CALLED])
    assert len(connection.requests(CallNext)) == 1


def test_escape_stays_with_the_open_patient(
    station: Callable[[], tuple[StationWorkspace, NotePanel]], connection: FakeConnection
) -> None:
    """And the next F8 asks again."""
    workspace, panel = station()
    panel.busy = True
    workspace.call_next()

    QTest.keyClick(workspace.queue.table, Qt.Key.Key_Escape)
    assert workspace.question.text() == ""
    workspace.call_next()

    assert "not stored" in workspace.question.text()
    assert not connection.requests(CallNext)


def test_once_stored_the_keys_are_back_in_the_queue(
    station: Callable[[], tuple[StationWorkspace, NotePanel]],
) -> None:
    """F8, work, Ctrl+Enter, F8."""
    workspace, panel = station()
    panel.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    panel.setFocus()

    workspace.primary()
    workspace.sent_on()

    assert panel.pressed == 1
    assert workspace.queue.table.hasFocus()


def test_every_role_that_works_with_patients_has_a_workspace() -> None:
    """The display has none: it shows no names."""
    keys = {role: [entry.key for entry in workspaces_of([role])] for role in Role}

    assert keys == {
        Role.RECEPTIONIST: ["front_desk", "appointments", "messages", "hours"],
        Role.NURSE: ["nurse", "front_desk", "appointments"],
        Role.DOCTOR: ["doctor"],
        Role.PHARMACIST: ["pharmacy", "stock"],
        Role.CASHIER: ["billing", "paystack"],
        Role.ADMINISTRATOR: [
            "administration",
            "prices",
            "outside",
            "providers",
            "messages",
            "hours",
            "paystack",
            "assistant",
            "looking_after",
        ],
        Role.DISPLAY: [],
        Role.KIOSK: [],
    }
    both = workspaces_of([Role.NURSE, Role.RECEPTIONIST, Role.CASHIER])
    assert [entry.key for entry in both] == [
        "nurse",
        "front_desk",
        "appointments",
        "messages",
        "hours",
        "billing",
        "paystack",
    ]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.DISPLAY])
def test_every_workspace_fits_a_small_screen(desk: Desk, qtbot: QtBot, role: Role) -> None:
    """1280 × 720 less the rail: nothing has to be scrolled sideways."""
    page = QWidget()
    qtbot.addWidget(page)
    column = QVBoxLayout(page)
    built: list[Workspace] = [entry.build(desk) for entry in workspaces_of([role])]

    for workspace in built:
        column.addWidget(workspace)
        for _ in workspace.furnish():
            pass

    assert [workspace for workspace in built if workspace.minimumSizeHint().width() > 1280 - 76] == []


def test_all_slices_can_be_loaded_ahead() -> None:
    """In a process of its own, since tests have loaded them all; the library for PDFs has its own time."""
    program = """
import sys
from hms_desktop.workspaces import load_slices
steps = sum(1 for _ in load_slices())
loaded = {name.split(".")[1] for name in sys.modules if name.startswith("hms_desktop.") and "panel" in name}
assert {"triage", "consultations", "pharmacy", "billing", "scheduling", "relay"} <= loaded
assert steps > 50
assert "reportlab" not in sys.modules
"""

    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=120).returncode == 0
