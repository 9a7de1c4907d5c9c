"""The manual: every workspace has a page, every key and link in it is true, and F1 never loses the place."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt, QUrl
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QVBoxLayout
from pytestqt.qtbot import QtBot

from hms_desktop.shell.frame import Frame
from hms_desktop.shell.header import SignedInAs
from hms_desktop.shell.help import HelpPanel
from hms_desktop.shell.login import LoginPage
from hms_desktop.shell.main_window import MainWindow
from hms_desktop.shell.rail import WorkspaceEntry
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.style import apply_style
from hms_desktop.widgets.tokens import DARK, Theme, Tokens
from hms_desktop.widgets.workspace import Workspace
from hms_desktop.workspaces import WORKSPACES
from hms_server.contract.manual import START, Manual, load_manual
from tests.desktop.samples import NOW, ZONE

DESKTOP = Path(__file__).parents[3] / "hms_desktop"
STATION = ("visits/panel.py",)
SOURCES = {
    "front-desk": ("patients", "visits/waiting"),
    "nurse": ("triage", *STATION),
    "doctor": ("consultations", "prescribing", *STATION),
    "pharmacy": ("pharmacy/panel.py", "pharmacy/line", *STATION),
    "stock": ("pharmacy/stock",),
    "billing": (
        "billing/panel.py",
        "billing/aside",
        "billing/cash",
        "billing/refund",
        "billing/sheet",
        "paystack/panel.py",
        "paystack/ask",
        "paystack/watch",
        *STATION,
    ),
    "prices": ("billing/prices",),
    "paystack": ("paystack/tasks", "paystack/nights"),
    "administration": ("accounts/staff", "accounts/devices"),
    "hours": ("scheduling/hours", "scheduling/week", "scheduling/exceptions"),
    "appointments": ("scheduling/panel.py", "scheduling/booking"),
    "messages": ("messaging",),
    "assistant": ("assistant",),
    "outside": ("relay/panel.py", "relay/jobs"),
    "providers": ("relay/provider", "relay/providers"),
    "looking-after": ("upkeep",),
    "first-day": ("server_setup",),
    "updates": ("updates",),
    "workplace": ("first_start", "shell/login.py", "shell/sight.py", "shell/pairing.py", "app.py"),
}
"""Where the keys of a page come from."""
EVERYWHERE = {
    "F1",
    "Shift+F1",
    "F2",
    "F8",
    "Ctrl+Enter",
    "Ctrl+K",
    "Ctrl+B",
    "Ctrl+I",
    "Ctrl+1",
    "Ctrl+2",
    "Tab",
    "Enter",
    "Esc",
}
OF_LISTS = {"Up", "Down", "Enter", "Esc", "Del", "Tab"}
LONGEST_WORDS = 420
"""About two screens of the panel."""
LOOKED_UP = {"troubles": 700}
"""A page of many short sections, of which one is read at a time."""
LEADING_ON = re.compile(r"- \[[^\]]+\]\(\S+\.md\)")
"""A line of the list of pages, which is looked through and not read."""


def manual() -> Manual:
    return load_manual()


def keys_in(markdown: str) -> set[str]:
    """What stands in code font; nothing but keys does."""
    return set(re.findall(r"`([^`]+)`", markdown))


def code_of(places: tuple[str, ...]) -> Iterator[str]:
    for place in places:
        path = DESKTOP / place
        files = [path] if path.is_file() else sorted(path.rglob("*.py"))
        assert files, place
        for file in files:
            yield file.read_text(encoding="utf-8")


def keys_of(places: tuple[str, ...]) -> set[str]:
    """Keys on buttons, in shortcuts, and the letters that Alt picks ("&Vitals")."""
    found: set[str] = set()
    for code in code_of(places):
        found |= set(re.findall(r'key="([^"]+)"', code))
        found |= set(re.findall(r'QKeySequence\("([^"]+)"\)', code))
        found |= set(re.findall(r'\("(Alt\+[A-Za-z]+)", -?\d', code))
        found |= {f"Alt+{letter.upper()}" for letter in re.findall(r'tr\("&(\w)', code)}
    return found


def test_every_workspace_has_its_page() -> None:
    """By its key, so that F1 finds it."""
    pages = manual().pages

    for keys in WORKSPACES.values():
        for key in keys:
            assert key.replace("_", "-") in pages


def test_the_first_page_leads_to_all_others() -> None:
    pages = manual().pages
    linked = set(re.findall(r"\]\((\S+)\.md\)", pages[START].markdown))

    assert linked == set(pages) - {START}


@pytest.mark.parametrize("name", sorted(manual().pages))
def test_the_links_of_a_page_lead_to_pages(name: str) -> None:
    """And none leads out of the clinic."""
    page = manual().pages[name]

    for target in re.findall(r"\]\(([^)]*)\)", page.markdown):
        assert target.removesuffix(".md") in manual().pages, target


@pytest.mark.parametrize("name", sorted(manual().pages))
def test_the_keys_of_a_page_are_those_of_the_program(name: str) -> None:
    """A key that has moved in the program must not stay in the manual."""
    known = EVERYWHERE | OF_LISTS | keys_of(SOURCES.get(name, ("prescribing", "visits/panel.py", "app.py")))

    for key in keys_in(manual().pages[name].markdown):
        assert not QKeySequence(key).isEmpty(), key
        assert key in known, key


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_key_on_a_button_stands_in_its_page(name: str) -> None:
    """Who reads the page has read of every key."""
    shown = {
        key for code in code_of(SOURCES[name]) for key in re.findall(r'key="((?!error|trouble)[^"]+)"', code)
    }

    assert shown - keys_in(manual().pages[name].markdown) == set()


@pytest.mark.parametrize("name", sorted(manual().pages))
def test_a_page_is_short_and_says_what_to_do_when_something_goes_wrong(name: str) -> None:
    page = manual().pages[name]
    headings = [section.heading for section in page.sections]

    assert headings[0] == page.title
    read = [line for line in page.markdown.splitlines() if not LEADING_ON.match(line)]
    assert len(" ".join(read).split()) <= LOOKED_UP.get(name, LONGEST_WORDS)
    assert name == "internet" or "When something goes wrong" in headings


class Desk(Workspace):
    """A workspace with a note and a button that means Esc as well."""

    def __init__(self) -> None:
        super().__init__()
        self.note = QPlainTextEdit()
        self.stay = SecondaryButton("Stay", key="Esc")
        self.stayed = 0
        self.stay.clicked.connect(self._on_stay)
        column = QVBoxLayout(self)
        column.addWidget(self.note)
        column.addWidget(self.stay)

    def shown(self) -> None:
        self.note.setFocus()

    def _on_stay(self) -> None:
        self.stayed += 1


@pytest.fixture
def window(qtbot: QtBot) -> MainWindow:
    made = MainWindow("Unity Clinic")
    qtbot.addWidget(made)
    made.resize(1280, 720)
    entries = [
        WorkspaceEntry(key=key, title=key, icon_name="pill", factory=Desk) for key in ("nurse", "front_desk")
    ]
    who = SignedInAs(name="Ama Serwaa", role="Nurse", room="Triage")
    made.show_page(Frame(entries, who=who, clock=lambda: NOW, zone=ZONE))
    made.show()
    made.activateWindow()
    QTest.qWaitForWindowActive(made)
    return made


@pytest.fixture
def help_panel(window: MainWindow) -> HelpPanel:
    return window.help


def desk_of(window: MainWindow) -> Desk:
    frame = window.page
    assert isinstance(frame, Frame)
    assert isinstance(frame.current, Desk)
    return frame.current


def press(key: Qt.Key) -> None:
    target = QApplication.focusWidget()
    assert target is not None
    QTest.keyClick(target, key)


def test_f1_opens_the_page_of_the_screen_and_esc_gives_the_keys_back(
    window: MainWindow, help_panel: HelpPanel
) -> None:
    """What was being typed goes on where it was."""
    desk = desk_of(window)
    QTest.keyClicks(desk.note, "Fever ")

    press(Qt.Key.Key_F1)
    shown = (help_panel.isVisible(), help_panel.page, help_panel.search.editor.hasFocus())
    press(Qt.Key.Key_Escape)
    QTest.keyClicks(QApplication.focusWidget() or window, "since Monday")

    assert shown == (True, "nurse", True)
    assert not help_panel.isVisible()
    assert desk.note.toPlainText() == "Fever since Monday"
    assert desk.stayed == 0


def test_f1_closes_what_it_has_opened(window: MainWindow, help_panel: HelpPanel) -> None:
    press(Qt.Key.Key_F1)
    press(Qt.Key.Key_F1)

    assert not help_panel.isVisible()
    assert desk_of(window).note.hasFocus()


def test_the_page_follows_the_workspace(window: MainWindow, help_panel: HelpPanel) -> None:
    press(Qt.Key.Key_F1)

    frame = window.page
    assert isinstance(frame, Frame)
    frame.open("front_desk")

    assert help_panel.page == "front-desk"


def test_it_lies_between_header_and_status_bar(window: MainWindow, help_panel: HelpPanel) -> None:
    """The server's state stays readable, also after the window was made smaller."""
    press(Qt.Key.Key_F1)
    window.resize(1024, 640)
    QApplication.processEvents()

    frame = window.page
    assert isinstance(frame, Frame)
    assert help_panel.geometry().top() >= frame.header.height()
    assert help_panel.geometry().bottom() <= window.height() - frame.status.height()
    assert help_panel.geometry().right() <= window.width()


