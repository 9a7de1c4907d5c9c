"""Icons from the Material Design font, drawn in the colours of the current theme."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import msgspec
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication

FONT = "materialdesignicons6-webfont-[0-9]*.ttf"
SIGNS = "materialdesignicons6-webfont-charmap-*.json"
SHARE = 0.875
"""How much of the icon's height the letter takes: the font's signs reach beyond their letter's own box."""


class IconFontError(Exception):
    """The font of the icons is not where its package keeps it; an installation is broken."""


def icon(name: str, colour: str) -> QIcon:
    """The icon of that Material Design name ("pill") in one colour."""
    return _icon(id(QApplication.instance()), name, colour)


class _Sign(QIconEngine):
    """One sign of the font, drawn at whatever size it is asked for."""

    def __init__(self, family: str, sign: str, colour: str) -> None:
        super().__init__()
        self._family = family
        self._sign = sign
        self._colour = colour

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:  # noqa: ARG002
        font = QFont(self._family)
        font.setPixelSize(max(1, round(SHARE * rect.height())))
        painter.save()
        painter.setPen(self._pen(mode))
        painter.setFont(font)
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self._sign)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        drawn = QPixmap(size)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return drawn

    def clone(self) -> QIconEngine:
        return _Sign(self._family, self._sign, self._colour)

    def _pen(self, mode: QIcon.Mode) -> QColor:
        if mode is QIcon.Mode.Disabled:
            return QApplication.palette().color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)
        return QColor(self._colour)


@lru_cache(maxsize=512)
def _icon(application: int, name: str, colour: str) -> QIcon:
    return QIcon(_Sign(_family(application), _signs()[name], colour))


@lru_cache(maxsize=1)
def _family(_application: int) -> str:
    number = QFontDatabase.addApplicationFont(str(_file(FONT)))
    families = QFontDatabase.applicationFontFamilies(number)
    if not families:
        raise IconFontError(f"{_file(FONT)} cannot be used as a font.")
    return families[0]


@lru_cache(maxsize=1)
def _signs() -> dict[str, str]:
    """The letter that stands for each name."""
    numbers = msgspec.json.decode(_file(SIGNS).read_bytes(), type=dict[str, str])
    return {name: chr(int(number, 16)) for name, number in numbers.items()}


def _file(pattern: str) -> Path:
    # Found without being imported: that package brings a layer over all of Qt along, which took a fifth of
    # the program's start. Only its font is needed.
    package = find_spec("qtawesome")
    for folder in (package and package.submodule_search_locations) or ():
        for found in (Path(folder) / "fonts").glob(pattern):
            return found
    raise IconFontError("The font of the icons is missing. Install the program again.")
