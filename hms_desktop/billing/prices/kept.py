"""Prices that were typed and that the server does not have, kept on this workstation until it has them."""

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QObject, Signal

from hms_desktop.billing.prices.state import Line
from hms_desktop.drafts import Autosaver, Draft, DraftKey
from hms_server.contract.values import StaffId


class KeptPrices(QObject):
    """One set for each person: a colleague at the same desk never sees it."""

    failed = Signal(str)
    """Why the disk refused: what is typed now would not survive a crash."""

    def __init__(self, autosaver: Autosaver, *, staff_id: StaffId, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._autosaver = autosaver
        self._key = DraftKey(staff_id=staff_id, patient_id=None, encounter_id=None, kind="prices")
        self._kept: dict[str, str] = {}
        autosaver.failed.connect(self._on_failed)

    def keep(self, lines: Sequence[Line], unplaced: Mapping[str, str]) -> None:
        """Call it at every change, with all that is not stored; nothing typed is nothing kept.

        `unplaced` is what was kept earlier, by code, and has not found its row yet.
        """
        typed = dict(unplaced) | {line.row.code: line.entry.text for line in lines if line.entry is not None}
        if typed == self._kept:
            return
        self._kept = typed
        if typed:
            self._autosaver.keep(self._key, typed)
        else:
            self._autosaver.discard(self._key)

    def find(self, done: Callable[[dict[str, str]], None]) -> None:
        """`done` gets what is kept by code; nothing where there is nothing."""

        def hand_over(draft: Draft | None) -> None:
            self._kept = dict(draft.data) if draft is not None else {}
            done(self._kept)

        self._autosaver.find(self._key, hand_over)

    def _on_failed(self, key: DraftKey, reason: str) -> None:
        if key == self._key:
            self.failed.emit(reason)
