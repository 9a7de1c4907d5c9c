"""Handing over: from which batches, what stays owing, and what is refused."""

from uuid import uuid4

import pytest

from hms_server.contract.pharmacy import (
    Dispense,
    GetPrescription,
    ListToDispense,
    MedicationDispensed,
    PickedLine,
    StockChanged,
)
from hms_server.contract.values import EncounterId, MedicationRequestId, Role
from tests.server.desk import Desk, FaultRaised
from tests.server.pharmacy.shelves import AMOXICILLIN_GTIN, IBUPROFEN_GTIN, Pharmacy, pick


def test_a_quantity_is_split_over_batches(desk: Desk, pharmacy: Pharmacy) -> None:
    """The batch that expires first is used up, the next gives the rest, and the ledger says so."""
    product = pharmacy.product()
    late = pharmacy.stock(product, 40, days=200)
    early = pharmacy.stock(product, 15, days=30)
    visit = pharmacy.visit()
    line = pharmacy.prescribe(visit, product, 21)

    given = pharmacy.hand_over(visit, pick(line, 21, AMOXICILLIN_GTIN))

    assert [(one.batch_id, one.quantity) for one in given.lines[0].batches] == [(early.id, 15), (late.id, 6)]
    assert given.lines[0].owing == 0
    assert (pharmacy.on_hand(early.id), pharmacy.on_hand(late.id)) == (0, 34)
    assert pharmacy.unbalanced_batches() == []
    assert desk.sql("select status, dispensed from medication_request") == [("completed", 21)]
    assert [event.encounter_id for event in desk.events(MedicationDispensed)] == [visit]
    assert desk.events(StockChanged)[-1].product_ids == [product]


def test_the_proposal_is_what_is_then_given(desk: Desk, pharmacy: Pharmacy) -> None:
    """The prescription shows the batches, what is short, and who signed."""
    product, other = pharmacy.product(), pharmacy.product("Ibuprofen", gtin=IBUPROFEN_GTIN)
    batch = pharmacy.stock(product, 10)
    visit = pharmacy.visit()
    first, second, third = (
        pharmacy.prescribe(visit, product, 6),
        pharmacy.prescribe(visit, product, 6),
        pharmacy.prescribe(visit, other, 5),
    )
    desk.sql(OVERRIDE, (first, desk.staff[Role.DOCTOR], desk.now))

    shown = desk.ask(GetPrescription(encounter_id=visit), Role.PHARMACIST)

    assert [(line.medication_request_id, line.owing, line.short_by) for line in shown.lines] == [
        (first, 6, 0),
        (second, 6, 2),
        (third, 5, 5),
    ]
    assert [(one.batch_id, one.quantity) for one in shown.lines[1].proposed] == [(batch.id, 4)]
    assert shown.lines[0].overrides == {"Allergic to penicillin": "Tolerated last year"}
    assert shown.prescriber is not None
    assert shown.prescriber.id == desk.staff[Role.DOCTOR]


def test_a_part_leaves_the_rest_owing(desk: Desk, pharmacy: Pharmacy) -> None:
    """What was not given can be fetched later, without a ticket, and no more than that."""
    product = pharmacy.product()
    pharmacy.stock(product, 30)
    visit = pharmacy.visit()
    line = pharmacy.prescribe(visit, product, 21)
    ticket = pharmacy.ticket(visit)

    given = pharmacy.hand_over(visit, pick(line, 10), ticket_id=ticket)

    assert given.lines[0].owing == 11
    assert given.ticket is not None
    assert given.ticket.service == "B"
    listed = desk.ask(ListToDispense(), Role.PHARMACIST)
    assert [(row.ticket, row.encounter_id, row.items) for row in listed.rows] == [(None, visit, 1)]
    fault = desk.fault(Dispense(encounter_id=visit, ticket_id=None, lines=[pick(line, 12)]), Role.PHARMACIST)
    assert (fault.code, fault.field) == ("pharmacy.more_than_owing", "lines.0.quantity")
    assert fault.message == (
        "Of Amoxicillin 500 mg capsule, 11 are still owing. Fatima Bello gave 10 at 09:00."
    )
    assert pharmacy.hand_over(visit, pick(line, 11)).lines[0].owing == 0
    assert desk.ask(ListToDispense(), Role.PHARMACIST).rows == []


