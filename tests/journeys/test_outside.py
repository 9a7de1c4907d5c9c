"""What needs the internet, in the same windows: an online payment and a question to the assistant."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtWidgets import QApplication

from hms_desktop.app import App
from hms_desktop.assistant.panel import AssistantSheet
from hms_desktop.billing.panel import BillingPanel
from hms_desktop.connection.client import Client
from hms_desktop.consultations.panel import ConsultationPanel
from hms_desktop.consultations.parts import Mode
from hms_desktop.demo_day.keyboard import Keyboard
from hms_desktop.demo_day.story import FAMILY, GIVEN, Day
from hms_desktop.demo_sign_in import pairing_of, person_of
from hms_desktop.paystack.panel import OnlinePanel
from hms_desktop.stations import StationWorkspace
from hms_server.contract.assistant import SetAssistantPolicy
from hms_server.contract.demo import DemoSignIn
from hms_server.contract.paystack import OnlineState
from hms_server.contract.relay import SetProvider
from hms_server.contract.values import Role
from tests.journeys.conftest import Clinic
from tests.journeys.test_clinic_day import workstation
from tests.outside.gemini import API_KEY, MODEL, FakeGemini, says
from tests.outside.paystack import FakePaystack

ANSWER = ("It is recorded that no allergies are known. ", "Ask again before you prescribe.")


class OutsideDay(Day):
    """The same patient, who pays by phone, and whose doctor asks the assistant."""

    def ask_assistant(self, question: str) -> AssistantSheet:
        """Doctor: F2 beside the open chart, a question in her own words; the patient has to agree first."""
        workspace = self._sit_down(Role.DOCTOR, "doctor", StationWorkspace)
        panel, keyboard = self._panel(workspace, ConsultationPanel), self._keyboard
        self._call(workspace, lambda: panel.mode is Mode.WRITING)
        desk = self._app.desk
        assert desk is not None
        keyboard.wait_for(desk.frame.header.assistant_button.isVisible, "the assistant's button")
        keyboard.press("F2")
        sheet = desk.frame.findChild(AssistantSheet)
        assert sheet is not None
        keyboard.wait_for(sheet.isVisible, "the assistant's sheet")
        keyboard.type(question)
        keyboard.press("Return")
        keyboard.wait_for(lambda: "not agreed" in sheet.notice.text(), "the word on consent")
        keyboard.press("Alt+Y")
        keyboard.wait_for(
            lambda: any("".join(ANSWER) in card.text() for card in sheet.cards()), "the assistant's answer"
        )
        self._picture("assistant")
        return sheet

    def pay_online(self, theirs: FakePaystack) -> OnlinePanel:
        """Cash desk: F4 makes the code to scan; the payer pays, and nobody at the desk presses anything."""
        workspace = self._sit_down(Role.CASHIER, "billing", StationWorkspace)
        panel, keyboard = self._panel(workspace, BillingPanel), self._keyboard
        self._call(workspace, lambda: panel.state.invoice is not None)
        online: OnlinePanel | None = workspace.findChild(OnlinePanel)
        assert online is not None
        keyboard.wait_for(online.ways_offered, "the ways to pay online")
        keyboard.press("F4", "Ctrl+Return")
        keyboard.wait_for(
            lambda: online.watch.payment is not None and online.watch.payment.state is OnlineState.OPEN,
            "the code to scan",
        )
        assert online.watch.payment is not None
        assert online.watch.qr.isVisible()
        self._picture("code to scan")
        theirs.pay(online.watch.payment.reference)
        keyboard.wait_for(panel.print_button.isEnabled, "the receipt")
        self._picture("paid online")
        return online


@contextmanager
def outside() -> Iterator[tuple[FakePaystack, FakeGemini]]:
    """Both providers, on this machine."""
    with FakePaystack() as paystack, FakeGemini() as gemini:
        yield paystack, gemini


def switch_on(people: DemoSignIn, paystack: FakePaystack, gemini: FakeGemini) -> None:
    """As the administrator does it under Providers and Assistant."""
    person = person_of(people, Role.ADMINISTRATOR)
    assert person is not None
    pairing = pairing_of(people)
    with Client(pairing.server, pairing.keys) as admin:
        admin.sign_in(person.user_name, person.password, timeout_s=60)
        for name, settings, secrets in (
            ("paystack", {"address": paystack.url}, {"secret_key": paystack.secret}),
            ("gemini", {"address": gemini.url, "model": MODEL}, {"api_key": API_KEY}),
        ):
            admin.ask(SetProvider(name=name, settings=settings, secrets=secrets))
        admin.ask(SetAssistantPolicy(enabled=True, person_limit=0, clinic_limit=0))


@contextmanager
def opened(application: QApplication, clinic: Clinic, folder: Path) -> Iterator[OutsideDay]:
    with workstation(application, clinic.people, folder) as app:
        app.window.activateWindow()
        yield day_at(app, clinic)


def day_at(app: App, clinic: Clinic) -> OutsideDay:
    return OutsideDay(app, clinic.people, Keyboard(app.window), picture=lambda _words: None)


def test_an_online_payment_is_pushed_to_the_desk_that_waits_for_it(
    clinic: Clinic, application: QApplication, tmp_path: Path
) -> None:
    """Window, server and Paystack's interface are real; the money is posted once and the receipt is there."""
    with outside() as (paystack, gemini):
        switch_on(clinic.people, paystack, gemini)
        with opened(application, clinic, tmp_path / "desktop") as day:
            day.register()
            day.measure()
            day.see_alert()
            day.treat()
            day.hand_over()

            online = day.pay_online(paystack)

            assert online.watch.payment is not None
            reference = online.watch.payment.reference

    assert len(paystack.payments) == 1
    ((method, charged, due),) = clinic.sql(
        """select method, charged_minor, due_minor from payment join invoice on invoice.id = invoice_id
        where payment.reference = %s""",
        reference,
    )
    assert (method, due) == ("paystack", 0)
    assert paystack.books().received("NGN") == charged
    assert clinic.sql(
        "select count(*) from (select from posting group by entry_id having sum(amount_minor) <> 0) as odd"
    ) == [(0,)]


def test_the_assistant_answers_beside_the_chart_and_learns_no_name(
    clinic: Clinic, application: QApplication, tmp_path: Path
) -> None:
    """Streamed into the sheet; what left the house has a pseudonym in the name's place."""
    with outside() as (paystack, gemini):
        switch_on(clinic.people, paystack, gemini)
        gemini.then(says(*ANSWER))
        with opened(application, clinic, tmp_path / "desktop") as day:
            day.register()
            day.measure()

            sheet = day.ask_assistant(f"Which allergies does {GIVEN} {FAMILY} have?")

            asked = [card.text() for card in sheet.cards() if card.message.by]
    assert asked == [f"Which allergies does {GIVEN} {FAMILY} have?"]
    assert "Which allergies does" in gemini.received
    for name in (FAMILY, *GIVEN.split()):
        assert name not in gemini.received
