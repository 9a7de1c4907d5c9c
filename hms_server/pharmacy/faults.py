"""Why something is not handed over or not put on the shelf, and what would be right."""

from hms_server.contract.envelope import Fault
from hms_server.contract.prescribing import MedicationRequestStatus
from hms_server.contract.values import BatchId
from hms_server.faults import Refused
from hms_server.pharmacy.models import PrescribedLine
from hms_server.pharmacy.rules import MAX_QUANTITY, normal_gtin, write_day
from hms_server.work import Work

FAULTS_BY_CONSTRAINT: dict[str, Fault] = {
    "batch_never_negative": Fault(
        code="pharmacy.stock_changed",
        message="Somebody took from the same batch a moment ago. Nothing was stored; look at it again.",
    ),
    "batch_expired": Fault(
        code="pharmacy.expired",
        message="A batch has expired since it was offered. Nothing was stored; look at the stock again.",
    ),
    "medication_request_dispensed": Fault(
        code="pharmacy.more_than_owing",
        message="Somebody handed this out a moment ago. Nothing was stored; open the prescription again.",
    ),
    "medication_dispense_once": Fault(
        code="pharmacy.line_twice", message="The same medicine stands twice in the handover.", field="lines"
    ),
    "batch_product": Fault(
        code="pharmacy.unknown_product",
        message="There is no such product. Choose one of the formulary.",
        field="product_id",
    ),
    "batch_lot": Fault(
        code="pharmacy.lot",
        message="A lot number has 1 to 40 characters; it stands on the pack.",
        field="lot",
    ),
    "batch_shelf": Fault(
        code="pharmacy.shelf", message="The name of a shelf has at most 40 characters.", field="shelf"
    ),
    "stock_movement_note": Fault(
        code="pharmacy.note", message="A note has at most 200 characters.", field="note"
    ),
}


def bad_quantity(number: int) -> Refused:
    return Refused(
        "pharmacy.quantity",
        f"A quantity is a whole number from 1 to {MAX_QUANTITY:,}. Leave the line out to give none of it.",
        field=f"lines.{number}.quantity",
    )


def unknown_visit() -> Refused:
    return Refused("pharmacy.unknown_visit", "There is no such visit.", field="encounter_id")


def not_prescribed(number: int) -> Refused:
    return Refused(
        "pharmacy.not_prescribed",
        "This medicine is not on the prescription of this visit. Open the prescription again.",
        field=f"lines.{number}.medication_request_id",
    )


def not_to_give(line: PrescribedLine, number: int) -> Refused:
    """The doctor stopped it, or took it back."""
    state = "stopped" if line.status is MedicationRequestStatus.STOPPED else "withdrawn"
    return Refused(
        "pharmacy.not_active",
        f"{line.product} was {state} by the doctor. Do not hand it over; open the prescription again.",
        field=f"lines.{number}.medication_request_id",
        data={"status": line.status},
    )


def more_than_owing(work: Work, line: PrescribedLine, number: int) -> Refused:
    """Says what is still owing, and who gave the rest."""
    row = work.connection.execute(LAST_GIVEN, {"id": line.id}).fetchone()
    earlier = f" {row[0]} gave {row[1]:,} at {row[2]}." if row else ""
    left = f"{line.owing:,} are" if line.owing else "none is"
    return Refused(
        "pharmacy.more_than_owing",
        f"Of {line.product}, {left} still owing.{earlier}",
        field=f"lines.{number}.quantity",
        data={"owing": str(line.owing), "by": row[0] if row else ""},
    )


def wrong_pack(work: Work, line: PrescribedLine, number: int, *, scanned: str) -> Refused:
    """Names both products, so that the mix-up is seen at once."""
    label = work.value("select label from product where gtin = any(%s) limit 1", (_spellings(scanned),))
    pack = f"The pack is {label}" if label else f"The number {scanned[:40]!r} is not in the formulary"
    return Refused(
        "pharmacy.wrong_pack",
        f"{pack}, but the prescription says {line.product}. Do not hand it over.",
        field=f"lines.{number}.scanned",
        data={"scanned": scanned[:40], "pack": label or "", "prescribed": line.product},
    )


