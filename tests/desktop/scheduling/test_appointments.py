"""The day at the front desk: every act by a key, the last one taken back, and live."""

from collections.abc import Callable
from datetime import timedelta

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.diary_workspaces import AppointmentsWorkspace
from hms_desktop.scheduling.state import Whom
from hms_desktop.session import Session
from hms_server.contract.envelope import Fault
from hms_server.contract.scheduling import (
    AppointmentChanged,
    Appointments,
    AppointmentStatus,
    AppointmentStored,
    CancelAppointment,
    ListAppointments,
    MarkAppointmentMissed,
    MoveAppointment,
    ReopenAppointment,
)
from hms_server.contract.visits import CheckedIn, CheckIn
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import SampleLink
from tests.desktop.scheduling.diary import ADA, DAY, KOFI, KWAME, SLOTS, TODAY, at
from tests.desktop.visits.tickets import ticket

Open = Callable[[], AppointmentsWorkspace]
CANCELLED = msgspec.structs.replace(
    KWAME, status=AppointmentStatus.CANCELLED, cancel_reason="Travels", version=2
)


def press(workspace: AppointmentsWorkspace, key: Qt.Key, modifier: Qt.KeyboardModifier | None = None) -> None:
    focus = workspace.window().focusWidget()
    QTest.keyClick(focus or workspace, key, modifier or Qt.KeyboardModifier.NoModifier)


def rows(workspace: AppointmentsWorkspace) -> list[list[str]]:
    model = workspace.panel.table.model()
    return [
        [str(model.index(row, column).data()).replace("\N{NO-BREAK SPACE}", " ") for column in range(6)]
        for row in range(model.rowCount())
    ]


def test_the_day_is_listed_with_who_is_expected_and_who_is_here(open_day: Open) -> None:
    workspace = open_day()

    shown = rows(workspace)

    assert shown[0] == ["08:20", "Fatima Bello", "P000443-1", "Dr Kofi Asante", "Room 1", "Seen"]
    assert [row[5] for row in shown] == ["Seen", "Not come", "Here", "Booked", "Booked", "Cancelled"]
    assert workspace.panel.card.title() == "Today, Fri 20 Nov 2026"
    assert workspace.panel._count.accessibleName() == "2 expected · 1 here"


def test_the_chosen_one_says_why_by_whom_and_that_the_assistant_suggested_it(open_day: Open) -> None:
    panel = open_day().panel

    kwame = panel._about.text()
    panel.table.choose(ADA.id)

    assert kwame == "11:00–11:20 · Blood pressure check · booked by Grace Mensah, 18 Nov 2026 10:42"
    assert panel._about.text() == "11:20–11:40 · suggested by the assistant, accepted by Grace Mensah"


