"""The demo pharmacy's shelves: what was delivered, and what is taken, first to expire first."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count

_SHELVES = "ABCDEF"
_OUT, _EXPIRING, _EXPIRED = 6, 5, 3
"""So many products are out of stock, expire soon, or have a batch that has expired."""
_DELIVERY_DAYS_BEFORE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class StockedProduct:
    """What the shelves need to know of a product; the usual ones are prescribed by the demo's doctors."""

    id: int
    pack_size: int
    usual: bool


@dataclass(slots=True, kw_only=True)
class ShelfBatch:
    id: int
    product_id: int
    lot: str
    expires_on: date
    shelf: str
    received: int
    left: int


@dataclass(slots=True)
class Shelves:
    """All batches; what is taken is taken in the order of time."""

    batches: list[ShelfBatch] = field(default_factory=list)
    by_product: dict[int, list[ShelfBatch]] = field(default_factory=dict)

    def take(self, product_id: int, quantity: int, *, day: date) -> list[tuple[int, int]]:
        """Batch and quantity, the first to expire first; nothing where there is not enough."""
        usable = [batch for batch in self.by_product.get(product_id, ()) if batch.expires_on >= day]
        if sum(batch.left for batch in usable) < quantity:
            return []
        taken = []
        for batch in usable:
            part = min(quantity, batch.left)
            if part:
                batch.left -= part
                quantity -= part
                taken.append((batch.id, part))
        return taken


def fill_shelves(
    products: Iterable[StockedProduct], *, opened: date, today: date, chance: random.Random
) -> Shelves:
    """Two batches of most products; of a few none, and of a few one that has expired or will soon."""
    stocked = list(products)
    rare = [each.id for each in stocked if not each.usual]
    chance.shuffle(rare)
    out, expired = set(rare[:_OUT]), set(rare[_OUT : _OUT + _EXPIRED])
    expiring = set(rare[_OUT + _EXPIRED : _OUT + _EXPIRED + _EXPIRING])
    shelves = Shelves()
    numbers = count(1)
    for product in stocked:
        if product.id in out:
            continue
        first = chance.randint(120, 300)
        if product.id in expired:
            first = -chance.randint(3, 20)
        elif product.id in expiring:
            first = chance.randint(5, 25)
        expiries = (today + timedelta(days=first), today + timedelta(days=chance.randint(330, 700)))
        shelf = f"{chance.choice(_SHELVES)}{chance.randint(1, 4)}"
        batches = [_batch(next(numbers), product, expires_on, shelf, chance) for expires_on in expiries]
        shelves.batches.extend(batches)
        shelves.by_product[product.id] = batches
    assert all(batch.expires_on > opened for batch in shelves.batches)
    return shelves


def _batch(
    number: int, product: StockedProduct, expires_on: date, shelf: str, chance: random.Random
) -> ShelfBatch:
    received = _delivery(product, chance)
    return ShelfBatch(
        id=number,
        product_id=product.id,
        lot=f"{chance.choice('ABCHKMPT')}{chance.choice('CDFRX')}-{1000 + number}",
        expires_on=expires_on,
        shelf=shelf,
        received=received,
        left=received,
    )


def delivered_at(first_visit: datetime) -> datetime:
    return first_visit - timedelta(days=_DELIVERY_DAYS_BEFORE)


def _delivery(product: StockedProduct, chance: random.Random) -> int:
    packs = chance.randint(50, 90) if product.usual else chance.randint(1, 6)
    return packs * max(product.pack_size, 5 if product.usual else 1)