def test_those_with_a_ticket_come_first(desk: Desk, pharmacy: Pharmacy) -> None:
    """The queue's order, then the owing; who waits without any prescription is listed too."""
    product = pharmacy.product()
    owing, waiting, empty = (pharmacy.visit(desk.patient(name)) for name in ("A Ada", "B Bayo", "C Chidi"))
    for visit in (owing, waiting):
        pharmacy.prescribe(visit, product, 5)
    first = pharmacy.ticket(empty)
    second = pharmacy.ticket(waiting)

    listed = desk.ask(ListToDispense(), Role.PHARMACIST)

    assert [(row.ticket and row.ticket.id, row.encounter_id, row.items) for row in listed.rows] == [
        (first, empty, 0),
        (second, waiting, 1),
        (None, owing, 1),
    ]


def test_expired_stock_is_neither_offered_nor_given(desk: Desk, pharmacy: Pharmacy) -> None:
    """A batch is used through its last day in the clinic's own time zone; the day after it does not exist."""
    product = pharmacy.product()
    pharmacy.stock(product, 10, days=0)
    visit = pharmacy.visit()
    line = pharmacy.prescribe(visit, product, 10)
    desk.now = desk.now.replace(hour=22, minute=59)
    pharmacy.hand_over(visit, pick(line, 4))

    desk.pass_time(minutes=1)

    shown = desk.ask(GetPrescription(encounter_id=visit), Role.PHARMACIST)
    assert (shown.lines[0].proposed, shown.lines[0].short_by) == ([], 6)
    fault = desk.fault(Dispense(encounter_id=visit, ticket_id=None, lines=[pick(line, 6)]), Role.PHARMACIST)
    assert (fault.code, fault.data["available"]) == ("pharmacy.short", "0")


def test_short_stock_says_what_there_is(desk: Desk, pharmacy: Pharmacy) -> None:
    """Nothing is handed over in part unless the pharmacist picks the part."""
    product = pharmacy.product()
    pharmacy.stock(product, 8)
    visit = pharmacy.visit()
    line = pharmacy.prescribe(visit, product, 21)

    fault = desk.fault(Dispense(encounter_id=visit, ticket_id=None, lines=[pick(line, 21)]), Role.PHARMACIST)

    assert (fault.code, fault.field, fault.data["available"]) == ("pharmacy.short", "lines.0.quantity", "8")
    assert "only 8 left" in fault.message
    assert desk.sql("select count(*) from handover") == [(0,)]
    assert pharmacy.hand_over(visit, pick(line, 8)).lines[0].owing == 13


def test_a_wrong_pack_names_both_products(desk: Desk, pharmacy: Pharmacy) -> None:
    """A mix-up is stopped at the scanner, before anything is stored."""
    product = pharmacy.product()
    pharmacy.product("Ibuprofen", gtin=IBUPROFEN_GTIN)
    pharmacy.stock(product, 30)
    visit = pharmacy.visit()
    line = pharmacy.prescribe(visit, product, 21)

    faults = [
        desk.fault(
            Dispense(encounter_id=visit, ticket_id=None, lines=[pick(line, 21, AMOXICILLIN_GTIN, scanned)]),
            Role.PHARMACIST,
        )
        for scanned in ("0" + IBUPROFEN_GTIN, "4006381333931")
    ]

    assert {(fault.code, fault.field) for fault in faults} == {("pharmacy.wrong_pack", "lines.0.scanned")}
    assert "Ibuprofen 500 mg capsule, but the prescription says Amoxicillin" in faults[0].message
    assert "'4006381333931' is not in the formulary" in faults[1].message


@pytest.mark.parametrize("quantity", [0, -1, 1_000_000])
def test_an_impossible_quantity_is_refused_at_its_field(
    desk: Desk, pharmacy: Pharmacy, quantity: int
) -> None:
    """Zero, less and a million are answered with the field, whatever there is."""
    visit = pharmacy.visit()
    line = pharmacy.prescribe(visit, pharmacy.product(), 5)

    fault = desk.fault(
        Dispense(encounter_id=visit, ticket_id=None, lines=[pick(line, quantity)]), Role.PHARMACIST
    )

    assert (fault.code, fault.field) == ("pharmacy.quantity", "lines.0.quantity")


