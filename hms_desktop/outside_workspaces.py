"""The administrator's workspaces for what leaves the premises, and for the servers themselves."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from hms_desktop.relay.strip.panel import ModeStrip
from hms_desktop.shell.workshop import load
from hms_desktop.stations import Desk
from hms_desktop.widgets.tokens import Space
from hms_desktop.widgets.workspace import Workspace

if TYPE_CHECKING:
    from hms_desktop.relay.panel import OutsidePanel
    from hms_desktop.relay.providers.panel import ProvidersPanel
    from hms_desktop.upkeep.panel import ServerPanel


def lay_below_strip(workspace: Workspace, desk: Desk, panel: QWidget) -> None:
    """Fills a workspace with its panel; above it stands, where it is so, that money is only played with."""
    page = QVBoxLayout(workspace)
    page.setContentsMargins(0, 0, 0, 0)
    page.setSpacing(0)
    page.addWidget(ModeStrip(desk.outside))
    inside = QHBoxLayout()
    inside.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
    inside.addWidget(panel)
    page.addLayout(inside, 1)


class OutsideWorkspace(Workspace):
    """Who outside can be reached, and every job on its way there."""

    panel: "OutsidePanel"

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def furnish(self) -> Iterator[None]:
        yield from load("hms_desktop.relay")
        from hms_desktop.relay.panel import OutsidePanel  # noqa: PLC0415 - as in the other workspaces

        desk = self._desk
        panel = OutsidePanel(desk.session, outside=desk.outside, clock=desk.clock, zone=desk.zone)
        self.panel = self.own(panel)
        yield
        lay_below_strip(self, desk, self.panel)

    def shown(self) -> None:
        if self._desk.outside.take_wish():
            self.panel.jobs.show_failed()
        self.panel.jobs.take_focus()


class ServerWorkspace(Workspace):
    """How the clinic's servers are, and what somebody has to look after."""

    panel: "ServerPanel"

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def furnish(self) -> Iterator[None]:
        yield from load("hms_desktop.upkeep")
        from hms_desktop.upkeep.panel import ServerPanel  # noqa: PLC0415 - as in the other workspaces

        desk = self._desk
        self.panel = self.own(ServerPanel(desk.session, clock=desk.clock, zone=desk.zone))
        yield
        lay_below_strip(self, desk, self.panel)

    def shown(self) -> None:
        self.panel.take_focus()


class ProvidersWorkspace(Workspace):
    """The keys and addresses of everybody outside."""

    panel: "ProvidersPanel"

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def furnish(self) -> Iterator[None]:
        yield from load("hms_desktop.relay")
        from hms_desktop.relay.providers.panel import ProvidersPanel  # noqa: PLC0415 - as above

        desk = self._desk
        self.panel = ProvidersPanel(desk.session, clock=desk.clock, zone=desk.zone)
        lay_below_strip(self, desk, self.panel)

    def primary(self) -> None:
        self.panel.primary()

    def shown(self) -> None:
        self.panel.take_focus()
