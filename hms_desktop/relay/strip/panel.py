"""The strip that nobody overlooks while money is only played with."""

from PySide6.QtWidgets import QWidget

from hms_desktop.relay.state import OutsideState
from hms_desktop.widgets.strip import Strip


class ModeStrip(Strip):
    """Above the work at billing and administration; gone as soon as every provider is live."""

    def __init__(self, outside: OutsideState, parent: QWidget | None = None) -> None:
        super().__init__("flask-outline", parent)
        self._outside = outside
        outside.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        if self._outside.rows is None:
            # Without the server nothing is known, and what was known a moment ago is the safer sign.
            return
        titles = self._outside.test_titles
        words = self.tr("TEST MODE: no real money moves ({providers})").format(providers=", ".join(titles))
        self.say(words if titles else "")
