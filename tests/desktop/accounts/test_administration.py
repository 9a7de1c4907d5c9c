"""The administrator's page: staff, sessions, devices and pairing codes, and one's own password."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec import structs
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from hms_desktop.accounts.panel import AdministrationPanel
from hms_desktop.accounts.password.panel import PasswordPanel
from hms_desktop.session import Session
from hms_desktop.widgets.buttons import SecondaryButton
from hms_server.contract.accounts import (
    AddStaff,
    ChangePassword,
    Device,
    DeviceList,
    EndSessions,
    ListDevices,
    ListStaff,
    Nothing,
    OpenPairing,
    PairingCode,
    RevokeDevice,
    SetStaffActive,
    StaffAdded,
    StaffChanged,
    StaffList,
    StaffMember,
)
from hms_server.contract.envelope import Fault
from hms_server.contract.values import DeviceId, Role, StaffId
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import LONG_NAME, NOW, ZONE

AMA = StaffMember(
    id=StaffId(2),
    user_name="ama",
    name=LONG_NAME,
    roles=[Role.NURSE, Role.RECEPTIONIST],
    active=True,
    open_sessions=1,
    last_seen_at=NOW,
)
OLD = StaffMember(
    id=StaffId(3),
    user_name="old",
    name="Old Colleague",
    roles=[Role.DOCTOR],
    active=False,
    open_sessions=0,
    last_seen_at=None,
)
DESK = Device(id=DeviceId(1), name="Front desk 1", fingerprint="Zx8yQ1aa", paired_at=NOW, revoked=False)


@pytest.fixture
def open_page(
    connection: FakeConnection, session: Session, qtbot: QtBot
) -> Callable[[], AdministrationPanel]:
    """Shows two members of staff and one device."""
    connection.answer(ListStaff, StaffList([AMA, OLD]))
    connection.answer(ListDevices, DeviceList([DESK]))

    def make() -> AdministrationPanel:
        panel = AdministrationPanel(session, clock=lambda: NOW, zone=ZONE)
        qtbot.addWidget(panel)
        panel.resize(1180, 620)
        with qtbot.waitExposed(panel):
            panel.show()
        qtbot.waitUntil(lambda: panel.staff.table.model().rowCount() == 2)
        return panel

    return make


def test_staff_are_listed_with_roles_and_state(open_page: Callable[[], AdministrationPanel]) -> None:
    """Who cannot sign in any more is still named."""
    model = open_page().staff.table.model()

    rows = [[model.index(row, column).data() for column in range(5)] for row in range(2)]

    assert rows == [
        [LONG_NAME, "ama", "Nurse, Receptionist", "Signed in", "10:42"],
        ["Old Colleague", "old", "Doctor", "Switched off", "never"],
    ]


def test_somebody_new_gets_a_password_that_is_shown_once(
    open_page: Callable[[], AdministrationPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """The form is empty for the next one."""
    panel = open_page().staff
    connection.answer(AddStaff, StaffAdded(id=StaffId(9), password="abcd-efgh-ijkl"))

    QTest.keyClicks(panel.name.editor, "Esi Owusu")
    QTest.keyClicks(panel.user_name.editor, "esi")
    panel.primary()
    assert panel._roles_error.isVisible()
    QTest.keyClick(panel.roles[Role.CASHIER], Qt.Key.Key_Space)
    panel.primary()
    qtbot.waitUntil(lambda: "abcd-efgh-ijkl" in panel.notice.text())

    assert connection.requests(AddStaff) == [
        AddStaff(user_name="esi", name="Esi Owusu", roles=[Role.CASHIER])
    ]
    assert not panel.name.text()


def test_a_user_name_that_is_taken_is_said_at_the_field(
    open_page: Callable[[], AdministrationPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """What was typed stays."""
    panel = open_page().staff
    fault = Fault(code="accounts.user_name_taken", message="Somebody else has it.", field="user_name")
    connection.answer(AddStaff, fault)
    panel.name.set_text("Esi Owusu")
    panel.user_name.set_text("ama")
    panel.roles[Role.CASHIER].setChecked(True)

    panel.primary()

    qtbot.waitUntil(lambda: panel.user_name.error() == "Somebody else has it.")
    assert panel.name.text() == "Esi Owusu"


def test_somebody_is_signed_out_everywhere_and_switched_off_by_keys(
    open_page: Callable[[], AdministrationPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """Both can be seen in the list afterwards."""
    panel = open_page().staff
    connection.answer(EndSessions, Nothing())
    connection.answer(SetStaffActive, Nothing())
    panel.take_focus()
    panel.table.choose(AMA.id)

    QTest.keyClick(panel.table, Qt.Key.Key_F6)
    qtbot.waitUntil(lambda: "signed out everywhere" in panel.notice.text())
    QTest.keyClick(panel.table, Qt.Key.Key_F7)
    qtbot.waitUntil(lambda: "cannot sign in" in panel.notice.text())

    assert connection.requests(EndSessions) == [EndSessions(staff_id=AMA.id)]
    assert connection.requests(SetStaffActive) == [SetStaffActive(staff_id=AMA.id, active=False)]


def test_what_another_administrator_does_appears_by_itself(
    open_page: Callable[[], AdministrationPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """The event fetches the list."""
    panel = open_page().staff
    connection.answer(ListStaff, StaffList([AMA]))

    connection.happen(StaffChanged(staff_id=OLD.id))

    qtbot.waitUntil(lambda: panel.table.model().rowCount() == 1)


def test_devices_are_listed_with_their_programs(
    open_page: Callable[[], AdministrationPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """One that is older than the server's is said so, unless it cannot connect any more."""
    others = [
        structs.replace(DESK, version="0.3.1"),
        structs.replace(DESK, id=DeviceId(2), version="0.2.0", is_outdated=True),
        structs.replace(DESK, id=DeviceId(3), version="0.2.0", is_outdated=True, revoked=True),
        structs.replace(DESK, id=DeviceId(4)),
    ]
    connection.answer(ListDevices, DeviceList(others))
    model = open_page().devices.table.model()
    qtbot.waitUntil(lambda: model.rowCount() == len(others))

    told = [(model.index(row, 2).data(), model.index(row, 4).data()) for row in range(len(others))]

    assert told == [("0.3.1", "Paired"), ("0.2.0", "Old program"), ("0.2.0", "Revoked"), ("–", "Paired")]


