"""Ids, closed sets and quantities that more than one slice speaks of."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType

import msgspec

StaffId = NewType("StaffId", int)
DeviceId = NewType("DeviceId", int)
PatientId = NewType("PatientId", int)
EncounterId = NewType("EncounterId", int)
TicketId = NewType("TicketId", int)
RoomId = NewType("RoomId", int)
AlertId = NewType("AlertId", int)
ConditionId = NewType("ConditionId", int)
AllergyId = NewType("AllergyId", int)
ProductId = NewType("ProductId", int)
BatchId = NewType("BatchId", int)
MedicationRequestId = NewType("MedicationRequestId", int)
InvoiceId = NewType("InvoiceId", int)
PaymentId = NewType("PaymentId", int)


class Role(StrEnum):
    RECEPTIONIST = "receptionist"
    NURSE = "nurse"
    DOCTOR = "doctor"
    PHARMACIST = "pharmacist"
    CASHIER = "cashier"
    ADMINISTRATOR = "administrator"
    DISPLAY = "display"
    KIOSK = "kiosk"


class Sex(StrEnum):
    """FHIR administrative gender."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


class BirthPrecision(StrEnum):
    """How much of a birth date is known; an estimated age keeps the year only."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    ESTIMATED = "estimated"


class Money(msgspec.Struct, frozen=True):
    """An amount in minor units (kobo, pesewa; whole francs for XOF) with its ISO 4217 currency."""

    amount_minor: int
    currency: str


MINOR_DIGITS = {"NGN": 2, "GHS": 2, "ZAR": 2, "KES": 2, "USD": 2, "EUR": 2, "GBP": 2, "XOF": 0, "XAF": 0}
"""ISO 4217 minor units of the currencies a clinic may be set up with."""


class Person(msgspec.Struct, frozen=True):
    """Whoever acted, as shown on a screen."""

    id: StaffId
    name: str


class PatientHeader(msgspec.Struct, frozen=True):
    """What a list shows of a patient, and no more."""

    id: PatientId
    number: str
    name: str
    sex: Sex
    birth_date: date | None
    birth_precision: BirthPrecision
    deceased: bool = False


class Quantity(msgspec.Struct, frozen=True):
    """A measured value exactly as given, with its UCUM unit."""

    value: Decimal
    unit: str


class Moment(msgspec.Struct, frozen=True):
    """When something was done and by whom."""

    at: datetime
    by: Person | None
