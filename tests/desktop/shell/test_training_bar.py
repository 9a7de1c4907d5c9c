"""A clinic for training says so above every screen, and a real one never does."""

from pytestqt.qtbot import QtBot

from hms_desktop.shell.main_window import MainWindow
from hms_desktop.shell.training_bar import TrainingBar, show_training


def test_it_stands_above_a_training_clinic_once(qtbot: QtBot) -> None:
    window = MainWindow("Unity – TRAINING")
    qtbot.addWidget(window)

    show_training(window, is_training=True)
    first = window.menuWidget()
    show_training(window, is_training=True)

    assert isinstance(first, TrainingBar)
    assert window.menuWidget() is first
    assert "TRAINING" in first.accessibleName()


def test_it_goes_where_the_clinic_is_real(qtbot: QtBot) -> None:
    """The same workstation is used when the training is over."""
    window = MainWindow("Unity")
    qtbot.addWidget(window)
    show_training(window, is_training=True)

    show_training(window, is_training=False)

    assert window.menuWidget() is None
