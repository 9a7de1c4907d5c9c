"""From weekly hours on the clinic's clock to slots in UTC: pure, and derived anew each time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hms_server.contract.scheduling import ExceptionKind
from hms_server.contract.values import RoomId

MIDNIGHT = time()
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


class Span(NamedTuple):
    """From one moment up to another, which belongs to what follows; both in UTC."""

    starts_at: datetime
    ends_at: datetime

    def overlaps(self, other: "Span") -> bool:
        """Whether they have a moment in common; a span that is empty has none."""
        return max(self.starts_at, other.starts_at) < min(self.ends_at, other.ends_at)

    def holds(self, other: "Span") -> bool:
        return self.starts_at <= other.starts_at and other.ends_at <= self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """What is the same for all slots of some working time."""

    room_id: RoomId
    slot_minutes: int
    service: str
    speciality: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly:
    """Hours of every week; `weekday` from 1 (Monday), `ends` 00:00 is the end of the day."""

    weekday: int
    starts: time
    ends: time
    shift: Shift
    valid_from: date | None = None
    valid_until: date | None = None

    def holds_on(self, day: date) -> bool:
        return self.weekday == day.isoweekday() and _between(self.valid_from, day, self.valid_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exceptional:
    """What differs on some days. `shift` is there for extra hours, `room_id` for another room."""

    kind: ExceptionKind
    from_day: date
    until_day: date
    starts: time | None = None
    ends: time | None = None
    shift: Shift | None = None
    room_id: RoomId | None = None
    reason: str = ""

    def holds_on(self, day: date) -> bool:
        return self.from_day <= day <= self.until_day


class Block(NamedTuple):
    """Working time without a break, before absences are taken out of it."""

    span: Span
    shift: Shift


@dataclass(frozen=True, slots=True)
class Day:
    """One day of one practitioner: working time, when there is nobody, and when it is in another room."""

    blocks: tuple[Block, ...]
    absences: tuple[Span, ...]
    rooms: tuple[tuple[Span, RoomId], ...]

    def slots(self) -> Iterator[Block]:
        """In the order of time: none overlaps another or an absence, each lies within working time.

        An absence does not move the others: who was told 9:40 finds 9:40 again when the absence is over.
        """
        for block in self.blocks:
            for span in _pieces(block.span, minutes=block.shift.slot_minutes):
                if not any(span.overlaps(absence) for absence in self.absences):
                    yield Block(span, self._shift(block.shift, span))

    def working(self) -> list[Block]:
        """The time that is left when absences are taken out."""
        return [
            Block(span, self._shift(block.shift, span))
            for block in self.blocks
            for span in without(block.span, self.absences)
        ]

    def covers(self, span: Span) -> bool:
        """Whether all of it is working time, also across two blocks that touch."""
        return not without(span, [block.span for block in self.working()])

    def nearest(self, moment: datetime) -> Shift | None:
        """The shift into which the moment falls, otherwise the one closest to it, in its room then."""
        found = min(self.blocks, key=lambda block: _distance(block.span, moment), default=None)
        return found and self._shift(found.shift, Span(moment, moment + _SECOND))

    def _shift(self, shift: Shift, span: Span) -> Shift:
        for elsewhere, room_id in self.rooms:
            if elsewhere.overlaps(span):
                return replace(shift, room_id=room_id)
        return shift


def plan_day(day: date, weekly: Iterable[Weekly], exceptions: Sequence[Exceptional], zone: ZoneInfo) -> Day:
    """What the hours and exceptions of one practitioner mean on that day of the clinic.

    Extra hours add only what is not working time already, so that nobody is offered twice at once.
    """
    today = [each for each in exceptions if each.holds_on(day)]
    blocks: list[Block] = []
    for hours in sorted((each for each in weekly if each.holds_on(day)), key=lambda each: each.starts):
        _add(blocks, span_of(day, hours.starts, hours.ends, zone), hours.shift)
    for extra in today:
        if extra.kind is ExceptionKind.EXTRA and extra.shift is not None:
            _add(blocks, span_of(day, extra.starts, extra.ends, zone), extra.shift)
    return Day(
        blocks=tuple(sorted(blocks, key=lambda block: block.span)),
        absences=tuple(
            span_of(day, each.starts, each.ends, zone) for each in today if each.kind is ExceptionKind.ABSENCE
        ),
        rooms=tuple(
            (span_of(day, each.starts, each.ends, zone), each.room_id)
            for each in today
            if each.kind is ExceptionKind.ROOM and each.room_id is not None
        ),
    )


def span_of(day: date, starts: time | None, ends: time | None, zone: ZoneInfo) -> Span:
    """Two times of the clinic's clock on that day; None is the day's beginning or end, 00:00 as end too."""
    ends_next = ends is None or ends == MIDNIGHT
    end_day = day + _DAY if ends_next else day
    return Span(instant(day, starts or MIDNIGHT, zone), instant(end_day, ends or MIDNIGHT, zone))


def instant(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """When the clinic's clock shows that time, in UTC; a later time never gives an earlier moment.

    A time that the clock shows twice (summer time ends) is the first of the two. A time that it skips
    (summer time begins) is the moment of the skip: work from 2:30 begins when the clock jumps to 3:00.
    """
    local = datetime.combine(day, wall, tzinfo=zone)
    first = local.replace(fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None, fold=0) == local.replace(tzinfo=None, fold=0):
        return first
    return _moment_of_skip(local.replace(fold=1).astimezone(UTC), first, zone)


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """The day that it is in the clinic at that moment."""
    return moment.astimezone(zone).date()


def days(first: date, last: date) -> Iterator[date]:
    """Every day from the first to the last, both included."""
    return (first + timedelta(days=count) for count in range((last - first).days + 1))


def without(span: Span, others: Iterable[Span]) -> list[Span]:
    """What is left of a span when others are taken out of it, in the order of time."""
    left = [span] if span.starts_at < span.ends_at else []
    for other in others:
        left = [piece for kept in left for piece in _cut(kept, other)]
    return left


def _cut(span: Span, other: Span) -> list[Span]:
    if not span.overlaps(other):
        return [span]
    parts = (Span(span.starts_at, other.starts_at), Span(other.ends_at, span.ends_at))
    return [part for part in parts if part.starts_at < part.ends_at]


def _add(blocks: list[Block], span: Span, shift: Shift) -> None:
    blocks += [Block(piece, shift) for piece in without(span, [block.span for block in blocks])]


def _pieces(span: Span, *, minutes: int) -> Iterator[Span]:
    length = timedelta(minutes=minutes)
    starts_at = span.starts_at
    while starts_at + length <= span.ends_at:
        yield Span(starts_at, starts_at + length)
        starts_at += length


def _moment_of_skip(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first moment with the new offset, by halving: no library tells when a zone changes."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after


def _distance(span: Span, moment: datetime) -> timedelta:
    if span.starts_at <= moment < span.ends_at:
        return timedelta()
    return min(abs(moment - span.starts_at), abs(moment - span.ends_at))


def _between(first: date | None, day: date, last: date | None) -> bool:
    return (first is None or first <= day) and (last is None or day <= last)
