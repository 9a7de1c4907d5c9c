"""The strip above the sign-in page: what it says, and that nobody who works is disturbed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from hms_desktop.connection.identity import KeyPair, Pairing, PinnedServer
from hms_desktop.session import Session
from hms_desktop.shell.login import LoginPage
from hms_desktop.shell.main_window import MainWindow
from hms_desktop.updates.applying import Means
from hms_desktop.updates.attending import UpdateOptions, Updates
from hms_desktop.updates.panel import UpdateStrip
from hms_desktop.updates.state import Phase, Situation, UpdatesState
from hms_server.contract.accounts import SignOut
from hms_server.contract.updates import UpdateOffer
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import SampleLink
from tests.desktop.updates.lines import KEYS, FakeLine, bundle, serving, workstation

READY = Situation(phase=Phase.READY, version="0.3.0", mine="0.2.0")
SITUATIONS = {
    "ready": READY,
    "notes": replace(READY, notes="Labels print on both sizes of paper."),
    "tonight": replace(READY, tonight=True),
    "unsent": replace(READY, unsent=2),
    "required": replace(READY, required=True),
    "administrator": replace(READY, means=Means.ADMINISTRATOR),
    "by hand": replace(
        READY,
        means=Means.BY_HAND,
        command="sudo hms-desktop --install-update /home/ama/.local/share/hms-desktop/updates/"
        "4f1d22c09ab1-hms-desktop-0.3.0-linux-x86_64.deb",
    ),
    "fetching": replace(READY, phase=Phase.FETCHING, required=True, percent=35),
    "applying": replace(READY, phase=Phase.APPLYING),
    "trouble": replace(
        READY,
        phase=Phase.TROUBLE,
        sentence="The update on the server was not signed by the makers of this program. It is not used.",
    ),
    "too old": replace(READY, phase=Phase.TOO_OLD, required=True),
    "newer": Situation(phase=Phase.SERVER_OLDER, version="0.1.0", mine="0.2.0"),
    "taken back": replace(READY, phase=Phase.TAKEN_BACK),
    "done": Situation(phase=Phase.DONE, mine="0.3.0"),
}


class FakeState(QObject):
    """What the strip needs of the state, and what was chosen."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.situation = Situation()
        self.is_quiet = False
        self.chosen: list[str] = []

    def show(self, situation: Situation) -> None:
        self.situation = situation
        self.changed.emit()

    def update_now(self) -> None:
        self.chosen.append("now")

    def update_tonight(self) -> None:
        self.chosen.append("tonight")

    def update_later(self) -> None:
        self.chosen.append("later")

    def try_again(self) -> None:
        self.chosen.append("again")


@pytest.fixture
def state(qapp: QApplication) -> FakeState:
    return FakeState()


@pytest.fixture
def window(qtbot: QtBot) -> MainWindow:
    made = MainWindow("Unity Clinic")
    qtbot.addWidget(made)
    made.resize(1280, 720)
    return made


@pytest.fixture
def strip(window: MainWindow, state: FakeState) -> UpdateStrip:
    made = UpdateStrip(state)  # type: ignore[arg-type] # a fake state
    window.setMenuWidget(made)
    page = LoginPage("Unity Clinic")
    window.show_page(page)
    window.show()
    window.activateWindow()
    QTest.qWaitForWindowActive(window)
    return made


def buttons(strip: UpdateStrip) -> list[str]:
    found = strip.notice.findChildren(QPushButton)
    return [button.accessibleName() for button in found if not button.isHidden()]


@pytest.mark.parametrize(
    ("name", "words", "offered"),
    [
        ("ready", "Version 0.3.0 is ready.", ["Update now", "Tonight", "Later"]),
        ("notes", "Labels print on both sizes", ["Update now", "Tonight", "Later"]),
        ("tonight", "updates itself tonight", ["Update now", "Later"]),
        ("unsent", "2 entries made here are not stored yet", ["Update now", "Tonight", "Later"]),
        ("required", "too old for the server", ["Update now"]),
        ("administrator", "an administrator's password", ["Update now", "Later"]),
        ("by hand", "sudo hms-desktop --install-update", ["Later"]),
        ("fetching", "being fetched: 35 %", []),
        ("applying", "is being installed", []),
        ("trouble", "was not used", ["Try again", "Later"]),
        ("too old", "nobody can sign in here", ["Try again"]),
        ("newer", "Update the server first", ["Close"]),
        ("taken back", "Version 0.2.0 was put back", ["Try again", "Later"]),
        ("done", "has version 0.3.0 now", ["Close"]),
    ],
)
def test_each_situation_has_its_words_and_its_choices(
    strip: UpdateStrip, state: FakeState, name: str, words: str, offered: list[str]
) -> None:
    state.show(SITUATIONS[name])

    assert words in strip.text()
    assert buttons(strip) == offered


def test_a_download_that_nobody_waits_for_is_not_shown(strip: UpdateStrip, state: FakeState) -> None:
    state.show(replace(READY, phase=Phase.FETCHING, percent=35))

    assert strip.text() == ""


