"""The pharmacy terminal: right and wrong packs, part dispensing, labels, and what the server refuses."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from hms_desktop.pharmacy.panel import PharmacyPanel
from hms_desktop.printing.printer import FolderPrinter
from hms_desktop.session import Session
from hms_server.contract.accounts import Clinic
from hms_server.contract.consultations import AllergyStatus, Banner, GetBanner
from hms_server.contract.envelope import Fault
from hms_server.contract.pharmacy import (
    Allocation,
    AttentionKind,
    AttentionRow,
    Dispense,
    Dispensed,
    DispensedLine,
    DispenseLine,
    GetPrescription,
    ListStockAttention,
    ListToDispense,
    Prescription,
    StockAttention,
    StockChanged,
    ToDispense,
    ToDispenseRow,
)
from hms_server.contract.priority import QueuePriority, SpecialNeed
from hms_server.contract.values import (
    BatchId,
    BirthPrecision,
    EncounterId,
    MedicationRequestId,
    PatientHeader,
    PatientId,
    Person,
    ProductId,
    Sex,
    StaffId,
    TicketId,
)
from hms_server.contract.visits import TicketRow, TicketState
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import LONG_NAME, NOW, ZONE

DOCTOR = Person(id=StaffId(2), name="Dr Ngozi Eze")
AZITHROMYCIN, PARACETAMOL = "2000000000015", "2000000000022"
PATIENT = PatientHeader(
    id=PatientId(1),
    number="P000012-7",
    name=LONG_NAME,
    sex=Sex.FEMALE,
    birth_date=None,
    birth_precision=BirthPrecision.ESTIMATED,
)
BANNER = Banner(
    patient_id=PATIENT.id,
    number=PATIENT.number,
    name=PATIENT.name,
    sex=PATIENT.sex,
    birth_date=None,
    birth_precision=PATIENT.birth_precision,
    phone="",
    deceased_at=None,
    allergy_status=AllergyStatus.NONE_KNOWN,
    allergies=[],
    problems=[],
)
CLINIC = Clinic(
    name="Unity Clinic", time_zone="Africa/Lagos", currency="NGN", departments=[], rooms=[], services=[]
)
TICKET = TicketRow(
    id=TicketId(9),
    code="P-031",
    service="P",
    state=TicketState.CALLED,
    priority=QueuePriority.ROUTINE,
    special_need=SpecialNeed.NONE,
    note="",
    patient=PATIENT,
    encounter_id=EncounterId(5),
    queued_at=NOW,
    called_at=NOW,
    room="Pharmacy 1",
    practitioner=None,
    version=1,
)


def batch(number: int, quantity: int) -> Allocation:
    return Allocation(
        batch_id=BatchId(number),
        lot=f"PC-{number}",
        expires_on=date(2027, 3, 31),
        shelf="A1",
        quantity=quantity,
    )


def line(number: int, product: str, gtin: str, *, owing: int, short_by: int = 0) -> DispenseLine:
    half = (owing - short_by) // 2
    return DispenseLine(
        medication_request_id=MedicationRequestId(number),
        product_id=ProductId(number),
        product=product,
        gtin=gtin,
        directions="Take 2 tablets by mouth every 6 hours if needed, for 5 days",
        dispensing_unit="tablet",
        quantity=owing,
        dispensed=0,
        owing=owing,
        proposed=[batch(1187, half), batch(1201, owing - short_by - half)] if half else [],
        short_by=short_by,
        controlled=False,
        overrides={},
    )


def prescription(*, short_by: int = 0) -> Prescription:
    return Prescription(
        encounter_id=EncounterId(5),
        patient=PATIENT,
        prescriber=DOCTOR,
        authored_at=NOW,
        lines=[
            line(1, "Azithromycin 500 mg tablet", AZITHROMYCIN, owing=3),
            line(2, "Paracetamol 500 mg tablet", PARACETAMOL, owing=40, short_by=short_by),
        ],
    )


def dispensed(*, owing: int = 0) -> Dispensed:
    return Dispensed(
        patient=PATIENT,
        prescriber=DOCTOR,
        lines=[
            DispensedLine(
                medication_request_id=MedicationRequestId(2),
                product="Paracetamol 500 mg tablet",
                directions="Take 2 tablets by mouth every 6 hours",
                dispensing_unit="tablet",
                quantity=40 - owing,
                owing=owing,
                batches=[batch(1187, 40 - owing)],
            )
        ],
        at=NOW,
        ticket=None,
    )


class Counter:
    """The panel in a window, with the hands of a pharmacist."""

    def __init__(self, session: Session, connection: FakeConnection, folder: Path) -> None:
        self.connection = connection
        self.panel = PharmacyPanel(
            session, clinic=CLINIC, clock=lambda: NOW, zone=ZONE, printer=FolderPrinter(folder=folder)
        )
        self.sent_on = 0
        self.panel.sent_on.connect(self._count)

    def _count(self) -> None:
        self.sent_on += 1

    def scan(self, code: str) -> None:
        QTest.keyClicks(self.panel.scan_field.editor, code)
        QTest.keyClick(self.panel.scan_field.editor, Qt.Key.Key_Return)

    def give(self, number: int, quantity: int) -> None:
        editor = self.panel.lines[number].quantity.editor
        editor.selectAll()
        QTest.keyClicks(editor, str(quantity))


def answer_all(connection: FakeConnection) -> None:
    connection.answer(GetPrescription, prescription())
    connection.answer(GetBanner, BANNER)
    owing = ToDispenseRow(ticket=None, encounter_id=EncounterId(3), patient=PATIENT, items=2, authored_at=NOW)
    connection.answer(ListToDispense, ToDispense([owing]))
    low = AttentionRow(
        product_id=ProductId(7),
        product="Artemether + lumefantrine 20 mg/120 mg tablet",
        kind=AttentionKind.LOW,
        in_stock=18,
        lasts_days=2,
        detail="",
    )
    connection.answer(ListStockAttention, StockAttention([low]))


@pytest.fixture
def counter(qtbot: QtBot, session: Session, connection: FakeConnection, tmp_path: Path) -> Iterator[Counter]:
    answer_all(connection)
    made = Counter(session, connection, tmp_path)
    qtbot.addWidget(made.panel)
    made.panel.resize(900, 640)
    made.panel.show()
    made.panel.activateWindow()
    assert QTest.qWaitForWindowActive(made.panel)
    made.panel.open_ticket(TICKET)
    qtbot.waitUntil(lambda: len(made.panel.lines) == 2)
    yield made
    made.panel.hide()


def test_prescription_shows_batches_and_waits_for_the_scanner(counter: Counter) -> None:
    """Quantities are filled in, batches named, and the scan field has the focus."""
    first, second = counter.panel.lines

    assert (first.given, second.given) == (3, 40)
    assert "PC-1187 × 20" in second._batches.text()
    assert counter.panel.scan_field.editor.hasFocus()


def test_right_packs_are_marked_and_dispensed(counter: Counter, qtbot: QtBot, tmp_path: Path) -> None:
    """Scan, scan, one key: the codes go to the server, labels are printed, the patient goes on."""
    counter.connection.answer(Dispense, dispensed())
    counter.scan(AZITHROMYCIN)
    counter.scan(PARACETAMOL)

    counter.panel.primary()

    qtbot.waitUntil(lambda: counter.sent_on == 1)
    [request] = counter.connection.requests(Dispense)
    assert [(one.quantity, one.scanned) for one in request.lines] == [
        (3, [AZITHROMYCIN]),
        (40, [PARACETAMOL]),
    ]
    assert request.ticket_id == TICKET.id
    assert not counter.panel.is_busy()
    qtbot.waitUntil(lambda: any(tmp_path.glob("*.pdf")))


def test_wrong_pack_is_refused_loudly(counter: Counter) -> None:
    """Nothing is marked, and the notice names what is needed."""
    counter.scan("2000000000999")

    assert "Wrong pack" in counter.panel.notice.text()
    assert "Azithromycin" in counter.panel.notice.text()
    assert not any(one.scans for one in counter.panel.lines)


def test_packs_nobody_scanned_are_asked_about_once(counter: Counter) -> None:
    """The first press names them, the second hands over."""
    counter.connection.hold()

    counter.panel.primary()
    asked = counter.connection.requests(Dispense)
    counter.panel.primary()

    assert asked == []
    assert len(counter.connection.requests(Dispense)) == 1


def test_part_is_given_and_the_rest_stays_owing(counter: Counter, qtbot: QtBot) -> None:
    """A smaller quantity is sent as typed; what stays owing is told."""
    counter.connection.answer(Dispense, dispensed(owing=30))
    counter.give(1, 10)
    counter.scan(PARACETAMOL)
    counter.scan(AZITHROMYCIN)

    counter.panel.primary()

    qtbot.waitUntil(lambda: counter.sent_on == 1)
    assert [one.quantity for one in counter.connection.requests(Dispense)[0].lines] == [3, 10]
    assert "30 × Paracetamol 500 mg tablet stay owing" in counter.panel.notice.text()


def test_more_than_owing_is_refused_at_the_field(counter: Counter) -> None:
    """Nothing is sent, the number stays, and the field says what would be right."""
    counter.give(1, 41)

    counter.panel.primary()

    assert "40" in counter.panel.lines[1].quantity.error()
    assert counter.panel.lines[1].given == 41
    assert counter.connection.requests(Dispense) == []


def test_refusal_of_a_line_stands_at_that_line(counter: Counter, qtbot: QtBot) -> None:
    """Another terminal took the stock: the line says so, scans and numbers stay."""
    words = "Only 12 tablets are left; another terminal has just taken 28."
    counter.connection.answer(Dispense, Fault(code="pharmacy.short", message=words, field="lines.1.quantity"))
    counter.scan(AZITHROMYCIN)
    counter.scan(PARACETAMOL)

    counter.panel.primary()

    qtbot.waitUntil(lambda: counter.panel.lines[1].quantity.error() == words)
    assert counter.panel.lines[1].scans == [PARACETAMOL]


def test_stock_change_refreshes_without_touching_what_was_typed(counter: Counter, qtbot: QtBot) -> None:
    """The list follows the server; the pharmacist's number is theirs."""
    counter.give(1, 10)
    counter.connection.answer(GetPrescription, prescription(short_by=25))

    counter.connection.happen(StockChanged(product_ids=[ProductId(2)]))

    qtbot.waitUntil(lambda: counter.panel.lines[1].line.short_by == 25)
    assert counter.panel.lines[1].given == 10
    assert counter.panel.lines[0].given == 3


def test_next_patient_finds_an_empty_counter(counter: Counter) -> None:
    """Nothing that was scanned for one patient is there for the next."""
    counter.scan(AZITHROMYCIN)
    counter.connection.hold()

    counter.panel.open_ticket(TICKET)

    assert counter.panel.lines == []
    assert not counter.panel.is_busy()


def test_a_square_code_names_its_pack_and_stops_what_has_expired(counter: Counter) -> None:
    """The DataMatrix of the right medicine, once in date and once not."""
    code = f"010{AZITHROMYCIN}10PC-1187\x1d17"

    counter.panel.scan(f"{code}261031")
    expired = (counter.panel.notice.text(), counter.panel.lines[0].is_scanned)
    counter.panel.scan(f"{code}270331")

    assert expired == (
        "This pack expired on 31 Oct 2026. Do not hand it over. Write it off under Stock.",
        False,
    )
    assert counter.panel.lines[0].is_scanned
