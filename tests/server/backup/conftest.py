"""What the tests of backups share."""

from pathlib import Path

import pytest

from tests.server.backup.clinics import Clinic
from tests.server.desk import Desk


@pytest.fixture
def clinic(desk: Desk, database: str, tmp_path: Path) -> Clinic:
    """With keys, a recovery key, and one place for backups."""
    return Clinic(desk, database, tmp_path / "server", tmp_path / "disk")
