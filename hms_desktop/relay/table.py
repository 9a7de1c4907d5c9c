"""The columns of destinations, jobs and providers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from PySide6.QtCore import QCoreApplication

from hms_desktop.relay.words import mode_word, next_text, reach_word, state_word
from hms_desktop.widgets.rows import Align, Column
from hms_desktop.widgets.tokens import Kind
from hms_desktop.widgets.words import since_text
from hms_server.contract.relay import JobRow, ProviderRow, Reachability


def destination_columns(*, zone: tzinfo, clock: Callable[[], datetime]) -> Sequence[Column[Reachability]]:
    """Who can be reached since when, and what to do where somebody cannot."""
    return [
        Column(title=_tr("Outside"), text=lambda row: row.title, strong=True),
        Column(title=_tr("State"), text=lambda row: reach_word(row)[0], pill=lambda row: reach_word(row)[1]),
        Column(title=_tr("Since"), text=lambda row: since_text(row.since, zone=zone, now=clock())),
        Column(title=_tr("Waits"), text=lambda row: row.waiting_words or "–"),
        Column(title=_tr("Mode"), text=_mode, pill=lambda row: Kind.WARNING if row.test_mode else None),
        Column(title=_tr("What to do"), text=lambda row: row.sentence or "–", stretch=1),
    ]


def job_columns(
    *, zone: tzinfo, clock: Callable[[], datetime], title_of: Callable[[str], str]
) -> Sequence[Column[JobRow]]:
    """What was to be done for whom outside, how far it is, and why no further."""
    return [
        Column(title=_tr("Job"), text=lambda job: job.summary, strong=True, stretch=2),
        Column(title=_tr("For"), text=lambda job: title_of(job.destination)),
        Column(
            title=_tr("State"),
            text=lambda job: state_word(job.state)[0],
            pill=lambda job: state_word(job.state)[1],
        ),
        Column(title=_tr("Since"), text=lambda job: since_text(job.since, zone=zone, now=clock())),
        Column(title=_tr("Tries"), text=lambda job: str(job.attempts), align=Align.END),
        Column(title=_tr("Next try"), text=lambda job: next_text(job, zone=zone, now=clock())),
        Column(title=_tr("Why"), text=lambda job: job.why, stretch=3, may_elide=True),
    ]


@dataclass(frozen=True, kw_only=True)
class ProviderLine:
    """A provider in the list; `edited` while something is typed that is not stored."""

    row: ProviderRow
    edited: bool


def provider_columns() -> Sequence[Column[ProviderLine]]:
    """Who is set up, and what is typed but not stored."""

    def state(line: ProviderLine) -> tuple[str, Kind]:
        return (_tr("Not stored"), Kind.INFO) if line.edited else mode_word(line.row)

    return [
        Column(title=_tr("Provider"), text=lambda line: line.row.title, strong=True, stretch=1),
        Column(title=_tr("State"), text=lambda line: state(line)[0], pill=lambda line: state(line)[1]),
    ]


def _mode(row: Reachability) -> str:
    return _tr("TEST") if row.test_mode else "–"


def _tr(text: str) -> str:
    return QCoreApplication.translate("relay", text)
