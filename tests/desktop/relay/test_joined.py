"""The outside joined to the frame of a signed-in person: status bar, news of jobs given up, the strip."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from hms_desktop.drafts import KEY_BYTES, Autosaver, DraftStore
from hms_desktop.outside_workspaces import OutsideWorkspace, ProvidersWorkspace
from hms_desktop.printing.printer import FolderPrinter
from hms_desktop.relay.state import GATHER_MS, OutsideState
from hms_desktop.relay.strip.panel import ModeStrip
from hms_desktop.session import Session
from hms_desktop.shell.main_window import MainWindow
from hms_desktop.signed_in import SignedInDesk
from hms_desktop.stations import Desk
from hms_desktop.triage.alerts import AlertsState
from hms_desktop.visits.rooms import Rooms
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.toasts import Toast
from hms_server.contract.accounts import DeviceList, ListDevices, ListStaff, StaffList
from hms_server.contract.relay import (
    GetReachability,
    JobGivenUp,
    JobId,
    Jobs,
    JobState,
    ListJobs,
    ListProviders,
    Providers,
    Reachabilities,
    ReachabilityChanged,
)
from hms_server.contract.values import Role
from hms_server.contract.visits import ListPractitioners, ListQueue, Practitioners, Queue
from tests.desktop.conftest import FakeConnection
from tests.desktop.relay.samples import JOBS, MAIL_UP, PAYSTACK_DOWN, PAYSTACK_UP, PROVIDERS
from tests.desktop.samples import NOW, ZONE
from tests.desktop.visits.tickets import CLINIC, signed_in

SignIn = Callable[[Role], SignedInDesk]


@pytest.fixture
def sign_in(
    connection: FakeConnection, session: Session, tmp_path: Path, qtbot: QtBot, qapp: QApplication
) -> Iterator[SignIn]:
    """Opens the frame of somebody with that role."""
    connection.answer(GetReachability, Reachabilities([MAIL_UP]))
    connection.answer(ListJobs, Jobs(rows=[], counts={}))
    connection.answer(ListProviders, Providers(PROVIDERS))
    connection.answer(ListStaff, StaffList([]))
    connection.answer(ListDevices, DeviceList([]))
    connection.answer(ListQueue, Queue(tickets=[]))
    connection.answer(ListPractitioners, Practitioners([]))
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
        qtbot.waitUntil(lambda: made.frame.current is not None)
        return made

    yield make
    for made in opened:
        made.close()
    # A workspace that is half built takes its panel along only once it is gone itself.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    autosaver.flush()
    autosaver._disk.shutdown()
    qapp.aboutToQuit.disconnect(autosaver.flush)
    autosaver.deleteLater()


def toasts(desk: SignedInDesk) -> list[Toast]:
    return list(desk.frame._toasts.shown)


def strips(page: QWidget) -> list[str]:
    return [strip.text() for strip in page.findChildren(ModeStrip) if strip.text()]


def given_up(number: int) -> JobGivenUp:
    return JobGivenUp(
        job_id=JobId(number), destination="paystack", summary=f"Refund {number}", why="Paystack says no."
    )


@pytest.mark.parametrize("role", [Role.NURSE, Role.CASHIER, Role.ADMINISTRATOR])
def test_every_status_bar_says_who_is_not_reached_as_it_happens(
    sign_in: SignIn, connection: FakeConnection, qtbot: QtBot, role: Role
) -> None:
    """Asked for at sign-in, pushed afterwards."""
    desk = sign_in(role)
    sign = desk.frame.status.outside
    qtbot.waitUntil(lambda: sign.words() == "Outside reachable")

    connection.happen(ReachabilityChanged(row=PAYSTACK_DOWN))

    qtbot.waitUntil(lambda: sign.words() == "Paystack unreachable since 10:12 · 3 payments wait")


def test_the_cashier_sees_test_mode_above_the_bill(
    sign_in: SignIn, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Who has nothing to do with money does not."""
    desk = sign_in(Role.CASHIER)

    connection.happen(ReachabilityChanged(row=PAYSTACK_UP))

    qtbot.waitUntil(lambda: strips(desk.frame) == ["TEST MODE: no real money moves (Paystack)"])


