"""A sign in the status bar: all its words where there is room, also after somebody chose larger letters."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from hms_desktop.widgets.sign import Sign
from hms_desktop.widgets.style import apply_style
from hms_desktop.widgets.tokens import Kind, Tokens

WORDS = "Server: There are no backups & nobody knows"


@pytest.fixture
def sign(qtbot: QtBot, qapp: QApplication) -> Iterator[Sign]:
    """In a row with much room."""
    page = QWidget()
    page.setObjectName("status")
    qtbot.addWidget(page)
    page.resize(1200, 40)
    row = QHBoxLayout(page)
    sign = Sign()
    row.addWidget(sign)
    row.addStretch(1)
    page.show()
    yield sign
    apply_style(qapp, Tokens())


def test_it_grows_with_the_letters(sign: Sign, qapp: QApplication, qtbot: QtBot) -> None:
    sign.say(WORDS, Kind.DANGER, icon_name="alert-circle-outline")
    qtbot.waitUntil(lambda: sign.text() == WORDS.replace("&", "&&"))
    before = sign.width()

    apply_style(qapp, Tokens(factor=1.5))

    qtbot.waitUntil(lambda: sign.width() > before * 1.3)
    qtbot.waitUntil(lambda: sign.text() == WORDS.replace("&", "&&"))


def test_cut_words_are_kept_for_whoever_cannot_see_them(sign: Sign, qtbot: QtBot) -> None:
    sign.say(WORDS, Kind.WARNING, icon_name="alert-circle-outline")
    qtbot.waitUntil(sign.isVisible)

    sign.window().resize(sign.minimumSizeHint().width() + 80, 40)
    qtbot.waitUntil(lambda: sign.text().endswith("…"))

    assert (sign.words(), sign.toolTip(), sign.accessibleName()) == (WORDS,) * 3


def test_without_words_it_takes_no_place_and_no_key(sign: Sign) -> None:
    sign.say(WORDS, Kind.DANGER, icon_name="alert-circle-outline")
    sign.say("", Kind.NEUTRAL, icon_name="cloud-check-outline")

    assert sign.isHidden()
    assert sign.focusPolicy() is Qt.FocusPolicy.TabFocus
