"""What was typed for somebody who is not registered yet, kept until they are."""

from collections.abc import Callable, Mapping
from datetime import datetime

from PySide6.QtCore import QObject

from hms_desktop.drafts import Autosaver, Draft, DraftKey
from hms_server.contract.values import StaffId


class KeptRegistration(QObject):
    """One for each person: a colleague at the same desk never sees it."""

    def __init__(self, autosaver: Autosaver, *, staff_id: StaffId, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._autosaver = autosaver
        self._key = DraftKey(staff_id=staff_id, patient_id=None, encounter_id=None, kind="registration")

    def keep(self, typed: Mapping[str, str]) -> None:
        """Call it at every change; nothing typed is nothing kept."""
        if any(typed.values()):
            self._autosaver.keep(self._key, dict(typed))
        else:
            self.discard()

    def discard(self) -> None:
        """The patient is registered, or was known already."""
        self._autosaver.discard(self._key)

    def find(self, done: Callable[[dict[str, str], datetime], None]) -> None:
        """`done` gets what is kept, where there is something."""

        def hand_over(draft: Draft | None) -> None:
            if draft is not None:
                done(draft.data, draft.saved_at)

        self._autosaver.find(self._key, hand_over)
