"""What tests of the appointments' screens share."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pytestqt.qtbot import QtBot

from hms_desktop.diary_workspaces import AppointmentsWorkspace
from hms_desktop.printing.printer import FolderPrinter
from hms_desktop.session import Session
from hms_server.contract.scheduling import Appointments, FindSlots, ListAppointments, ListSpecialities, Slots
from hms_server.contract.visits import ListPractitioners, Practitioners
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import NOW, ZONE
from tests.desktop.scheduling.diary import AMINA, DAY, KOFI, KWAME, SLOTS, SPECIALITIES
from tests.desktop.visits.tickets import CLINIC


@pytest.fixture
def open_day(
    connection: FakeConnection, session: Session, qtbot: QtBot, tmp_path: Path
) -> Callable[[], AppointmentsWorkspace]:
    """Shows today, with Kwame Mensah chosen and the keys in the list."""
    connection.answer(ListAppointments, Appointments(appointments=DAY, more=False))
    connection.answer(FindSlots, Slots(slots=SLOTS, more=False))
    connection.answer(ListSpecialities, SPECIALITIES)
    connection.answer(ListPractitioners, Practitioners([KOFI, AMINA]))
    desk = SimpleNamespace(
        session=session, clinic=CLINIC, zone=ZONE, clock=lambda: NOW, printer=FolderPrinter(folder=tmp_path)
    )

    def make() -> AppointmentsWorkspace:
        workspace = AppointmentsWorkspace(cast("Any", desk))
        qtbot.addWidget(workspace)
        for _ in workspace.furnish():
            pass
        workspace.resize(1170, 610)
        with qtbot.waitExposed(workspace):
            workspace.show()
        panel = workspace.panel
        qtbot.waitUntil(lambda: panel.table.model().rowCount() == len(DAY))
        qtbot.waitUntil(lambda: panel.booking.table.model().rowCount() == len(SLOTS))
        qtbot.waitUntil(lambda: panel.booking.whom.editor.count() == 5)
        panel.table.choose(KWAME.id)
        workspace.shown()
        return workspace

    return make
