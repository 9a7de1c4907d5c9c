"""The administrator's workspace for what everything costs."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hms_desktop.outside_workspaces import lay_below_strip
from hms_desktop.shell.workshop import load
from hms_desktop.stations import Desk
from hms_desktop.widgets.workspace import Workspace

if TYPE_CHECKING:
    from hms_desktop.billing.prices.panel import PricesPanel


class PricesWorkspace(Workspace):
    """Everything that can be charged, with its price; no patient."""

    panel: "PricesPanel"

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def furnish(self) -> Iterator[None]:
        yield from load("hms_desktop.billing.prices")
        from hms_desktop.billing.prices.panel import PricesPanel  # noqa: PLC0415 - see workspaces

        desk = self._desk
        panel = PricesPanel(
            desk.session,
            currency=desk.clinic.currency,
            clock=desk.clock,
            zone=desk.zone,
            autosaver=desk.autosaver,
            staff_id=desk.signed_in.person.id,
        )
        self.panel = self.own(panel)
        yield
        lay_below_strip(self, desk, self.panel)

    def primary(self) -> None:
        self.panel.primary()

    def shown(self) -> None:
        self.panel.take_focus()
