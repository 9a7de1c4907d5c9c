"""The columns of queues: at a station, and of the whole waiting room."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from PySide6.QtCore import QCoreApplication

from hms_desktop.widgets.queue_words import rank_kind, rank_sentence, rank_word, state_word
from hms_desktop.widgets.rows import Align, Column
from hms_desktop.widgets.tokens import Kind
from hms_desktop.widgets.words import age_text, time_text, wait_text
from hms_server.contract.values import TicketId
from hms_server.contract.visits import TicketRow, TicketState

NO_BREAK = "\N{NO-BREAK SPACE}"


def _tr(text: str) -> str:
    return QCoreApplication.translate("queue", text)


@dataclass(frozen=True, kw_only=True)
class QueueLine:
    """A ticket with what the clock adds to it; equal lines look equal."""

    ticket: TicketRow
    age: str
    since: str


def key_of(line: QueueLine) -> TicketId:
    """What tells one line from another."""
    return line.ticket.id


def station_lines(tickets: Sequence[TicketRow], *, now: datetime, zone: tzinfo) -> list[QueueLine]:
    """Who waits says for how long, who was called says where."""
    return _lines(tickets, now=now, zone=zone, since=lambda ticket: _wait_or_room(ticket, now))


def room_lines(tickets: Sequence[TicketRow], *, now: datetime, zone: tzinfo) -> list[QueueLine]:
    """Everybody says since when."""
    return _lines(tickets, now=now, zone=zone, since=lambda ticket: time_text(ticket.queued_at, zone))


def station_columns() -> list[Column[QueueLine]]:
    """What a nurse or doctor needs to know of the next patients."""
    return [
        Column(title="#", text=lambda line: line.ticket.code),
        # The age stands behind the name, since four columns can be read in a narrow list and five cannot.
        Column(title=_tr("Patient, age"), text=_name_and_age, strong=True, stretch=3),
        Column(title=_tr("Wait"), text=lambda line: line.since, align=Align.END, stretch=1),
        _rank(),
    ]


def room_columns(services: Mapping[str, str]) -> list[Column[QueueLine]]:
    """What the front desk needs to answer "when is it my turn?"; `services` are names by code."""
    return [
        Column(title=_tr("Ticket"), text=lambda line: line.ticket.code),
        Column(title=_tr("Patient"), text=lambda line: line.ticket.patient.name, strong=True, stretch=3),
        Column(
            title=_tr("Waits for"),
            text=lambda line: _where(line.ticket, services),
            pill=lambda line: Kind.OK if line.ticket.state is TicketState.CALLED else None,
            stretch=2,
        ),
        _rank(),
        Column(title=_tr("Since"), text=lambda line: line.since, align=Align.END),
    ]


def _lines(
    tickets: Sequence[TicketRow], *, now: datetime, zone: tzinfo, since: Callable[[TicketRow], str]
) -> list[QueueLine]:
    today = now.astimezone(zone).date()
    return [
        QueueLine(
            ticket=ticket,
            age=age_text(ticket.patient.birth_date, ticket.patient.birth_precision, today=today),
            since=since(ticket),
        )
        for ticket in tickets
    ]


def _name_and_age(line: QueueLine) -> str:
    return f"{line.ticket.patient.name}, {line.age.replace(' ', NO_BREAK)}"


def _wait_or_room(ticket: TicketRow, now: datetime) -> str:
    if ticket.state is TicketState.CALLED:
        return ticket.room or state_word(ticket.state)
    return wait_text(ticket.queued_at, now).replace(" ", NO_BREAK)


def _where(ticket: TicketRow, services: Mapping[str, str]) -> str:
    if ticket.state is TicketState.CALLED and ticket.room:
        return ticket.room
    return ticket.practitioner.name if ticket.practitioner else services.get(ticket.service, ticket.service)


def _rank() -> Column[QueueLine]:
    return Column(
        title=_tr("Priority"),
        text=lambda line: rank_word(line.ticket),
        pill=lambda line: rank_kind(line.ticket),
        tooltip=lambda line: rank_sentence(line.ticket),
    )
