"""The columns of what was stored at this station a moment ago."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from PySide6.QtCore import QCoreApplication

from hms_desktop.triage.words import set_said
from hms_desktop.widgets.queue_words import rank_kind, rank_word
from hms_desktop.widgets.rows import Column
from hms_desktop.widgets.words import time_text
from hms_server.contract.triage import VitalsRecorded
from hms_server.contract.visits import TicketRow


def _tr(text: str) -> str:
    return QCoreApplication.translate("vitals", text)


@dataclass(frozen=True, kw_only=True)
class StoredLine:
    """One set that this station has stored, and where the patient waits since then."""

    number: int
    name: str
    at: datetime
    score: str
    waits_as: TicketRow


def stored_line(number: int, ticket: TicketRow, answer: VitalsRecorded) -> StoredLine:
    """`number` tells one line from another."""
    return StoredLine(
        number=number,
        name=ticket.patient.name,
        at=answer.vitals.recorded_at,
        score=set_said(answer.vitals),
        waits_as=answer.ticket or ticket,
    )


def stored_columns(zone: tzinfo) -> Sequence[Column[StoredLine]]:
    """Enough to answer "did I save that?"."""
    return [
        Column(title=_tr("Stored"), text=lambda line: time_text(line.at, zone)),
        Column(title=_tr("Patient"), text=lambda line: line.name, strong=True, stretch=1),
        Column(title=_tr("Score"), text=lambda line: line.score),
        Column(title=_tr("Waits as"), text=lambda line: line.waits_as.code),
        Column(
            title=_tr("Priority"),
            text=lambda line: rank_word(line.waits_as),
            pill=lambda line: rank_kind(line.waits_as),
        ),
    ]
