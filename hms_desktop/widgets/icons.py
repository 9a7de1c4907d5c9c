"""Icons from the Material Design font, drawn in the colours of the current theme."""

from functools import lru_cache
from typing import Any

from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

_FONT = (
    "mdi6",
    "materialdesignicons6-webfont-6.9.96.ttf",
    "materialdesignicons6-webfont-charmap-6.9.96.json",
)


def icon(name: str, colour: str) -> QIcon:
    """The icon of that Material Design name ("pill") in one colour."""
    return _icon(_font(id(QApplication.instance())), name, colour)


@lru_cache(maxsize=512)
def _icon(font: Any, name: str, colour: str) -> QIcon:
    drawn: QIcon = font.icon(f"mdi6.{name}", color=colour)
    return drawn


@lru_cache(maxsize=1)
def _font(_application: int) -> Any:
    # `qtawesome.icon` would load all its twelve fonts first, half a second of the start; one is enough.
    # Imported late, so that a program without windows never pays for it.
    from qtawesome.iconic_font import IconicFont  # noqa: PLC0415 - see above

    return IconicFont(_FONT)
