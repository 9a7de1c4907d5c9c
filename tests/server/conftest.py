"""What tests of the server's slices share."""

from collections.abc import Iterator

import pytest

from tests.server.desk import Desk


@pytest.fixture
def desk(database: str) -> Iterator[Desk]:
    """A clinic with staff and rooms on a database of its own."""
    with Desk(database) as clinic:
        yield clinic
