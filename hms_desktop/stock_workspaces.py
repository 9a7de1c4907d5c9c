"""The workspace of whoever keeps the stock: deliveries, counts, and what leaves the shelf."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout  # noqa: TID251 - joins panels, as the other workspaces do

from hms_desktop.shell.workshop import load
from hms_desktop.stations import Desk
from hms_desktop.widgets.tokens import Space
from hms_desktop.widgets.workspace import Workspace

if TYPE_CHECKING:
    from hms_desktop.pharmacy.stock.panel import StockPanel


class StockWorkspace(Workspace):
    """Medicines, batches and what happened to them; a pack may be scanned wherever the focus is."""

    panel: "StockPanel"

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def furnish(self) -> Iterator[None]:
        yield from load("hms_desktop.pharmacy")
        from hms_desktop.pharmacy.stock.panel import StockPanel  # noqa: PLC0415 - see workspaces

        desk = self._desk
        self.panel = self.own(
            StockPanel(
                desk.session,
                clock=desk.clock,
                zone=desk.zone,
                autosaver=desk.autosaver,
                staff_id=desk.signed_in.person.id,
            )
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        row.addWidget(self.panel)
        yield
        yield from self.panel.furnish()

    def primary(self) -> None:
        self.panel.primary()

    def shown(self) -> None:
        self.panel.take_focus()

    def scanned(self, code: str) -> bool:
        return self.panel.scan(code)
