"""How ranks, special needs and states of the queue are said, the same on every screen."""

from PySide6.QtCore import QCoreApplication

from hms_desktop.widgets.tokens import Kind
from hms_server.contract.priority import QueuePriority, SpecialNeed
from hms_server.contract.visits import TicketRow, TicketState


def _tr(text: str) -> str:
    return QCoreApplication.translate("queue", text)


def priority_word(priority: QueuePriority) -> str:
    """The word for a clinical rank."""
    return {
        QueuePriority.EMERGENCY: _tr("Emergency"),
        QueuePriority.VERY_URGENT: _tr("Very urgent"),
        QueuePriority.URGENT: _tr("Urgent"),
        QueuePriority.ROUTINE: _tr("Routine"),
    }[priority]


def need_word(need: SpecialNeed) -> str:
    """The word for a special need."""
    return {
        SpecialNeed.UNDER_5: _tr("Under 5"),
        SpecialNeed.PREGNANT: _tr("Pregnant"),
        SpecialNeed.DISABILITY: _tr("Disability"),
        SpecialNeed.OVER_65: _tr("Over 65"),
        SpecialNeed.NONE: _tr("None"),
    }[need]


def state_word(state: TicketState) -> str:
    """The word for what has become of a ticket."""
    return {
        TicketState.WAITING: _tr("Waiting"),
        TicketState.CALLED: _tr("Called"),
        TicketState.DONE: _tr("Done"),
        TicketState.NO_SHOW: _tr("Did not come"),
        TicketState.LEFT: _tr("Left"),
    }[state]


def rank_word(ticket: TicketRow) -> str:
    """Why somebody stands where they stand, in a pill: the note of the rank, the rank, or the need."""
    if ticket.priority is not QueuePriority.ROUTINE:
        # "Nurse: very urgent" is too long for a narrow list; the tooltip has all of it.
        by_nurse = ticket.note.startswith("Nurse:")
        return priority_word(ticket.priority) if by_nurse or not ticket.note else ticket.note
    if ticket.special_need is not SpecialNeed.NONE:
        return need_word(ticket.special_need)
    return priority_word(ticket.priority)


def rank_kind(ticket: TicketRow) -> Kind:
    """The colour that goes with `rank_word`."""
    if ticket.priority <= QueuePriority.VERY_URGENT:
        return Kind.DANGER
    if ticket.priority is QueuePriority.URGENT:
        return Kind.WARNING
    return Kind.NEUTRAL if ticket.special_need is SpecialNeed.NONE else Kind.INFO


def rank_sentence(ticket: TicketRow) -> str:
    """Everything that decides about the place, for a tooltip."""
    need = "" if ticket.special_need is SpecialNeed.NONE else need_word(ticket.special_need)
    return " · ".join(part for part in (priority_word(ticket.priority), ticket.note, need) if part)
