"""A clinic for training says so above every screen, and a real one never does."""

from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from hms_desktop.shell.frame import Frame
from hms_desktop.shell.main_window import MainWindow
from hms_desktop.shell.training_bar import TrainingBar, show_training
from tests.desktop.gallery import sample_frame


def test_it_stands_above_a_training_clinic_once(qtbot: QtBot) -> None:
    window = MainWindow("Unity – TRAINING")
    qtbot.addWidget(window)

    show_training(window, is_training=True)
    first = window.strip
    show_training(window, is_training=True)

    assert isinstance(first, TrainingBar)
    assert window.strip is first
    assert "TRAINING" in first.accessibleName()


def test_it_goes_where_the_clinic_is_real(qtbot: QtBot) -> None:
    """The same workstation is used when the training is over."""
    window = MainWindow("Unity")
    qtbot.addWidget(window)
    show_training(window, is_training=True)

    show_training(window, is_training=False)

    assert window.strip is None


def test_it_stands_there_beside_an_offer_of_an_update(qtbot: QtBot) -> None:
    """Each paired workstation is offered updates, in the place above all."""
    window = MainWindow("Unity – TRAINING")
    qtbot.addWidget(window)
    offer = QLabel("Version 0.3.0 is ready.")
    window.setMenuWidget(offer)
    window.show_page(QWidget())
    window.show()

    show_training(window, is_training=True)

    assert isinstance(window.strip, TrainingBar)
    qtbot.waitUntil(window.strip.isVisible)
    assert offer.isVisible()


def test_the_help_covers_neither_it_nor_the_header(qtbot: QtBot) -> None:
    window = MainWindow("Unity – TRAINING")
    qtbot.addWidget(window)
    window.show_page(sample_frame())
    window.show()
    show_training(window, is_training=True)
    strip = window.strip
    assert strip is not None
    qtbot.waitUntil(lambda: strip.isVisible() and window.sheet_room()[0] > strip.height())

    window.open_help("index")

    assert isinstance(window.page, Frame)
    header = window.page.header
    assert window.help.y() >= header.mapTo(window, header.rect().bottomLeft()).y()