def test_keys_choose(strip: UpdateStrip, state: FakeState, window: MainWindow) -> None:
    """While the user name has the focus, as it has on that page."""
    state.show(READY)

    for key in (Qt.Key.Key_T, Qt.Key.Key_L, Qt.Key.Key_U):
        target = QApplication.focusWidget() or window
        QTest.keyClick(target, key, Qt.KeyboardModifier.AltModifier)

    assert state.chosen == ["tonight", "later", "now"]


def test_it_never_takes_the_focus_from_whoever_types(strip: UpdateStrip, state: FakeState) -> None:
    before = QApplication.focusWidget()
    assert before is not None
    QTest.keyClicks(before, "ama")

    state.show(READY)
    QTest.keyClicks(QApplication.focusWidget() or strip, "@")

    assert QApplication.focusWidget() is before


def test_news_that_change_nothing_leave_the_buttons_alone(strip: UpdateStrip, state: FakeState) -> None:
    state.show(READY)
    before = strip.notice.findChildren(QPushButton)

    state.changed.emit()

    assert strip.notice.findChildren(QPushButton) == before


def test_while_it_is_quiet_nothing_is_said(strip: UpdateStrip, state: FakeState) -> None:
    state.is_quiet = True

    state.show(READY)

    assert strip.text() == ""


class Attended:
    """A window with its sign-in page, attended as the program does it."""

    def __init__(self, window: MainWindow, session: Session, folder: Path) -> None:
        self.window = window
        self.login = LoginPage("Unity Clinic")
        self.line: FakeLine = serving(bundle("echo 0.3.0"))
        self.pairings: list[Pairing] = []
        home = folder / "home"
        (home / "versions").mkdir(parents=True)
        server = PinnedServer(
            name="Unity Clinic",
            addresses=["tcp://10.0.0.5:7717", "tcp://10.0.0.6:7717"],
            public_key="server",
            device_name="Desk",
        )
        self.updates = Updates(
            UpdateOptions(
                folder=folder, connect=self.connect, installation=workstation(home), keys=lambda: KEYS
            ),
            Pairing(server=server, keys=KeyPair(public_key="public", secret_key="secret")),
            session,
            window=window,
            login=self.login,
            unattended=lambda: False,
        )
        window.show_page(self.login)
        window.show()

    @property
    def state(self) -> UpdatesState:
        return self.updates.state

    def connect(self, pairing: Pairing) -> FakeLine:
        self.pairings.append(pairing)
        return self.line


@pytest.fixture
def attended(window: MainWindow, session: Session, tmp_path: Path) -> Iterator[Attended]:
    made = Attended(window, session, tmp_path)
    yield made
    made.updates.close()


def test_it_is_shown_at_the_sign_in_page_and_not_over_anybodys_work(attended: Attended, qtbot: QtBot) -> None:
    strip, work = attended.updates.strip, QPushButton("A patient's chart")
    attended.state.look()
    qtbot.waitUntil(lambda: bool(strip.text()), timeout=20_000)

    attended.window.show_page(work)
    at_work = strip.text()
    attended.window.show_page(attended.login)

    assert at_work == ""
    assert "Version 0.3.0 is ready." in strip.text()


def test_nothing_is_offered_any_more_once_the_pairing_has_ended(attended: Attended, qtbot: QtBot) -> None:
    attended.state.look()
    qtbot.waitUntil(lambda: bool(attended.updates.strip.text()), timeout=20_000)

    attended.updates.close()

    assert attended.updates.strip.text() == ""


def test_the_server_that_is_worked_with_is_asked_first(
    attended: Attended, connection: FakeConnection, qtbot: QtBot, session: Session
) -> None:
    """Each server keeps its own installers."""
    connection.link(SampleLink(server="tcp://10.0.0.6:7717"))
    qtbot.waitUntil(lambda: session.link is not None)

    attended.state.look()
    qtbot.waitUntil(lambda: attended.state.situation.phase is Phase.READY, timeout=20_000)

    assert attended.pairings[-1].server.addresses == ["tcp://10.0.0.6:7717", "tcp://10.0.0.5:7717"]


def test_what_waits_for_the_server_keeps_an_update_waiting(
    attended: Attended, session: Session, qtbot: QtBot
) -> None:
    attended.state.look()
    qtbot.waitUntil(lambda: attended.state.situation.phase is Phase.READY, timeout=20_000)
    session.save(SignOut(), done=lambda _: None)

    attended.state.update_now()

    assert "1 entry made here is not stored yet" in attended.updates.strip.text()


@pytest.mark.allow_log("keys for updates not read")
def test_damaged_keys_trust_nothing(window: MainWindow, session: Session, tmp_path: Path) -> None:
    def damaged() -> tuple[bytes, ...]:
        raise ValueError("'x' is not a public key for updates.")

    line = FakeLine(offer=UpdateOffer(server_version="0.2.0"))
    options = UpdateOptions(folder=tmp_path, connect=lambda _: line, installation=workstation(), keys=damaged)
    pairing = Pairing(
        server=PinnedServer(name="U", addresses=["tcp://1.1.1.1:1"], public_key="s", device_name="D"),
        keys=KeyPair(public_key="p", secret_key="s"),
    )

    updates = Updates(options, pairing, session, window=window, login=QWidget(), unattended=lambda: False)

    assert updates.state.situation.phase is Phase.NOTHING
    updates.close()
