"""Watches whether a server is in sight, and tells the sign-in page how the search for one stands."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from PySide6.QtCore import QObject, QTimer

from hms_desktop.connection.addresses import Outcome, Tried
from hms_desktop.connection.engine import Search
from hms_desktop.session import Session
from hms_desktop.shell.sight import OutOfSight

LOOK_MS = 1000
PATIENCE_S = 2
"""A start takes that long without anything being wrong."""
SHOWN_MOST = 4
MINUTE_S = 60


class Searching(Protocol):
    """What is asked of the connection."""

    @property
    def search(self) -> Search: ...
    def try_address(self, text: str) -> None: ...


class Sight(QObject):
    """Asks the connection every second while no server is reached, and not at all while one is."""

    def __init__(
        self,
        session: Session,
        way: Searching,
        page: OutOfSight,
        *,
        clock: Callable[[], datetime],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._way = way
        self._page = page
        self._clock = clock
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._look)
        session.link_changed.connect(self._on_link)
        page.address_typed.connect(self._try)
        self._timer.start()

    def close(self) -> None:
        """Looks no more; another connection takes its place, or the program ends."""
        self._timer.stop()
        self._page.address_typed.disconnect(self._try)
        self._page.show_in_sight()

    def _on_link(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _look(self) -> None:
        search = self._way.search
        if search.since is None:
            self._timer.stop()
            self._page.show_in_sight()
            return
        waited_s = int((self._clock() - search.since).total_seconds())
        if waited_s < PATIENCE_S:
            return
        outcomes = {tried.outcome for tried in search.tried}
        shut_out = Outcome.NOT_PAIRED in outcomes
        # After a loss of the keys nobody knows the old one any more, and whoever answers is a stranger.
        is_replaced = Outcome.STRANGER in outcomes and waited_s >= MINUTE_S
        self._page.show_search(
            self._title(waited_s, shut_out=shut_out),
            self._words(search.tried, is_replaced=is_replaced),
            is_shut_out=shut_out,
            may_pair=shut_out or is_replaced,
        )

    def _title(self, waited_s: int, *, shut_out: bool) -> str:
        if shut_out:
            return self.tr("The server does not accept this workstation any more.")
        if waited_s < MINUTE_S:
            return self.tr("No server in sight for {count} seconds.").format(count=waited_s)
        minutes = waited_s // MINUTE_S
        if minutes == 1:
            return self.tr("No server in sight for 1 minute.")
        return self.tr("No server in sight for {count} minutes.").format(count=minutes)

    def _words(self, tried: Sequence[Tried], *, is_replaced: bool) -> str:
        outcomes = {
            Outcome.TRYING: self.tr("trying"),
            Outcome.SILENT: self.tr("nothing answers"),
            Outcome.STRANGER: self.tr("answers, and is not this clinic's server"),
            Outcome.NOT_PAIRED: self.tr("does not let this workstation in"),
        }
        if any(one.outcome is Outcome.NOT_PAIRED for one in tried):
            return self.tr("Ask the administrator for a new code and pair it again.")
        lines = [
            f"{one.address.removeprefix('tcp://')}: {outcomes[one.outcome]}" for one in tried[:SHOWN_MOST]
        ]
        lines.append(
            self.tr(
                "It is looked for in the network too, and followed to a new address by itself: the "
                "workstation stays paired."
            )
        )
        if is_replaced:
            lines.append(
                self.tr(
                    "If the clinic has a new server or new keys, ask the administrator for a code and pair "
                    "again."
                )
            )
        return "\n".join(lines)

    def _try(self, text: str) -> None:
        try:
            self._way.try_address(text)
        except ValueError as error:
            self._page.address.set_error(str(error))
            return
        self._page.address.set_text("")
        self._timer.start()
