"""What one line of each reference file says, as frozen types that refuse a wrong cell."""

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

import msgspec

Slug = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
Atc = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]\d{2}[A-Z]{2}(\d{2})?$")]
Count = Annotated[int, msgspec.Meta(gt=0)]
Form = Literal[
    "tablet", "chewable tablet", "dispersible tablet", "slow-release tablet", "capsule", "syrup",
    "suspension", "solution", "powder for suspension", "powder for oral solution", "drops",
    "mouthwash", "injection", "powder for injection", "infusion", "cream", "ointment", "gel",
    "lotion", "eye drops", "eye ointment", "ear drops", "nasal drops", "nasal spray", "inhaler",
    "nebuliser solution", "suppository", "pessary",
]  # fmt: skip
Route = Literal[
    "oral", "sublingual", "oromucosal", "intramuscular", "intravenous", "subcutaneous",
    "infiltration", "topical", "ocular", "otic", "nasal", "inhaled", "rectal", "vaginal",
]  # fmt: skip


def is_gtin_13(text: str) -> bool:
    """Whether these are 13 digits whose last one fits the others (GS1 General Specifications, mod 10)."""
    if len(text) != 13 or not (text.isascii() and text.isdigit()):  # noqa: PLR2004 - the number is the name
        return False
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(text)) % 10 == 0


class ReferenceRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of a file; `UNIQUE` names the columns that no two lines may share."""

    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = (("code",),)


class Product(ReferenceRecord, frozen=True, kw_only=True):
    """One product; prices and quantities are per `dispensing_unit`.

    With `dispensed_whole` a course is one unit whatever the dose (a bottle, a tube); `units_per_dose` is None
    where the prescriber has to say, and `usual_dose` then tells how (by weight).
    """

    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("code",),
        ("gtin",),
        ("name", "form", "strength", "route"),
    )
    code: Slug
    name: str
    ingredients: tuple[Slug, ...]
    form: Form
    strength: str
    route: Route
    dispensing_unit: str
    atc: Atc | None = None
    pack_size: Count
    gtin: str
    usual_dose: str
    units_per_dose: Decimal | None = None
    dispensed_whole: bool
    default_frequency: str
    usual_days: Count
    price_minor_ngn: Count
    controlled: bool

    def __post_init__(self) -> None:
        if not is_gtin_13(self.gtin):
            raise ValueError(f"{self.gtin} is no GTIN-13: its length or its check digit is wrong")
        if self.units_per_dose is not None and self.units_per_dose <= 0:
            raise ValueError("units_per_dose has to be more than 0")

    @property
    def label(self) -> str:
        """Name, strength and form as they stand on a prescription."""
        return f"{self.name} {self.strength} {self.form}"


class Ingredient(ReferenceRecord, frozen=True, kw_only=True):
    """A substance; `classes` are the allergy classes it belongs to, `source` where its name is attested."""

    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = (("slug",), ("name",))
    slug: Slug
    name: str
    synonyms: tuple[str, ...] = ()
    classes: tuple[Slug, ...] = ()
    source: str


class AllergyClass(ReferenceRecord, frozen=True, kw_only=True):
    """What a patient can be allergic to as a whole; FHIR calls `kind` the category."""

    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = (("slug",), ("name",))
    slug: Slug
    name: str
    kind: Literal["medication", "food", "environment", "biologic"]
    synonyms: tuple[str, ...] = ()
    members: str
    cross_reacts_with: tuple[Slug, ...] = ()
    note: str = ""
    source: str


class Interaction(ReferenceRecord, frozen=True, kw_only=True):
    """Two medicines that do not go together; `a` and `b` are ingredients or interaction classes.

    A class with itself means any two of its members. `effect` is our own sentence; pair and severity are
    those of `source`.
    """

    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = (("a", "b"),)
    a: Slug
    b: Slug
    severity: Literal["contraindicated", "major", "moderate", "minor"]
    effect: str
    source: str

    def __post_init__(self) -> None:
        if self.a > self.b:
            raise ValueError(f"{self.a} has to stand after {self.b}, so that no pair is written twice")


class InteractionClass(ReferenceRecord, frozen=True, kw_only=True):
    """Medicines that interact alike. One that no interaction names still says that a source lists them."""

    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = (("slug",), ("name",))
    slug: Slug
    name: str
    medicines: tuple[Slug, ...]
    source: str


class DoseFrequency(ReferenceRecord, frozen=True, kw_only=True):
    """How often a dose is taken; with `once` the number of days does not count."""

    code: str
    text: str
    times_per_day: Decimal
    as_needed: bool
    once: bool


class QueueService(ReferenceRecord, frozen=True, kw_only=True):
    """A queue; `code` is the letter before its ticket numbers."""

    code: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{1,3}$")]
    name: str
    position: int


class MedicalSpeciality(ReferenceRecord, frozen=True, kw_only=True):
    """What a doctor may be known for, in the words of a front desk, and how else people ask for it."""

    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = (("code",), ("name",))
    code: Slug
    name: str
    words: tuple[str, ...]


class CommonDiagnosis(ReferenceRecord, frozen=True, kw_only=True):
    """An ICD-10 code that a clinic sees often, and that a search therefore shows first."""

    code: Annotated[str, msgspec.Meta(pattern=r"^[A-Z][0-9]{2}(\.[0-9]{1,2})?$")]


class Price(ReferenceRecord, frozen=True, kw_only=True):
    """A service with its price in kobo; `account` is the ledger account that earns it."""

    code: Slug
    name: str
    account: Slug
    price_minor_ngn: Count


class LedgerAccount(ReferenceRecord, frozen=True, kw_only=True):
    """An account of the double-entry ledger."""

    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = (("code",), ("slug",), ("name",))
    code: str
    slug: Slug
    name: str
    kind: Literal["asset", "liability", "equity", "income", "expense"]


class GivenOrFamilyName(ReferenceRecord, frozen=True, kw_only=True):
    """A name with the culture whose other names it goes with; `sex` is None for family names."""

    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = (("culture", "kind", "sex", "name"),)
    culture: str
    kind: Literal["family", "given"]
    sex: Literal["female", "male"] | None = None
    name: str


class News2Band(ReferenceRecord, frozen=True, kw_only=True):
    """One cell of the NEWS2 chart; both ends belong to it, None is an open end."""

    UNIQUE: ClassVar[tuple[tuple[str, ...], ...]] = (("parameter", "condition", "low", "high"),)
    parameter: str
    condition: Literal["on_air", "on_oxygen", "air", "oxygen", "alert", "cvpu"] | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    points: Literal[0, 1, 2, 3]
    source: str
