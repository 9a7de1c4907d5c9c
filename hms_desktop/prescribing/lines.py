"""The lines of a prescription that is being written, as plain values."""

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from enum import StrEnum

import msgspec

from hms_server.contract.prescribing import (
    CheckLine,
    Frequency,
    LineChecked,
    NewMedicationRequest,
    ProductRow,
    SafetyFinding,
    Severity,
)
from hms_server.contract.values import PatientId

_GRAVE = frozenset({Severity.CONTRAINDICATED, Severity.NOT_CHECKED})

_DOSE = re.compile(r"\d{1,4}(?:[.,]\d{1,3})?")
_FRACTIONS = {"½": "0.5", "1/2": "0.5", "¼": "0.25", "1/4": "0.25", "¾": "0.75", "3/4": "0.75"}


class Check(StrEnum):
    """How far the safety check of a line has come; only `DONE` may reassure anybody."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Dosing(msgspec.Struct, frozen=True, kw_only=True):
    """How much of which product, how often, how long; without a typed quantity, the server's counts."""

    product: ProductRow
    dose: Decimal
    frequency: str
    days: int
    typed_quantity: int | None = None

    def check_for(self, patient_id: PatientId, beside: Sequence["Line"] = ()) -> CheckLine:
        """What to ask the server about it, below those lines."""
        return CheckLine(
            patient_id=patient_id,
            product_id=self.product.id,
            dose=self.dose,
            frequency=self.frequency,
            days=self.days,
            beside=[line.dosing.product.id for line in beside],
        )


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One medicine with what the server has said about it.

    `error` is what the server wants otherwise in this line, `trouble` is why it could not be checked.
    """

    number: int
    dosing: Dosing
    check: Check = Check.RUNNING
    checked: LineChecked | None = None
    overrides: dict[str, str] = {}
    error: str = ""
    trouble: str = ""

    @property
    def name(self) -> str:
        return product_name(self.dosing.product)

    @property
    def quantity(self) -> int | None:
        """How much to dispense, None as long as nobody has said."""
        counted = self.checked.quantity if self.checked else None
        return self.dosing.typed_quantity or counted

    @property
    def in_stock(self) -> int:
        return self.checked.in_stock if self.checked else self.dosing.product.in_stock

    @property
    def findings(self) -> Sequence[SafetyFinding]:
        return self.checked.findings if self.checked else ()

    @property
    def unanswered(self) -> list[SafetyFinding]:
        """What still needs a reason before anybody can sign."""
        return [
            finding
            for finding in self.findings
            if needs_reason(finding) and finding.key not in self.overrides
        ]

    @property
    def loud(self) -> list[SafetyFinding]:
        """What has to be seen; the others only inform."""
        return [finding for finding in self.findings if not finding.quiet]

    def order(self) -> NewMedicationRequest:
        """The line as it is signed. Only for a line with a quantity."""
        assert self.quantity is not None
        return NewMedicationRequest(
            product_id=self.dosing.product.id,
            dose=self.dosing.dose,
            frequency=self.dosing.frequency,
            days=self.dosing.days,
            quantity=self.quantity,
            overrides=self.overrides,
        )


class SavedLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a draft keeps of a line; the check runs again when the draft comes back."""

    dosing: Dosing
    overrides: dict[str, str]


def needs_reason(finding: SafetyFinding) -> bool:
    """Whether the server does not sign without one."""
    return finding.severity in _GRAVE and not finding.quiet


def encode_lines(lines: Sequence[Line]) -> str:
    """The lines as text for a draft, empty for none."""
    saved = [SavedLine(dosing=line.dosing, overrides=line.overrides) for line in lines]
    return msgspec.json.encode(saved).decode() if saved else ""


def decode_lines(text: str) -> list[SavedLine]:
    """The lines of a draft."""
    return msgspec.json.decode(text, type=list[SavedLine]) if text else []


def product_name(product: ProductRow) -> str:
    """Such as "Amoxicillin 500 mg capsule"."""
    return f"{product.name} {product.strength} {product.form}"


def parse_dose(text: str) -> Decimal | None:
    """A dose as people type it ("2", "0,5", "½"); None for anything else and for nothing at all."""
    text = _FRACTIONS.get(text, text)
    if not _DOSE.fullmatch(text):
        return None
    try:
        dose = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    return dose if dose > 0 else None


def parse_count(text: str) -> int | None:
    """A whole number above zero; None for anything else."""
    return int(text) if re.fullmatch(r"[1-9]\d{0,5}", text) else None


def amount_text(dose: Decimal, unit: str) -> str:
    """Such as "2 × capsule" or "5 mL"; a number and a unit say no plural in any language."""
    return counted_text(f"{dose.normalize():f}", unit)


def counted_text(count: object, unit: str) -> str:
    """Such as "21 × capsule"."""
    return f"{count} {unit}" if unit == "mL" or str(count) == "1" else f"{count} × {unit}"


def matching_frequencies(known: Sequence[Frequency], text: str) -> list[Frequency]:
    """An exact code first, then whatever has all the words."""
    wanted = text.casefold()
    words = wanted.split()
    exact = [each for each in known if wanted in (each.code.casefold(), each.text.casefold())]
    others = [
        each
        for each in known
        if each not in exact and all(word in f"{each.code} {each.text}".casefold() for word in words)
    ]
    return exact + others
