"""What the server does because time has passed: one duty that fails keeps no other from being done."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hms_server import app
from hms_server.app import Server
from hms_server.config import Settings
from hms_server.contract.patients import GetPatient
from hms_server.contract.values import Role
from tests.guards import LogGuard
from tests.server.desk import Desk


@pytest.fixture
def server(desk: Desk, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Makes no round by itself: that is the test's."""
    monkeypatch.setattr(app, "SWEEP_EVERY_S", 3600)
    settings = Settings(
        data_dir=tmp_path, dsn=database, bind="127.0.0.1", port=0, pairing_port=0, announce=False
    )
    serving = Server(settings, database)
    serving.start()
    yield serving
    serving._dispatcher.close_thread()
    serving.stop()


def fail(*_: Any) -> None:
    raise ValueError("a row that nobody can read")


@pytest.mark.parametrize("duty", ["give_back_waiting", "escalate"])
def test_a_duty_that_fails_keeps_no_other_from_being_done(
    desk: Desk, server: Server, log_guard: LogGuard, monkeypatch: pytest.MonkeyPatch, duty: str
) -> None:
    log_guard.allow("a duty of the house failed")
    monkeypatch.setattr(app, duty, fail)
    patient_id = desk.patient()
    desk.ask(GetPatient(patient_id=patient_id), Role.NURSE)

    server.keep_house_once()

    assert desk.sql("select count(*) from audit_seal") == [(1,)]
