"""A window for the set-up, and its pages without the program behind them."""

from pathlib import Path

import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.server_setup.desk import SetupDesk
from hms_desktop.server_setup.program import SetupProgram
from hms_desktop.shell.main_window import MainWindow


@pytest.fixture
def window(qtbot: QtBot) -> MainWindow:
    made = MainWindow("Set-up")
    qtbot.addWidget(made)
    made.resize(1280, 720)
    made.show()
    made.activateWindow()
    QTest.qWaitForWindowActive(made)
    return made


@pytest.fixture
def desk(window: MainWindow, tmp_path: Path) -> SetupDesk:
    """With a program that is not there, for the pages alone."""
    made = SetupDesk(
        window,
        SetupProgram(tmp_path / "none", before=[]),
        zone="Africa/Lagos",
        print_sheet=lambda key, clinic: (True, f"printed {key[:5]} for {clinic}"),
        parent=window,
    )
    made.start()
    return made
