"""What tests of schedules and appointments share."""

import pytest

from tests.server.desk import Desk
from tests.server.scheduling.diary import Diary


@pytest.fixture
def diary(desk: Desk) -> Diary:
    """A clinic with one doctor's hours and no appointment."""
    return Diary(desk)
