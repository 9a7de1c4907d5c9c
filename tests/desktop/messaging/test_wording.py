"""The administrator's editor for wording, and the quiet hours."""

from collections.abc import Callable
from datetime import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.messaging.panel import MessagesDesk
from hms_desktop.messaging.quiet.panel import QuietPanel
from hms_desktop.messaging.wording.panel import WordingPanel
from hms_desktop.session import Session
from hms_server.contract.accounts import Nothing
from hms_server.contract.envelope import Fault
from hms_server.contract.messaging import (
    GetMessagingSettings,
    ListMessages,
    ListTemplates,
    MessagingSettings,
    ResetTemplate,
    SetMessagingSettings,
    SetTemplate,
    Templates,
)
from tests.desktop.conftest import FakeConnection
from tests.desktop.messaging.posts import ALL, SETTINGS, TEMPLATES, listed, template
from tests.desktop.samples import NOW, ZONE


@pytest.fixture
def open_editor(connection: FakeConnection, session: Session, qtbot: QtBot) -> Callable[[], WordingPanel]:
    """Shows the wording of two messages, of which one is written in French too."""
    connection.answer(ListTemplates, TEMPLATES)

    def make() -> WordingPanel:
        panel = WordingPanel(session)
        qtbot.addWidget(panel)
        panel.resize(520, 460)
        with qtbot.waitExposed(panel):
            panel.show()
        qtbot.waitUntil(lambda: bool(panel.subject.text()))
        return panel

    return make


def choose(panel: WordingPanel, *, name: str | None = None, language: str | None = None) -> None:
    """As with the keys of the two boxes."""
    if name is not None:
        panel.template.set_value(name)
        panel.template.chosen.emit(name)
    if language is not None:
        panel.language.set_value(language)
        panel.language.chosen.emit(language)


def write(panel: WordingPanel, text: str) -> None:
    """Replaces the text by keys."""
    panel.text.editor.selectAll()
    QTest.keyClicks(panel.text.editor, text)


def test_a_message_is_shown_with_what_can_be_filled_in_and_as_it_is_read(
    open_editor: Callable[[], WordingPanel],
) -> None:
    panel = open_editor()

    assert panel.text.text() == "Hello {name}: {when}."
    assert panel.example.text() == "“Hello Ada: Tuesday.” (1 SMS)"
    assert panel.placeholders.text() == (
        "What can be filled in: {name} The patient's given names · {when} Day and time *"
    )
    choose(panel, language="fr")
    assert panel.text.text() == "Bonjour {name} : {when}."


