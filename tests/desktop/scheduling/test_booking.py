"""Booking: the patient, the next free times, Enter; and never another time than the chosen one."""

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.diary_workspaces import AppointmentsWorkspace
from hms_desktop.scheduling.state import Whom
from hms_server.contract.envelope import Fault
from hms_server.contract.patients import PatientHits, SearchPatients
from hms_server.contract.scheduling import (
    AppointmentStored,
    BookAppointment,
    CancelAppointment,
    FindSlots,
    ScheduleChanged,
    Slots,
    with_alternatives,
)
from tests.desktop.conftest import FakeConnection
from tests.desktop.scheduling.diary import AMINA, KOFI, SLOTS, TODAY, appointment
from tests.desktop.visits.tickets import patient

Open = Callable[[], AppointmentsWorkspace]
BOLA = patient(9, "Bola Ade")
BOOKED = appointment(20, "11:40", who=BOLA)


def type_patient(workspace: AppointmentsWorkspace, qtbot: QtBot) -> None:
    """F5, a part of the name, Enter on the first suggestion."""
    booking = workspace.panel.booking
    QTest.keyClick(workspace.panel.table, Qt.Key.Key_F5)
    QTest.keyClicks(booking.who.editor, "bola")
    qtbot.waitUntil(booking.who.is_open)
    QTest.keyClick(booking.who.editor, Qt.Key.Key_Return)


@pytest.fixture
def workspace(open_day: Open, connection: FakeConnection) -> AppointmentsWorkspace:
    """A day at the front desk at which Bola Ade is found."""
    connection.answer(SearchPatients, PatientHits([BOLA], more=False))
    connection.answer(BookAppointment, AppointmentStored(appointment=BOOKED))
    return open_day()


