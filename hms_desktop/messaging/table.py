"""The columns of messages, and the words for what became of them."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from PySide6.QtCore import QCoreApplication

from hms_desktop.widgets.rows import Column
from hms_desktop.widgets.tokens import Kind
from hms_desktop.widgets.words import since_text
from hms_server.contract.messaging import Channel, MessageRow, MessageState


def message_columns(*, zone: tzinfo, clock: Callable[[], datetime]) -> list[Column[MessageRow]]:
    """Since when, for whom, about what, by which way, and what became of it."""

    def since(row: MessageRow) -> str:
        return since_text(row.since, zone=zone, now=clock())

    return [
        Column(title=_tr("Since"), text=since),
        Column(title=_tr("Patient"), text=patient_words, strong=True, stretch=3),
        Column(title=_tr("About"), text=lambda row: row.title, stretch=2),
        Column(title=_tr("To"), text=lambda row: row.to or "–", tooltip=_whole_way, may_elide=True),
        Column(title=_tr("State"), text=lambda row: state_words(row.state), pill=state_kind),
    ]


def patient_words(row: MessageRow) -> str:
    """The name, or the number for those who see no patients."""
    # A hyphen at which no line breaks: half a number is somebody else's.
    return row.patient_name or row.patient_number.replace("-", "\u2011")


def state_words(state: MessageState) -> str:
    """Short enough for a pill."""
    return {
        MessageState.QUEUED: _tr("Waits"),
        MessageState.SENT: _tr("Sent"),
        MessageState.DELIVERED: _tr("Delivered"),
        MessageState.FAILED: _tr("Failed"),
        MessageState.UNCERTAIN: _tr("Not certain"),
        MessageState.NOT_SENT: _tr("Not sent"),
    }[state]


def state_kind(row: MessageRow) -> Kind:
    """What was sent again needs nobody's attention any more."""
    kinds = {
        MessageState.QUEUED: Kind.INFO,
        MessageState.SENT: Kind.OK,
        MessageState.DELIVERED: Kind.OK,
        MessageState.FAILED: Kind.DANGER,
        MessageState.UNCERTAIN: Kind.WARNING,
        MessageState.NOT_SENT: Kind.NEUTRAL,
    }
    return Kind.NEUTRAL if row.sent_again else kinds[row.state]


def way_words(row: MessageRow) -> str:
    """Such as "SMS, 2 parts"."""
    if row.channel is Channel.EMAIL:
        return _tr("E-mail")
    if row.channel is None:
        return _tr("No way to send it")
    if row.segments == 1:
        return _tr("SMS")
    return _tr("SMS, {count} parts").format(count=row.segments)


def _whole_way(row: MessageRow) -> str:
    return f"{way_words(row)} {row.to}".strip()


def _tr(text: str) -> str:
    return QCoreApplication.translate("messaging", text)
