"""Brings the shipped price list and chart of accounts into the database."""

from pathlib import Path
from typing import Any

import psycopg

from hms_server import reference

SHIPPED_CURRENCY = "NGN"


def load_prices(connection: psycopg.Connection[Any], folder: Path | None = None) -> None:
    """Adds the accounts, and a price for whatever has none in that currency yet; a clinic's own prices stay.

    May run as often as it likes, after the formulary, in the caller's transaction.
    """
    accounts = reference.load_accounts(folder)
    services = reference.load_prices(folder)
    products = reference.load_formulary(folder)
    cursor = connection.cursor()
    cursor.executemany(ADD_ACCOUNT, [(item.slug, item.code, item.name, item.kind) for item in accounts])
    cursor.executemany(
        ADD_SERVICE,
        [
            {
                "code": item.code,
                "name": item.name,
                "account": item.account,
                "amount": item.price_minor_ngn,
                "currency": SHIPPED_CURRENCY,
            }
            for item in services
        ],
    )
    cursor.execute(
        ADD_PRODUCTS,
        {
            "codes": [item.code for item in products],
            "amounts": [item.price_minor_ngn for item in products],
            "currency": SHIPPED_CURRENCY,
        },
    )


ADD_ACCOUNT = """
insert into account (slug, code, name, kind) values (%s, %s, %s, %s)
on conflict (slug) do update set code = excluded.code, name = excluded.name, kind = excluded.kind
"""

# The first price of anything holds for the past as well: what was done before the list came is not free.
ADD_SERVICE = """
insert into price (service_code, name, account, amount_minor, currency, valid_from)
select %(code)s, %(name)s, %(account)s, %(amount)s, %(currency)s, '2000-01-01'
where not exists (select from price where service_code = %(code)s and currency = %(currency)s)
"""

ADD_PRODUCTS = """
insert into price (product_id, account, amount_minor, currency, valid_from)
select product.id, 'medicine-income', amount, %(currency)s, '2000-01-01'
from unnest(%(codes)s::text[], %(amounts)s::bigint[]) as listed (code, amount)
join product using (code)
where not exists (select from price where product_id = product.id and currency = %(currency)s)
"""
