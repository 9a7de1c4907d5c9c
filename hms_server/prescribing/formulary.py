"""The formulary: kept in the database from the reference files, and searched by words in any order."""

from pathlib import Path
from typing import Any

import psycopg

from hms_server import reference
from hms_server.consultations.allergens import load_allergens, plain
from hms_server.contract.prescribing import (
    Frequencies,
    Frequency,
    ListFrequencies,
    ProductRow,
    Products,
    SearchProducts,
)
from hms_server.patients.names import words_of
from hms_server.prescribing.rules import dose_unit
from hms_server.reference_records import Ingredient, Product
from hms_server.work import Work

MAX_FOUND = 20


def load_formulary(connection: psycopg.Connection[Any], folder: Path | None = None) -> None:
    """Makes the database say what the reference files say, in one transaction; can be repeated.

    What has left the files stays for the prescriptions that name it, and is not offered any more.
    """
    products = reference.load_formulary(folder)
    # The check reads them from the files; a mistake in them is better found before the clinic opens.
    reference.load_interactions(folder)
    ingredients = {item.slug: item for item in reference.load_ingredients(folder)}
    frequencies = reference.load_frequencies(folder)
    with connection.transaction():
        load_allergens(connection, folder)
        connection.cursor().executemany(
            STORE_FREQUENCY,
            [
                (item.code, item.text, item.times_per_day, item.once, item.as_needed, position)
                for position, item in enumerate(frequencies)
            ],
        )
        connection.execute(WITHDRAW, ([item.code for item in products],))
        connection.cursor().executemany(
            STORE_PRODUCT, [_product_params(item, ingredients) for item in products]
        )
        connection.execute(REMEMBER_FACTS)


def search_products(work: Work, request: SearchProducts) -> Products:
    """What there is comes first; a scanned number of a pack finds its product too."""
    words = words_of(request.text)
    if not words:
        return Products([])
    params = {"patterns": [rf"\m{word}" for word in words], "now": work.now, "limit": MAX_FOUND}
    return Products(work.rows(ProductRow, SEARCH, params))


def list_frequencies(work: Work, _: ListFrequencies) -> Frequencies:
    return Frequencies(work.rows(Frequency, ALL_FREQUENCIES))


def _product_params(item: Product, ingredients: dict[str, Ingredient]) -> dict[str, Any]:
    return {
        "code": item.code,
        "name": item.name,
        "ingredients": list(item.ingredients),
        "form": item.form,
        "strength": item.strength,
        "route": item.route,
        "dispensing_unit": item.dispensing_unit,
        "dose_unit": dose_unit(
            form=item.form,
            route=item.route,
            dispensing_unit=item.dispensing_unit,
            dispensed_whole=item.dispensed_whole,
        ),
        "atc": item.atc,
        "pack_size": item.pack_size,
        "gtin": item.gtin,
        "usual_dose": item.usual_dose,
        "units_per_dose": item.units_per_dose,
        "dispensed_whole": item.dispensed_whole,
        "usual_frequency": item.default_frequency,
        "usual_days": item.usual_days,
        "controlled": item.controlled,
        "words": _search_words(item, ingredients),
    }


def _search_words(item: Product, ingredients: dict[str, Ingredient]) -> str:
    """Name, ingredients with all their names, form and strength ("500 mg" and "500mg"), ATC and GTIN."""
    names = [
        spelling
        for slug in item.ingredients
        for spelling in (ingredients[slug].name, *ingredients[slug].synonyms)
    ]
    strengths = (item.strength, item.strength.replace(" ", ""))
    return plain(" ".join((item.name, *names, item.form, *strengths, item.atc or "", item.gtin)))


STORE_FREQUENCY = """
insert into frequency (code, text, times_per_day, once, as_needed, position) values (%s, %s, %s, %s, %s, %s)
on conflict (code) do update set (text, times_per_day, once, as_needed, position)
    = (excluded.text, excluded.times_per_day, excluded.once, excluded.as_needed, excluded.position)
"""

WITHDRAW = "update product set offered = false where code <> all(%s) and offered"

_COLUMNS = """name, ingredients, form, strength, route, dispensing_unit, dose_unit, atc, pack_size, gtin,
    usual_dose, units_per_dose, dispensed_whole, usual_frequency, usual_days, controlled, words, offered"""
_EXCLUDED = ", ".join(f"excluded.{column.strip()}" for column in _COLUMNS.split(","))
_STORED = ", ".join(f"product.{column.strip()}" for column in _COLUMNS.split(","))
STORE_PRODUCT = f"""
insert into product (code, {_COLUMNS})
values (%(code)s, %(name)s, %(ingredients)s, %(form)s, %(strength)s, %(route)s, %(dispensing_unit)s,
    %(dose_unit)s, %(atc)s, %(pack_size)s, %(gtin)s, %(usual_dose)s, %(units_per_dose)s, %(dispensed_whole)s,
    %(usual_frequency)s, %(usual_days)s, %(controlled)s, %(words)s, true)
on conflict (code) do update set ({_COLUMNS}) = ({_EXCLUDED})
where ({_STORED}) is distinct from ({_EXCLUDED})
"""

REMEMBER_FACTS = """
with known as (
    select product.id,
        json_agg(json_build_object('slug', slug, 'facts', ingredient.facts) order by place) as facts
    from product cross join unnest(ingredients) with ordinality as named (slug, place)
    left join ingredient using (slug)
    group by product.id
)
update product set facts = known.facts from known
where product.id = known.id and product.facts::text is distinct from known.facts::text
"""

# Stock is summed for what the words have found, not for the whole formulary.
SEARCH = """
with found as materialized (
    select * from product where offered and words ~ all(%(patterns)s::text[])
), counted as (
    select found.*, in_stock(found.id, (%(now)s at time zone time_zone)::date) as in_stock
    from found cross join clinic
)
select id, code, name, form, strength, route, dispensing_unit, usual_dose, units_per_dose, dispensed_whole,
    usual_frequency, usual_days, in_stock, controlled, dose_unit
from counted order by in_stock > 0 desc, name, form, strength limit %(limit)s
"""

ALL_FREQUENCIES = "select code, text, times_per_day, once, as_needed from frequency order by position"
