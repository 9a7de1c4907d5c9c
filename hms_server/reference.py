"""The shipped reference data as typed records; a wrong file is refused with its name and line."""

import csv
import io
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from hms_server.contract.places import resource
from hms_server.reference_records import (
    AllergyClass,
    CommonDiagnosis,
    DoseFrequency,
    GivenOrFamilyName,
    Ingredient,
    Interaction,
    InteractionClass,
    LedgerAccount,
    MedicalSpeciality,
    News2Band,
    Price,
    Product,
    QueueService,
    ReferenceRecord,
)

Record = TypeVar("Record", bound=ReferenceRecord)
Numbered = list[tuple[int, Record]]

_SEPARATORS = {"ingredients": "+"} | dict.fromkeys(
    ("synonyms", "classes", "cross_reacts_with", "words", "medicines"), ";"
)
_ALLERGY_WORDS = re.compile(r"\b(allergy|allergic|hypersensitivity|to)\b")


class ReferenceDataError(Exception):
    """A reference file cannot be used; the text says "file:line: what is wrong"."""


def load_formulary(folder: Path | None = None) -> list[Product]:
    """All products; every ingredient and frequency they name exists."""
    lines = _read(Product, "formulary.csv", folder)
    _refuse_unknown(
        lines, "ingredients", {item.slug for item in load_ingredients(folder)}, file="formulary.csv"
    )
    codes = {item.code for item in load_frequencies(folder)}
    _refuse_unknown(lines, "default_frequency", codes, file="formulary.csv")
    return _items(lines)


def load_ingredients(folder: Path | None = None) -> list[Ingredient]:
    """All substances; every allergy class they name exists."""
    lines = _read(Ingredient, "ingredients.csv", folder)
    _refuse_unknown(lines, "classes", {item.slug for item in load_classes(folder)}, file="ingredients.csv")
    return _items(lines)


def load_classes(folder: Path | None = None) -> list[AllergyClass]:
    """All allergy classes and what is no medicine; every class they cross-react with exists."""
    lines = _read(AllergyClass, "allergy_classes.csv", folder)
    slugs = {item.slug for _, item in lines}
    _refuse_unknown(lines, "cross_reacts_with", slugs, file="allergy_classes.csv")
    return _items(lines)


def load_interaction_classes(folder: Path | None = None) -> list[InteractionClass]:
    """Medicines that interact alike; every ingredient they name exists, and no class is called like one."""
    lines = _read(InteractionClass, "interaction_classes.csv", folder)
    slugs = {item.slug for item in load_ingredients(folder)}
    _refuse_unknown(lines, "medicines", slugs, file="interaction_classes.csv")
    for line, item in lines:
        if item.slug in slugs:
            raise ReferenceDataError(
                f"interaction_classes.csv:{line}: {item.slug} is an ingredient; a class is called otherwise."
            )
    return _items(lines)


def load_interactions(folder: Path | None = None) -> list[Interaction]:
    """Which medicines do not go together; each side is an ingredient or an interaction class."""
    lines = _read(Interaction, "interactions.csv", folder)
    known = {item.slug for item in load_ingredients(folder)}
    known |= {item.slug for item in load_interaction_classes(folder)}
    for column in ("a", "b"):
        _refuse_unknown(lines, column, known, file="interactions.csv")
    return _items(lines)


def load_frequencies(folder: Path | None = None) -> list[DoseFrequency]:
    return _items(_read(DoseFrequency, "frequencies.csv", folder))


def load_services(folder: Path | None = None) -> list[QueueService]:
    """The queues in their order."""
    return sorted(_items(_read(QueueService, "services.csv", folder)), key=lambda item: item.position)


def load_specialities(folder: Path | None = None) -> list[MedicalSpeciality]:
    """In the order in which a clinic offers them."""
    return _items(_read(MedicalSpeciality, "specialities.csv", folder))


def load_common_diagnoses(folder: Path | None = None) -> frozenset[str]:
    """The codes that a search for diagnoses shows before all others that fit as well."""
    return frozenset(item.code for item in _items(_read(CommonDiagnosis, "common_diagnoses.csv", folder)))


