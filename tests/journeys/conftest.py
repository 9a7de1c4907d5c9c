"""What journeys need: a seeded clinic, its server in a process of its own, and a paired workstation."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QApplication

from hms_desktop.demo_sign_in import read_demo
from hms_server.contract.demo import DemoSignIn
from hms_server.database import connect, migrate, migrations_folder
from hms_server.demo.process import pair_workstation, running_server, write_sign_in
from hms_server.demo.seed import seed_clinic
from hms_server.postgres import EmbeddedPostgres


@dataclass(frozen=True)
class Clinic:
    """A clinic that is served, with a paired workstation and people who may sign in there."""

    dsn: str
    people: DemoSignIn

    def sql(self, query: LiteralString, *params: object) -> list[Any]:
        """Looks behind the curtain."""
        with connect(self.dsn, application_name="tests", autocommit=True) as connection:
            return connection.execute(query, params).fetchall()


@pytest.fixture
def clinic(postgres: EmbeddedPostgres, tmp_path: Path) -> Iterator[Clinic]:
    """Six weeks of history and full shelves; nobody waits yet.

    A PostgreSQL of its own, as a clinic has: events wait for open transactions of the whole cluster, and
    those of other tests would hold back what the display is to show.
    """
    database = postgres.ensure_running()
    migrate(database, migrations_folder())
    now = datetime.now(UTC)
    people = seed_clinic(database, now=now, has_waiting_room=False)
    workstation = pair_workstation(tmp_path, database, now=now)
    with running_server(tmp_path, database) as address:
        yield Clinic(
            database, read_demo(write_sign_in(tmp_path, workstation, address=address, people=people))
        )


@pytest.fixture
def application(qapp: QApplication) -> QApplication:
    """English, whatever the machine speaks: the story reads what stands on buttons."""
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedKingdom))
    return qapp