def test_lines_have_to_be_of_this_prescription(desk: Desk, pharmacy: Pharmacy) -> None:
    """A line of another visit, a stopped one, one twice, none, and a ticket of somebody else are refused."""
    product = pharmacy.product()
    pharmacy.stock(product, 30)
    visit, other = pharmacy.visit(), pharmacy.visit(desk.patient("Bayo Ade"))
    line, foreign = pharmacy.prescribe(visit, product, 5), pharmacy.prescribe(other, product, 5)
    stopped = pharmacy.prescribe(visit, product, 5)
    desk.sql(STOP, (desk.now, stopped))
    foreign_ticket = pharmacy.ticket(other)

    def refusal(lines: list[PickedLine], **more: int) -> tuple[str, str | None]:
        request = Dispense(**({"encounter_id": visit, "ticket_id": None, "lines": lines} | more))  # type: ignore[arg-type]  # plain numbers stand for ids
        fault = desk.fault(request, Role.PHARMACIST)
        return fault.code, fault.field

    place = "lines.0.medication_request_id"
    assert refusal([]) == ("pharmacy.nothing_picked", "lines")
    assert refusal([pick(foreign, 1)]) == ("pharmacy.not_prescribed", place)
    assert refusal([pick(stopped, 1)]) == ("pharmacy.not_active", place)
    assert refusal([pick(line, 1), pick(line, 1)]) == (
        "pharmacy.line_twice",
        "lines.1.medication_request_id",
    )
    assert refusal([pick(line, 1)], ticket_id=foreign_ticket) == ("pharmacy.ticket_of_another", "ticket_id")
    assert refusal([pick(line, 1)], encounter_id=999) == ("pharmacy.unknown_visit", "encounter_id")


def test_the_same_request_twice_hands_over_once(desk: Desk, pharmacy: Pharmacy) -> None:
    """A repeated request gets the first answer, and the shelf is touched once."""
    product = pharmacy.product()
    batch = pharmacy.stock(product, 30)
    visit = pharmacy.visit()
    line = pharmacy.prescribe(visit, product, 20)
    request, request_id = Dispense(encounter_id=visit, ticket_id=None, lines=[pick(line, 5)]), uuid4()

    answers = desk.together(3, lambda _: desk.ask(request, Role.PHARMACIST, request_id=request_id))

    assert answers[0] == answers[1] == answers[2]
    assert pharmacy.on_hand(batch.id) == 25


def test_two_pharmacists_cannot_give_one_prescription_twice(desk: Desk, pharmacy: Pharmacy) -> None:
    """Of many at once, one hands over and the others read who it was."""
    product = pharmacy.product()
    batch = pharmacy.stock(product, 100)
    visit = pharmacy.visit()
    line = pharmacy.prescribe(visit, product, 20)
    request = Dispense(encounter_id=visit, ticket_id=None, lines=[pick(line, 20)])

    answers = desk.together(6, lambda _: _outcome(desk, request))

    assert sorted(answers) == ["handed"] + ["pharmacy.more_than_owing"] * 5
    assert pharmacy.on_hand(batch.id) == 80


def test_an_audit_row_names_the_patient(desk: Desk, pharmacy: Pharmacy) -> None:
    """Who opened the prescription is on record."""
    visit = pharmacy.visit()

    shown = desk.ask(GetPrescription(encounter_id=visit), Role.PHARMACIST)

    assert desk.sql("select request, patients from audit order by number desc limit 1") == [
        ("GetPrescription", [shown.patient.id])
    ]


def test_an_unknown_visit_has_no_prescription(desk: Desk) -> None:
    """Failure is never an empty list."""
    fault = desk.fault(GetPrescription(encounter_id=EncounterId(99)), Role.PHARMACIST)

    assert (fault.code, fault.field) == ("pharmacy.unknown_visit", "encounter_id")


def test_only_a_pharmacist_hands_over(desk: Desk) -> None:
    """The permission table holds."""
    request = Dispense(encounter_id=EncounterId(1), ticket_id=None, lines=[pick(MedicationRequestId(1), 1)])

    assert desk.fault(request, Role.CASHIER).code == "request.forbidden"


def _outcome(desk: Desk, request: Dispense) -> str:
    try:
        desk.ask(request, Role.PHARMACIST)
    except FaultRaised as refused:
        return refused.fault.code
    return "handed"


OVERRIDE = """
insert into safety_override (medication_request_id, finding_key, severity, title, reason, staff_id, at)
values (%s, 'allergy:penicillins', 'contraindicated', 'Allergic to penicillin', 'Tolerated last year', %s, %s)
"""
STOP = """
update medication_request set status = 'stopped', stopped_at = %s, stopped_reason = 'Rash' where id = %s
"""
