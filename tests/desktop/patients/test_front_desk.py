"""The front desk by keyboard: registering, checking in, and what happens when it goes wrong."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.drafts import Autosaver
from hms_desktop.patients.panel import FrontDeskPanel
from hms_desktop.printing.printer import PrintKind, PrintOutcome
from hms_server.contract.envelope import Fault
from hms_server.contract.patients import Demographics, EditPatient, PatientEdited, RegisterPatient
from hms_server.contract.priority import SpecialNeed
from hms_server.contract.values import Sex, StaffId
from hms_server.contract.visits import TRIAGE, CheckedIn, CheckIn
from tests.desktop.conftest import FakeConnection
from tests.desktop.patients.counter import ADA, STORED, TICKET, focused_widget, type_in
from tests.desktop.samples import LONG_NAME
from tests.desktop.visits.tickets import patient


def test_somebody_new_is_registered_and_checked_in_by_one_key(
    open_desk: Callable[..., FrontDeskPanel], connection: FakeConnection, qtbot: QtBot, tmp_path: Path
) -> None:
    """The ticket stands large on the screen, its label is printed, and the form waits for the next."""
    panel = open_desk()

    type_in("Okonkwo", "Adaeze", "46", "F", "0803 555 0182")
    panel.primary()
    qtbot.waitUntil(lambda: panel.ticket_card._code.text() == "T-025")

    [register] = connection.requests(RegisterPatient)
    assert register.demographics == Demographics(
        family_name="Okonkwo", given_names="Adaeze", sex=Sex.FEMALE, age_years=46, phone="0803 555 0182"
    )
    assert connection.requests(CheckIn) == [CheckIn(patient_id=ADA.id, service=TRIAGE)]
    qtbot.waitUntil(lambda: "saved as" in panel.ticket_card._label.text())
    [label] = (tmp_path / "labels").iterdir()
    assert label.read_bytes().startswith(b"%PDF")
    assert panel.form.is_empty()
    assert panel.form.family.editor.hasFocus()


def test_mistakes_are_shown_at_the_first_field_that_has_one(
    open_desk: Callable[..., FrontDeskPanel], connection: FakeConnection
) -> None:
    """Nothing is sent, and what was typed stays."""
    panel = open_desk()

    type_in("Okonkwo", "Adaeze", "31/02/1980")
    panel.primary()

    assert "no such day" in panel.form.birth.error()
    assert panel.form.birth.editor.hasFocus()
    assert panel.form.birth.text() == "31/02/1980"
    assert not connection.requests(RegisterPatient)


def test_what_the_server_refuses_is_shown_at_its_field(
    open_desk: Callable[..., FrontDeskPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """The form keeps everything, so that one letter is corrected and not all of it."""
    panel = open_desk()
    connection.answer(RegisterPatient, Fault(code="patients.phone", message="No such phone.", field="phone"))

    type_in("Okonkwo", "Adaeze", "46", "F", "0803 555 0182")
    panel.primary()

    qtbot.waitUntil(lambda: panel.form.phone.error() == "No such phone.")
    assert panel.form.family.text() == "Okonkwo"
    assert panel.button.isEnabled()


def test_a_refused_check_in_never_registers_the_patient_again(
    open_desk: Callable[..., FrontDeskPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """The second try of the same key checks in only."""
    panel = open_desk()
    sentence = "Adaeze Okonkwo is already waiting as T-004 for Triage."
    refusal = Fault(code="visits.already_waiting", message=sentence, field="patient_id")
    connection.answer(CheckIn, refusal)
    type_in("Okonkwo", "Adaeze", "46", "F")

    panel.primary()
    qtbot.waitUntil(lambda: sentence in panel.notice.text())
    connection.answer(CheckIn, CheckedIn(ticket=TICKET))
    panel.primary()
    qtbot.waitUntil(lambda: panel.ticket_card._code.text() == "T-025")

    assert len(connection.requests(RegisterPatient)) == 1
    assert len(connection.requests(CheckIn)) == 2


def test_the_key_pressed_twice_registers_once(
    open_desk: Callable[..., FrontDeskPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """Nothing shows as stored before the server has answered."""
    panel = open_desk()
    type_in("Okonkwo", "Adaeze", "46", "F")
    connection.hold()

    panel.primary()
    panel.primary()
    assert "Saving" in panel.button.text()
    connection.release()
    qtbot.waitUntil(lambda: panel.ticket_card._code.text() == "T-025")

    assert len(connection.requests(RegisterPatient)) == 1


def test_service_doctor_need_and_reason_go_with_the_check_in(
    open_desk: Callable[..., FrontDeskPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """Chosen by letters, left by Tab."""
    panel = open_desk()
    panel.open_patient(ADA)
    qtbot.waitUntil(lambda: panel.visit.doctor.editor.count() == 2)

    QTest.keyClicks(focused_widget(), "D")
    for text in ("Dr", "Pr", "Cough"):
        QTest.keyClick(focused_widget(), Qt.Key.Key_Tab)
        QTest.keyClicks(focused_widget(), text)
    panel.primary()
    qtbot.waitUntil(lambda: bool(connection.requests(CheckIn)))

    assert connection.requests(CheckIn) == [
        CheckIn(
            patient_id=ADA.id,
            service="D",
            practitioner_id=StaffId(4),
            special_need=SpecialNeed.PREGNANT,
            reason="Cough",
        )
    ]


def test_a_deceased_patient_is_shown_and_cannot_be_checked_in(
    open_desk: Callable[..., FrontDeskPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """The sentence says what to do if it is wrong."""
    panel = open_desk()

    panel.open_patient(patient(7, LONG_NAME, deceased=True))
    panel.primary()
    QTest.qWait(20)

    assert f"{LONG_NAME} is recorded as deceased" in panel.notice.text()
    assert not panel.button.isEnabled()
    assert not connection.requests(CheckIn)


def test_somebody_found_leaves_what_was_typed_for_somebody_new(
    open_desk: Callable[..., FrontDeskPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """After the check-in the half-written form stands there again."""
    panel = open_desk()
    type_in("Bello")

    panel.open_patient(ADA)
    panel.primary()
    qtbot.waitUntil(lambda: panel.ticket_card._code.text() == "T-025")

    assert panel.form.family.text() == "Bello"


def test_a_missing_printer_is_said_and_the_ticket_counts(
    open_desk: Callable[..., FrontDeskPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """The label can be printed again by F3."""
    printed: list[str] = []

    class MissingPrinter:
        def print(self, pdf: bytes, *, title: str, kind: PrintKind) -> PrintOutcome:  # noqa: ARG002 - a Printer
            printed.append(title)
            return PrintOutcome(printed=False, message="“T-025” was not printed: no printer.")

    panel = open_desk(MissingPrinter())
    panel.open_patient(ADA)
    panel.primary()

    qtbot.waitUntil(lambda: "no printer" in panel.notice.text())
    assert panel.ticket_card._code.text() == "T-025"
    panel.ticket_card.button.click()
    qtbot.waitUntil(lambda: printed == ["T-025", "T-025"])


def test_a_correction_keeps_what_was_not_touched(
    open_desk: Callable[..., FrontDeskPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """An estimated birth date does not move with the calendar, and "has no phone" stays known."""
    panel = open_desk()
    connection.answer(EditPatient, PatientEdited(patient=ADA, version=5))
    panel.open_patient(ADA)
    qtbot.waitUntil(panel.details.edit_button.isEnabled)

    panel.details.edit()
    QTest.keyClicks(panel.details.form.family.editor, "Okonkwor")
    panel.primary()
    qtbot.waitUntil(lambda: not panel.details.is_editing)

    expected = msgspec.structs.replace(STORED, family_name="Okonkwor")
    assert connection.requests(EditPatient) == [
        EditPatient(patient_id=ADA.id, version=4, demographics=expected)
    ]


def test_who_was_faster_with_a_correction_is_said_and_the_text_stays(
    open_desk: Callable[..., FrontDeskPanel], connection: FakeConnection, qtbot: QtBot
) -> None:
    """Nothing is overwritten, nothing typed is lost."""
    panel = open_desk()
    sentence = "Blessing Udo changed this entry at 10:41."
    connection.answer(EditPatient, Fault(code="patients.edited_meanwhile", message=sentence))
    panel.open_patient(ADA)
    qtbot.waitUntil(panel.details.edit_button.isEnabled)

    panel.details.edit()
    QTest.keyClicks(panel.details.form.family.editor, "Okonkwor")
    panel.primary()

    qtbot.waitUntil(lambda: sentence in panel.details.notice.text())
    assert panel.details.form.family.text() == "Okonkwor"


def test_a_half_written_form_is_there_again_after_a_crash(
    open_desk: Callable[..., FrontDeskPanel], autosaver: Autosaver, qtbot: QtBot
) -> None:
    """It says from when it is; once the patient is registered nothing of it is left."""
    first = open_desk()
    type_in("Okonkwo", "Adaeze", "46", "F")
    autosaver.flush()
    first.close()

    panel = open_desk()
    qtbot.waitUntil(lambda: panel.form.family.text() == "Okonkwo")

    assert "not stored" in panel.notice.text()
    assert panel.form.sex.value() is Sex.FEMALE
    assert panel.form.birth.text() == "46"
    panel.primary()
    qtbot.waitUntil(lambda: panel.ticket_card._code.text() == "T-025")
    found: list[object] = []
    panel._kept._autosaver.find(panel._kept._key, found.append)
    qtbot.waitUntil(lambda: found == [None])
