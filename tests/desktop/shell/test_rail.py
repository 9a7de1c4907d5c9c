"""The rail with more workspaces than a small window is high."""

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QScrollArea, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from hms_desktop.shell.rail import Rail, WorkspaceEntry
from hms_desktop.widgets.workspace import Workspace

TITLES = ("Admin", "Outside", "Providers", "Messages", "Hours", "Paystack", "Assistant", "Server")


def rail(qtbot: QtBot, *, height: int) -> Rail:
    entries = [
        WorkspaceEntry(key=each, title=each, icon_name="cog-outline", factory=Workspace) for each in TITLES
    ]
    made = Rail(entries)
    qtbot.addWidget(made)
    made.resize(made.width(), height)
    made.show()
    return made


def shown(part: QWidget, within: QScrollArea) -> bool:
    """Whether all of it can be seen."""
    view = within.viewport()
    top = part.mapTo(view, QPoint(0, 0)).y()
    return top >= 0 and top + part.height() <= view.height()


def test_no_word_is_cut_and_the_open_workspace_is_seen(qtbot: QtBot) -> None:
    """An administrator has eight of them; in the largest letters they do not fit at once."""
    made = rail(qtbot, height=360)
    area = made.findChild(QScrollArea)
    assert isinstance(area, QScrollArea)
    buttons = {each.text(): each for each in made.findChildren(QToolButton)}

    made.mark("Server")

    qtbot.waitUntil(lambda: shown(buttons["Server"], area))
    assert all(each.height() >= each.sizeHint().height() for each in buttons.values())
    assert not shown(buttons["Admin"], area)
    made.mark("Admin")
    assert shown(buttons["Admin"], area)


def test_where_all_fit_nothing_scrolls(qtbot: QtBot) -> None:
    made = rail(qtbot, height=720)

    area = made.findChild(QScrollArea)

    assert isinstance(area, QScrollArea)
    qtbot.waitUntil(lambda: area.viewport().height() > 0)
    assert not area.verticalScrollBar().isVisible()
