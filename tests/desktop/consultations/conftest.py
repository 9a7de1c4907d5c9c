"""A doctor's desk with its prescription, on a connection that answers like a clinic."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.consultations.panel import ConsultationPanel
from hms_desktop.consultations.parts import Mode
from hms_desktop.drafts import Autosaver, DraftStore
from hms_desktop.prescribing.panel import PrescriptionPanel
from hms_desktop.session import Session
from hms_server.contract.consultations import Chart, Diagnoses, GetChart, SearchDiagnoses
from hms_server.contract.prescribing import CheckLine, Frequencies, ListFrequencies, Products, SearchProducts
from hms_server.contract.triage import GetVitals
from hms_server.contract.values import StaffId
from hms_server.contract.visits import TicketRow
from tests.desktop.conftest import FakeConnection
from tests.desktop.consultations.charts import DIABETES, OTHER, PNEUMONIA, TICKET, VITALS, chart
from tests.desktop.prescribing.medicines import FREQUENCIES, PRODUCTS, count_line
from tests.desktop.samples import NOW, ZONE


def clinic(connection: FakeConnection, *charts: Chart) -> None:
    """The charts that the server has now, by encounter."""
    known = {each.encounter_id: each for each in (chart(TICKET), chart(OTHER), *charts)}
    connection.answer(GetChart, lambda request: known[request.encounter_id])


@pytest.fixture
def store(tmp_path: Path) -> DraftStore:
    return DraftStore(tmp_path / "drafts", bytes(32), clock=lambda: NOW)


@pytest.fixture
def make_desk(
    connection: FakeConnection, session: Session, store: DraftStore, qtbot: QtBot
) -> Iterator[Callable[[], ConsultationPanel]]:
    """Builds a desk; building a second one is the same workstation after a start."""
    clinic(connection)
    connection.answer(GetVitals, VITALS)
    connection.answer(ListFrequencies, Frequencies(FREQUENCIES))
    connection.answer(SearchProducts, Products(PRODUCTS))
    connection.answer(CheckLine, count_line)
    connection.answer(SearchDiagnoses, Diagnoses([PNEUMONIA, DIABETES]))
    savers: list[Autosaver] = []

    def make() -> ConsultationPanel:
        savers.append(Autosaver(store, session))
        made = ConsultationPanel(
            session, autosaver=savers[-1], staff_id=StaffId(1), clock=lambda: NOW, zone=ZONE
        )
        made.set_prescription(PrescriptionPanel(session))
        qtbot.addWidget(made)
        made.resize(1000, 800)
        made.show()
        made.activateWindow()
        QTest.qWaitForWindowActive(made)
        return made

    yield make
    for saver in savers:
        saver.close()


@pytest.fixture
def desk(make_desk: Callable[[], ConsultationPanel]) -> ConsultationPanel:
    return make_desk()


@pytest.fixture
def open_chart(desk: ConsultationPanel, qtbot: QtBot) -> Callable[..., None]:
    """Calls somebody and waits until the chart is there."""

    def make(ticket: TicketRow = TICKET) -> None:
        desk.open_ticket(ticket)
        qtbot.waitUntil(lambda: desk.mode not in (Mode.OPENING, Mode.CLOSED))

    return make
