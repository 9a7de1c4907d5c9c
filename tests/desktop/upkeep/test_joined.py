"""The servers joined to the frame of an administrator: the sign in the status bar, news of an alarm."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.outside_workspaces import ServerWorkspace
from hms_desktop.signed_in import SignedInDesk
from hms_server.contract.upkeep import ConditionsChanged, GetServerConditions
from hms_server.contract.values import Role
from tests.desktop.conftest import FakeConnection
from tests.desktop.relay.test_joined import sign_in, toasts
from tests.desktop.upkeep.samples import DISK, ILL, NO_PLACE, WELL, conditions

__all__ = ["sign_in"]
SignIn = Callable[[Role], SignedInDesk]


def test_an_administrator_sees_trouble_in_the_status_bar_and_gets_to_it(
    sign_in: SignIn, connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.answer(GetServerConditions, conditions(ILL))
    desk = sign_in(Role.ADMINISTRATOR)
    sign = desk.frame.status.server
    qtbot.waitUntil(lambda: sign.words() == "Server: There are no backups  +1")

    QTest.mouseClick(sign, Qt.MouseButton.LeftButton)

    qtbot.waitUntil(lambda: isinstance(desk.frame.current, ServerWorkspace))


def test_a_new_alarm_is_told_once_and_stays_until_it_is_seen(
    sign_in: SignIn, connection: FakeConnection, qtbot: QtBot
) -> None:
    connection.answer(GetServerConditions, conditions(WELL))
    desk = sign_in(Role.ADMINISTRATOR)
    qtbot.waitUntil(lambda: bool(connection.requests(GetServerConditions)))
    connection.answer(GetServerConditions, conditions(ILL))

    connection.happen(ConditionsChanged(server="a1", host="clinic-server", conditions=[NO_PLACE, DISK]))

    qtbot.waitUntil(lambda: bool(toasts(desk)))
    assert [each.accessibleName() for each in toasts(desk)] == [
        f"clinic-server: There are no backups {NO_PLACE.remedy}"
    ]
    qtbot.waitUntil(lambda: bool(desk.frame.status.server.words()))


@pytest.mark.parametrize("role", [Role.NURSE, Role.CASHIER])
def test_nobody_else_is_asked_to_look_after_servers(
    sign_in: SignIn, connection: FakeConnection, role: Role
) -> None:
    connection.answer(GetServerConditions, conditions(ILL))
    desk = sign_in(role)

    assert connection.requests(GetServerConditions) == []
    assert desk.frame.status.server.words() == ""
