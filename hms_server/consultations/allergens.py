"""The substances and classes that an allergy can name, kept in the database from the reference files."""

import re
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from hms_server.contract.consultations import Allergen, Allergens, SearchAllergens
from hms_server.patients.names import fold, words_of
from hms_server.reference import load_classes, load_ingredients
from hms_server.reference_records import AllergyClass, Ingredient
from hms_server.work import Work

MAX_FOUND = 20
_AROUND_A_SUBSTANCE = re.compile(r"\b(allergy|allergies|allergic|hypersensitivity|reaction|to)\b")


def load_allergens(connection: psycopg.Connection[Any], folder: Path | None = None) -> None:
    """Makes the tables say what the files say; can be repeated, in the caller's transaction."""
    ingredients = load_ingredients(folder)
    classes = load_classes(folder)
    _load_ingredients(connection, ingredients)
    _load_classes(connection, classes)
    for statement in REMEMBER_FACTS:
        connection.execute(statement)


def search_allergens(work: Work, request: SearchAllergens) -> Allergens:
    """By the beginnings of words in any order; whole names first, classes before their members."""
    words = words_of(request.text)
    if not words:
        return Allergens([])
    patterns = [rf"\m{word}" for word in words]
    params = {"patterns": patterns, "text": plain(request.text), "limit": MAX_FOUND}
    return Allergens(work.rows(Allergen, SEARCH, params))


def match_allergen(work: Work, substance: str) -> str | None:
    """The slug that a typed substance means; None: the safety check cannot check it and will say so."""
    slug: str | None = work.value(MATCH, {"names": names_for(substance)})
    return slug


def is_allergen(work: Work, slug: str) -> bool:
    return bool(work.value(EXISTS, {"slug": slug}))


def names_for(substance: str) -> list[str]:
    """Under which words to look: as typed, and without what people write around ("Allergy to fish")."""
    text = plain(substance)
    return [text, " ".join(_AROUND_A_SUBSTANCE.sub(" ", text).split())]


def plain(text: str) -> str:
    """Folded, with single spaces: how the words of allergens are stored."""
    return " ".join(fold(text).split())


def _words(record: Ingredient | AllergyClass) -> list[str]:
    return sorted({plain(word) for word in (record.slug, record.name, *record.synonyms)})


def _load_ingredients(connection: psycopg.Connection[Any], ingredients: list[Ingredient]) -> None:
    connection.execute("delete from ingredient where slug <> all(%s)", ([item.slug for item in ingredients],))
    connection.cursor().executemany(
        STORE_INGREDIENT, [(item.slug, item.name, _words(item), list(item.classes)) for item in ingredients]
    )


def _load_classes(connection: psycopg.Connection[Any], classes: list[AllergyClass]) -> None:
    connection.execute("delete from allergen_class where slug <> all(%s)", ([item.slug for item in classes],))
    rows = [
        (item.slug, item.name, item.kind, _words(item), list(item.cross_reacts_with), item.note)
        for item in classes
    ]
    connection.cursor().executemany(STORE_CLASS, rows)


STORE_INGREDIENT = """
insert into ingredient (slug, name, words, classes) values (%s, %s, %s, %s)
on conflict (slug) do update set (name, words, classes) = (excluded.name, excluded.words, excluded.classes)
where (ingredient.name, ingredient.words, ingredient.classes)
    is distinct from (excluded.name, excluded.words, excluded.classes)
"""
STORE_CLASS = """
insert into allergen_class (slug, name, kind, words, cross_reacts_with, note) values (%s, %s, %s, %s, %s, %s)
on conflict (slug) do update set (name, kind, words, cross_reacts_with, note)
    = (excluded.name, excluded.kind, excluded.words, excluded.cross_reacts_with, excluded.note)
where (allergen_class.name, allergen_class.kind, allergen_class.words, allergen_class.cross_reacts_with,
    allergen_class.note)
    is distinct from (excluded.name, excluded.kind, excluded.words, excluded.cross_reacts_with, excluded.note)
"""

REMEMBER_FACTS: tuple[LiteralString, ...] = (
    """
update ingredient set facts = allergen_facts(slug)
where facts::text is distinct from allergen_facts(slug)::text
""",
    """
update allergen_class set facts = allergen_facts(slug)
where facts::text is distinct from allergen_facts(slug)::text
""",
)

_KNOWN = """
    select slug, name, words, true as is_class from allergen_class
    union all
    select slug, name, words, false from ingredient
"""
SEARCH = f"""
select slug, name, is_class from ({_KNOWN}) as known
where array_to_string(words, ' | ') ~ all(%(patterns)s::text[])
order by %(text)s = any(words) desc, is_class desc, length(name), name
limit %(limit)s
"""
MATCH = f"""
select slug from ({_KNOWN}) as known
where words && %(names)s::text[] order by is_class, slug limit 1
"""
EXISTS = """
select exists (select from ingredient where slug = %(slug)s)
    or exists (select from allergen_class where slug = %(slug)s)
"""
