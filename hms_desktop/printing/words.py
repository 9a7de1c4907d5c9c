"""The words that stand on paper and how dates read there; the caller hands in translated ones."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from hms_server.contract.values import BirthPrecision, PatientHeader, Sex


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """Plain data, since paper is made without Qt and may speak another language than the screen."""

    months: tuple[str, ...] = (
        "Jan",
        "Feb",
        "Mar",
        "Apr",
        "May",
        "Jun",
        "Jul",
        "Aug",
        "Sep",
        "Oct",
        "Nov",
        "Dec",
    )
    female: str = "Female"
    male: str = "Male"
    other_sex: str = "Other sex"
    unknown_sex: str = "Sex not known"
    born: str = "Born {date}"
    born_about: str = "Born about {year}"
    birth_unknown: str = "Date of birth not known"
    patient: str = "Patient"
    number: str = "Number"
    phone: str = "Tel. {phone}"
    batch: str = "Batch {batch}"
    expires: str = "use before {date}"
    keep_away: str = "KEEP OUT OF REACH OF CHILDREN"
    prescribed_by: str = "Prescribed by {name}"
    receipt: str = "Receipt"
    invoice: str = "Invoice"
    date: str = "Date"
    description: str = "Description"
    quantity: str = "Quantity"
    unit_price: str = "Unit price"
    amount: str = "Amount ({currency})"
    total: str = "Total"
    paid_before: str = "Paid before"
    paid: str = "Paid"
    paid_by: str = "Paid by {method}"
    tendered: str = "Given"
    change: str = "Change"
    still_due: str = "Still to pay"
    cashier: str = "Cashier"
    thanks: str = "Thank you. Please keep this receipt."
    reference: str = "Reference"
    refund: str = "Refund"
    refund_asked: str = "Refund asked for"
    of_receipt: str = "Of receipt"
    returned_by: str = "Returned by {method}"
    to_return: str = "To be returned by {method}"
    not_returned_yet: str = "Not paid out yet. It takes some days."
    reason: str = "Reason"
    signature: str = "Signature: "
    to_pay_online: str = "To pay online"
    no_receipt: str = "This is not a receipt. Nothing is paid yet."
    scan_to_pay: str = "Scan the code with your phone, or open the address:"
    compared: str = "{time}. {count} payments and refunds were looked at on both sides."
    ours: str = "Our books"
    theirs: str = "Paystack"
    no_differences: str = "Both sides agree. There is no difference."
    page: str = "Page {page} of {pages}"


def write_date(day: date, words: Words) -> str:
    return f"{day.day} {words.months[day.month - 1]} {day.year}"


def write_time(moment: datetime, zone: str, words: Words) -> str:
    """Date and time on the clinic's wall clock; a moment without its offset is refused."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone.")
    local = moment.astimezone(ZoneInfo(zone))
    return f"{write_date(local.date(), words)} {local:%H:%M}"


def write_sex(sex: Sex, words: Words) -> str:
    written = {
        Sex.FEMALE: words.female,
        Sex.MALE: words.male,
        Sex.OTHER: words.other_sex,
        Sex.UNKNOWN: words.unknown_sex,
    }
    return written[sex]


def write_birth(patient: PatientHeader, words: Words) -> str:
    """As much of the birth date as is known, and an estimate is called one."""
    born = patient.birth_date
    if born is None:
        return words.birth_unknown
    if patient.birth_precision is BirthPrecision.ESTIMATED:
        return words.born_about.format(year=born.year)
    known = {
        BirthPrecision.DAY: write_date(born, words),
        BirthPrecision.MONTH: f"{words.months[born.month - 1]} {born.year}",
        BirthPrecision.YEAR: str(born.year),
    }
    return words.born.format(date=known[patient.birth_precision])