def test_a_code_for_a_new_workstation_stands_large(
    open_page: Callable[[], AdministrationPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """Enter in the name's field opens it; without a name the field asks for one."""
    panel = open_page().devices
    code = PairingCode(code="1234 5678", expires_at=NOW + timedelta(minutes=10))
    connection.answer(OpenPairing, code)

    panel.open_code()
    assert panel.name.error()
    QTest.keyClicks(panel.name.editor, "Front desk 2")
    QTest.keyClick(panel.name.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(panel.code.isVisible)

    assert panel.code.text() == "1234 5678"
    assert "10:52" in panel._code_hint.text()
    assert connection.requests(OpenPairing) == [OpenPairing(device_name="Front desk 2")]


def test_a_device_is_cut_off_only_after_it_was_named(
    open_page: Callable[[], AdministrationPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """It cannot be taken back, so the page asks once, without a dialog."""
    panel = open_page().devices
    connection.answer(RevokeDevice, Nothing())
    panel.table.choose(DESK.id)

    panel.revoke_button.click()
    assert "Front desk 1 (Zx8yQ1aa)" in panel.notice.text()
    assert not connection.requests(RevokeDevice)
    buttons = panel.notice.findChildren(SecondaryButton)
    next(button for button in buttons if button.text().startswith("Cut off")).click()
    qtbot.waitUntil(lambda: "is cut off" in panel.notice.text())

    assert connection.requests(RevokeDevice) == [RevokeDevice(device_id=DESK.id)]


def test_a_new_password_is_typed_twice(connection: FakeConnection, session: Session, qtbot: QtBot) -> None:
    """Two that differ are not sent; a wrong old one is said at its field."""
    page = PasswordPanel(session)
    qtbot.addWidget(page)
    with qtbot.waitExposed(page):
        page.show()
    page.start()
    wrong = Fault(code="accounts.wrong_password", message="This is not your password.", field="old_password")
    connection.answer(ChangePassword, wrong)

    for field, text in ((page.old, "old secret"), (page.new, "new secret"), (page.again, "new secre")):
        QTest.keyClicks(field.editor, text)
        QTest.keyClick(field.editor, Qt.Key.Key_Return)
    assert "differ" in page.again.error()
    QTest.keyClicks(page.again.editor, "t")
    QTest.keyClick(page.again.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.old.error() == "This is not your password.")
    connection.answer(ChangePassword, Nothing())
    page.button.click()
    qtbot.waitUntil(lambda: "is stored" in page.notice.text())

    sent = ChangePassword(old_password="old secret", new_password="new secret")
    assert connection.requests(ChangePassword) == [sent, sent]
    assert not page.new.text()


def test_a_long_refusal_lies_over_no_field(
    connection: FakeConnection, session: Session, qtbot: QtBot
) -> None:
    """And Ctrl+Enter tries again; what was said of the try before is gone."""
    page = PasswordPanel(session)
    qtbot.addWidget(page)
    page.resize(1280, 720)
    with qtbot.waitExposed(page):
        page.show()
    page.start()
    sentence = "This password is too easy to guess: take ten letters, digits or signs, and no name."
    connection.answer(ChangePassword, Fault(code="accounts.weak", message=sentence, field="new_password"))

    QTest.keyClick(page.old.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)

    qtbot.waitUntil(lambda: page.new.error() == sentence)
    said = next(each for each in page.new.findChildren(QLabel) if each.text() == sentence)
    qtbot.waitUntil(lambda: said.height() >= said.heightForWidth(said.width()))
    assert said.geometry().top() > page.new.editor.geometry().bottom()
