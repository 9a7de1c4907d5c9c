"""What the front desk does: look for look-alikes, register, and check in."""

from PySide6.QtCore import QObject, QTimer, Signal

from hms_desktop.session import Session
from hms_server.contract.consultations import Banner, GetBanner
from hms_server.contract.envelope import Fault
from hms_server.contract.patients import (
    Demographics,
    FindLookAlikes,
    LookAlikes,
    PatientRegistered,
    RegisterPatient,
)
from hms_server.contract.values import PatientHeader
from hms_server.contract.visits import CheckedIn, CheckIn, ListPractitioners, Practitioners

PAUSE_MS = 150
"""Who types on does not want an answer to half a name."""


class FrontDeskState(QObject):
    """Late answers, to an earlier question or about another patient, are ignored."""

    look_alikes_found = Signal(object)
    """A list of `LookAlike`, the likeliest first."""
    look_alikes_failed = Signal(object)
    """A `Fault`: nobody knows whether there are any."""
    banner_came = Signal(object)
    """A `Banner` of the patient who is open."""
    banner_failed = Signal(object)
    """A `Fault`."""
    practitioners_came = Signal(object)
    """A list of `Person`."""
    registered = Signal(object)
    """The `PatientHeader` of a new patient, stored."""
    register_refused = Signal(object)
    """A `Fault`."""
    checked_in = Signal(object)
    """The `TicketRow` that was issued."""
    check_in_refused = Signal(object)
    """A `Fault`."""
    busy_changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.busy = False
        self.patient: PatientHeader | None = None
        self._question: FindLookAlikes | None = None
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._ask_for_look_alikes)

    def look_for(self, question: FindLookAlikes | None) -> None:
        """Looks for look-alikes once the person pauses; None takes the list away at once."""
        self._question = question
        if question is None:
            self._pause.stop()
            self.look_alikes_found.emit([])
        else:
            self._pause.start()

    def open(self, patient: PatientHeader) -> None:
        """From now on this patient is at the desk."""
        self.look_for(None)
        self.patient = patient
        self._session.ask(
            GetBanner(patient_id=patient.id),
            done=self._on_banner,
            failed=lambda fault: self._on_banner_failed(patient, fault),
            owner=self,
        )

    def close(self) -> None:
        """Nobody is at the desk."""
        self.patient = None

    def fetch_practitioners(self) -> None:
        """Asks who can be chosen as a doctor."""
        self._session.ask(ListPractitioners(), done=self._on_practitioners)

    def register(self, demographics: Demographics) -> None:
        """Stores a new patient."""
        if not self.busy:
            self._set_busy(busy=True)
            request = RegisterPatient(demographics=demographics)
            self._session.save(request, done=self._on_registered, failed=self._on_register_refused)

    def check_in(self, request: CheckIn) -> None:
        """Issues a ticket."""
        if not self.busy:
            self._set_busy(busy=True)
            self._session.save(request, done=self._on_checked_in, failed=self._on_check_in_refused)

    def _set_busy(self, *, busy: bool) -> None:
        self.busy = busy
        self.busy_changed.emit()

    def _ask_for_look_alikes(self) -> None:
        question = self._question
        if question is not None:
            self._session.ask(
                question,
                done=lambda answer: self._on_look_alikes(question, answer),
                failed=lambda fault: self._on_look_alikes_failed(question, fault),
                owner=self,
            )

    def _on_look_alikes(self, question: FindLookAlikes, answer: LookAlikes) -> None:
        if question == self._question:
            self.look_alikes_found.emit(answer.look_alikes)

    def _on_look_alikes_failed(self, question: FindLookAlikes, fault: Fault) -> None:
        if question == self._question:
            self.look_alikes_failed.emit(fault)

    def _on_banner(self, banner: Banner) -> None:
        if self.patient is not None and banner.patient_id == self.patient.id:
            self.banner_came.emit(banner)

    def _on_banner_failed(self, patient: PatientHeader, fault: Fault) -> None:
        if self.patient is not None and patient.id == self.patient.id:
            self.banner_failed.emit(fault)

    def _on_practitioners(self, answer: Practitioners) -> None:
        self.practitioners_came.emit(answer.practitioners)

    def _on_registered(self, answer: PatientRegistered) -> None:
        self._set_busy(busy=False)
        self.registered.emit(answer.patient)

    def _on_register_refused(self, fault: Fault) -> None:
        self._set_busy(busy=False)
        self.register_refused.emit(fault)

    def _on_checked_in(self, answer: CheckedIn) -> None:
        self._set_busy(busy=False)
        self.checked_in.emit(answer.ticket)

    def _on_check_in_refused(self, fault: Fault) -> None:
        self._set_busy(busy=False)
        self.check_in_refused.emit(fault)
