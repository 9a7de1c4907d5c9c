"""What tests of the pharmacy share."""

import pytest

from tests.server.desk import Desk
from tests.server.pharmacy.shelves import Pharmacy


@pytest.fixture
def pharmacy(desk: Desk) -> Pharmacy:
    """A pharmacy with empty shelves."""
    return Pharmacy(desk)