def test_a_patient_is_booked_by_keys_alone(
    workspace: AppointmentsWorkspace, connection: FakeConnection, qtbot: QtBot
) -> None:
    """And the mistake is taken back by one key."""
    connection.answer(CancelAppointment, AppointmentStored(appointment=BOOKED))
    booking = workspace.panel.booking

    type_patient(workspace, qtbot)
    assert booking.who.text() == "Bola Ade"
    QTest.keyClicks(booking.reason.editor, "Cough")
    qtbot.waitUntil(lambda: booking.table.chosen_row() == SLOTS[0])
    QTest.keyClick(booking.table, Qt.Key.Key_Down)
    QTest.keyClick(booking.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Bola Ade is booked" in workspace.panel.notice.text())
    QTest.keyClick(workspace.panel.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(connection.requests(CancelAppointment)) == 1)

    assert connection.requests(BookAppointment) == [
        BookAppointment(
            patient_id=BOLA.id,
            practitioner_id=AMINA.id,
            starts_at=SLOTS[1].starts_at,
            ends_at=SLOTS[1].ends_at,
            room_id=SLOTS[1].room_id,
            reason="Cough",
        )
    ]
    assert (booking.patient, booking.who.text(), booking.reason.text()) == (None, "", "")


def test_the_times_are_asked_for_the_patient_the_day_and_with_whom(
    workspace: AppointmentsWorkspace, connection: FakeConnection, qtbot: QtBot
) -> None:
    booking = workspace.panel.booking

    type_patient(workspace, qtbot)
    booking.whom.set_value(Whom(speciality="cardiology"))
    booking.whom.chosen.emit(booking.whom.value())
    workspace.panel.state.turn_by(3)

    def last() -> FindSlots:
        asked: FindSlots = connection.requests(FindSlots)[-1]
        return asked

    qtbot.waitUntil(lambda: last().from_day == TODAY + timedelta(days=3))
    assert (last().speciality, last().practitioner_id, last().patient_id) == ("cardiology", None, BOLA.id)


def test_only_specialities_that_somebody_has_are_offered(workspace: AppointmentsWorkspace) -> None:
    editor = workspace.panel.booking.whom.editor

    offered = [editor.itemText(number) for number in range(editor.count())]

    assert offered == ["Anybody", "General practice", "Heart", "Dr Amina Bello", "Dr Kofi Asante"]


def test_without_a_patient_the_field_says_so(
    workspace: AppointmentsWorkspace, connection: FakeConnection
) -> None:
    workspace.primary()

    assert workspace.panel.booking.who.error() == "Choose the patient first."
    assert connection.requests(BookAppointment) == []


def test_who_types_over_a_name_does_not_book_the_one_before(
    workspace: AppointmentsWorkspace, connection: FakeConnection, qtbot: QtBot
) -> None:
    type_patient(workspace, qtbot)

    QTest.keyClicks(workspace.panel.booking.who.editor, "x")
    workspace.primary()

    assert workspace.panel.booking.patient is None
    assert connection.requests(BookAppointment) == []


def test_a_time_that_is_taken_meanwhile_is_not_replaced_by_its_neighbour(
    workspace: AppointmentsWorkspace, connection: FakeConnection, qtbot: QtBot
) -> None:
    """Enter that was meant for the lost time books nothing; the person is told."""
    booking = workspace.panel.booking
    type_patient(workspace, qtbot)
    qtbot.waitUntil(lambda: booking.table.chosen_row() == SLOTS[0])
    connection.answer(FindSlots, Slots(slots=SLOTS[1:], more=False))

    connection.happen(ScheduleChanged(practitioner_id=None))
    qtbot.waitUntil(lambda: booking.table.model().rowCount() == len(SLOTS) - 1)
    workspace.primary()

    assert connection.requests(BookAppointment) == []
    assert booking.table.chosen_row() == SLOTS[1]
    assert booking.table.hasFocus()


def test_who_lost_a_time_is_told(
    workspace: AppointmentsWorkspace, connection: FakeConnection, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: workspace.panel.booking.table.chosen_row() == SLOTS[0])
    connection.answer(FindSlots, Slots(slots=SLOTS[1:], more=False))

    connection.happen(ScheduleChanged(practitioner_id=None))

    qtbot.waitUntil(lambda: "11:40 with Dr Kofi Asante is not free" in workspace.panel.notice.text())


def test_a_refusal_says_who_was_faster_and_what_is_free(
    workspace: AppointmentsWorkspace, connection: FakeConnection, qtbot: QtBot
) -> None:
    """What was typed stays."""
    taken = Fault(
        code="scheduling.taken",
        message="Dr Kofi Asante is taken. Choose another time.",
        field="starts_at",
        data=with_alternatives(SLOTS[2:4]),
    )
    connection.answer(BookAppointment, taken)
    type_patient(workspace, qtbot)
    qtbot.waitUntil(lambda: workspace.panel.booking.table.chosen_row() is not None)

    workspace.primary()

    qtbot.waitUntil(lambda: "is taken" in workspace.panel.notice.text())
    assert "Mon 23 Nov, 08:00 with Dr Kofi Asante · Mon 23 Nov, 08:20" in workspace.panel.notice.text()
    assert workspace.panel.booking.patient == BOLA


def test_a_fault_of_the_patient_stands_at_the_patient(
    workspace: AppointmentsWorkspace, connection: FakeConnection, qtbot: QtBot
) -> None:
    fault = Fault(code="scheduling.taken", message="Bola Ade has an appointment then.", field="patient_id")
    connection.answer(BookAppointment, fault)
    type_patient(workspace, qtbot)
    qtbot.waitUntil(lambda: workspace.panel.booking.table.chosen_row() is not None)

    workspace.primary()

    qtbot.waitUntil(lambda: workspace.panel.booking.who.error() == fault.message)


def test_a_key_that_is_pressed_twice_books_once(
    workspace: AppointmentsWorkspace, connection: FakeConnection, qtbot: QtBot
) -> None:
    type_patient(workspace, qtbot)
    qtbot.waitUntil(lambda: workspace.panel.booking.table.chosen_row() is not None)
    connection.hold()

    workspace.primary()
    workspace.primary()

    assert len(connection.requests(BookAppointment)) == 1
    connection.release()
    qtbot.waitUntil(lambda: "is booked" in workspace.panel.notice.text())


def test_who_does_not_move_after_all_books_as_before(workspace: AppointmentsWorkspace) -> None:
    """With whom one was booking comes back."""
    booking = workspace.panel.booking
    booking.whom.set_value(Whom(speciality="cardiology"))

    QTest.keyClick(workspace.panel.table, Qt.Key.Key_F6)
    assert booking.whom.value() == Whom(practitioner_id=KOFI.id)
    QTest.keyClick(booking.table, Qt.Key.Key_Escape)

    assert booking.title() == "Book an appointment"
    assert booking.whom.value() == Whom(speciality="cardiology")
    assert workspace.panel.table.hasFocus()


def test_f5_keeps_whoever_is_already_there(workspace: AppointmentsWorkspace, qtbot: QtBot) -> None:
    type_patient(workspace, qtbot)

    QTest.keyClick(workspace.panel.table, Qt.Key.Key_F5)

    assert workspace.panel.booking.patient == BOLA


def test_the_deceased_are_marked(
    workspace: AppointmentsWorkspace, connection: FakeConnection, qtbot: QtBot
) -> None:
    late = msgspec.structs.replace(BOLA, deceased=True)

    assert workspace.panel.booking._suggestion(late).pill == "Deceased"
