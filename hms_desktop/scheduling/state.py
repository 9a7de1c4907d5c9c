"""The appointments of a day, and the free slots, as the server has them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from PySide6.QtCore import QObject, QTimer, Signal

from hms_desktop.session import Session
from hms_server.contract.envelope import Event, Fault
from hms_server.contract.patients import PatientHits, SearchPatients
from hms_server.contract.scheduling import (
    AppointmentChanged,
    AppointmentRow,
    Appointments,
    FindSlots,
    ListAppointments,
    ListSpecialities,
    ScheduleChanged,
    Slot,
    Slots,
    Specialities,
    Speciality,
)
from hms_server.contract.values import PatientId, Person, StaffId
from hms_server.contract.visits import ListPractitioners, Practitioners

GATHER_MS = 70
"""Events come in runs; one fetch answers a run."""
TICK_MS = 30_000
"""So often it is looked whether another day has begun, and slots that have passed are left out."""
SHOWN_SLOTS = 30


@dataclass(frozen=True, kw_only=True)
class Whom:
    """With whom a patient wants an appointment: one doctor, whoever has a speciality, or anybody."""

    practitioner_id: StaffId | None = None
    speciality: str | None = None


class AppointmentsState(QObject):
    """One day of the clinic; follows today over midnight until somebody turns to another day."""

    changed = Signal()
    """`appointments` are new."""
    day_changed = Signal()
    failed = Signal(object)
    """A `Fault`: the list could not be fetched."""

    def __init__(
        self,
        session: Session,
        *,
        clock: Callable[[], datetime],
        zone: tzinfo,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._clock = clock
        self._zone = zone
        self._watched = False
        self._stale = True
        self._asked = 0
        self._follows_today = True
        self.day = self.today
        self.practitioner_id: StaffId | None = None
        self.appointments: list[AppointmentRow] = []
        self.more = False
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.reload)
        self._tick = QTimer(self, interval=TICK_MS)
        self._tick.timeout.connect(self._on_tick)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self.mark_stale)

    @property
    def today(self) -> date:
        return self._clock().astimezone(self._zone).date()

    def turn_to(self, day: date) -> None:
        """Shows another day; what was shown is taken away, so that nobody acts on the wrong day."""
        self._follows_today = day == self.today
        if day == self.day:
            return
        self.day = day
        self.appointments = []
        self.day_changed.emit()
        self.reload()

    def turn_by(self, days: int) -> None:
        """So many days on or back."""
        self.turn_to(self.day + timedelta(days=days))

    def show_only(self, practitioner_id: StaffId | None) -> None:
        """The appointments of one doctor, or of all."""
        self.practitioner_id = practitioner_id
        self.reload()

    def watch(self) -> None:
        """Somebody looks: fetches what has become stale."""
        self._watched = True
        self._tick.start()
        self._on_tick()
        if self._stale:
            self.reload()

    def look_away(self) -> None:
        """Nobody looks: changes only mark the list stale."""
        self._watched = False
        self._tick.stop()
        self._gather.stop()

    def mark_stale(self) -> None:
        """The list may be old; it is fetched soon where somebody looks."""
        self._stale = True
        if self._watched:
            self._gather.start()

    def reload(self) -> None:
        """Fetches the list now."""
        self._stale = False
        self._asked += 1
        number = self._asked
        request = ListAppointments(
            from_day=self.day, until_day=self.day, practitioner_id=self.practitioner_id
        )
        self._session.ask(
            request,
            done=lambda answer: self._on_list(number, answer),
            failed=lambda fault: self._on_failed(number, fault),
            owner=self,
        )

    def _on_list(self, number: int, answer: Appointments) -> None:
        if number == self._asked:
            self.appointments = answer.appointments
            self.more = answer.more
            self.changed.emit()

    def _on_failed(self, number: int, fault: Fault) -> None:
        if number == self._asked:
            self._stale = True
            self.failed.emit(fault)

    def _on_tick(self) -> None:
        if self._follows_today:
            self.turn_to(self.today)

    def _on_event(self, event: Event) -> None:
        if not isinstance(event, AppointmentChanged):
            return
        moments = (event.starts_at, event.before or event.starts_at)
        if self.day in {moment.astimezone(self._zone).date() for moment in moments}:
            self.mark_stale()


class SlotsState(QObject):
    """The free slots from a day on; fetched again whenever somebody books or hours change."""

    changed = Signal()
    """`slots` are new."""
    failed = Signal(object)
    """A `Fault`."""
    choices_changed = Signal()
    """`specialities` and `practitioners` are new."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._watched = False
        self._asked = 0
        self._request = FindSlots(limit=SHOWN_SLOTS)
        self.slots: list[Slot] = []
        self.more = False
        self.specialities: list[Speciality] = []
        self.practitioners: list[Person] = []
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.reload)
        self._tick = QTimer(self, interval=TICK_MS)
        self._tick.timeout.connect(self.reload)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self.mark_stale)

    def look_for(self, whom: Whom, *, from_day: date, patient_id: PatientId | None) -> bool:
        """Asks this question, and says whether it is another one than before."""
        request = FindSlots(
            practitioner_id=whom.practitioner_id,
            speciality=whom.speciality,
            from_day=from_day,
            patient_id=patient_id,
            limit=SHOWN_SLOTS,
        )
        is_new = request != self._request
        if is_new:
            self._request = request
            self.mark_stale()
        return is_new

    def watch(self) -> None:
        self._watched = True
        self._tick.start()
        self._fetch_choices()
        self.reload()

    def look_away(self) -> None:
        self._watched = False
        self._tick.stop()
        self._gather.stop()

    def mark_stale(self) -> None:
        if self._watched:
            self._gather.start()

    def reload(self) -> None:
        """Fetches the slots now."""
        self._asked += 1
        number = self._asked
        self._session.ask(
            self._request,
            done=lambda answer: self._on_slots(number, answer),
            failed=lambda fault: self._on_failed(number, fault),
            owner=self,
        )

    def _fetch_choices(self) -> None:
        self._session.ask(ListSpecialities(), done=self._on_specialities, failed=self.failed.emit)
        self._session.ask(ListPractitioners(), done=self._on_practitioners, failed=self.failed.emit)

    def _on_slots(self, number: int, answer: Slots) -> None:
        if number == self._asked:
            self.slots = answer.slots
            self.more = answer.more
            self.changed.emit()

    def _on_failed(self, number: int, fault: Fault) -> None:
        if number == self._asked:
            self.slots = []
            self.failed.emit(fault)

    def _on_specialities(self, answer: Specialities) -> None:
        self.specialities = [each for each in answer.specialities if each.practitioners]
        self.choices_changed.emit()

    def _on_practitioners(self, answer: Practitioners) -> None:
        self.practitioners = sorted(answer.practitioners, key=lambda person: person.name)
        self.choices_changed.emit()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, ScheduleChanged) and self._watched:
            self._fetch_choices()
        if isinstance(event, AppointmentChanged | ScheduleChanged):
            self.mark_stale()


class PatientSearch(QObject):
    """Finds patients while somebody types."""

    found = Signal(str, object)
    """The text, and a list of `PatientHeader`."""
    failed = Signal(object)
    """A `Fault`."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session

    def look_for(self, text: str) -> None:
        self._session.ask(
            SearchPatients(text=text),
            done=lambda hits: self._on_hits(text, hits),
            failed=self.failed.emit,
            owner=self,
        )

    def _on_hits(self, text: str, hits: PatientHits) -> None:
        self.found.emit(text, hits.patients)
