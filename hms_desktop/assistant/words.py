"""How states, drafts and findings of the assistant are said."""

import re

from PySide6.QtCore import QCoreApplication

from hms_desktop.widgets.tokens import Kind
from hms_server.contract.assistant import AnswerState
from hms_server.contract.prescribing import SafetyFinding
from hms_server.contract.suggestions import DraftKind


def state_words(state: AnswerState) -> tuple[str, Kind]:
    """The pill of an answer; one that is whole has none."""
    tr = QCoreApplication.translate
    words = {
        AnswerState.WAITING: (tr("Assistant", "Waiting…"), Kind.NEUTRAL),
        AnswerState.WRITING: (tr("Assistant", "Writing…"), Kind.INFO),
        AnswerState.DONE: ("", Kind.OK),
        AnswerState.STOPPED: (tr("Assistant", "Stopped"), Kind.NEUTRAL),
        AnswerState.BROKEN_OFF: (tr("Assistant", "Broken off"), Kind.WARNING),
        AnswerState.FAILED: (tr("Assistant", "No answer"), Kind.WARNING),
        AnswerState.UNSENT: (tr("Assistant", "Not sent"), Kind.WARNING),
        AnswerState.PARKED: (tr("Assistant", "Waits for the internet"), Kind.INFO),
        AnswerState.DROPPED: (tr("Assistant", "Taken back"), Kind.NEUTRAL),
    }
    return words[state]


def draft_word(kind: DraftKind) -> str:
    """What a draft is, on its card and its form."""
    tr = QCoreApplication.translate
    return {
        DraftKind.REFERRAL: tr("Assistant", "Referral"),
        DraftKind.LETTER: tr("Assistant", "Letter"),
        DraftKind.REPORT: tr("Assistant", "Report"),
        DraftKind.EDUCATION: tr("Assistant", "Patient information"),
    }[kind]


def finding_lines(findings: list[SafetyFinding]) -> list[str]:
    """Each finding as a line of text, with its source."""
    return [" · ".join(filter(None, (one.title, one.detail, one.source))) for one in findings]


_LONG = re.compile(r"\S{30}(?=\S)")


def breakable(text: str) -> str:
    """The text with places at which a word may break that is too long for any line."""
    return _LONG.sub(lambda found: found[0] + "\u200b", text)
