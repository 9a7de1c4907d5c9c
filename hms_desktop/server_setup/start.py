"""Opens the set-up of the server: its first page, or the one that asks where the server's program is."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from hms_desktop.server_setup.desk import SetupDesk
from hms_desktop.server_setup.missing.panel import MissingPage
from hms_desktop.server_setup.program import SetupProgram, find_program
from hms_desktop.shell.main_window import MainWindow


class Assistant(QObject):
    """Lives as long as the window."""

    closed = Signal()

    def __init__(self, window: MainWindow, *, data_dir: str = "", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._window = window
        self._arguments = ["--data-dir", data_dir] if data_dir else []
        self.desk: SetupDesk | None = None
        self.missing = MissingPage()
        self.missing.found.connect(self.open)
        self.missing.back_requested.connect(self.closed)

    def start(self, program: Path | None) -> None:
        """With the named program, or the one that is found here."""
        found = program or find_program()
        if found is None:
            self._window.show_page(self.missing)
        else:
            self.open(found)
        self._window.show()

    def open(self, program: Path) -> None:
        """Shows the first question."""
        runner = SetupProgram(program, arguments=self._arguments, parent=self)
        self.desk = SetupDesk(self._window, runner, parent=self)
        self.desk.closed.connect(self.closed)
        self.desk.start()

    def close(self) -> None:
        """Leaves nothing running."""
        if self.desk is not None:
            self.desk.close()
        self._window.close()
