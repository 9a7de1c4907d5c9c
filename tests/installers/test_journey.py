"""The short journey that installed servers are tried with, on a server of the sources."""

from pathlib import Path

from hms_server.contract.billing import InvoiceState
from hms_server.contract.values import Role
from tests.installers.journey import ROLES, pass_through
from tests.wire.processes import open_house


def test_somebody_comes_is_seen_and_pays(database: str, tmp_path: Path) -> None:
    with open_house(database, tmp_path) as house:
        seat = house.seat(*ROLES)
        with house.at(seat, house.serve()) as client:
            bill = pass_through(client, name="Okafor")

    assert Role.ADMINISTRATOR not in ROLES
    assert bill.state is InvoiceState.PAID
    assert bill.due.amount_minor == 0
