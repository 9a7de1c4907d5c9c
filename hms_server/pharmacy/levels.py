"""How much of a medicine there is, for those who do not keep the stock."""

from hms_server.contract.pharmacy import FindStock, StockLevelRow, StockLevels
from hms_server.patients.names import words_of
from hms_server.work import Work

MAX_FOUND = 20


def find_stock(work: Work, request: FindStock) -> StockLevels:
    """By words of name, ingredient or strength in any order; expired batches do not count."""
    words = words_of(request.text)
    if not words:
        return StockLevels([])
    params = {"patterns": [rf"\m{word}" for word in words], "now": work.now, "limit": MAX_FOUND}
    return StockLevels(work.rows(StockLevelRow, FIND, params))


FIND = """
with today as (select (%(now)s at time zone time_zone)::date as day from clinic),
found as (
    select product.id as product_id, product.label as product, dispensing_unit,
        in_stock(product.id, day) as in_stock,
        (select min(expires_on) from batch
         where batch.product_id = product.id and on_hand > 0 and expires_on >= day) as next_expiry
    from product cross join today
    where offered and words ~ all(%(patterns)s::text[])
)
select product_id, product, in_stock, dispensing_unit, next_expiry
from found order by in_stock > 0 desc, product limit %(limit)s
"""
