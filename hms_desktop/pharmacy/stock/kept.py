"""What was typed about stock and is not stored yet, kept on this workstation until it is."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, Signal

from hms_desktop.drafts import Autosaver, Draft, DraftKey
from hms_server.contract.values import StaffId

KIND = "stock"


class KeptStock(QObject):
    """One form of one person: a colleague at the same desk never sees it."""

    failed = Signal(str)
    """Why the disk refused: what is typed now would not survive a crash."""

    def __init__(self, autosaver: Autosaver, *, staff_id: StaffId, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._autosaver = autosaver
        self._key = DraftKey(staff_id=staff_id, patient_id=None, encounter_id=None, kind=KIND)
        autosaver.failed.connect(self._on_failed)

    def keep(self, typed: Mapping[str, str]) -> None:
        """Call it at every change."""
        self._autosaver.keep(self._key, dict(typed))

    def discard(self) -> None:
        """The server has it, or the person does not want it."""
        self._autosaver.discard(self._key)

    def find(self, done: Callable[[dict[str, str]], None]) -> None:
        """`done` gets what is kept, where there is something."""

        def hand_over(draft: Draft | None) -> None:
            if draft is not None:
                done(draft.data)

        self._autosaver.find(self._key, hand_over)

    def _on_failed(self, key: DraftKey, reason: str) -> None:
        if key == self._key:
            self.failed.emit(reason)
