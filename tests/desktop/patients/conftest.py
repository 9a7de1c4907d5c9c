"""A front desk before a server that knows one patient."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from hms_desktop.drafts import KEY_BYTES, Autosaver, DraftStore
from hms_desktop.patients.panel import FrontDeskPanel
from hms_desktop.printing.printer import FolderPrinter, Printer
from hms_desktop.session import Session
from hms_server.contract.consultations import GetBanner
from hms_server.contract.patients import (
    FindLookAlikes,
    GetPatient,
    LookAlikes,
    PatientDetails,
    PatientRegistered,
    RegisterPatient,
)
from hms_server.contract.values import Moment, Person, StaffId
from hms_server.contract.visits import CheckedIn, CheckIn, ListPractitioners, Practitioners
from tests.desktop.conftest import FakeConnection
from tests.desktop.patients.counter import ADA, ALIKE, STORED, TICKET
from tests.desktop.samples import NOW, ZONE, sample_banner
from tests.desktop.visits.tickets import CLINIC


@pytest.fixture
def autosaver(tmp_path: Path, qapp: QApplication) -> Iterator[Autosaver]:
    """Drafts of this test alone."""
    made = Autosaver(DraftStore(tmp_path / "drafts", bytes(KEY_BYTES)))
    yield made
    made.flush()
    made._disk.shutdown()
    qapp.aboutToQuit.disconnect(made.flush)
    made.deleteLater()


@pytest.fixture
def open_desk(
    connection: FakeConnection, session: Session, qtbot: QtBot, tmp_path: Path, autosaver: Autosaver
) -> Callable[..., FrontDeskPanel]:
    """Shows the front desk before a server that knows Adaeze Okonkwo."""
    moment = Moment(at=NOW, by=None)
    details = PatientDetails(
        header=ADA, demographics=STORED, version=4, registered=moment, changed=moment, last_visit=None
    )
    connection.answer(FindLookAlikes, LookAlikes([ALIKE]))
    connection.answer(GetBanner, msgspec.structs.replace(sample_banner(), patient_id=ADA.id))
    connection.answer(GetPatient, details)
    connection.answer(ListPractitioners, Practitioners([Person(StaffId(4), "Dr Ngozi Eze")]))
    connection.answer(RegisterPatient, PatientRegistered(ADA))
    connection.answer(CheckIn, CheckedIn(ticket=TICKET))

    def make(printer: Printer | None = None) -> FrontDeskPanel:
        panel = FrontDeskPanel(
            session,
            clinic=CLINIC,
            zone=ZONE,
            clock=lambda: NOW,
            printer=printer or FolderPrinter(folder=tmp_path / "labels"),
            autosaver=autosaver,
            staff_id=StaffId(1),
        )
        qtbot.addWidget(panel)
        qtbot.addWidget(panel.ticket_card)
        panel.resize(700, 620)
        with qtbot.waitExposed(panel):
            panel.show()
        panel.take_focus()
        return panel

    return make
