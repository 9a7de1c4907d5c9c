"""Typed vital signs kept on this workstation until the server has them, each under its own patient."""

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QObject, Signal

from hms_desktop.drafts import Autosaver, Draft, DraftKey
from hms_desktop.triage.typed import Typed, from_draft
from hms_server.contract.values import StaffId
from hms_server.contract.visits import TicketRow

KIND = "vitals"


class KeptVitals(QObject):
    """The drafts of one nurse; a draft belongs to one encounter and is never shown in another."""

    failed = Signal(str)
    """Why the disk refused: what is typed now would not survive a crash."""

    def __init__(self, autosaver: Autosaver, *, staff_id: StaffId, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._autosaver = autosaver
        self._staff_id = staff_id
        autosaver.failed.connect(self._on_failed)

    def keep(self, ticket: TicketRow, typed: Typed) -> None:
        """What stands in the form of this patient now; an empty form leaves no draft."""
        if typed.is_empty:
            self.discard(ticket)
        else:
            self._autosaver.keep(self._key(ticket), typed.as_draft())

    def find(self, ticket: TicketRow, done: Callable[[Typed, datetime], None]) -> None:
        """`done` gets what was kept for this patient, if there is something."""

        def hand_over(draft: Draft | None) -> None:
            if draft is not None:
                done(from_draft(draft.data), draft.saved_at)

        self._autosaver.find(self._key(ticket), hand_over)

    def discard(self, ticket: TicketRow) -> None:
        """The server has it, or nobody wants it."""
        self._autosaver.discard(self._key(ticket))

    def _key(self, ticket: TicketRow) -> DraftKey:
        return DraftKey(
            staff_id=self._staff_id,
            patient_id=ticket.patient.id,
            encounter_id=ticket.encounter_id,
            kind=KIND,
        )

    def _on_failed(self, key: DraftKey, reason: str) -> None:
        if key.kind == KIND:
            self.failed.emit(reason)
