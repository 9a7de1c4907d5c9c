"""Buttons side by side of which exactly one is pressed."""

from collections.abc import Iterable

from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QWidget

from hms_desktop.widgets.flow import FlowLayout
from hms_desktop.widgets.tokens import Space


def one_of(buttons: Iterable[QAbstractButton], *, owner: QWidget) -> FlowLayout:
    """Lays them out, in several lines where there is no room; pressing one lets go of the others."""
    group = QButtonGroup(owner)
    flow = FlowLayout(spacing=Space.XS)
    for button in buttons:
        button.setCheckable(True)
        group.addButton(button)
        flow.addWidget(button)
    return flow
