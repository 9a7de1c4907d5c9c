"""The room to which this person calls patients; the server remembers it for the session and the device."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from hms_desktop.session import Session
from hms_server.contract.accounts import ChooseRoom, Nothing, Room
from hms_server.contract.envelope import Fault
from hms_server.contract.values import RoomId


class Rooms(QObject):
    """One for each signed-in person, shared by all queues, since a person sits in one room."""

    changed = Signal()
    """Another room is the current one."""
    refused = Signal(object)
    """A `Fault`: the room stays as it was."""

    def __init__(
        self,
        session: Session,
        rooms: Sequence[Room],
        *,
        room_id: RoomId | None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._rooms = {room.id: room for room in rooms}
        self._room_id = room_id

    @property
    def current(self) -> Room | None:
        """Where patients are called to, None until somebody has chosen."""
        return None if self._room_id is None else self._rooms.get(self._room_id)

    def offered(self, service: str) -> list[Room]:
        """All rooms; those from which this queue is usually called come first."""
        return sorted(self._rooms.values(), key=lambda room: (room.service != service, room.name))

    def choose(self, room_id: RoomId) -> None:
        """Moves to another room as soon as the server has stored it."""
        if room_id == self._room_id:
            return
        self._session.ask(
            ChooseRoom(room_id=room_id),
            done=lambda answer: self._on_chosen(room_id, answer),
            failed=self._on_refused,
            owner=self,
        )

    def _on_chosen(self, room_id: RoomId, _answer: Nothing) -> None:
        self._room_id = room_id
        self.changed.emit()

    def _on_refused(self, fault: Fault) -> None:
        self.refused.emit(fault)