def test_the_header_opens_it_too(window: MainWindow, help_panel: HelpPanel) -> None:
    frame = window.page
    assert isinstance(frame, Frame)

    QTest.mouseClick(frame.header.help_button, Qt.MouseButton.LeftButton)

    assert help_panel.isVisible()


def test_before_sign_in_the_first_page_is_shown(qtbot: QtBot) -> None:
    """Whoever cannot sign in needs help most."""
    window = MainWindow("Unity Clinic")
    qtbot.addWidget(window)
    window.show_page(LoginPage("Unity Clinic"))
    window.show()

    window.toggle_help()

    assert window.help.page == START
    assert "password" in window.help.text.toPlainText()
    window.help.close_sheet()


def test_a_search_finds_and_enter_opens(window: MainWindow, help_panel: HelpPanel) -> None:
    """By keys alone: F1, a word, Enter."""
    press(Qt.Key.Key_F1)

    QTest.keyClicks(help_panel.search.editor, "receipt")
    found = help_panel.text.toPlainText()
    press(Qt.Key.Key_Return)

    assert "Billing" in found
    assert help_panel.page == "billing"
    assert help_panel.search.text() == ""
    assert "Cash received" in help_panel.text.toPlainText()


def test_nothing_found_is_said(window: MainWindow, help_panel: HelpPanel) -> None:
    press(Qt.Key.Key_F1)

    QTest.keyClicks(help_panel.search.editor, "xylophone")

    assert help_panel.text.toPlainText().startswith("Nothing found.")


def test_a_link_opens_its_page(window: MainWindow, help_panel: HelpPanel) -> None:
    press(Qt.Key.Key_F1)

    help_panel.text.anchorClicked.emit(QUrl("internet.md"))

    assert help_panel.page == "internet"


def test_the_arrows_scroll_while_the_search_has_the_keys(window: MainWindow, help_panel: HelpPanel) -> None:
    press(Qt.Key.Key_F1)
    QApplication.processEvents()
    before = help_panel.text.verticalScrollBar().value()

    press(Qt.Key.Key_PageDown)

    assert help_panel.text.verticalScrollBar().value() > before
    assert help_panel.search.editor.hasFocus()


def test_links_are_readable_in_the_dark(
    window: MainWindow, help_panel: HelpPanel, qapp: QApplication
) -> None:
    """Also when the person changes the look while the help is open."""
    press(Qt.Key.Key_F1)

    apply_style(qapp, Tokens(theme=Theme.DARK), window=window)
    QApplication.sendEvent(help_panel, QEvent(QEvent.Type.PaletteChange))

    assert DARK.brand.lower() in help_panel.text.toHtml().lower()
    apply_style(qapp, Tokens(), window=window)
