"""The columns of who has used the assistant in a month."""

from PySide6.QtCore import QCoreApplication

from hms_desktop.widgets.rows import Align, Column
from hms_server.contract.assistant import UsageRow


def usage_columns() -> list[Column[UsageRow]]:
    """Person, questions, and tokens of questions, of answers and together."""
    tr = QCoreApplication.translate
    return [
        Column(title=tr("Assistant", "Person"), text=lambda row: row.person.name, stretch=2),
        Column(title=tr("Assistant", "Questions"), text=lambda row: f"{row.questions:,}", align=Align.END),
        Column(title=tr("Assistant", "Asked"), text=lambda row: f"{row.prompt_tokens:,}", align=Align.END),
        Column(title=tr("Assistant", "Answered"), text=lambda row: f"{row.answer_tokens:,}", align=Align.END),
        Column(
            title=tr("Assistant", "Tokens"),
            text=lambda row: f"{tokens_of(row):,}",
            align=Align.END,
            strong=True,
        ),
    ]


def tokens_of(row: UsageRow) -> int:
    """Questions and answers together."""
    return row.prompt_tokens + row.answer_tokens
