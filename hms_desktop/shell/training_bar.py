"""The strip above every screen of a clinic for training, where nothing is real."""

from PySide6.QtWidgets import QFrame, QHBoxLayout, QMainWindow, QWidget

from hms_desktop.widgets.labels import IconMark, TextRole, label
from hms_desktop.widgets.tokens import Space


class TrainingBar(QFrame):
    """Stays as long as the window: somebody who comes later must see it too."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strip")
        words = self.tr("TRAINING: all patients are made up, and all that is entered will be thrown away.")
        self.setAccessibleName(words)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.XS, Space.L, Space.XS)
        row.setSpacing(Space.S)
        row.addWidget(IconMark("school-outline", colour="surface", size=18))
        row.addWidget(label(words, TextRole.STRONG), 1)


def show_training(window: QMainWindow, *, is_training: bool) -> None:
    """Puts the strip above the window, or takes it away where the clinic is a real one."""
    bar = window.menuWidget()
    if is_training and bar is None:
        window.setMenuWidget(TrainingBar())
    elif isinstance(bar, TrainingBar) and not is_training:
        bar.deleteLater()
        window.setMenuWidget(None)  # type: ignore[arg-type] # Qt takes the strip away so
