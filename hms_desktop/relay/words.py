"""How the world outside is said on the screen: who is not reached since when, and what a key means."""

import re
from collections.abc import Sequence
from datetime import datetime, tzinfo

from PySide6.QtCore import QCoreApplication

from hms_desktop.widgets.tokens import Kind
from hms_desktop.widgets.words import since_text
from hms_server.contract.relay import JobRow, JobState, ProviderRow, Reachability, Trouble

_MODE = re.compile(r"sk_(test|live)_")


def _tr(text: str) -> str:
    return QCoreApplication.translate("relay", text)


def worst_first(rows: Sequence[Reachability]) -> list[Reachability]:
    """Those that are not reached, first the one for which most waits, then the one longest away."""
    return sorted((row for row in rows if not row.reachable), key=lambda row: (-row.waiting, row.since))


def trouble_text(row: Reachability, *, zone: tzinfo, now: datetime) -> str:
    """Such as "Paystack unreachable since 10:12", or what else keeps somebody from answering."""
    sentence = {
        Trouble.KEY: _tr("{title} refuses the key since {time}"),
        Trouble.BUSY: _tr("{title} asks to wait since {time}"),
        Trouble.DOWN: _tr("{title} out of order since {time}"),
    }.get(row.trouble or Trouble.SILENT, _tr("{title} unreachable since {time}"))
    return sentence.format(title=row.title, time=since_text(row.since, zone=zone, now=now))


def sign_text(rows: Sequence[Reachability], *, zone: tzinfo, now: datetime) -> str:
    """The status bar's line: the worst that is not reached, else quietly that all are; no rows, no words."""
    bad = worst_first(rows)
    if not rows:
        return ""
    if not bad:
        waiting = [row.waiting_words for row in rows if row.waiting]
        return " · ".join((_tr("Outside reachable"), *waiting[:1]))
    parts = [trouble_text(bad[0], zone=zone, now=now)]
    if bad[0].waiting:
        parts.append(bad[0].waiting_words)
    words = " · ".join(parts)
    return f"{words}  +{len(bad) - 1}" if len(bad) > 1 else words


def reach_word(row: Reachability) -> tuple[str, Kind]:
    """The state of a destination in a word or two."""
    if row.reachable:
        return _tr("Reachable"), Kind.OK
    words = {
        Trouble.KEY: _tr("Key refused"),
        Trouble.BUSY: _tr("Asks to wait"),
        Trouble.DOWN: _tr("Out of order"),
    }
    return words.get(row.trouble or Trouble.SILENT, _tr("Unreachable")), Kind.DANGER


def state_word(state: JobState) -> tuple[str, Kind]:
    """The state of a job in a word."""
    return {
        JobState.WAITING: (_tr("Waiting"), Kind.WARNING),
        JobState.RUNNING: (_tr("Running"), Kind.INFO),
        JobState.DONE: (_tr("Done"), Kind.OK),
        JobState.FAILED: (_tr("Failed"), Kind.DANGER),
        JobState.CANCELLED: (_tr("Called off"), Kind.NEUTRAL),
    }[state]


def next_text(job: JobRow, *, zone: tzinfo, now: datetime) -> str:
    """When a waiting job is tried again, empty where nothing more will happen by itself."""
    if job.state is not JobState.WAITING or job.next_at is None:
        return ""
    if job.next_at <= now:
        return _tr("next in line")
    return since_text(job.next_at, zone=zone, now=now)


def mode_of(secret: str) -> bool | None:
    """Whether a key is one for trying out, by its beginning; None where the beginning does not say."""
    found = _MODE.match(secret.strip())
    return None if found is None else found[1] == "test"


def mode_word(row: ProviderRow) -> tuple[str, Kind]:
    """What a provider is good for as it was entered."""
    if not row.enabled:
        return _tr("Off"), Kind.NEUTRAL
    if row.test_mode:
        return _tr("TEST MODE"), Kind.WARNING
    # Where nothing has to be entered (the internet line), there is nothing that could be live.
    return (_tr("Live") if any(field.required for field in row.fields) else _tr("On")), Kind.OK


def secret_text(row: ProviderRow, name: str) -> str:
    """What may be said of a stored secret: that it is there, and how it ends."""
    ending = row.secrets_set.get(name)
    if ending is None:
        return _tr("Not set")
    return _tr("Set, ends in …{ending}").format(ending=ending) if ending else _tr("Set")