def load_prices(folder: Path | None = None) -> list[Price]:
    """The price list; every ledger account it names exists."""
    lines = _read(Price, "prices.csv", folder)
    _refuse_unknown(lines, "account", {item.slug for item in load_accounts(folder)}, file="prices.csv")
    return _items(lines)


def load_accounts(folder: Path | None = None) -> list[LedgerAccount]:
    return _items(_read(LedgerAccount, "accounts.csv", folder))


def load_names(folder: Path | None = None) -> list[GivenOrFamilyName]:
    return _items(_read(GivenOrFamilyName, "names_west_africa.csv", folder))


def load_news2(folder: Path | None = None) -> list[News2Band]:
    return _items(_read(News2Band, "news2.csv", folder))


def allergens_by_word(ingredients: Iterable[Ingredient], classes: Iterable[AllergyClass]) -> dict[str, str]:
    """Every name and synonym in lower case with the slug it means."""
    records: list[Ingredient | AllergyClass] = [*ingredients, *classes]
    return {
        word.lower(): record.slug
        for record in records
        for word in (record.slug, record.name, *record.synonyms)
    }


def find_allergen(text: str, allergens: dict[str, str]) -> str | None:
    """The slug that a recorded allergy means ("Allergy to fish" → "fish"); None: it cannot be checked."""
    words = " ".join(_ALLERGY_WORDS.sub(" ", text.lower()).split())
    return allergens.get(words) or allergens.get(text.strip().lower())


def _items(lines: Numbered[Record]) -> list[Record]:
    return [item for _, item in lines]


def _read(kind: type[Record], file: str, folder: Path | None) -> Numbered[Record]:
    path = resource("reference", file) if folder is None else folder / file
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ReferenceDataError(f"{file}: the file is not UTF-8 ({error.reason}).") from error
    reader = csv.DictReader(io.StringIO(text), strict=True)
    _refuse_other_columns(kind, reader.fieldnames or (), file=file)
    try:
        lines = [(reader.line_num, _record(kind, row)) for row in reader]
    except (csv.Error, msgspec.ValidationError) as error:
        raise ReferenceDataError(f"{file}:{reader.line_num}: {_in_words(error)}.") from error
    _refuse_repeated(lines, file=file)
    return lines


def _record(kind: type[Record], row: dict[str, str]) -> Record:
    if None in row or None in row.values():
        raise csv.Error("the line has not as many columns as the first one")
    filled = {column: text.strip() for column, text in row.items() if text.strip()}
    values = {
        column: text.split(_SEPARATORS[column]) if column in _SEPARATORS else text
        for column, text in filled.items()
    }
    record = msgspec.convert(values, kind, strict=False)
    for column, text in filled.items():
        number = getattr(record, column)
        # msgspec reads "125.00" as the number 125: a hundredth of what a clinic means in naira.
        if type(number) is int and str(number) != text:
            raise csv.Error(f"{column}: {text} is no whole number")
    return record


def _in_words(error: Exception) -> str:
    """The message of msgspec with the column in front instead of a path behind."""
    message, _, place = str(error).partition(" - at `$.")
    return f"{place.rstrip('`')}: {message}" if place else message


def _refuse_other_columns(kind: type[ReferenceRecord], columns: Collection[str], *, file: str) -> None:
    expected = kind.__struct_fields__
    if sorted(columns) != sorted(expected):
        raise ReferenceDataError(f"{file}:1: the columns have to be {', '.join(expected)}.")


def _refuse_repeated(lines: Numbered[Record], *, file: str) -> None:
    seen: set[tuple[object, ...]] = set()
    for line, item in lines:
        for columns in item.UNIQUE:
            key = (columns, *(getattr(item, column) for column in columns))
            if key in seen:
                raise ReferenceDataError(
                    f"{file}:{line}: the same {', '.join(columns)} stands in an earlier line."
                )
            seen.add(key)


def _refuse_unknown(lines: Numbered[Record], column: str, known: Collection[str], *, file: str) -> None:
    for line, item in lines:
        named = getattr(item, column)
        for slug in named if isinstance(named, tuple) else [named]:
            if slug is not None and slug not in known:
                raise ReferenceDataError(f"{file}:{line}: {column}: {slug} is not known.")
