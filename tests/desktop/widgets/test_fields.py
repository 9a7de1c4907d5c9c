"""Fields: the mistake is shown at the field, the focus goes there, the words stay."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from hms_desktop.widgets.fields import ChoiceField, Field, TextField
from hms_desktop.widgets.money_field import MoneyField
from hms_server.contract.values import Money, Sex


@pytest.fixture
def page(qtbot: QtBot) -> QWidget:
    made = QWidget()
    QVBoxLayout(made)
    qtbot.addWidget(made)
    return made


def put(page: QWidget, *fields: QWidget) -> None:
    layout = page.layout()
    assert layout is not None
    for field in fields:
        layout.addWidget(field)
    page.show()
    page.activateWindow()
    QTest.qWaitForWindowActive(page)


def test_error_takes_the_focus_and_keeps_the_words(page: QWidget) -> None:
    """Who made a mistake goes on from what was typed."""
    phone, name = Field("Phone"), Field("Name")
    put(page, name, phone)
    phone.set_text("0803 55")
    name.editor.setFocus()

    phone.set_error("A phone number has 10 or 11 digits.")

    assert phone.editor.hasFocus()
    assert phone.text() == "0803 55"
    assert phone.editor.accessibleDescription() == "A phone number has 10 or 11 digits."


def test_typing_takes_the_error_back(qtbot: QtBot, page: QWidget) -> None:
    """A mistake belongs to what stood there; the hint comes back when it is corrected."""
    phone = Field("Phone", hint="With area code")
    put(page, phone)
    phone.set_error("A phone number has 10 or 11 digits.")

    QTest.keyClicks(phone.editor, "0")

    assert phone.error() == ""
    assert phone.editor.accessibleDescription() == "With area code"


def test_edited_is_said_for_the_person_only(qtbot: QtBot, page: QWidget) -> None:
    """What the program sets is not a draft."""
    field = Field("Name")
    put(page, field)
    heard: list[str] = []
    field.edited.connect(heard.append)

    field.set_text("Ada")
    QTest.keyClicks(field.editor, "m ")

    assert heard == ["Adam", "Adam"]


def test_field_is_named_with_its_unit() -> None:
    """Whoever hears the form hears what to type, and in which unit."""
    field = Field("Temperature", unit="°C")

    assert field.editor.accessibleName() == "Temperature, °C"
    field.deleteLater()


def test_neighbour_of_a_mistake_stays_in_line(qtbot: QtBot, page: QWidget) -> None:
    """A field keeps its place when the one beside it grows by a sentence."""
    field = Field("Next of kin")
    put(page, field)
    page.resize(300, 60)
    qtbot.wait(1)
    before = field.editor.y()

    page.resize(300, 160)
    qtbot.wait(1)

    assert field.editor.y() == before


def test_text_field_says_edits_and_tab_moves_on(qtbot: QtBot, page: QWidget) -> None:
    """Notes are typed without the mouse, and loading a draft is not an edit."""
    note, after = TextField("Subjective"), Field("Next")
    put(page, note, after)
    heard: list[str] = []
    note.edited.connect(heard.append)

    note.set_text("Fever")
    note.editor.setFocus()
    QTest.keyClick(note.editor, Qt.Key.Key_Tab)

    assert heard == []
    assert after.editor.hasFocus()


SEXES = [(Sex.FEMALE, "Female"), (Sex.MALE, "Male")]


def test_choice_begins_empty(qtbot: QtBot, page: QWidget) -> None:
    """Nothing is chosen for the person: a preset sex would be wrong half of the time."""
    sex = ChoiceField("Sex", SEXES)
    put(page, sex)
    before = sex.value()

    QTest.keyClicks(sex.editor, "m")

    assert before is None
    assert sex.value() is Sex.MALE


def test_choice_survives_new_choices(page: QWidget) -> None:
    """What was chosen stays chosen when the list is fetched again."""
    sex = ChoiceField("Sex", SEXES)
    put(page, sex)
    sex.set_value(Sex.MALE)

    sex.set_choices([(Sex.OTHER, "Other"), *SEXES])

    assert sex.value() is Sex.MALE


def test_wheel_over_a_choice_without_focus_changes_nothing(qtbot: QtBot, page: QWidget) -> None:
    """Scrolling a form past a field must not change an answer."""
    sex, name = ChoiceField("Sex", SEXES), Field("Name")
    put(page, sex, name)
    sex.set_value(Sex.FEMALE)
    name.editor.setFocus()
    nothing, down = Qt.MouseButton.NoButton, QPoint(0, -120)
    modifiers, phase = Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    wheel = QWheelEvent(QPointF(5, 5), QPointF(5, 5), QPoint(), down, nothing, modifiers, phase, False)

    sex.editor.wheelEvent(wheel)

    assert sex.value() is Sex.FEMALE


def test_money_is_minor_units_inside(qtbot: QtBot, page: QWidget) -> None:
    """What people write becomes an exact amount, and is shown as it was understood."""
    amount = MoneyField("Amount", currency="NGN")
    put(page, amount)

    QTest.keyClicks(amount.editor, "18650.5")
    QTest.keyClick(amount.editor, Qt.Key.Key_Return)

    assert amount.money() == Money(1_865_050, "NGN")
    assert amount.text() == "18,650.50"


def test_not_an_amount_is_said_at_the_field(qtbot: QtBot, page: QWidget) -> None:
    """Letters are no amount: the sentence says what would be right, the words stay."""
    amount = MoneyField("Amount", currency="NGN")
    put(page, amount)

    QTest.keyClicks(amount.editor, "ten")
    QTest.keyClick(amount.editor, Qt.Key.Key_Return)

    assert amount.money() is None
    assert "18,650.00" in amount.error()
    assert amount.text() == "ten"
