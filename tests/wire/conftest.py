"""What the tests of the wire are given."""

import pytest

from tests.wire.ports import free_port


@pytest.fixture
def port() -> int:
    return free_port()
