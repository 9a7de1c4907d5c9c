"""The reference data that this program ships, brought into the clinic's database."""

from typing import Any

import psycopg

from hms_server.billing.prices import load_prices
from hms_server.prescribing.formulary import load_formulary
from hms_server.scheduling.specialities import load_specialities


def load_reference(connection: psycopg.Connection[Any]) -> None:
    """Brings the reference data up to what this program ships; the clinic's own prices stay."""
    with connection.transaction():
        load_formulary(connection)
        load_prices(connection)
        load_specialities(connection)
