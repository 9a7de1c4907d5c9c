"""Joins updates to a window that is paired: what is looked for, what is shown, and when it may happen."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import structlog
from msgspec import structs
from PySide6.QtCore import QCoreApplication, QEvent, QObject
from shiboken6 import isValid

from hms_desktop.connection.client import Client
from hms_desktop.connection.identity import Pairing
from hms_desktop.session import Link, Session
from hms_desktop.updates.installation import Installation, this_installation
from hms_desktop.updates.launcher import RESTART_CODE
from hms_desktop.updates.looking import Line, Looker
from hms_desktop.updates.night import Scene
from hms_desktop.updates.panel import UpdateStrip
from hms_desktop.updates.state import Phase, UpdatesState
from hms_desktop.updates.store import UpdateStore
from hms_desktop.widgets.input_watch import InputWatch
from hms_server.contract.updates import trusted_keys

log = structlog.get_logger()

FOLDER = "updates"
_TOUCHES = frozenset({QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.Wheel})
_COMES_AND_GOES = frozenset({QEvent.Type.Show, QEvent.Type.Hide})


def local_time() -> datetime:
    """The machine's own clock, with its zone."""
    return datetime.now(UTC).astimezone()


@dataclass(frozen=True, kw_only=True)
class UpdateOptions:
    """What `App` is given so that it is updated at all; a demo is not."""

    folder: Path
    """The program's own folder, in which what is fetched gets a folder of its own."""
    connect: Callable[[Pairing], Line] = lambda pairing: Client(pairing.server, pairing.keys, interfaces=())
    installation: Installation = field(default_factory=this_installation)
    keys: Callable[[], tuple[bytes, ...]] = trusted_keys
    clock: Callable[[], datetime] = local_time


class Updates(QObject):
    """Lives from pairing to the end of the program."""

    def __init__(
        self,
        options: UpdateOptions,
        pairing: Pairing,
        session: Session,
        *,
        window: Any,
        login: Any,
        unattended: Callable[[], bool],
    ) -> None:
        """`window` is a main window, above whose pages the strip lies; `login` its sign-in page.

        Both are widgets. `unattended` says whether this is a screen at which nobody signs in.
        """
        super().__init__(session)
        self._options = options
        self._pairing = pairing
        self._session = session
        self._unattended = unattended
        self._login = login
        self._at_sign_in = True
        self._connected = False
        self._touched_s = monotonic()
        looker = Looker(options.installation, UpdateStore(options.folder / FOLDER), _keys_of(options))
        self.state = UpdatesState(
            looker,
            connect=self._connect,
            scene=self._scene,
            clock=options.clock,
            unattended=unattended,
            parent=self,
        )
        self.strip = UpdateStrip(self.state)
        window.setMenuWidget(self.strip)
        self.state.changed.connect(self._on_changed)
        self.state.restart_wanted.connect(_restart)
        session.link_changed.connect(self._on_link)
        login.installEventFilter(self)
        self._watch = InputWatch(self)
        self._watch.start()
        self.state.start()

    def close(self) -> None:
        """Nothing is fetched any more."""
        self._watch.stop()
        if isValid(self._login):
            self._login.removeEventFilter(self)
        if isValid(self.strip):
            # The window may go on without a pairing, and nothing is offered there.
            self.strip.set_wanted(False)
        self.state.close()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() in _TOUCHES:
            self._touched_s = monotonic()
        elif watched is self._login and event.type() in _COMES_AND_GOES and not event.spontaneous():
            # A window that is only minimized shows the same page as before.
            self._at_sign_in = event.type() is QEvent.Type.Show
            self.strip.set_wanted(self._at_sign_in)
        return super().eventFilter(watched, event)

    def _on_changed(self) -> None:
        # Who signs in while the program is being replaced would be cut off a moment later.
        self._login.setEnabled(self.state.situation.phase is not Phase.APPLYING)

    def _connect(self) -> Line:
        """To the very server that this workstation works with; each keeps its own installers."""
        link, server = self._session.link, self._pairing.server
        if link is not None and link.connected:
            others = [address for address in server.addresses if address != link.server]
            server = structs.replace(server, addresses=[link.server, *others])
        return self._options.connect(structs.replace(self._pairing, server=server))

    def _scene(self) -> Scene:
        stored = self._session.stored
        return Scene(
            signed_in=not (self._at_sign_in or self._unattended()),
            unsent=stored.saving + stored.waiting,
            untouched_s=monotonic() - self._touched_s,
        )

    def _on_link(self, link: Link) -> None:
        if link.connected and not self._connected:
            self.state.link_came()
        self._connected = link.connected


def _keys_of(options: UpdateOptions) -> tuple[bytes, ...]:
    try:
        return options.keys()
    except (ValueError, OSError) as trouble:
        # As if there were none: nothing is trusted, and the strip says so where it matters.
        log.warning("keys for updates not read", reason=str(trouble))
        return ()


def _restart() -> None:
    QCoreApplication.exit(RESTART_CODE)
