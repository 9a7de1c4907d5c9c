"""One interview at the kiosk: where it stands, the way back, and what the server says late."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal

from hms_desktop.session import Session
from hms_server.contract.envelope import Event, Fault, Request
from hms_server.contract.symptoms import (
    AnswerSymptom,
    GetSymptoms,
    StartSymptoms,
    SymptomQuestion,
    SymptomsRaised,
    SymptomStep,
)


class KioskState(QObject):
    """Forgets everything with `restart`; an answer that comes after that belongs to nobody any more."""

    moved = Signal()
    """`step` or `asked` is new."""
    failed = Signal(object)
    """A `Fault`; `again` sends the same once more."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.step: SymptomStep | None = None
        self.asked: list[SymptomQuestion] = []
        """The questions so far; the last one is on the screen."""
        self.waiting = False
        self._visit = 0
        self._sent: Request[SymptomStep] | None = None
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self._fetch)

    @property
    def question(self) -> SymptomQuestion | None:
        """What is asked now; None before the beginning and at the result."""
        return self.asked[-1] if self.asked else None

    def begin(self, *, may_send: bool) -> None:
        """Asks for the first question."""
        self._send(StartSymptoms(may_send=may_send))

    def answer(self, choices: Sequence[str], text: str = "") -> None:
        """Answers what is asked now; what was answered after it before is taken back by the server."""
        if self.step is None or self.question is None:
            return
        self._send(
            AnswerSymptom(
                interview_id=self.step.interview_id,
                question=self.question.key,
                choices=list(choices),
                text=text,
            )
        )

    def back(self) -> bool:
        """Shows the question before; says whether there is one."""
        if self.waiting or len(self.asked) < 2:  # noqa: PLR2004 - the one before the last
            return False
        self.asked.pop()
        self.moved.emit()
        return True

    def again(self) -> None:
        """Sends once more what did not reach the server."""
        if self._sent is not None:
            self._send(self._sent)

    def restart(self) -> None:
        """Somebody else stands there now."""
        self._visit += 1
        self.step, self.asked, self._sent, self.waiting = None, [], None, False
        self.moved.emit()

    def _send(self, request: Request[Any]) -> None:
        if self.waiting:
            return
        self.waiting, self._sent, visit = True, request, self._visit
        self._session.ask(
            request,
            done=lambda step: self._on_step(visit, step),
            failed=lambda fault: self._on_failed(visit, fault),
            owner=self,
        )

    def _on_step(self, visit: int, step: SymptomStep) -> None:
        if visit != self._visit:
            return
        self.waiting = False
        self.step = step
        if step.question is not None:
            self.asked.append(step.question)
        else:
            # After the result there is no way back into the answers: whoever comes next must not read them.
            self.asked = []
        self.moved.emit()

    def _on_failed(self, visit: int, fault: Fault) -> None:
        if visit == self._visit:
            self.waiting = False
            self.failed.emit(fault)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, SymptomsRaised) and self.step and event.interview_id == self.step.interview_id:
            self._fetch()

    def _fetch(self) -> None:
        if self.step is None or self.step.result is None:
            return
        visit = self._visit
        self._session.ask(
            GetSymptoms(interview_id=self.step.interview_id),
            done=lambda step: self._on_step(visit, step),
            failed=lambda fault: self._on_failed(visit, fault),
            owner=self,
        )
