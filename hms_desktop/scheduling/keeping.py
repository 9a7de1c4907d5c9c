"""The schedules as the server has them, and what changes them."""

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from hms_desktop.session import Session
from hms_server.contract.envelope import Event, Fault, Request
from hms_server.contract.scheduling import (
    AddException,
    ExceptionStored,
    Hours,
    ListSchedules,
    RemoveException,
    Schedule,
    ScheduleChanged,
    ScheduleException,
    Schedules,
    ScheduleStored,
    SetSpecialities,
    SetWorkingHours,
)
from hms_server.contract.values import StaffId

A = TypeVar("A")
GATHER_MS = 70


class SchedulesState(QObject):
    """One change at a time; each is stored at once, so that nothing typed waits to be lost."""

    changed = Signal()
    """`schedules` are new."""
    failed = Signal(object)
    """A `Fault`: they could not be fetched."""
    stored = Signal(object)
    """A `ScheduleStored` or an `ExceptionStored`."""
    refused = Signal(object)
    """A `Fault`: the change is not stored."""
    busy_changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._watched = False
        self._asked = 0
        self.busy = False
        self.schedules = Schedules(schedules=[], closures=[], specialities=[])
        self._undo: SetWorkingHours | None = None
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.reload)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self.mark_stale)

    def of(self, practitioner_id: StaffId | None) -> Schedule | None:
        """The schedule of one doctor, as it was last fetched."""
        found = (each for each in self.schedules.schedules if each.practitioner.id == practitioner_id)
        return next(found, None)

    @property
    def may_undo(self) -> bool:
        """Whether this screen has changed a week that can be put back."""
        return self._undo is not None

    def watch(self) -> None:
        self._watched = True
        self.reload()

    def look_away(self) -> None:
        self._watched = False
        self._gather.stop()

    def mark_stale(self) -> None:
        if self._watched:
            self._gather.start()

    def reload(self) -> None:
        """Fetches all schedules now."""
        self._asked += 1
        number = self._asked
        self._session.ask(
            ListSchedules(),
            done=lambda answer: self._on_schedules(number, answer),
            failed=self.failed.emit,
            owner=self,
        )

    def set_week(self, schedule: Schedule, hours: list[Hours]) -> None:
        """Replaces the week; the one before can be put back."""
        request = SetWorkingHours(
            practitioner_id=schedule.practitioner.id, version=schedule.version, hours=hours
        )
        self._do(request, lambda answer: self._on_week(schedule, answer))

    def undo(self) -> None:
        """Puts the week back as it was, unless somebody has changed it since."""
        if self._undo is not None:
            self._do(self._undo, lambda answer: self._on_week(None, answer))

    def set_specialities(self, schedule: Schedule, codes: list[str]) -> None:
        request = SetSpecialities(
            practitioner_id=schedule.practitioner.id, version=schedule.version, specialities=codes
        )
        self._do(request, self._on_stored)

    def add_exception(self, request: AddException) -> None:
        self._do(request, self._on_stored)

    def remove_exception(self, exception: ScheduleException) -> None:
        self._do(RemoveException(exception_id=exception.id), self._on_stored)

    def _do(self, request: Request[A], done: Callable[[A], None]) -> None:
        if self.busy:
            return
        self._set_busy(busy=True)
        self._session.save(
            request, done=lambda answer: self._finish(done, answer), failed=self._fail, owner=self
        )

    def _finish(self, done: Callable[[A], None], answer: A) -> None:
        self._set_busy(busy=False)
        done(answer)

    def _fail(self, fault: Fault) -> None:
        self._set_busy(busy=False)
        self.reload()
        self.refused.emit(fault)

    def _set_busy(self, *, busy: bool) -> None:
        self.busy = busy
        self.busy_changed.emit()

    def _on_schedules(self, number: int, answer: Schedules) -> None:
        if number == self._asked:
            self.schedules = answer
            self.changed.emit()

    def _on_week(self, before: Schedule | None, answer: ScheduleStored) -> None:
        self._undo = None
        if before is not None:
            self._undo = SetWorkingHours(
                practitioner_id=before.practitioner.id, version=answer.version, hours=before.hours
            )
        self._on_stored(answer)

    def _on_stored(self, answer: ScheduleStored | ExceptionStored) -> None:
        self.reload()
        self.stored.emit(answer)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, ScheduleChanged):
            self.mark_stale()
