"""F2 at every desk where the clinic and the role have an assistant, and not a trace of it anywhere else."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from hms_desktop.drafts import KEY_BYTES, Autosaver, DraftStore
from hms_desktop.printing.printer import FolderPrinter
from hms_desktop.relay.state import OutsideState
from hms_desktop.session import Session
from hms_desktop.shell.main_window import MainWindow
from hms_desktop.signed_in import SignedInDesk
from hms_desktop.stations import Desk
from hms_desktop.triage.alerts import AlertsState
from hms_desktop.visits.rooms import Rooms
from hms_desktop.workspaces import FrontDeskWorkspace
from hms_server.contract.assistant import (
    AssistantChanged,
    Conversations,
    GetAssistantState,
    GetConversation,
    ListConversations,
)
from hms_server.contract.consultations import GetBanner
from hms_server.contract.envelope import Fault
from hms_server.contract.patients import FindLookAlikes, LookAlikes
from hms_server.contract.relay import GetReachability, Reachabilities
from hms_server.contract.symptoms import InterviewId, Urgency, UrgentAtKiosk
from hms_server.contract.triage import Alerts, ListAlerts
from hms_server.contract.values import PatientHeader, Role
from hms_server.contract.visits import ListPractitioners, ListQueue, Practitioners, Queue
from tests.desktop.assistant import talks
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import NOW, ZONE, SampleLink, sample_banner
from tests.desktop.visits.tickets import CLINIC, signed_in

SignIn = Callable[[Role], SignedInDesk]
FORBIDDEN = Fault(code="permission.denied", message="Not allowed.")
OFF = talks.state(enabled=False, tools=[])


@pytest.fixture
def sign_in(
    connection: FakeConnection, session: Session, tmp_path: Path, qtbot: QtBot, qapp: QApplication
) -> Iterator[SignIn]:
    """Opens the frame of somebody with that role, in the window of the program."""
    connection.answer(GetAssistantState, talks.state())
    connection.answer(ListConversations, Conversations([talks.row()]))
    connection.answer(GetConversation, talks.talk(talks.question()))
    connection.answer(GetReachability, Reachabilities([]))
    connection.answer(ListQueue, Queue(tickets=[]))
    connection.answer(ListPractitioners, Practitioners([]))
    connection.answer(ListAlerts, Alerts([]))
    connection.answer(FindLookAlikes, LookAlikes([]))
    connection.answer(GetBanner, sample_banner())
    autosaver = Autosaver(DraftStore(tmp_path, bytes(KEY_BYTES)))
    opened: list[SignedInDesk] = []

    def make(role: Role) -> SignedInDesk:
        desk = Desk(
            session=session,
            signed_in=signed_in(role),
            clinic=CLINIC,
            zone=ZONE,
            clock=lambda: NOW,
            printer=FolderPrinter(folder=tmp_path),
            autosaver=autosaver,
            alerts=AlertsState(session),
            rooms=Rooms(session, CLINIC.rooms, room_id=None),
            outside=OutsideState(session, clock=lambda: NOW),
        )
        made = SignedInDesk(desk, menu=[])
        opened.append(made)
        window = MainWindow("Unity Clinic")
        qtbot.addWidget(window)
        window.resize(1280, 720)
        window.show_page(made.frame)
        with qtbot.waitActive(window):
            window.show()
            window.activateWindow()
        qtbot.waitUntil(lambda: made.frame.current is not None, timeout=60_000)
        return made

    yield make
    for made in opened:
        made.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    autosaver.flush()
    autosaver._disk.shutdown()
    qapp.aboutToQuit.disconnect(autosaver.flush)
    autosaver.deleteLater()


def press(desk: SignedInDesk, key: Qt.Key) -> None:
    QTest.keyClick(QApplication.focusWidget() or desk.frame, key)


def has_sheet(desk: SignedInDesk) -> bool:
    return "sheet" in vars(desk.assistant)


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.NURSE, Role.DOCTOR, Role.PHARMACIST, Role.CASHIER])
def test_f2_opens_and_closes_it_at_every_desk(sign_in: SignIn, qtbot: QtBot, role: Role) -> None:
    """The keys go back to where they were."""
    desk = sign_in(role)
    qtbot.waitUntil(lambda: desk.assistant.is_on)
    before = QApplication.focusWidget()

    press(desk, Qt.Key.Key_F2)
    sheet = desk.assistant.sheet
    inside = sheet.isVisible() and sheet.question.editor.hasFocus()
    press(desk, Qt.Key.Key_F2)

    assert inside
    assert not sheet.isVisible()
    assert QApplication.focusWidget() is before


@pytest.mark.parametrize("answer", [FORBIDDEN, OFF])
def test_without_it_there_is_no_key_no_button_and_nothing_else_asked(
    sign_in: SignIn, connection: FakeConnection, qtbot: QtBot, answer: Fault
) -> None:
    connection.answer(GetAssistantState, answer)
    desk = sign_in(Role.NURSE)
    qtbot.wait(30)

    press(desk, Qt.Key.Key_F2)

    assert not has_sheet(desk)
    assert not desk.frame.header.assistant_button.isVisible()
    assert not connection.requests(ListConversations)


def test_switched_off_in_the_middle_it_goes_from_the_screen(
    sign_in: SignIn, connection: FakeConnection, qtbot: QtBot
) -> None:
    """And comes back when it is switched on again."""
    desk = sign_in(Role.DOCTOR)
    qtbot.waitUntil(desk.frame.header.assistant_button.isVisible)
    press(desk, Qt.Key.Key_F2)

    connection.answer(GetAssistantState, OFF)
    connection.happen(AssistantChanged(enabled=False))
    qtbot.waitUntil(lambda: not desk.assistant.sheet.isVisible())
    gone = not desk.frame.header.assistant_button.isVisible()
    connection.answer(GetAssistantState, talks.state())
    connection.happen(AssistantChanged(enabled=True))

    assert gone
    qtbot.waitUntil(desk.frame.header.assistant_button.isVisible)


def test_a_server_that_is_away_at_sign_in_is_asked_again(
    sign_in: SignIn, connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.answer(GetAssistantState, Fault(code="link.down", message="No connection."))
    desk = sign_in(Role.DOCTOR)
    connection.answer(GetAssistantState, talks.state())

    connection.link(SampleLink(connected=False))
    connection.link(SampleLink(connected=True))

    qtbot.waitUntil(lambda: desk.assistant.is_on)


def test_help_and_assistant_take_each_others_place(sign_in: SignIn, qtbot: QtBot) -> None:
    desk = sign_in(Role.RECEPTIONIST)
    window = desk.frame.window()
    assert isinstance(window, MainWindow)
    qtbot.waitUntil(lambda: desk.assistant.is_on)
    before = QApplication.focusWidget()

    press(desk, Qt.Key.Key_F2)
    press(desk, Qt.Key.Key_F1)
    first = (window.help.isVisible(), desk.assistant.sheet.isVisible())
    press(desk, Qt.Key.Key_F2)
    second = (window.help.isVisible(), desk.assistant.sheet.isVisible())
    press(desk, Qt.Key.Key_Escape)

    assert (first, second) == ((True, False), (False, True))
    assert QApplication.focusWidget() is before


def test_it_is_about_the_patient_at_hand_and_stays_inside_a_smaller_window(
    sign_in: SignIn, qtbot: QtBot
) -> None:
    desk = sign_in(Role.RECEPTIONIST)
    qtbot.waitUntil(lambda: desk.assistant.is_on)
    desk.frame.open_patient(talks.ADAEZE)

    press(desk, Qt.Key.Key_F2)
    desk.frame.window().resize(1024, 640)
    QApplication.processEvents()

    assert desk.assistant.state.patient == talks.ADAEZE
    sheet = desk.assistant.sheet.geometry()
    assert sheet.top() >= desk.frame.header.height()
    assert sheet.bottom() <= desk.frame.height() - desk.frame.status.height()
    assert sheet.right() <= desk.frame.width()


def test_a_source_opens_its_patient_or_its_page(
    sign_in: SignIn, connection: FakeConnection, qtbot: QtBot
) -> None:
    desk = sign_in(Role.RECEPTIONIST)
    window = desk.frame.window()
    assert isinstance(window, MainWindow)
    qtbot.waitUntil(lambda: desk.assistant.is_on)
    press(desk, Qt.Key.Key_F2)

    desk.assistant.sheet.source_opened.emit(talks.SOURCES[0])
    workspace = desk.frame.current
    assert isinstance(workspace, FrontDeskWorkspace)
    qtbot.waitUntil(lambda: workspace.patient() is not None)
    desk.assistant.sheet.source_opened.emit(talks.SOURCES[1])

    patient = workspace.patient()
    assert isinstance(patient, PatientHeader)
    assert patient.name == "Adaeze Okonkwo"
    assert window.help.isVisible()
    assert window.help.page == "doctor"


@pytest.mark.parametrize(("role", "told"), [(Role.NURSE, 1), (Role.RECEPTIONIST, 1), (Role.CASHIER, 0)])
def test_somebody_who_is_very_ill_at_the_kiosk_is_news_for_who_can_help(
    sign_in: SignIn, connection: FakeConnection, qtbot: QtBot, role: Role, told: int
) -> None:
    """Names nobody."""
    desk = sign_in(role)

    connection.happen(
        UrgentAtKiosk(
            interview_id=InterviewId(1),
            kiosk="Kiosk at the door",
            urgency=Urgency.EMERGENCY,
            reasons=["Chest pain"],
        )
    )
    qtbot.waitUntil(lambda: len(desk.frame._toasts.shown) == told)
    qtbot.wait(50)

    names = [toast.accessibleName() for toast in desk.frame._toasts.shown]
    assert names == ["Kiosk at the door: somebody there needs help now Chest pain"] * told
