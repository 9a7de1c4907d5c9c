"""The columns of one's own conversations with the assistant."""

from collections.abc import Callable
from datetime import date, tzinfo

from PySide6.QtCore import QCoreApplication

from hms_desktop.assistant.words import state_words
from hms_desktop.widgets.rows import Column
from hms_desktop.widgets.tokens import Kind
from hms_desktop.widgets.words import moment_text
from hms_server.contract.assistant import ConversationRow


def conversation_columns(zone: tzinfo, *, today: Callable[[], date]) -> list[Column[ConversationRow]]:
    """When, about what and whom, and how its last answer stands."""

    def when(row: ConversationRow) -> str:
        return moment_text(row.last_at, zone, today=today())

    def about(row: ConversationRow) -> str:
        words = f"{row.title} · {row.patient.name}" if row.patient else row.title
        return f"{words}\n{row.found}" if row.found else words

    return [
        Column(title=_tr("Last"), text=when),
        Column(title=_tr("About"), text=about, stretch=3),
        Column(title="", text=_state, pill=_kind),
    ]


def _state(row: ConversationRow) -> str:
    return state_words(row.state)[0] if row.state else ""


def _kind(row: ConversationRow) -> Kind:
    return state_words(row.state)[1] if row.state else Kind.NEUTRAL


def _tr(text: str) -> str:
    return QCoreApplication.translate("Assistant", text)
