"""What is known of updates at this workstation, what was chosen, and when it happens."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

import structlog
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from hms_desktop.updates import launcher
from hms_desktop.updates.applying import Means, apply, command_for, means_of
from hms_desktop.updates.looking import Line, Looker, Outlook
from hms_desktop.updates.night import Scene, is_quiet
from hms_desktop.updates.store import Plan
from hms_desktop.updates.trusted import UpdateRefused, tr
from hms_desktop.widgets.background import Background
from hms_server.contract.updates import InstallerKind

log = structlog.get_logger()

FIRST_LOOK_MS = 3_000
"""The start itself does not wait, and after a power cut all workstations start at once."""
AGAIN_MS = 60_000
"""After a look that learnt nothing."""
LOOK_EVERY_MS = 30 * 60_000
MINUTE_MS = 60_000
QUIET_FOR = timedelta(hours=20)
"""Asked again on the next day."""


class Phase(Enum):
    """How far it has come."""

    NOTHING = "nothing"
    FETCHING = "fetching"
    READY = "ready"
    APPLYING = "applying"
    TROUBLE = "trouble"
    SERVER_OLDER = "server older"
    TOO_OLD = "too old"
    """The server takes this program no more, and has nothing to update it with."""
    TAKEN_BACK = "taken back"
    """A new version did not start here."""
    DONE = "done"
    """The first start of a new version."""


@dataclass(frozen=True, kw_only=True)
class Situation:
    """All that the strip shows. `version` is the other one: the update's, or the server's."""

    phase: Phase = Phase.NOTHING
    version: str = ""
    mine: str = ""
    notes: str = ""
    sentence: str = ""
    percent: int = 0
    required: bool = False
    tonight: bool = False
    means: Means = Means.ALONE
    command: str = ""
    unsent: int = 0


class UpdatesState(QObject):
    """Used on the thread of the windows only. `scene` says what is going on, `connect` opens a line."""

    changed = Signal()
    restart_wanted = Signal()
    """The next start is the new version, and nothing keeps this one."""

    _offered = Signal(object)
    _progressed = Signal(int)

    def __init__(
        self,
        looker: Looker,
        *,
        connect: Callable[[], Line],
        scene: Callable[[], Scene],
        clock: Callable[[], datetime],
        unattended: Callable[[], bool] = lambda: False,
        parent: QObject | None = None,
    ) -> None:
        """`clock` gives the machine's own time and zone; at an `unattended` screen nobody signs in."""
        super().__init__(parent)
        self._looker = looker
        self._connect = connect
        self._scene = scene
        self._clock = clock
        self._unattended = unattended
        self._installation = looker.installation
        self._outlook = Outlook()
        self._plan = looker.store.plan()
        self._background = Background(self, in_order=True)
        self._looking = False
        self.situation = Situation(mine=self._installation.version)
        self._next = QTimer(self, singleShot=True)
        self._next.timeout.connect(self.look)
        self._minute = QTimer(self, interval=MINUTE_MS)
        self._minute.timeout.connect(self.on_minute)
        self._offered.connect(self._on_offered, Qt.ConnectionType.QueuedConnection)
        self._progressed.connect(self._on_progressed, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """The sign-in page is there: a new version stays from here on."""
        home = self._installation.home
        if self._installation.kind is InstallerKind.TAR and home is not None:
            if launcher.came_up(home):
                self._set(phase=Phase.DONE)
            elif failed := launcher.failed_version(home):
                self._set(phase=Phase.TAKEN_BACK, version=failed)
        self._next.start(FIRST_LOOK_MS)
        self._minute.start()

    def close(self) -> None:
        """Ends a look at once; what it has fetched is kept."""
        self._next.stop()
        self._minute.stop()
        self._looker.stop()
        self._background.finish()

    def look(self) -> None:
        """Asks the server, unless that is under way."""
        if self._looking or self.situation.phase is Phase.APPLYING:
            return
        self._looking = True
        self._next.stop()
        self._background.run(
            lambda: self._looker.look(
                self._connect,
                offered=self._offered.emit,
                progress=lambda here, whole: self._progressed.emit(100 * here // whole),
            ),
            self._on_looked,
        )

    def link_came(self) -> None:
        """The server is there again, perhaps as a newer one."""
        if not self._looking:
            self._next.start(FIRST_LOOK_MS)

    def update_now(self) -> None:
        """Unless something typed here is still on its way to the server, which is said."""
        unsent = self._scene().unsent
        if unsent:
            self._set(unsent=unsent)
        elif self.situation.phase is Phase.READY:
            self._apply()

    def update_tonight(self) -> None:
        """Once nobody is there any more; the choice outlives the program."""
        self._keep(Plan(version=self.situation.version, tonight=True))
        self._set(tonight=True)

    def update_later(self) -> None:
        """Not to be asked again before tomorrow."""
        until = self._clock() + QUIET_FOR
        self._keep(Plan(version=self.situation.version, quiet_until=until))
        self._set(tonight=False)

    def try_again(self) -> None:
        """Also a version that did not start here once."""
        if self._installation.home is not None:
            launcher.forget_failure(self._installation.home)
        self._set(phase=Phase.NOTHING)
        self.look()

    @property
    def is_quiet(self) -> bool:
        """Whether somebody has asked not to be asked about this version for now."""
        plan, now = self._plan, self._clock()
        if self.situation.required or plan.version != self.situation.version:
            return False
        return plan.quiet_until is not None and now < plan.quiet_until

    def on_minute(self) -> None:
        """The night's own look at the clock."""
        wanted = self.situation.tonight or self._unattended()
        may = self.situation.phase is Phase.READY and self.situation.means is Means.ALONE
        if wanted and may and is_quiet(self._clock(), self._scene()):
            self._apply()

    def _on_looked(self, outlook: Outlook | None) -> None:
        self._looking = False
        self._next.start(AGAIN_MS if outlook is None else LOOK_EVERY_MS)
        if outlook is not None:
            self._show(outlook)
        elif self.situation.phase is Phase.FETCHING and not self.situation.required:
            self._set(phase=Phase.NOTHING)

    def _on_offered(self, outlook: Outlook) -> None:
        if self.situation.phase in (Phase.NOTHING, Phase.TROUBLE, Phase.SERVER_OLDER, Phase.TOO_OLD):
            self._show(outlook, phase=Phase.FETCHING)

    def _on_progressed(self, percent: int) -> None:
        if self.situation.phase is Phase.FETCHING and percent != self.situation.percent:
            self._set(percent=percent)

    def _show(self, outlook: Outlook, *, phase: Phase | None = None) -> None:
        self._outlook = outlook
        manifest = outlook.manifest
        version = manifest.version if manifest is not None else outlook.server_version
        found = phase or _phase_of(outlook)
        home = self._installation.home
        if home is not None and manifest is not None and launcher.failed_version(home) == manifest.version:
            found = Phase.TAKEN_BACK
        if found is Phase.NOTHING and self.situation.phase is Phase.DONE:
            return
        self._set(
            phase=found,
            version=version,
            notes=manifest.notes if manifest is not None else "",
            sentence=outlook.trouble,
            required=outlook.required,
            percent=0,
            unsent=0,
            tonight=self._plan.tonight and self._plan.version == version,
            means=means_of(self._installation),
            command=command_for(outlook.path, self._installation) if outlook.path is not None else "",
        )

    def _apply(self) -> None:
        manifest, path = self._outlook.manifest, self._outlook.path
        if manifest is None or path is None:
            return
        self._set(phase=Phase.APPLYING)

        def work() -> str:
            try:
                self._looker.store.prove(manifest)
                apply(path, manifest, self._installation)
            except UpdateRefused as refused:
                log.warning("update not applied", reason=str(refused))
                return str(refused)
            except Exception:
                # Without an answer nobody could sign in here until the program is started again.
                log.exception("update not applied")
                return tr("The update failed in a way that nobody has foreseen.")
            return ""

        self._background.run(work, self._on_applied)

    def _on_applied(self, trouble: str) -> None:
        if trouble:
            # Not again by itself: the same would happen every night.
            self._keep(Plan())
            self._set(phase=Phase.TROUBLE, sentence=trouble, tonight=False)
            return
        self.restart_wanted.emit()

    def _keep(self, plan: Plan) -> None:
        self._plan = plan
        self._looker.store.keep_plan(plan)

    def _set(self, **news: Any) -> None:
        self.situation = replace(self.situation, **news)
        self.changed.emit()


def _phase_of(outlook: Outlook) -> Phase:
    if outlook.path is not None:
        return Phase.READY
    if outlook.trouble:
        return Phase.TROUBLE
    if outlook.server_is_older:
        return Phase.SERVER_OLDER
    return Phase.TOO_OLD if outlook.required else Phase.NOTHING
