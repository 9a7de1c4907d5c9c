"""The languages of the clinic are offered before all others."""

from datetime import date

from pytestqt.qtbot import QtBot

from hms_desktop.patients.form.panel import DemographicsForm
from hms_server.contract.patients import LANGUAGES


def offered(qtbot: QtBot, *usual: str) -> list[str]:
    form = DemographicsForm(today=lambda: date(2026, 11, 20), usual_languages=usual)
    qtbot.addWidget(form)
    editor = form.language.editor
    return [editor.itemText(place) for place in range(editor.count())]


def test_those_of_the_clinic_come_first(qtbot: QtBot) -> None:
    """None twice, none left out; one that the program does not know is no language to choose."""
    words = offered(qtbot, "fr", "wo", "xx")

    assert words[1:3] == [LANGUAGES["fr"], LANGUAGES["wo"]]
    assert sorted(words[1:]) == sorted(LANGUAGES.values())


def test_without_any_the_order_is_the_usual_one(qtbot: QtBot) -> None:
    assert offered(qtbot)[1:] == list(LANGUAGES.values())
