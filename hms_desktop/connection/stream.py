"""Keeps the place in the order of events, so that none is missed and none is told twice."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import structlog

from hms_desktop.connection.registry import event_decoders
from hms_server.contract.envelope import Event, EventItem, Follow, Following, Position

log = structlog.get_logger()


@dataclass(slots=True)
class EventStream:
    """`position` is the last event taken, `_sent` what the server believes it has sent last.

    The two differ after a repeated Follow while events were under way: those come again and are dropped.
    """

    session: str
    position: Position | None = None
    _sent: Position | None = None
    _unanswered: int = 0

    @property
    def waiting(self) -> bool:
        """Whether the server has still to say where it goes on; until then no events are taken."""
        return self._unanswered > 0

    def ask(self) -> Follow:
        """What to send in order to go on after the last event taken, or from now on at the first time."""
        self._unanswered += 1
        return Follow(self.session, self.position)

    def interrupted(self) -> None:
        """The answers that were still to come will not come any more."""
        self._unanswered = 0

    def answered(self, answer: Following) -> bool:
        """Takes the server's place, which is ours too after a gap or at the very first.

        False when it lies ahead of ours: the answer belongs to an older "from now on", so ask again.
        """
        self._unanswered = max(0, self._unanswered - 1)
        self._sent = answer.position
        if answer.gap or self.position is None:
            self.position = answer.position
        return answer.position <= self.position

    def missed(self, previous: Position) -> bool:
        """Whether something got lost between what came last and events that begin after `previous`."""
        return previous != self._sent

    def take(self, items: Sequence[EventItem]) -> list[Event]:
        """The events in order, without those taken before and those that only a newer program knows."""
        taken: list[Event] = []
        for item in items:
            self._sent = item.position
            if self.position is not None and item.position <= self.position:
                continue
            self.position = item.position
            if (event := _decode(item)) is not None:
                taken.append(event)
        return taken


def _decode(item: EventItem) -> Event | None:
    decoder = event_decoders().get(item.name)
    if decoder is None:
        return None
    try:
        return decoder.decode(item.body)
    except msgspec.DecodeError as error:
        log.warning("event not understood", event_name=item.name, error=str(error))
        return None
