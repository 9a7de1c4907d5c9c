"""Whatever many pharmacists do at once, stock is the sum of its ledger, and what has expired stays."""

import random
from collections.abc import Sequence
from typing import Any, LiteralString

from hms_server.contract.envelope import Request
from hms_server.contract.pharmacy import CorrectStock, Dispense, LossReason
from hms_server.contract.values import BatchId, EncounterId, MedicationRequestId, ProductId, Role
from tests.server.desk import Desk, FaultRaised
from tests.server.pharmacy.shelves import IBUPROFEN_GTIN, Pharmacy, pick

DESKS = 6
ACTS = 15
EXPECTED = {"pharmacy.short", "pharmacy.more_than_owing", "pharmacy.less_than_none", "pharmacy.not_expired"}


def test_stock_is_the_sum_of_its_ledger_after_any_rush(desk: Desk, pharmacy: Pharmacy) -> None:
    """Six desks dispense, lose and receive at once, from shelves that run dry: every line adds up."""
    products = [pharmacy.product(), pharmacy.product("Ibuprofen", gtin=IBUPROFEN_GTIN)]
    batches = [
        pharmacy.stock(product, quantity, days=days).id
        for product in products
        for days, quantity in ((0, 50), (1, 30), (1, 40), (20, 60))
    ]
    lines = [_prescription(pharmacy, products) for _ in range(12)]
    desk.pass_time(days=1)

    codes = desk.together(DESKS, lambda number: _rush(desk, pharmacy, lines, batches, seed=number))

    refused = {code for desk_codes in codes for code in desk_codes if code}
    assert refused <= EXPECTED
    assert "pharmacy.short" in refused or "pharmacy.more_than_owing" in refused
    assert pharmacy.unbalanced_batches() == []
    assert desk.sql(GIVEN_OTHERWISE) == []
    assert desk.sql(EXPIRED_GIVEN) == [(0,)]
    assert desk.sql(ENDED_OTHERWISE) == [(0,)]
    handed_over = sum(code is None for desk_codes in codes for code in desk_codes)
    assert handed_over > DESKS


def _prescription(
    pharmacy: Pharmacy, products: Sequence[ProductId]
) -> tuple[EncounterId, list[MedicationRequestId]]:
    visit = pharmacy.visit()
    return visit, [pharmacy.prescribe(visit, product, 20) for product in products]


def _rush(
    desk: Desk,
    pharmacy: Pharmacy,
    prescriptions: Sequence[tuple[EncounterId, list[MedicationRequestId]]],
    batches: Sequence[BatchId],
    *,
    seed: int,
) -> list[str | None]:
    """The code of each act's refusal, None for what was done."""
    chance = random.Random(seed)  # noqa: S311 - a repeatable choice of acts, no secret
    codes = []
    for _ in range(ACTS):
        visit, lines = chance.choice(prescriptions)
        chance.shuffle(lines)
        picked = [pick(line, chance.randint(1, 12)) for line in lines]
        act: Request[Any] = chance.choice(
            (
                Dispense(encounter_id=visit, ticket_id=None, lines=picked),
                Dispense(encounter_id=visit, ticket_id=None, lines=picked[:1]),
                CorrectStock(
                    batch_id=chance.choice(batches),
                    change=-chance.randint(1, 9),
                    reason=chance.choice((LossReason.BROKEN, LossReason.EXPIRED)),
                ),
            )
        )
        codes.append(_code(desk, act))
    return codes


def _code(desk: Desk, act: Request[Any]) -> str | None:
    try:
        desk.ask(act, Role.PHARMACIST)
    except FaultRaised as refused:
        return refused.fault.code
    return None


GIVEN_OTHERWISE: LiteralString = """
select line.id from medication_request as line
left join medication_dispense as given on medication_request_id = line.id
left join (select dispense_id, -sum(quantity) as moved from stock_movement group by dispense_id) as ledger
    on dispense_id = given.id
group by line.id
having line.dispensed <> coalesce(sum(given.quantity), 0) or line.dispensed <> coalesce(sum(moved), 0)
"""
EXPIRED_GIVEN: LiteralString = """
select count(*) from stock_movement join batch on batch.id = batch_id cross join clinic
where kind = 'dispensed' and expires_on < (at at time zone time_zone)::date
"""
ENDED_OTHERWISE: LiteralString = """
select count(*) from medication_request where (status = 'completed') <> (dispensed = quantity)
"""
