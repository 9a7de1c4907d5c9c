"""One patient's whole day: real windows, a real server in its own process, real PostgreSQL, keys only."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PySide6.QtWidgets import QApplication, QLabel
from shiboken6 import delete

from hms_desktop.app import App
from hms_desktop.connection.client import Client
from hms_desktop.demo_day.keyboard import Keyboard, Watch, wait_ms
from hms_desktop.demo_day.story import FAMILY, GIVEN, MEDICINES, Day
from hms_desktop.demo_sign_in import pairing_of, person_of
from hms_desktop.identity_file import IdentityFile
from hms_desktop.options import Options
from hms_desktop.session import Session
from hms_desktop.visits.display.panel import DisplayPanel
from hms_server.contract.accounts import GetClinic
from hms_server.contract.demo import DemoSignIn
from hms_server.contract.values import Role
from tests.journeys.conftest import Clinic

MOST_WINDOWS = 6
SETTLES_WITHIN_MS = 500


class WaitingRoomScreen:
    """The display on the wall, and everything that was ever to be read on it."""

    def __init__(self, panel: DisplayPanel) -> None:
        self._panel = panel
        self.calls: list[tuple[str, str]] = []
        self.words: set[str] = set()

    def look(self) -> None:
        """Reads the whole screen."""
        self.calls += [call for call in self._panel.called() if call not in self.calls]
        self.words |= {label.text() for label in self._panel.findChildren(QLabel)}

    def shows_cash_desk(self) -> bool:
        """The last call of the day, which is gone from the wall as soon as the bill is paid."""
        self.look()
        return "Window 1" in [room for _code, room in self.calls]


@contextmanager
def waiting_room(people: DemoSignIn) -> Iterator[WaitingRoomScreen]:
    """A display with a connection and a sign-in of its own."""
    person = person_of(people, Role.DISPLAY)
    assert person is not None
    pairing = pairing_of(people)
    client = Client(pairing.server, pairing.keys)
    client.sign_in(person.user_name, person.password)
    client.follow()
    about = client.ask(GetClinic())
    session = Session(client)
    panel = DisplayPanel(
        session, services=about.services, clock=lambda: datetime.now(UTC), zone=ZoneInfo(about.time_zone)
    )
    panel.show()
    try:
        yield WaitingRoomScreen(panel)
    finally:
        panel.close()
        delete(panel)
        session.close()
        delete(session)


@contextmanager
def workstation(application: QApplication, people: DemoSignIn, folder: Path) -> Iterator[App]:
    """The desktop program with its window."""
    pairings = IdentityFile(folder / "identity.json")
    app = App(application, Options(folder=folder, pairings=pairings, demo=people))
    app.start()
    try:
        yield app
    finally:
        # The news of the last payment are still under way to the lists that show it.
        wait_ms(SETTLES_WITHIN_MS)
        app.close()
        delete(app.window)
        delete(app)


def test_a_patient_passes_through_the_whole_clinic_by_keys_alone(
    clinic: Clinic, application: QApplication, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the first letter of the name to the receipt: at most six windows, no second look-up, no mouse."""
    with (
        waiting_room(clinic.people) as screen,
        workstation(application, clinic.people, tmp_path / "desktop") as app,
    ):
        watch = Watch(application)
        keyboard = Keyboard(app.window)
        app.window.activateWindow()

        def look(words: str) -> None:
            screen.look()
            if words == "bill":
                keyboard.wait_for(screen.shows_cash_desk, "the call to the cash desk on the wall")

        day = Day(app, clinic.people, keyboard, picture=look)

        day.play()

        watch.stop()
    windows = len(day.workspaces) + len(watch.windows)
    with capsys.disabled():
        print(
            f"\none visit: {windows} windows ({len(day.workspaces)} workspaces, {len(watch.windows)} "
            f"dialogs), {keyboard.keys} keys, {watch.mouse_events} touches of the mouse, no second look-up"
        )
    assert windows <= MOST_WINDOWS
    assert watch.mouse_events == 0
    asked = clinic.sql("select count(*) from audit where request = 'SearchPatients'")
    assert asked == [(0,)]
    assert_stored(clinic)
    assert_shown(screen, day.first_ticket)


def assert_stored(clinic: Clinic) -> None:
    """The rows of that visit: chart, stock and money, each as its ledger has it."""
    ((encounter_id, patient_id, status),) = clinic.sql(
        """select encounter.id, patient.id, status from patient join encounter on patient_id = patient.id
        where family_name = %s and given_names = %s""",
        FAMILY,
        GIVEN,
    )
    assert status == "finished"
    assert clinic.sql(
        "select news2_total, risk, acknowledged_at is not null from vital_signs"
        " join alert using (encounter_id) where encounter_id = %s",
        encounter_id,
    ) == [(10, "high", True)]
    assert clinic.sql("select version from note where encounter_id = %s", encounter_id) == [(1,)]
    assert clinic.sql("select code from condition where encounter_id = %s", encounter_id) == [("B54",)]
    prescribed = clinic.sql(
        "select quantity, dispensed, status from medication_request where encounter_id = %s", encounter_id
    )
    assert len(prescribed) == len(MEDICINES)
    assert all(quantity == dispensed and state == "completed" for quantity, dispensed, state in prescribed)
    taken = clinic.sql(
        """select -sum(stock_movement.quantity) from stock_movement
        join medication_dispense on dispense_id = medication_dispense.id
        join handover on handover.id = handover_id where encounter_id = %s""",
        encounter_id,
    )
    assert taken == [(sum(quantity for quantity, _, _ in prescribed),)]
    assert clinic.sql(
        """select count(*) from batch
        where on_hand <> (select sum(quantity) from stock_movement where batch_id = batch.id)"""
    ) == [(0,)]
    assert_paid(clinic, encounter_id)
    tickets = clinic.sql("select service, state from ticket where patient_id = %s order by id", patient_id)
    assert tickets == [("T", "done"), ("D", "done"), ("P", "done"), ("B", "done")]


def assert_paid(clinic: Clinic, encounter_id: int) -> None:
    """One bill, paid in full by cash with change, under the next receipt number."""
    ((invoice_id, charged, due),) = clinic.sql(
        "select id, charged_minor, due_minor from invoice where encounter_id = %s", encounter_id
    )
    assert charged > 0
    assert due == 0
    ((amount, change, sequence),) = clinic.sql(
        "select amount_minor, change_minor, receipt_seq from payment where invoice_id = %s", invoice_id
    )
    assert amount == charged
    assert change >= 0
    ((last, count),) = clinic.sql(
        """select max(receipt_seq), count(*) from payment
        where receipt_year = (select max(receipt_year) from payment)"""
    )
    assert sequence == last == count
    assert clinic.sql(
        "select count(*) from (select from posting group by entry_id having sum(amount_minor) <> 0) as odd"
    ) == [(0,)]


def assert_shown(screen: WaitingRoomScreen, first_ticket: str) -> None:
    """Every call stood on the wall with its room; a name never did."""
    rooms = [room for _code, room in screen.calls]
    assert first_ticket in [code for code, _room in screen.calls]
    assert {"Triage", "Room 1", "Pharmacy 1", "Window 1"} <= set(rooms)
    for name in (FAMILY, *GIVEN.split()):
        assert not [words for words in screen.words if name in words]
