"""One look for an update: asks the server, judges what it offers, and fetches what may be used."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import Protocol

import structlog
from PySide6.QtCore import QLockFile

from hms_desktop.connection.faults import FaultError
from hms_desktop.updates.fetching import Asking, Fetcher, Stopped, is_passing
from hms_desktop.updates.installation import Installation
from hms_desktop.updates.store import LOCK, UpdateStore
from hms_desktop.updates.trusted import UpdateRefused, is_newer, judge
from hms_server.contract.envelope import PROTOCOL
from hms_server.contract.updates import GetUpdate, Manifest, UpdateOffer

log = structlog.get_logger()

UNKNOWN_REQUEST = "request.unknown"
"""From a server that is older than updates themselves."""


class Line(Asking, Protocol):
    """A connection of its own: what is asked on it counts for nobody who is signed in."""

    def close(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What a look has brought. With `path`, the update `manifest` is here and proved.

    `trouble` is why an update that the server has is not used; `server_is_older` that this program is newer.
    """

    server_version: str = ""
    server_is_older: bool = False
    required: bool = False
    manifest: Manifest | None = None
    path: Path | None = None
    trouble: str = ""


class Looker:
    """Waits for the network, so never on the thread of the windows; `stop` ends it from any thread."""

    def __init__(
        self, installation: Installation, store: UpdateStore, keys: Sequence[bytes], *, retry_s: float = 5.0
    ) -> None:
        self.installation = installation
        self.store = store
        self._keys = keys
        self._retry_s = retry_s
        self._stop = Event()
        self._turn = Lock()
        self._line: Line | None = None

    def stop(self) -> None:
        """A look that is under way ends at once and keeps what it has."""
        self._stop.set()
        self._close_line()

    def look(
        self,
        connect: Callable[[], Line],
        *,
        offered: Callable[[Outlook], None],
        progress: Callable[[int, int], None],
    ) -> Outlook | None:
        """None where nothing could be learnt; `offered` is told of an update before it is fetched."""
        with self._turn:
            if self._stop.is_set():
                return None
            line = self._line = connect()
        try:
            return self._look(line, offered, progress)
        except Stopped:
            return None
        except FaultError as error:
            log.info("no look for updates", reason=error.fault.message)
            return None
        finally:
            self._close_line()

    def _close_line(self) -> None:
        """Once, whoever comes first: a connection that two threads close at a time never ends."""
        with self._turn:
            line, self._line = self._line, None
            if line is not None:
                line.close()

    def _look(
        self, line: Line, offered: Callable[[Outlook], None], progress: Callable[[int, int], None]
    ) -> Outlook:
        offer = self._ask(line)
        if offer is None:
            return Outlook(server_is_older=True)
        mine = self.installation.version
        if offer.update is None:
            self.store.forget()
            older = is_newer(mine, offer.server_version)
            return Outlook(
                server_version=offer.server_version, server_is_older=older, required=offer.required
            )
        known = Outlook(server_version=offer.server_version, required=offer.required)
        try:
            manifest = judge(offer.update, self.installation, self._keys)
            offered(Outlook(server_version=offer.server_version, required=offer.required, manifest=manifest))
            path = self._fetch(line, manifest, progress)
            self.store.keep_signed(manifest, offer.update)
        except UpdateRefused as refused:
            log.warning("update refused", reason=str(refused))
            return Outlook(server_version=known.server_version, required=known.required, trouble=str(refused))
        return Outlook(
            server_version=known.server_version, required=known.required, manifest=manifest, path=path
        )

    def _ask(self, line: Line) -> UpdateOffer | None:
        mine = self.installation
        try:
            return line.ask(
                GetUpdate(
                    version=mine.version,
                    protocol=PROTOCOL,
                    platform=mine.platform,
                    arch=mine.arch,
                    kind=mine.kind or "",
                )
            )
        except FaultError as error:
            if error.fault.code == UNKNOWN_REQUEST:
                return None
            raise

    def _fetch(self, line: Line, manifest: Manifest, progress: Callable[[int, int], None]) -> Path:
        """Two windows of one person share the folder: one fetches, the other finds it done."""
        self.store.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = QLockFile(str(self.store.folder / LOCK))
        while not lock.tryLock(0):
            if self._stop.wait(self._retry_s):
                raise Stopped
        try:
            fetcher = Fetcher(line, self.store, stop=self._stop, progress=progress, retry_s=self._retry_s)
            return fetcher.fetch(manifest)
        except FaultError as error:
            if not is_passing(error):
                raise UpdateRefused(error.fault.message) from error
            raise
        finally:
            lock.unlock()