def test_the_nurse_sees_no_test_mode(sign_in: SignIn, connection: FakeConnection, qtbot: QtBot) -> None:
    desk = sign_in(Role.NURSE)

    connection.happen(ReachabilityChanged(row=PAYSTACK_UP))
    qtbot.waitUntil(lambda: PAYSTACK_UP in (desk._desk.outside.rows or []))

    assert strips(desk.frame) == []


def test_the_administrator_opens_jobs_and_providers_by_key(
    sign_in: SignIn, connection: FakeConnection, qtbot: QtBot
) -> None:
    """With the strip above each while a provider is in test mode."""
    desk = sign_in(Role.ADMINISTRATOR)
    connection.happen(ReachabilityChanged(row=PAYSTACK_UP))
    control = Qt.KeyboardModifier.ControlModifier

    QTest.keyClick(desk.frame, Qt.Key.Key_3, control)
    qtbot.waitUntil(lambda: isinstance(desk.frame.current, OutsideWorkspace))
    QTest.keyClick(desk.frame, Qt.Key.Key_4, control)
    qtbot.waitUntil(lambda: isinstance(desk.frame.current, ProvidersWorkspace))

    qtbot.waitUntil(lambda: len(strips(desk.frame)) == 3)
    providers = desk.frame.current
    assert isinstance(providers, ProvidersWorkspace)
    qtbot.waitUntil(providers.panel.table.hasFocus)


def test_a_job_that_was_given_up_stays_on_the_screen_and_leads_to_the_list(
    sign_in: SignIn, connection: FakeConnection, qtbot: QtBot
) -> None:
    """With its reason; the list shows what has failed, also when it is built only now."""
    desk = sign_in(Role.ADMINISTRATOR)
    connection.answer(ListJobs, JOBS)

    connection.happen(given_up(7))
    qtbot.waitUntil(lambda: bool(toasts(desk)), timeout=GATHER_MS * 30)
    toast = toasts(desk)[0]
    said = toast.accessibleName()
    show = next(each for each in toast.findChildren(SecondaryButton) if each.text() == "Show")
    show.click()

    assert said == "Given up: Refund 7 Paystack says no."
    qtbot.waitUntil(lambda: connection.requests(ListJobs)[-1] == ListJobs(state=JobState.FAILED))
    qtbot.waitUntil(lambda: isinstance(desk.frame.current, OutsideWorkspace))


def test_many_that_were_given_up_at_once_are_one_piece_of_news(
    sign_in: SignIn, connection: FakeConnection, qtbot: QtBot
) -> None:
    desk = sign_in(Role.ADMINISTRATOR)

    for number in range(5):
        connection.happen(given_up(number))

    qtbot.waitUntil(lambda: bool(toasts(desk)), timeout=GATHER_MS * 30)
    assert [toast.accessibleName() for toast in toasts(desk)] == [
        "5 jobs outside were given up Paystack says no."
    ]


def test_at_sign_in_the_administrator_hears_what_was_given_up_meanwhile(
    sign_in: SignIn, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Nobody sat there at night. Others are not asked, since they could do nothing about it."""
    connection.answer(ListJobs, lambda _request: Jobs(rows=[JOBS.rows[2]], counts={"failed": 1}))
    cashier = sign_in(Role.CASHIER)
    for_others = list(connection.requests(ListJobs))

    desk = sign_in(Role.ADMINISTRATOR)

    qtbot.waitUntil(lambda: bool(toasts(desk)))
    assert toasts(desk)[0].accessibleName().startswith("1 job outside was given up lately")
    assert for_others == []
    assert toasts(cashier) == []