def test_an_appointment_that_is_gone_is_not_replaced_by_its_neighbour(
    open_day: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    """F4 that was meant for Kwame Mensah must not check in Ada Obi."""
    workspace = open_day()
    connection.answer(ListAppointments, Appointments(appointments=[DAY[2], ADA], more=False))

    workspace.panel.state.mark_stale()
    qtbot.waitUntil(lambda: workspace.panel.table.model().rowCount() == 2)
    press(workspace, Qt.Key.Key_F4)

    assert "Kwame Mensah is not on this list" in workspace.panel.notice.text()
    assert connection.requests(CheckIn) == []
    workspace.panel.day.editor.setFocus()
    workspace.panel.take_focus()
    press(workspace, Qt.Key.Key_F4)
    assert connection.requests(CheckIn) == []


def test_who_comes_next_is_chosen_at_first(open_day: Open, qtbot: QtBot) -> None:
    panel = open_day().panel

    panel.state.turn_by(1)
    qtbot.waitUntil(lambda: panel.table.chosen_row() is not None)

    assert panel.table.chosen_row() == KWAME


def test_f4_checks_in_and_the_ticket_stands_on_the_card_and_on_paper(
    open_day: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    workspace = open_day()
    connection.answer(CheckIn, CheckedIn(ticket=ticket(12, "Kwame Mensah")))

    press(workspace, Qt.Key.Key_F4)
    qtbot.waitUntil(lambda: "T-012" in workspace.ticket.card.accessibleName())

    assert connection.requests(CheckIn) == [CheckIn(patient_id=KWAME.patient.id, appointment_id=KWAME.id)]
    assert workspace.panel.notice.text() == "Kwame Mensah is checked in as T-012."
    assert "Kwame Mensah" in workspace.ticket.card.accessibleName()
    qtbot.waitUntil(lambda: "Printing" not in workspace.ticket.card._label.text())
    assert not workspace.panel.undo_button.isEnabled()


def test_a_refused_check_in_says_why_and_fetches_the_list_again(
    open_day: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    workspace = open_day()
    connection.answer(CheckIn, Fault(code="scheduling.is_arrived", message="Grace checked her in at 10:40."))
    asked = len(connection.requests(ListAppointments))

    press(workspace, Qt.Key.Key_F4)

    qtbot.waitUntil(lambda: workspace.panel.notice.text() == "Grace checked her in at 10:40.")
    qtbot.waitUntil(lambda: len(connection.requests(ListAppointments)) > asked)


def test_a_cancellation_asks_for_its_reason_and_is_taken_back(
    open_day: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    workspace = open_day()
    connection.answer(CancelAppointment, AppointmentStored(appointment=CANCELLED))
    connection.answer(ReopenAppointment, AppointmentStored(appointment=KWAME))

    press(workspace, Qt.Key.Key_F7)
    press(workspace, Qt.Key.Key_Return)
    assert "Say in a word" in workspace.panel.cancelling.reason.error()
    QTest.keyClicks(workspace.window().focusWidget(), "Travels")
    press(workspace, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Cancelled: Kwame Mensah" in workspace.panel.notice.text())
    press(workspace, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: "Taken back: Kwame Mensah" in workspace.panel.notice.text())

    assert connection.requests(CancelAppointment) == [
        CancelAppointment(appointment_id=KWAME.id, version=1, reason="Travels")
    ]
    assert connection.requests(ReopenAppointment) == [ReopenAppointment(appointment_id=KWAME.id, version=2)]


def test_a_reason_that_was_begun_for_one_never_cancels_another(
    open_day: Open, connection: FakeConnection
) -> None:
    """Whoever chooses another row has left the question."""
    workspace = open_day()

    press(workspace, Qt.Key.Key_F7)
    workspace.panel.table.choose(ADA.id)

    assert workspace.panel.cancelling.isHidden()
    assert connection.requests(CancelAppointment) == []


def test_escape_goes_back_to_the_list(open_day: Open) -> None:
    workspace = open_day()

    press(workspace, Qt.Key.Key_F7)
    press(workspace, Qt.Key.Key_Escape)

    assert workspace.panel.cancelling.isHidden()
    assert workspace.panel.table.hasFocus()


def test_f10_marks_who_did_not_come(open_day: Open, connection: FakeConnection, qtbot: QtBot) -> None:
    workspace = open_day()
    missed = msgspec.structs.replace(KWAME, status=AppointmentStatus.NO_SHOW, version=2)
    connection.answer(MarkAppointmentMissed, AppointmentStored(appointment=missed))

    press(workspace, Qt.Key.Key_F10)

    qtbot.waitUntil(lambda: "did not come" in workspace.panel.notice.text())
    assert workspace.panel.undo_button.isEnabled()


def test_a_move_goes_to_the_chosen_time_and_back(
    open_day: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    """F6, the time, Enter; Ctrl+Z puts it back to where it was, in the hours or not."""
    workspace = open_day()
    moved = msgspec.structs.replace(KWAME, starts_at=SLOTS[2].starts_at, ends_at=SLOTS[2].ends_at, version=2)
    connection.answer(MoveAppointment, AppointmentStored(appointment=moved))

    press(workspace, Qt.Key.Key_F6)
    booking = workspace.panel.booking
    assert booking.title() == "Move Kwame Mensah: Fri 20 Nov, 11:00 with Dr Kofi Asante"
    assert booking.whom.value() == Whom(practitioner_id=KOFI.id)
    qtbot.waitUntil(lambda: booking.table.chosen_row() == SLOTS[0])
    press(workspace, Qt.Key.Key_Down)
    press(workspace, Qt.Key.Key_Down)
    assert booking.button.accessibleName() == "Move to Mon 23 Nov, 08:00"
    connection.answer(ListAppointments, Appointments(appointments=[ADA], more=False))
    press(workspace, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Kwame Mensah is moved" in workspace.panel.notice.text())
    assert booking.title() == "Book an appointment"
    qtbot.waitUntil(lambda: workspace.panel.table.model().rowCount() == 1)
    assert "Kwame Mensah is moved" in workspace.panel.notice.text()
    press(workspace, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(connection.requests(MoveAppointment)) == 2)

    there, back = connection.requests(MoveAppointment)
    assert (there.starts_at, there.version, there.confirmed) == (SLOTS[2].starts_at, 1, False)
    assert (back.starts_at, back.ends_at, back.version, back.confirmed) == (
        KWAME.starts_at,
        KWAME.ends_at,
        2,
        True,
    )


def test_only_what_can_be_done_can_be_pressed(open_day: Open) -> None:
    """Who is here is not checked in twice, and nobody is checked in for another day."""
    panel = open_day().panel

    def enabled() -> list[bool]:
        buttons = (panel.check_in_button, panel.move_button, panel.cancel_button, panel.missed_button)
        return [button.isEnabled() for button in buttons]

    booked = enabled()
    panel.table.choose(DAY[2].id)
    here = enabled()
    panel.table.choose(DAY[1].id)
    not_come = enabled()
    panel.table.choose(KWAME.id)
    panel.state.day += timedelta(days=1)
    panel._show_buttons()

    assert (booked, here) == ([True] * 4, [False] * 4)
    assert not_come == [True, False, False, False]
    assert enabled() == [False, True, True, False]


def test_days_are_turned_by_keys_and_by_typing(
    open_day: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    """What was shown is gone at once, so that nobody acts on the wrong day."""
    workspace = open_day()
    panel = workspace.panel
    connection.hold()

    press(workspace, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert panel.table.model().rowCount() == 0
    assert panel.card.title() == "Sat 21 Nov 2026"
    press(workspace, Qt.Key.Key_PageDown, Qt.KeyboardModifier.AltModifier)
    panel.day.editor.setFocus()
    panel.day.editor.selectAll()
    QTest.keyClicks(panel.day.editor, "soon")
    press(workspace, Qt.Key.Key_Return)
    assert "tomorrow" in panel.day.error()
    panel.day.editor.selectAll()
    QTest.keyClicks(panel.day.editor, "1/12")
    press(workspace, Qt.Key.Key_Return)

    asked = [request.from_day for request in connection.requests(ListAppointments)]
    assert [(day - TODAY).days for day in asked[-3:]] == [1, 8, 11]
    assert panel.day.text() == "Tue 1 Dec 2026"
    press(workspace, Qt.Key.Key_Home, Qt.KeyboardModifier.AltModifier)
    assert panel.card.title() == "Today, Fri 20 Nov 2026"
    connection.release()


def test_a_late_answer_for_another_day_is_not_shown(
    open_day: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    panel = open_day().panel
    connection.hold()

    panel.state.turn_by(1)
    panel.state.turn_by(1)
    connection.answer(ListAppointments, lambda _request: Appointments(appointments=[ADA], more=False))
    connection.release(1)
    QTest.qWait(20)
    early = panel.table.model().rowCount()
    connection.release()

    assert early == 0
    qtbot.waitUntil(lambda: panel.table.model().rowCount() == 1)


def test_the_list_follows_what_happens_on_its_day_only(
    open_day: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    """A move away from this day counts too."""
    open_day()
    change = AppointmentChanged(
        appointment_id=ADA.id,
        patient_id=ADA.patient.id,
        practitioner_id=ADA.practitioner.id,
        status=AppointmentStatus.BOOKED,
        starts_at=at("09:00", days=4),
    )
    asked = len(connection.requests(ListAppointments))

    connection.happen(change)
    QTest.qWait(150)
    elsewhere = len(connection.requests(ListAppointments))
    connection.happen(msgspec.structs.replace(change, before=at("11:20")))

    assert elsewhere == asked
    qtbot.waitUntil(lambda: len(connection.requests(ListAppointments)) == asked + 1)


def test_without_the_server_nothing_is_promised(
    open_day: Open, connection: FakeConnection, session: Session, qtbot: QtBot
) -> None:
    workspace = open_day()
    connection.link(SampleLink(connected=False))
    qtbot.waitUntil(lambda: session.link is not None)

    press(workspace, Qt.Key.Key_F10)

    assert "no connection" in workspace.panel.notice.text()
    assert connection.requests(MarkAppointmentMissed) == []


def test_a_list_that_cannot_be_fetched_says_so(
    open_day: Open, connection: FakeConnection, qtbot: QtBot
) -> None:
    """And is not shown as empty."""
    panel = open_day().panel
    connection.answer(ListAppointments, Fault(code="server.bug", message="The server made a mistake."))

    panel.state.turn_by(1)

    qtbot.waitUntil(lambda: panel._list.state() == "error")


def test_somebody_found_is_chosen_in_the_list_or_begun_to_be_booked(open_day: Open) -> None:
    workspace = open_day()
    stranger = msgspec.structs.replace(KWAME.patient, id=99, name="Bola Ade")

    workspace.open_patient(ADA.patient)
    chosen = workspace.panel.table.chosen_row()
    workspace.open_patient(stranger)

    assert chosen == ADA
    assert workspace.panel.booking.patient == stranger
    assert workspace.panel.booking.who.text() == "Bola Ade"
