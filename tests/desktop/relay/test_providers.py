"""The providers' forms: secrets go in and never come out, and test and live cannot be confused."""

import logging
from collections.abc import Callable

import pytest
from msgspec import structs
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from hms_desktop.relay.provider.panel import ProviderCard, SecretField
from hms_desktop.relay.providers.panel import ProvidersPanel
from hms_desktop.session import Session
from hms_server.contract.envelope import Fault
from hms_server.contract.relay import (
    ListProviders,
    ProviderRow,
    Providers,
    Reachability,
    ReachabilityChanged,
    SetProvider,
)
from hms_server.contract.values import Moment
from tests.desktop.conftest import FakeConnection
from tests.desktop.relay.samples import (
    ADA,
    LIVE_SECRET,
    NETWORK,
    PAYSTACK,
    PAYSTACK_UP,
    PROVIDERS,
    SECRET,
    SMTP,
)
from tests.desktop.samples import NOW, ZONE

LIVE = structs.replace(PAYSTACK, test_mode=False, secrets_set={"secret_key": LIVE_SECRET[-4:]})
OpenPage = Callable[[], ProvidersPanel]


def stored(request: SetProvider) -> ProviderRow:
    """What a server makes of a form."""
    before = next(row for row in PROVIDERS if row.name == request.name)
    endings = dict(before.secrets_set)
    for name, value in request.secrets.items():
        endings.pop(name, None)
        if value:
            endings[name] = value[-4:]
    return structs.replace(
        before,
        settings=request.settings,
        secrets_set=endings,
        enabled=request.enabled,
        test_mode=request.secrets.get("secret_key", SECRET).startswith("sk_test_"),
        changed=Moment(at=NOW, by=ADA),
    )


@pytest.fixture
def open_page(connection: FakeConnection, session: Session, qtbot: QtBot) -> OpenPage:
    connection.answer(ListProviders, Providers(PROVIDERS))
    connection.answer(SetProvider, stored)

    def make() -> ProvidersPanel:
        panel = ProvidersPanel(session, clock=lambda: NOW, zone=ZONE)
        qtbot.addWidget(panel)
        panel.resize(1180, 600)
        with qtbot.waitActive(panel):
            panel.show()
            panel.activateWindow()
        qtbot.waitUntil(lambda: panel.table.model().rowCount() == len(PROVIDERS))
        panel.take_focus()
        return panel

    return make


def choose(panel: ProvidersPanel, name: str) -> ProviderCard:
    panel.table.choose(name)
    assert panel.current is panel.cards[name]
    return panel.cards[name]


def paste(field: SecretField, text: str) -> None:
    """As a person does: keys are copied from the provider's page."""
    QApplication.clipboard().setText(text)
    field.editor.setFocus()
    QTest.keyClick(field.editor, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)


def states(panel: ProvidersPanel) -> list[str]:
    model = panel.table.model()
    return [model.index(row, 1).data() for row in range(model.rowCount())]


def everything_shown(page: QWidget) -> str:
    """All that a screen reader or a look at the page could find out."""
    found: list[str] = []
    for part in (page, *page.findChildren(QWidget)):
        found.append(part.toolTip())
        if isinstance(part, QLabel | QAbstractButton):
            found.append(part.text())
        if isinstance(part, QLineEdit):
            found += [part.displayText(), part.placeholderText()]
        told = QAccessible.queryAccessibleInterface(part)
        found += [told.text(kind) for kind in (QAccessible.Text.Name, QAccessible.Text.Value)] if told else []
    return "\n".join(found)


def test_each_provider_says_its_mode_in_the_list(open_page: OpenPage) -> None:
    """In a word, not only in a colour."""
    assert states(open_page()) == ["On", "TEST MODE", "Off"]


def test_a_form_is_built_from_the_fields(open_page: OpenPage) -> None:
    """Defaults stand there in grey, what is entered in black."""
    panel = open_page()
    card = choose(panel, "network")
    mail = choose(panel, "smtp")

    assert card.plain["proxy"].text() == "proxy.example.org:3128"
    assert card.secrets["password"].editor.placeholderText() == "Set"
    assert list(mail.plain) == ["host", "port", "security", "user", "sender", "reply_to", "authorities"]
    assert mail.plain["security"].text() == ""
    assert mail.plain["security"].editor.placeholderText() == "starttls"
    assert mail.off_button.isChecked()


