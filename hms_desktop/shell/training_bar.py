"""The strip above every screen of a clinic for training, where nothing is real."""

from PySide6.QtWidgets import QWidget

from hms_desktop.shell.main_window import MainWindow
from hms_desktop.widgets.strip import Strip


class TrainingBar(Strip):
    """Stays as long as the window: somebody who comes later must see it too."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("school-outline", parent)
        self.say(self.tr("TRAINING: all patients are made up, and all that is entered will be thrown away."))


def show_training(window: MainWindow, *, is_training: bool) -> None:
    """Puts the strip above the window, or takes it away where the clinic is a real one."""
    if is_training and window.strip is None:
        window.set_strip(TrainingBar())
    elif not is_training and window.strip is not None:
        window.set_strip(None)
