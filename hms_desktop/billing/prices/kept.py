"""Prices that were typed and that the server does not have, kept on this workstation until it has them."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject

from hms_desktop.billing.prices.state import Line
from hms_desktop.drafts import Autosaver, Draft, DraftKey
from hms_server.contract.values import StaffId


class KeptPrices(QObject):
    """One set for each person: a colleague at the same desk never sees it."""

    def __init__(self, autosaver: Autosaver, *, staff_id: StaffId, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._autosaver = autosaver
        self._key = DraftKey(staff_id=staff_id, patient_id=None, encounter_id=None, kind="prices")
        self._kept: dict[str, str] = {}

    def keep(self, lines: Sequence[Line]) -> None:
        """Call it at every change, with all that is not stored; nothing typed is nothing kept."""
        typed = {line.row.code: line.entry.text for line in lines if line.entry is not None}
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