def test_a_stored_secret_is_named_by_its_end_only(open_page: OpenPage) -> None:
    field = choose(open_page(), "paystack").secrets["secret_key"]

    assert field.editor.placeholderText() == "Set, ends in …x3f2"
    assert field.text() == ""


def test_a_pasted_key_is_stored_by_keyboard_alone_and_gone_from_here(
    open_page: OpenPage, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Enter opens the form; what is not touched is not sent."""
    panel = open_page()
    panel.table.choose("network")
    QTest.keyClick(panel.table, Qt.Key.Key_Down)
    QTest.keyClick(panel.table, Qt.Key.Key_Return)
    card = panel.cards["paystack"]
    assert card.secrets["secret_key"].editor.hasFocus()
    new = "sk_test_anotherkey0000zzzz"

    paste(card.secrets["secret_key"], f" {new} ")
    edited = states(panel)[1]
    panel.primary()
    qtbot.waitUntil(lambda: "Stored 10:42:07" in card.notice.text())

    assert edited == "Not stored"
    sent = connection.requests(SetProvider)
    assert [(one.settings, one.secrets, one.enabled) for one in sent] == [
        ({"address": ""}, {"secret_key": new}, True)
    ]
    assert card.secrets["secret_key"].editor.text() == ""
    assert card.secrets["secret_key"].editor.placeholderText() == "Set, ends in …zzzz"
    assert "Test mode" in card.notice.text()
    assert states(panel)[1] == "TEST MODE"


def test_nothing_of_a_typed_secret_can_be_read_copied_or_taken_back(
    open_page: OpenPage, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    """Not on the page, not by the clipboard, not by undo, not in a log."""
    panel = open_page()
    card = choose(panel, "paystack")
    field = card.secrets["secret_key"]
    paste(field, LIVE_SECRET)
    QApplication.clipboard().setText("something else")

    with caplog.at_level(logging.DEBUG):
        shown = everything_shown(panel)
        field.editor.selectAll()
        for key in (Qt.Key.Key_C, Qt.Key.Key_X):
            QTest.keyClick(field.editor, key, Qt.KeyboardModifier.ControlModifier)
        copied = QApplication.clipboard().text()
        paste(field, LIVE_SECRET)
        panel.primary()
        panel.primary()
        qtbot.waitUntil(lambda: "Stored" in card.notice.text())
        field.editor.undo()

    assert "Set, ends in …x3f2" in shown
    assert LIVE_SECRET not in shown
    assert copied == "something else"
    assert field.editor.text() == ""
    assert LIVE_SECRET not in everything_shown(panel)
    assert LIVE_SECRET not in caplog.text


def test_the_kind_of_a_key_is_said_while_it_is_entered(open_page: OpenPage) -> None:
    """Before it is stored, and gone with it."""
    card = choose(open_page(), "paystack")
    field = card.secrets["secret_key"]
    said = []

    for text in ("sk_live_1", "sk_test_1", "sk_", ""):
        field.editor.clear()
        QTest.keyClicks(field.editor, text)
        field.editor.setFocus()
        said.append(field._pill.text())

    assert said == ["Live key: real money moves", "Test key: no real money moves", "", ""]


def test_from_play_to_real_money_is_asked_once(
    open_page: OpenPage, connection: FakeConnection, qtbot: QtBot
) -> None:
    """A hand that presses Ctrl+Enter by habit does not open the till."""
    panel = open_page()
    card = choose(panel, "paystack")
    paste(card.secrets["secret_key"], LIVE_SECRET)

    panel.primary()
    asked, before = card.notice.text(), list(connection.requests(SetProvider))
    panel.primary()

    qtbot.waitUntil(lambda: "It is used from now on" in card.notice.text())
    assert "real money moves" in asked
    assert before == []
    assert states(panel)[1] == "Live"


def test_another_key_after_the_question_is_another_question(
    open_page: OpenPage, connection: FakeConnection
) -> None:
    panel = open_page()
    card = choose(panel, "paystack")
    paste(card.secrets["secret_key"], LIVE_SECRET)
    panel.primary()

    QTest.keyClicks(card.secrets["secret_key"].editor, "x")
    gone = card.notice.text()
    panel.primary()

    assert gone == ""
    assert "real money moves" in card.notice.text()
    assert not connection.requests(SetProvider)


def test_esc_waits_and_what_was_typed_stays(open_page: OpenPage, connection: FakeConnection) -> None:
    panel = open_page()
    card = choose(panel, "paystack")
    paste(card.secrets["secret_key"], LIVE_SECRET)
    panel.primary()

    QTest.keyClick(card.secrets["secret_key"].editor, Qt.Key.Key_Escape)

    assert card.notice.text() == ""
    assert card.secrets["secret_key"].text() == LIVE_SECRET
    assert not connection.requests(SetProvider)


def test_from_real_money_to_play_is_asked_too(open_page: OpenPage, connection: FakeConnection) -> None:
    """Or patients would "pay" all day and nothing would arrive."""
    connection.answer(ListProviders, Providers([NETWORK, LIVE, SMTP]))
    panel = open_page()
    card = choose(panel, "paystack")
    paste(card.secrets["secret_key"], SECRET)

    panel.primary()

    assert "nobody really pays" in card.notice.text()
    assert not connection.requests(SetProvider)


@pytest.mark.parametrize(("row", "key"), [(LIVE, LIVE_SECRET), (PAYSTACK, SECRET)])
def test_a_key_of_the_same_kind_is_not_asked_about(
    open_page: OpenPage, connection: FakeConnection, row: ProviderRow, key: str
) -> None:
    """A question that always comes is answered without being read."""
    connection.answer(ListProviders, Providers([NETWORK, row, SMTP]))
    panel = open_page()
    card = choose(panel, "paystack")
    paste(card.secrets["secret_key"], key)

    panel.primary()

    assert len(connection.requests(SetProvider)) == 1


def test_a_fault_is_said_at_its_field_and_nothing_typed_is_lost(
    open_page: OpenPage, connection: FakeConnection, qtbot: QtBot
) -> None:
    panel = open_page()
    card = choose(panel, "paystack")
    wrong = Fault(code="paystack.public_key", message="That is the public key.", field="secret_key")
    connection.answer(SetProvider, wrong)
    paste(card.secrets["secret_key"], "pk_live_0123")
    card.plain["address"].set_text("https://elsewhere.example.org")

    panel.primary()
    qtbot.waitUntil(lambda: card.secrets["secret_key"].error() == "That is the public key.")

    assert card.secrets["secret_key"].editor.hasFocus()
    assert card.secrets["secret_key"].text() == "pk_live_0123"
    assert card.plain["address"].text() == "https://elsewhere.example.org"
    assert card.store_button.isEnabled()
    assert states(panel)[1] == "Not stored"


def test_a_fault_of_no_field_is_said_on_the_card(
    open_page: OpenPage, connection: FakeConnection, qtbot: QtBot
) -> None:
    panel = open_page()
    card = choose(panel, "smtp")
    connection.answer(SetProvider, Fault(code="link.down", message="There is no connection to the server."))
    QTest.keyClicks(card.plain["host"].editor, "smtp.example.org")

    panel.primary()

    qtbot.waitUntil(lambda: "no connection" in card.notice.text())
    assert card.plain["host"].text() == "smtp.example.org"


def test_while_it_is_on_its_way_it_is_sent_once_and_nothing_can_be_typed_over_it(
    open_page: OpenPage, connection: FakeConnection, qtbot: QtBot
) -> None:
    panel = open_page()
    card = choose(panel, "smtp")
    connection.hold()
    QTest.keyClicks(card.plain["host"].editor, "smtp.example.org")

    panel.primary()
    panel.primary()
    QTest.keyClicks(card.plain["host"].editor, "more")
    on_its_way = (card.plain["host"].text(), card.store_button.isEnabled())
    connection.release()
    qtbot.waitUntil(lambda: "Stored" in card.notice.text())
    QTest.keyClicks(card.plain["host"].editor, "2")

    assert on_its_way == ("smtp.example.org", False)
    assert len(connection.requests(SetProvider)) == 1
    assert card.plain["host"].text() == "smtp.example.org2"


def test_a_secret_is_taken_away_only_where_there_is_one(
    open_page: OpenPage, connection: FakeConnection, qtbot: QtBot
) -> None:
    """And only when the form is stored."""
    panel = open_page()
    without = choose(panel, "smtp").secrets["password"].remove_button.isEnabled()
    card = choose(panel, "network")
    field = card.secrets["password"]

    field.remove_button.click()
    said = field.editor.placeholderText()
    panel.primary()
    qtbot.waitUntil(lambda: "Stored" in card.notice.text())

    assert not without
    assert said == "Will be taken away"
    assert [one.secrets for one in connection.requests(SetProvider)] == [{"password": ""}]
    assert field.editor.placeholderText() == "Not set"
    assert not field.remove_button.isChecked()
    assert field.editor.isEnabled()


def test_taking_away_is_taken_back_by_the_same_button(open_page: OpenPage) -> None:
    card = choose(open_page(), "network")
    field = card.secrets["password"]

    field.remove_button.click()
    field.remove_button.click()

    assert not card.is_edited()
    assert field.editor.placeholderText() == "Set"


def test_switching_off_is_stored_like_any_change(
    open_page: OpenPage, connection: FakeConnection, qtbot: QtBot
) -> None:
    panel = open_page()
    card = choose(panel, "paystack")

    card.off_button.click()
    panel.primary()
    qtbot.waitUntil(lambda: "switched off" in card.notice.text())

    assert [(one.enabled, one.secrets) for one in connection.requests(SetProvider)] == [(False, {})]
    assert states(panel)[1] == "Off"


def test_what_is_typed_into_one_form_stays_while_another_is_looked_at(open_page: OpenPage) -> None:
    panel = open_page()
    QTest.keyClicks(choose(panel, "smtp").plain["host"].editor, "smtp.example.org")

    choose(panel, "paystack")

    assert choose(panel, "smtp").plain["host"].text() == "smtp.example.org"
    assert states(panel) == ["On", "TEST MODE", "Not stored"]


def test_take_back_forgets_what_was_typed(open_page: OpenPage) -> None:
    """The secrets too."""
    panel = open_page()
    card = choose(panel, "paystack")
    paste(card.secrets["secret_key"], LIVE_SECRET)
    card.off_button.click()
    QTest.keyClicks(card.plain["address"].editor, "x")

    card.back_button.click()

    assert not card.is_edited()
    assert card.secrets["secret_key"].editor.text() == ""
    assert card.on_button.isChecked()
    assert states(panel)[1] == "TEST MODE"


def test_without_a_change_nothing_is_stored(open_page: OpenPage, connection: FakeConnection) -> None:
    panel = open_page()
    card = choose(panel, "paystack")

    panel.primary()

    assert not card.store_button.isEnabled()
    assert not connection.requests(SetProvider)


def test_another_administrators_change_appears_beside_what_is_typed_here(
    open_page: OpenPage, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Where the person has typed, their words stay; everywhere else the new value comes."""
    panel = open_page()
    card = choose(panel, "network")
    panel.state._gather.setInterval(1)
    QTest.keyClicks(card.plain["user"].editor, "ada")
    other = structs.replace(
        NETWORK, settings={"proxy": "other.example.org:8080", "user": "bob"}, enabled=False
    )
    connection.answer(ListProviders, Providers([other, PAYSTACK, SMTP]))

    off = Reachability(
        destination="paystack", title="Paystack", reachable=True, since=NOW, switched_on=False, test_mode=True
    )
    connection.happen(ReachabilityChanged(row=off))
    qtbot.waitUntil(lambda: card.plain["proxy"].text() == "other.example.org:8080")

    assert card.plain["user"].text() == "ada"
    assert card.off_button.isChecked()
    assert card.is_edited()


def test_payments_that_wait_do_not_fetch_the_providers_again(
    open_page: OpenPage, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Only what says that somebody has switched something."""
    panel = open_page()
    panel.state._gather.setInterval(1)

    connection.happen(ReachabilityChanged(row=structs.replace(PAYSTACK_UP, waiting=5)))
    qtbot.wait(50)

    assert len(connection.requests(ListProviders)) == 1


def test_a_list_that_cannot_be_fetched_says_so(
    connection: FakeConnection, session: Session, qtbot: QtBot
) -> None:
    connection.answer(ListProviders, Fault(code="server.busy", message="The server has too much to do."))
    panel = ProvidersPanel(session, clock=lambda: NOW, zone=ZONE)
    qtbot.addWidget(panel)

    panel.show()

    qtbot.waitUntil(lambda: panel._list.state() == "error")