def short(line: PrescribedLine, number: int, *, available: int) -> Refused:
    """There is less than was picked: the rest can stay owing."""
    advice = f"Give {available:,} and the rest stays owing." if available else "It stays owing."
    left = f"there are only {available:,} left" if available else "there are none left"
    return Refused(
        "pharmacy.short",
        f"Of {line.product} {left} that can be dispensed. {advice}",
        field=f"lines.{number}.quantity",
        data={"available": str(available), "product_id": str(line.product_id)},
    )


def ticket_of_another() -> Refused:
    return Refused(
        "pharmacy.ticket_of_another",
        "The ticket belongs to another visit. Choose the patient from the list again.",
        field="ticket_id",
    )


def other_expiry(work: Work, product_id: int, lot: str) -> Refused:
    """A lot expires on one day only."""
    stored = work.value(
        "select expires_on from batch where product_id = %s and upper(lot) = upper(%s)", (product_id, lot)
    )
    return Refused(
        "pharmacy.other_expiry",
        f"Lot {lot} is stored with the last day {write_day(stored)}. Read the pack again; if that day is "
        "wrong, count the lot as 0 and receive it anew.",
        field="expires_on",
        data={"expires_on": stored.isoformat()},
    )


def cannot_correct(work: Work, batch_id: BatchId, change: int) -> Refused:
    """Why a batch's quantity cannot be changed like that."""
    row = work.connection.execute(
        "select lot, expires_on, on_hand from batch where id = %s", (batch_id,)
    ).fetchone()
    if row is None:
        return unknown_batch()
    lot, expires_on, on_hand = row
    if on_hand + change < 0:
        return Refused(
            "pharmacy.less_than_none",
            f"Of lot {lot} there are {on_hand:,} left: no more than that can be missing.",
            field="change",
            data={"on_hand": str(on_hand)},
        )
    return Refused(
        "pharmacy.not_expired",
        f"Lot {lot} can be used up to {write_day(expires_on)}. Choose another reason.",
        field="reason",
        data={"expires_on": expires_on.isoformat()},
    )


def count_again(work: Work, batch_id: BatchId, seen: int) -> Refused:
    """Somebody was faster: who, and what the ledger says now."""
    row = work.connection.execute(LAST_MOVED, {"id": batch_id}).fetchone()
    if row is None:
        return unknown_batch()
    lot, on_hand, name, at = row
    return Refused(
        "pharmacy.count_again",
        f"The list said {seen:,} of lot {lot} and says {on_hand:,} now: {name} changed it at {at}. "
        "Nothing was stored. Count again.",
        field="counted",
        data={"on_hand": str(on_hand)},
    )


def unknown_batch() -> Refused:
    return Refused("pharmacy.unknown_batch", "There is no such batch.", field="batch_id")


def _spellings(scanned: str) -> list[str]:
    digits = normal_gtin(scanned)
    return [digits, digits.removeprefix("0"), scanned.strip()]


LAST_GIVEN = """
select coalesce(staff.name, 'Somebody'), given.quantity, to_char(at at time zone time_zone, 'HH24:MI')
from medication_dispense as given join handover on handover.id = handover_id cross join clinic
left join staff on staff.id = staff_id
where medication_request_id = %(id)s
order by given.id desc limit 1
"""
LAST_MOVED = """
select lot, on_hand, coalesce(staff.name, 'Somebody'), to_char(at at time zone time_zone, 'HH24:MI')
from batch cross join clinic left join stock_movement on batch_id = batch.id
left join staff on staff.id = staff_id
where batch.id = %(id)s
order by stock_movement.id desc limit 1
"""
