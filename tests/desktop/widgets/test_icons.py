"""Icons: drawn in their colour at any size, greyed where they cannot be used, without a second Qt layer."""

import subprocess
import sys

from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon, QImage
from PySide6.QtWidgets import QApplication

from hms_desktop.widgets.icons import icon


def colours(image: QImage) -> set[str]:
    """The colours of everything that is not see-through."""
    points = ((x, y) for x in range(image.width()) for y in range(image.height()))
    shown = (image.pixelColor(x, y) for x, y in points)
    return {colour.name() for colour in shown if colour.alpha() == 255}


def test_an_icon_is_drawn_in_its_colour(qapp: QApplication) -> None:
    """At each size, in that colour alone."""
    for side in (16, 40):
        image = icon("pill", "#b42318").pixmap(QSize(side, side)).toImage()

        assert colours(image) == {"#b42318"}


def test_what_cannot_be_used_is_grey(qapp: QApplication) -> None:
    """A disabled menu entry looks disabled."""
    image = icon("pill", "#b42318").pixmap(QSize(32, 32), QIcon.Mode.Disabled).toImage()

    assert colours(image)
    assert "#b42318" not in colours(image)


def test_icons_do_not_bring_a_second_layer_over_qt_along() -> None:
    """It would take a fifth of the program's start."""
    program = (
        "import sys; from PySide6.QtWidgets import QApplication; application = QApplication([]);"
        "from hms_desktop.widgets.icons import icon; assert not icon('pill', 'red').isNull();"
        "sys.exit('qtpy' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
