"""The search and the pairing behind their page."""

import socket
from collections.abc import Iterator

import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.connection.discovery import Found
from hms_desktop.connection.pairing import DeskAddress
from hms_desktop.pairing_desk import PairingDesk

KEY = "A1B2 C3D4 E5F6 0718"


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[PairingDesk]:
    made = PairingDesk(address="", device_name="desk-7")
    qtbot.addWidget(made.page)
    made.page.show()
    yield made
    made.stop_looking()


def found(*desks: DeskAddress) -> Found:
    return Found(name="Unity Clinic", fingerprint=KEY, version="0.1.0", protocol=1, desks=desks, servers=())


@pytest.mark.parametrize(
    ("host", "shown"), [("192.168.1.10", "192.168.1.10:7718"), ("fe80::1", "[fe80::1]:7718")]
)
def test_a_found_address_can_be_typed_as_it_is_shown(desk: PairingDesk, host: str, shown: str) -> None:
    desk._on_found([found(DeskAddress(host, 7718))])

    assert desk.page.address.text() == shown
    assert DeskAddress.typed(shown) == DeskAddress(host, 7718)


def test_a_server_in_two_networks_is_reached_in_the_other(desk: PairingDesk, qtbot: QtBot) -> None:
    """Nothing answers at its first address; at the second one something does, though no pairing desk."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        silent = listener.getsockname()[1]
        asked = [f"127.0.0.1:{silent}", "not an address"]
        desk._ways = {asked[0]: asked}
        desk.page.address.set_text(asked[0])
        QTest.keyClicks(desk.page.code.editor, "1234 5678")

        desk.page.button.click()
        qtbot.waitUntil(lambda: bool(desk.page.address.error()), timeout=30_000)

    assert "is not an address" in desk.page.address.error()
