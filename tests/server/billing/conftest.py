"""What tests of the billing desk share."""

import pytest

from tests.server.billing.bills import Billing
from tests.server.desk import Desk
from tests.server.pharmacy.shelves import Pharmacy


@pytest.fixture
def billing(desk: Desk) -> Billing:
    """A billing desk on which nobody owes anything yet."""
    return Billing(desk, Pharmacy(desk))
