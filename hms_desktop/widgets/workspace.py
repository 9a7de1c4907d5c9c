"""What every workspace is to the frame around it."""

from collections.abc import Iterator
from typing import TypeVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from hms_desktop.widgets.tokens import Kind
from hms_server.contract.envelope import Event
from hms_server.contract.values import PatientHeader

W = TypeVar("W", bound=QWidget)


class Workspace(QWidget):
    """The part of the window between rail, header and status bar. A workspace overrides what it needs."""

    patient_opened = Signal(object)
    """A `PatientHeader`: other workspaces that this person may open follow."""
    noticed = Signal(object, str)
    """A `Kind` and a sentence, which the frame shows in passing without taking the focus."""

    def notice(self, kind: Kind, sentence: str) -> None:
        """Tells the person something that needs no answer."""
        self.noticed.emit(kind, sentence)

    def furnish(self) -> Iterator[None]:
        """Builds what the constructor has left for later, and pauses after each part.

        Called once, before the workspace is shown or gets anything else to do. In each pause the window
        draws and takes keys, so a part that takes more than about 20 ms to be built should be two. A small
        workspace has nothing to add.
        """
        yield from ()

    def own(self, part: W) -> W:
        """Takes along a part without a place yet, in case somebody signs out before it gets one."""
        self.destroyed.connect(part.deleteLater)
        return part

    def call_next(self) -> None:
        """F8 was pressed: calls whoever is next here, by default nobody."""

    def primary(self) -> None:
        """Ctrl+Enter was pressed: does what the one primary button does."""

    def shown(self) -> None:
        """Became the current workspace; the place to fetch what went stale meanwhile and to set the focus."""

    def on_event(self, event: Event) -> None:
        """Something was committed at the server. Comes to every created workspace, also while hidden."""

    def refetch(self) -> None:
        """Events were lost: everything shown may be old."""

    def scanned(self, _code: str) -> bool:
        """A barcode was read; says whether this workspace knew what to do with it."""
        return False

    def patient(self) -> PatientHeader | None:
        """Who is treated or served here just now, as far as this workspace is about one patient."""
        return None

    def open_patient(self, _patient: object) -> None:
        """A `PatientHeader` was chosen in the search box."""
