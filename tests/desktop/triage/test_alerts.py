"""Alerts at a station: counted, announced, acknowledged by a key, and never silently missing."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.session import Session
from hms_desktop.triage.alerts import AlertsState
from hms_desktop.triage.tray.panel import AlertsCard
from hms_server.contract.accounts import Nothing
from hms_server.contract.envelope import Fault
from hms_server.contract.triage import AcknowledgeAlert, AlertRaised, Alerts, ListAlerts
from hms_server.contract.values import AlertId
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import ALERTS, NOW, sample_alert


@pytest.fixture
def state(connection: FakeConnection, session: Session) -> AlertsState:
    connection.answer(ListAlerts, Alerts(ALERTS))
    connection.answer(AcknowledgeAlert, Nothing())
    return AlertsState(session, session)


@pytest.fixture
def card(state: AlertsState, qtbot: QtBot) -> AlertsCard:
    made = AlertsCard(state, clock=lambda: NOW)
    qtbot.addWidget(made)
    made.resize(300, 320)
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_before_the_first_answer_nothing_is_said_about_alerts(card: AlertsCard) -> None:
    """To say that there are none is a promise."""
    assert card._awaited.isVisible()
    assert not card.tray.isVisible()


def test_f11_acknowledges_the_first_that_nobody_has_seen(
    card: AlertsCard, state: AlertsState, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Twice before the answer is once; it counts as seen only after the server has stored it."""
    state.reload()
    qtbot.waitUntil(lambda: card._count.text() == "1 not seen")
    connection.answer(ListAlerts, Alerts([sample_alert(1, "NEWS2 10", "Adaeze Okonkwo", seen_by="Ama")]))
    connection.hold()

    QTest.keyClick(card, Qt.Key.Key_F11)
    QTest.keyClick(card, Qt.Key.Key_F11)
    assert card._count.text() == "1 not seen"
    connection.release()

    qtbot.waitUntil(lambda: not state.unseen)
    assert connection.requests(AcknowledgeAlert) == [AcknowledgeAlert(alert_id=ALERTS[0].id)]
    assert not card.seen_button.isVisible()


def test_a_new_alert_is_announced_once_and_old_ones_never(
    state: AlertsState, connection: FakeConnection, qtbot: QtBot
) -> None:
    """What was there at sign-in is in the tray; what comes or moves on slides in."""
    raised: list[AlertId] = []
    state.raised.connect(lambda alert: raised.append(alert.id))
    state.reload()
    qtbot.waitUntil(lambda: state.known)
    assert raised == []
    new = sample_alert(3, "NEWS2 8", "Kwame Mensah")
    connection.answer(ListAlerts, Alerts([*ALERTS, new]))

    connection.happen(AlertRaised(alert_id=new.id, level=0, practitioner_id=None))
    qtbot.waitUntil(lambda: raised == [new.id])
    state.reload()
    QTest.qWait(30)

    assert raised == [new.id]


def test_an_answer_older_than_the_event_leaves_the_announcement_due(
    state: AlertsState, connection: FakeConnection, qtbot: QtBot
) -> None:
    """An alert committed between question and answer is announced with the next answer."""
    raised: list[AlertId] = []
    state.raised.connect(lambda alert: raised.append(alert.id))
    connection.answer(ListAlerts, Alerts([]))
    connection.hold()
    state.reload()
    connection.happen(AlertRaised(alert_id=ALERTS[0].id, level=0, practitioner_id=None))

    connection.release()
    connection.answer(ListAlerts, Alerts(ALERTS))

    qtbot.waitUntil(lambda: raised == [ALERTS[0].id])


def test_an_announcement_survives_a_fetch_that_fails(
    state: AlertsState, connection: FakeConnection, qtbot: QtBot
) -> None:
    """The alert slides in as soon as it can be fetched."""
    raised: list[AlertId] = []
    state.raised.connect(lambda alert: raised.append(alert.id))
    connection.answer(ListAlerts, Fault(code="server.busy", message="Busy."))
    with qtbot.waitSignal(state.failed):
        connection.happen(AlertRaised(alert_id=ALERTS[0].id, level=1, practitioner_id=None))

    connection.answer(ListAlerts, Alerts(ALERTS))
    state.reload()

    qtbot.waitUntil(lambda: raised == [ALERTS[0].id])


def test_alerts_that_cannot_be_fetched_are_not_no_alerts(
    card: AlertsCard, state: AlertsState, connection: FakeConnection, qtbot: QtBot
) -> None:
    """The person reads that there may be some, and can try again."""
    connection.answer(ListAlerts, Fault(code="server.busy", message="The server is busy."))

    state.reload()
    qtbot.waitUntil(lambda: "There may be new ones" in card.notice.text())
    assert not card.tray.isVisible()
    connection.answer(ListAlerts, Alerts(ALERTS))
    state.reload()

    qtbot.waitUntil(card.tray.isVisible)
    assert not card.notice.text()


def test_an_alert_that_could_not_be_acknowledged_says_so(
    card: AlertsCard, state: AlertsState, connection: FakeConnection, qtbot: QtBot
) -> None:
    """It stays unseen, and names the patient."""
    state.reload()
    qtbot.waitUntil(lambda: state.known)
    connection.answer(AcknowledgeAlert, Fault(code="triage.not_yours", message="Only a doctor may."))

    QTest.keyClick(card, Qt.Key.Key_F11)

    qtbot.waitUntil(lambda: "Not marked as seen: NEWS2 10 · Adaeze Okonkwo" in card.notice.text())
    QTest.qWait(30)
    assert "Not marked as seen" in card.notice.text()
    assert len(state.unseen) == 1