def test_the_clinics_own_wording_is_stored_by_one_key(
    open_editor: Callable[[], WordingPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    panel = open_editor()
    ours = template("booked", "en", "Come {when}!", own=True)
    connection.answer(SetTemplate, ours)
    connection.answer(ListTemplates, Templates([ours, *TEMPLATES.rows[1:]], TEMPLATES.languages))

    write(panel, "Come {when}!")
    assert "Not stored yet" in panel.example.text()
    assert panel.is_busy()
    panel.primary()
    qtbot.waitUntil(lambda: panel.example.text() == "“Come Tuesday!” (1 SMS)")

    sent = SetTemplate(name="booked", language="en", subject="Come on {when}", text="Come {when}!")
    assert connection.requests(SetTemplate) == [sent]
    assert not panel.is_busy()
    assert panel.reset_button.isEnabled()


def test_what_was_not_changed_is_not_stored_as_the_clinics_own(
    open_editor: Callable[[], WordingPanel], connection: FakeConnection
) -> None:
    """Ctrl+Enter pressed for something else must not freeze the shipped wording."""
    panel = open_editor()

    panel.primary()

    assert not panel.button.isEnabled()
    assert connection.requests(SetTemplate) == []


def test_what_is_typed_waits_while_another_message_is_looked_at(
    open_editor: Callable[[], WordingPanel],
) -> None:
    panel = open_editor()
    write(panel, "Half a sent")

    choose(panel, name="moved")
    assert panel.text.text() == "Moved to {when}."
    choose(panel, name="booked")

    assert panel.text.text() == "Half a sent"
    assert "Not stored yet" in panel.example.text()


def test_a_mistake_is_shown_at_its_field_and_the_words_stay(
    open_editor: Callable[[], WordingPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    panel = open_editor()
    sentence = "{doctor} cannot be filled in here."
    connection.answer(
        SetTemplate, Fault(code="messaging.placeholder_unknown", message=sentence, field="text")
    )

    write(panel, "{when} {doctor}")
    panel.primary()
    qtbot.waitUntil(lambda: panel.text.error() == sentence)

    assert panel.text.text() == "{when} {doctor}"
    assert panel.is_busy()
    write(panel, " ")
    panel.primary()
    assert "must not be empty" in panel.text.error()


def test_a_language_that_has_no_words_yet_starts_from_the_english(
    open_editor: Callable[[], WordingPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    panel = open_editor()
    connection.answer(SetTemplate, template("moved", "ha", "{when}", own=True, shipped=False))

    choose(panel, name="moved", language="ha")
    assert panel.text.text() == "Moved to {when}."
    assert "no words in Hausa yet" in panel.example.text()
    write(panel, "Sannu {when}")
    panel.primary()

    qtbot.waitUntil(lambda: connection.requests(SetTemplate) != [])
    assert connection.requests(SetTemplate)[0].language == "ha"


def test_the_shipped_wording_comes_back(
    open_editor: Callable[[], WordingPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    ours = template("booked", "en", "Come {when}!", own=True)
    connection.answer(ListTemplates, Templates([ours, *TEMPLATES.rows[1:]], TEMPLATES.languages))
    connection.answer(ResetTemplate, Nothing())
    panel = open_editor()
    assert panel.text.text() == "Come {when}!"
    connection.answer(ListTemplates, TEMPLATES)

    panel.reset_button.click()
    qtbot.waitUntil(lambda: panel.text.text() == "Hello {name}: {when}.")

    assert connection.requests(ResetTemplate) == [ResetTemplate(name="booked", language="en")]
    assert not panel.reset_button.isEnabled()


@pytest.fixture
def quiet(connection: FakeConnection, session: Session, qtbot: QtBot) -> QuietPanel:
    """The quiet hours from nine to seven in Nigeria."""
    connection.answer(GetMessagingSettings, SETTINGS)
    panel = QuietPanel(session)
    qtbot.addWidget(panel)
    with qtbot.waitExposed(panel):
        panel.show()
    qtbot.waitUntil(lambda: panel.quiet_from.text() == "21:00")
    return panel


def test_quiet_hours_are_changed_by_keys(quiet: QuietPanel, connection: FakeConnection, qtbot: QtBot) -> None:
    later = MessagingSettings(quiet_from=time(22), quiet_until=time(6, 30), country="GH", language="en")
    connection.answer(SetMessagingSettings, later)

    for field, text in ((quiet.quiet_from, "22"), (quiet.quiet_until, "06.30"), (quiet.country, "gh")):
        field.editor.selectAll()
        QTest.keyClicks(field.editor, text)
    assert quiet.is_busy()
    QTest.keyClick(quiet.country.editor, Qt.Key.Key_F9)
    qtbot.waitUntil(lambda: quiet.notice.text() == "Stored.")

    sent = MessagingSettings(quiet_from=time(22), quiet_until=time(6, 30), country="gh", language="en")
    assert connection.requests(SetMessagingSettings) == [SetMessagingSettings(settings=sent)]
    assert (quiet.country.text(), quiet.quiet_until.text()) == ("GH", "06:30")
    assert not quiet.is_busy()


@pytest.mark.parametrize("typed", ["", "nine", "25:00", "7:5:", "-1"])
def test_a_time_that_is_none_is_said_at_its_field(
    quiet: QuietPanel, connection: FakeConnection, typed: str
) -> None:
    quiet.quiet_until.set_text(typed)

    quiet.store()

    assert quiet.quiet_until.error() == "Write it like 21:00."
    assert connection.requests(SetMessagingSettings) == []


def test_a_country_that_is_none_is_said_at_its_field(
    quiet: QuietPanel, connection: FakeConnection, qtbot: QtBot
) -> None:
    fault = Fault(
        code="messaging.country", message="Write the country with its two letters.", field="country"
    )
    connection.answer(SetMessagingSettings, fault)
    quiet.country.set_text("XX")

    quiet.store()

    qtbot.waitUntil(lambda: quiet.country.error() == fault.message)
    assert quiet.country.text() == "XX"


@pytest.mark.parametrize("edits", [True, False])
def test_only_who_may_edit_gets_the_editors(
    connection: FakeConnection, session: Session, qtbot: QtBot, *, edits: bool
) -> None:
    """The desk has the list alone, and Ctrl+Enter does nothing there."""
    connection.answer(ListMessages, listed(ALL))
    connection.answer(ListTemplates, TEMPLATES)
    connection.answer(GetMessagingSettings, SETTINGS)
    page = MessagesDesk(session, clock=lambda: NOW, zone=ZONE, edits=edits)
    for _ in page.furnish():
        """Each part is built."""
    qtbot.addWidget(page)
    with qtbot.waitExposed(page):
        page.show()

    page.take_focus()
    page.primary()

    assert page.messages.table.hasFocus()
    assert (page.wording is not None, page.quiet is not None) == (edits, edits)
    assert bool(connection.requests(ListTemplates)) is edits
