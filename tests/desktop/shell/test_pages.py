"""Sign-in and pairing: by keyboard, errors at their field, what was typed stays."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from hms_desktop.shell.login import LoginPage
from hms_desktop.shell.main_window import MainWindow
from hms_desktop.shell.pairing import LOOK_MS, FoundServer, PairingPage
from hms_desktop.widgets.states import QUIET_MS
from hms_desktop.widgets.style import apply_style
from hms_desktop.widgets.tokens import Tokens


@pytest.fixture
def login(qtbot: QtBot) -> LoginPage:
    page = LoginPage("Unity Clinic")
    qtbot.addWidget(page)
    page.start()
    page.resize(1024, 640)
    page.show()
    page.activateWindow()
    QTest.qWaitForWindowActive(page)
    return page


def test_sign_in_by_keyboard(qtbot: QtBot, login: LoginPage) -> None:
    """Name, Enter, password, Enter."""
    QTest.keyClicks(login.user.editor, "ngozi")
    QTest.keyClick(login.user.editor, Qt.Key.Key_Return)
    on_password = login.password.editor.hasFocus()
    QTest.keyClicks(login.password.editor, " my secret ")

    with qtbot.waitSignal(login.sign_in_requested) as asked:
        QTest.keyClick(login.password.editor, Qt.Key.Key_Return)

    assert on_password
    assert asked.args == ["ngozi", " my secret "]
    assert login.password.editor.echoMode() is QLineEdit.EchoMode.Password


def test_missing_password_is_said_at_its_field(qtbot: QtBot, login: LoginPage) -> None:
    """Nothing is sent that cannot succeed."""
    login.user.set_text("ngozi")

    with qtbot.assertNotEmitted(login.sign_in_requested):
        QTest.mouseClick(login.button, Qt.MouseButton.LeftButton)

    assert login.password.error() == "Type your password."
    assert login.password.editor.hasFocus()


def test_refusal_keeps_the_name_and_selects_the_password(login: LoginPage) -> None:
    """Who mistyped a password types over it."""
    login.user.set_text("ngozi")
    login.password.set_text("wrong")
    login.show_busy()

    login.show_refusal("User name or password is wrong.", field="password")

    assert login.user.text() == "ngozi"
    assert login.password.error() == "User name or password is wrong."
    assert login.password.editor.selectedText() != ""
    assert login.button.isEnabled()


def test_refusal_without_a_field_is_a_notice(login: LoginPage) -> None:
    """A server that is away is no mistake of the person."""
    login.show_refusal("There is no connection to the server.")

    assert login.notice.text() == "There is no connection to the server."
    assert login.password.error() == ""


def test_no_second_sign_in_while_one_is_under_way(qtbot: QtBot, login: LoginPage) -> None:
    """An impatient second Enter asks nothing; a bar appears only when it takes long."""
    login.user.set_text("ngozi")
    login.password.set_text("secret")
    login.show_busy()
    at_once = login.bar.isVisible()

    with qtbot.assertNotEmitted(login.sign_in_requested):
        QTest.keyClick(login.password.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(login.bar.isVisible, timeout=QUIET_MS * 4)

    assert not at_once


@pytest.mark.parametrize(
    ("letter", "modifier", "hint"),
    [
        ("A", Qt.KeyboardModifier.NoModifier, "Caps Lock is on"),
        ("a", Qt.KeyboardModifier.NoModifier, ""),
        ("A", Qt.KeyboardModifier.ShiftModifier, ""),
        ("1", Qt.KeyboardModifier.NoModifier, ""),
    ],
)
def test_caps_lock_is_noticed(
    login: LoginPage, letter: str, modifier: Qt.KeyboardModifier, hint: str
) -> None:
    """A password that cannot be seen is not typed in capitals unawares."""
    login.password.editor.setFocus()

    QTest.sendKeyEvent(QTest.KeyAction.Click, login.password.editor, Qt.Key.Key_A, letter, modifier)

    assert login.password.editor.accessibleDescription() == hint


def test_the_card_grows_with_the_letters_that_somebody_chose(qapp: QApplication, qtbot: QtBot) -> None:
    """They are chosen while signed in; the sign-in page waits behind since the start."""
    window = MainWindow("Unity Clinic")
    qtbot.addWidget(window)
    window.resize(1280, 720)
    login = LoginPage("Unity Clinic")
    window.show_page(login)
    window.show()
    before = login.card.width()
    window.show_page(QWidget())
    try:
        apply_style(qapp, Tokens(factor=1.5), window=window)
        window.show_page(login)
        after = login.card.width()
    finally:
        apply_style(qapp, Tokens())

    assert after == round(1.5 * before)


def test_a_page_that_was_shut_for_an_update_takes_the_keys_again(login: LoginPage) -> None:
    login.user.set_text("ngozi")
    login.setEnabled(False)

    login.setEnabled(True)

    assert login.password.editor.hasFocus()


def test_lock_screen_asks_for_the_password_only(login: LoginPage) -> None:
    """Who locked the screen is named, and nothing of the last password stays."""
    login.password.set_text("secret")

    login.start("ngozi")

    assert (login.user.text(), login.password.text()) == ("ngozi", "")
    assert login.password.editor.hasFocus()


FOUND = [
    FoundServer(name="Unity Clinic", address="192.168.1.10:7001", fingerprint="A1B2 C3D4 E5F6 0718"),
    FoundServer(name="Other Clinic", address="192.168.1.11:7001", fingerprint="0718 A1B2 C3D4 E5F6"),
]


@pytest.fixture
def pairing(qtbot: QtBot) -> PairingPage:
    page = PairingPage(device_name="Front desk 1")
    qtbot.addWidget(page)
    page.start()
    page.resize(1024, 700)
    page.show()
    page.activateWindow()
    QTest.qWaitForWindowActive(page)
    return page


def test_found_server_needs_only_the_code(qtbot: QtBot, pairing: PairingPage) -> None:
    """With a server in the network the code is all there is to type."""
    pairing.show_servers(FOUND[:1])

    with qtbot.waitSignal(pairing.pair_requested) as asked:
        QTest.keyClicks(pairing.code.editor, "1234 5678")
        QTest.keyClick(pairing.code.editor, Qt.Key.Key_Return)

    assert asked.args == ["192.168.1.10:7001", "1234 5678", "Front desk 1"]


def test_two_servers_of_one_clinic_are_one_choice(pairing: PairingPage) -> None:
    """They have the same key, and either of them pairs."""
    second = FoundServer(name="Unity Clinic", address="192.168.1.12:7001", fingerprint=FOUND[0].fingerprint)

    pairing.show_servers([FOUND[0], second])

    assert pairing.address.text() == FOUND[0].address


def test_of_several_clinics_the_person_chooses(qtbot: QtBot, pairing: PairingPage) -> None:
    """Also where the second one answered a moment after the first; nothing is sent to a stranger."""
    pairing.show_servers(FOUND[:1])
    pairing.show_servers(FOUND)
    QTest.keyClicks(pairing.code.editor, "1234 5678")

    with qtbot.assertNotEmitted(pairing.pair_requested):
        QTest.keyClick(pairing.code.editor, Qt.Key.Key_Return)
    asked_at = pairing.address.error()
    pairing.table.setFocus()
    QTest.keyClick(pairing.table, Qt.Key.Key_Down)

    assert asked_at == "Choose a server above or type its address."
    assert pairing.address.text() in {found.address for found in FOUND}


def test_typed_address_is_not_overwritten(pairing: PairingPage) -> None:
    """A server found meanwhile does not replace what a person typed."""
    QTest.keyClicks(pairing.address.editor, "10.0.0.5")

    pairing.show_servers(FOUND[:1])
    pairing.show_servers(FOUND)

    assert pairing.address.text() == "10.0.0.5"


def test_another_found_server_can_be_chosen(pairing: PairingPage) -> None:
    """Two clinics in one network are told apart by name, address and key; a late third changes nothing."""
    pairing.show_servers(FOUND)
    pairing.table.setFocus()

    QTest.keyClick(pairing.table, Qt.Key.Key_Down)
    QTest.keyClick(pairing.table, Qt.Key.Key_Down)
    third = FoundServer(name="Third", address="192.168.1.13:7001", fingerprint="FFFF")
    pairing.show_servers([*FOUND, third])

    assert pairing.address.text() == "192.168.1.11:7001"
    shown = [column.text(FOUND[1]) for column in pairing._model.columns]
    assert shown == ["Other Clinic", "192.168.1.11:7001", "0718 A1B2 C3D4 E5F6"]


def test_no_server_is_said_after_two_seconds(qtbot: QtBot, pairing: PairingPage) -> None:
    """First that it looks, then what to do instead."""
    looking = pairing.servers._empty.text()

    qtbot.waitUntil(lambda: "Type its address" in pairing.servers._empty.text(), timeout=LOOK_MS * 10)

    assert "Looking" in looking
    assert pairing.servers.state() == "empty"


def test_a_server_that_answers_late_still_appears(qtbot: QtBot, pairing: PairingPage) -> None:
    """And one that goes leaves the sentence behind, not an empty table."""
    pairing._look.setInterval(1)
    pairing._look.start()
    qtbot.waitUntil(lambda: not pairing._look.isActive())

    pairing.show_servers(FOUND[:1])
    shown = pairing.servers.state()
    pairing.show_servers([])

    assert (shown, pairing.servers.state()) == ("filled", "empty")


@pytest.mark.parametrize("field", ["address", "code", "device_name", None])
def test_refusal_is_said_at_its_field(pairing: PairingPage, field: str | None) -> None:
    """A wrong code is said at the code, and what was typed stays."""
    pairing.code.set_text("1234 5678")
    fields = {"address": pairing.address, "code": pairing.code, "device_name": pairing.device}
    pairing.show_busy()

    pairing.show_refusal("This did not work.", field=field)

    said = fields[field].error() if field else pairing.notice.text()
    assert said == "This did not work."
    assert pairing.code.text() == "1234 5678"
    assert pairing.button.isEnabled()
