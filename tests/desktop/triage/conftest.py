"""A nurse's station with its drafts, at which nobody is open yet."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from hms_desktop.drafts import Autosaver
from hms_desktop.session import Session
from hms_desktop.triage.panel import TriagePanel
from tests.desktop.conftest import FakeConnection
from tests.desktop.triage.nurses import answer_all, autosaver, station


@pytest.fixture
def drafts(session: Session, tmp_path: Path) -> Iterator[Autosaver]:
    made = autosaver(tmp_path, session)
    yield made
    made.flush()
    for pool in vars(made).values():
        if isinstance(pool, ThreadPoolExecutor):
            pool.shutdown()


@pytest.fixture
def panel(connection: FakeConnection, session: Session, drafts: Autosaver, qtbot: QtBot) -> TriagePanel:
    """A station at which nobody is open yet."""
    answer_all(connection)
    made = station(session, drafts)
    qtbot.addWidget(made)
    made.resize(960, 640)
    with qtbot.waitExposed(made):
        made.show()
    return made
