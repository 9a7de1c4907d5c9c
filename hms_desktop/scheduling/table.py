"""The columns of appointments and of free slots, and the words for what became of an appointment."""

from datetime import date, tzinfo

from PySide6.QtCore import QCoreApplication

from hms_desktop.scheduling.days import short_day_text
from hms_desktop.widgets.rows import Column
from hms_desktop.widgets.tokens import Kind
from hms_desktop.widgets.words import moment_text, time_text
from hms_server.contract.scheduling import ASSISTANT, AppointmentRow, AppointmentStatus, Slot

NO_BREAK = "\N{NO-BREAK SPACE}"


def _tr(text: str) -> str:
    return QCoreApplication.translate("scheduling", text)


def status_word(status: AppointmentStatus) -> str:
    """What became of it, in a word."""
    return {
        AppointmentStatus.BOOKED: _tr("Booked"),
        AppointmentStatus.ARRIVED: _tr("Here"),
        AppointmentStatus.FULFILLED: _tr("Seen"),
        AppointmentStatus.CANCELLED: _tr("Cancelled"),
        AppointmentStatus.NO_SHOW: _tr("Not come"),
    }[status]


_KINDS = {
    AppointmentStatus.BOOKED: Kind.INFO,
    AppointmentStatus.ARRIVED: Kind.OK,
    AppointmentStatus.FULFILLED: Kind.NEUTRAL,
    AppointmentStatus.CANCELLED: Kind.NEUTRAL,
    AppointmentStatus.NO_SHOW: Kind.WARNING,
}


def appointment_columns(zone: tzinfo) -> list[Column[AppointmentRow]]:
    """What the desk needs to find whoever stands in front of it."""
    return [
        Column(title=_tr("Time"), text=lambda row: time_text(row.starts_at, zone), strong=True),
        Column(title=_tr("Patient"), text=lambda row: row.patient.name, strong=True, stretch=3),
        Column(title=_tr("Number"), text=lambda row: row.patient.number),
        Column(title=_tr("Doctor"), text=lambda row: row.practitioner.name, stretch=2),
        Column(title=_tr("Room"), text=lambda row: row.room.replace(" ", NO_BREAK), stretch=1),
        Column(
            title=_tr("Status"),
            text=lambda row: status_word(row.status),
            pill=lambda row: _KINDS[row.status],
            tooltip=lambda row: row.cancel_reason or status_word(row.status),
        ),
    ]


def slot_columns(zone: tzinfo) -> list[Column[Slot]]:
    """Day, time and with whom; the day in letters, since 3/4 is read in two ways."""
    return [
        Column(title=_tr("Day"), text=lambda slot: short_day_text(_day(slot, zone))),
        Column(title=_tr("Time"), text=lambda slot: time_text(slot.starts_at, zone), strong=True),
        Column(title=_tr("Doctor"), text=lambda slot: slot.practitioner.name, stretch=2),
        Column(title=_tr("Room"), text=lambda slot: slot.room.replace(" ", NO_BREAK), stretch=1),
    ]


def slot_key(slot: Slot) -> tuple[int, float]:
    """What tells one slot from another."""
    return (slot.practitioner.id, slot.starts_at.timestamp())


def moment_of(slot: Slot | AppointmentRow, zone: tzinfo) -> str:
    """Such as "Mon 2 Mar, 10:20"."""
    return f"{short_day_text(_day(slot, zone))}, {time_text(slot.starts_at, zone)}"


def slot_text(slot: Slot | AppointmentRow, zone: tzinfo) -> str:
    """Such as "Mon 2 Mar, 10:20 with Dr Kofi Asante"."""
    words = _tr("{moment} with {doctor}")
    return words.format(moment=moment_of(slot, zone), doctor=slot.practitioner.name)


def about_text(row: AppointmentRow, zone: tzinfo, *, today: date) -> str:
    """What the columns leave out: until when, why, by whom, and what became of it."""
    span = f"{time_text(row.starts_at, zone)}–{time_text(row.ends_at, zone)}"
    parts = [span, row.reason, _made_text(row, zone, today=today)]
    if row.status is AppointmentStatus.CANCELLED:
        parts.append(_tr("cancelled: {reason}").format(reason=row.cancel_reason))
    return " · ".join(part for part in parts if part)


def _made_text(row: AppointmentRow, zone: tzinfo, *, today: date) -> str:
    name = row.made.by.name if row.made.by else _tr("the system")
    if row.proposed_by == ASSISTANT:
        return _tr("suggested by the assistant, accepted by {name}").format(name=name)
    time = moment_text(row.made.at, zone, today=today)
    return _tr("booked by {name}, {time}").format(name=name, time=time)


def _day(slot: Slot | AppointmentRow, zone: tzinfo) -> date:
    return slot.starts_at.astimezone(zone).date()
