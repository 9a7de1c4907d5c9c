"""The columns of doctors, of a week's hours and of exceptions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time

from PySide6.QtCore import QCoreApplication, QLocale

from hms_desktop.scheduling.days import day_text
from hms_desktop.scheduling.table import NO_BREAK
from hms_desktop.widgets.rows import Align, Column
from hms_desktop.widgets.tokens import Kind
from hms_desktop.widgets.words import date_text
from hms_server.contract.scheduling import ExceptionKind, Hours, Schedule, ScheduleException
from hms_server.contract.values import RoomId

MIDNIGHT = time()


def _tr(text: str) -> str:
    return QCoreApplication.translate("scheduling", text)


@dataclass(frozen=True, kw_only=True)
class Names:
    """What numbers and codes are called here."""

    rooms: Mapping[RoomId, str]
    specialities: Mapping[str, str]

    def room(self, room_id: RoomId | None) -> str:
        return self.rooms.get(room_id, "") if room_id is not None else ""

    def speciality(self, code: str | None) -> str:
        return self.specialities.get(code, code) if code is not None else _tr("All")


@dataclass(frozen=True, kw_only=True)
class WeekLine:
    """One line of a week, told apart by its place in the stored list."""

    number: int
    hours: Hours


def weekday_name(weekday: int, *, short: bool = False) -> str:
    """Such as "Monday" or "Mon", from 1 on."""
    form = QLocale.FormatType.ShortFormat if short else QLocale.FormatType.LongFormat
    return QLocale().standaloneDayName(weekday, form)


def kind_word(kind: ExceptionKind) -> str:
    return {
        ExceptionKind.ABSENCE: _tr("Absent"),
        ExceptionKind.EXTRA: _tr("Extra hours"),
        ExceptionKind.ROOM: _tr("Another room"),
    }[kind]


def doctor_columns(names: Names) -> list[Column[Schedule]]:
    """Who works here, for what, and whether there are hours at all."""
    return [
        Column(title=_tr("Doctor"), text=lambda row: row.practitioner.name, strong=True, stretch=2),
        Column(
            title=_tr("Specialities"),
            text=lambda row: ", ".join(names.speciality(code) for code in row.specialities) or "–",
            stretch=2,
        ),
        Column(
            title=_tr("Hours"),
            text=_week_word,
            pill=lambda row: None if row.hours else Kind.WARNING,
            align=Align.END,
        ),
    ]


def week_columns(names: Names) -> list[Column[WeekLine]]:
    return [
        Column(title=_tr("Day"), text=lambda line: weekday_name(line.hours.weekday, short=True), strong=True),
        Column(title=_tr("Time"), text=lambda line: span_text(line.hours.starts, line.hours.ends)),
        Column(
            title=_tr("Room"),
            text=lambda line: _unbroken(names.room(line.hours.room_id)),
            stretch=1,
        ),
        Column(
            title=_tr("Each"),
            text=lambda line: _tr("{minutes} min").format(minutes=line.hours.slot_minutes),
            align=Align.END,
        ),
        Column(title=_tr("For"), text=lambda line: names.speciality(line.hours.speciality), stretch=1),
        Column(title=_tr("Valid"), text=lambda line: _valid_text(line.hours), stretch=1),
    ]


def exception_columns(names: Names) -> list[Column[ScheduleException]]:
    return [
        Column(
            title=_tr("What"),
            text=lambda row: kind_word(row.kind) if row.practitioner else _tr("Clinic closed"),
            pill=lambda row: Kind.WARNING if row.kind is ExceptionKind.ABSENCE else Kind.INFO,
        ),
        Column(title=_tr("Days"), text=_days_text, stretch=2),
        Column(title=_tr("Time"), text=lambda row: _time_text(row, names), stretch=1),
        Column(title=_tr("Reason"), text=lambda row: row.reason or "–", stretch=2),
    ]


def span_text(starts: time, ends: time) -> str:
    """Such as "08:00–12:00"; midnight as an end is 24:00."""
    return f"{starts:%H:%M}–{'24:00' if ends == MIDNIGHT else format(ends, '%H:%M')}"


def _week_word(row: Schedule) -> str:
    if not row.hours:
        return _tr("None yet")
    minutes = sum(_minutes(line) for line in row.hours)
    return _unbroken(_tr("{hours} h a week").format(hours=f"{minutes / 60:g}"))


def _minutes(line: Hours) -> int:
    end = line.ends.hour * 60 + line.ends.minute or 24 * 60
    return end - line.starts.hour * 60 - line.starts.minute


def _valid_text(line: Hours) -> str:
    if line.valid_from and line.valid_until:
        return f"{day_text(line.valid_from)} – {day_text(line.valid_until)}"
    if line.valid_from:
        return _tr("from {day}").format(day=day_text(line.valid_from))
    if line.valid_until:
        return _tr("until {day}").format(day=day_text(line.valid_until))
    return _tr("always")


def _days_text(row: ScheduleException) -> str:
    first, last = (_unbroken(date_text(day)) for day in (row.from_day, row.until_day))
    return first if first == last else f"{first} – {last}"


def _time_text(row: ScheduleException, names: Names) -> str:
    """With the room, where the exception names one."""
    whole = row.starts is None or row.ends is None
    span = _tr("all day") if whole else span_text(row.starts or MIDNIGHT, row.ends or MIDNIGHT)
    room = names.room(row.room_id)
    return f"{_unbroken(span)}, {_unbroken(room)}" if room else _unbroken(span)


def _unbroken(text: str) -> str:
    return text.replace(" ", NO_BREAK)
