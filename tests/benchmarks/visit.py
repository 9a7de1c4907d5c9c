"""One patient's way through the clinic as the requests of its desks, each from the answer before."""

from typing import Any

import msgspec

from hms_server.contract.billing import GetInvoice, Invoice, TakePayment
from hms_server.contract.consultations import Signed
from hms_server.contract.envelope import Request
from hms_server.contract.pharmacy import Dispense, Dispensed, PickedLine
from hms_server.contract.triage import VitalsRecorded
from hms_server.contract.values import PatientId, ProductId, Role
from hms_server.contract.visits import CheckedIn
from hms_server.dispatch import answer_type
from tests.benchmarks.acts import ROLE_OF, Act, Subject, request_of


class Visit:
    """Check-in, vital signs, signing with two medicines, dispensing, the bill, payment in cash."""

    def __init__(self, patient_id: PatientId, products: list[ProductId]) -> None:
        self._subject = Subject(patient_id)
        self._products = products
        self._next: tuple[Role, Request[Any]] = self._act(Act.CHECK_IN)

    def next_request(self) -> tuple[Role, Request[Any]]:
        """Who asks, and what."""
        return self._next

    def goes_on(self, body: msgspec.Raw) -> bool:
        """Takes the answer; False once the patient has paid."""
        answer = msgspec.msgpack.decode(body, type=answer_type(type(self._next[1])))
        following = self._after(answer)
        if following is not None:
            self._next = following
        return following is not None

    def _act(self, act: Act) -> tuple[Role, Request[Any]]:
        return ROLE_OF[act], request_of(act, self._subject, self._products)

    def _after(self, answer: Any) -> tuple[Role, Request[Any]] | None:
        if isinstance(answer, CheckedIn | VitalsRecorded):
            assert answer.ticket is not None
            encounter_id, ticket_id = answer.ticket.encounter_id, answer.ticket.id
            self._subject = Subject(self._subject.patient_id, encounter_id, ticket_id)
            return self._act(Act.VITALS if isinstance(answer, CheckedIn) else Act.SIGN)
        if isinstance(answer, Signed):
            lines = [
                PickedLine(medication_request_id=row.id, quantity=row.quantity)
                for row in answer.prescriptions
            ]
            return Role.PHARMACIST, Dispense(
                encounter_id=self._subject.encounter_id,
                ticket_id=answer.ticket.id if answer.ticket else None,
                lines=lines,
            )
        if isinstance(answer, Dispensed):
            return Role.CASHIER, GetInvoice(encounter_id=self._subject.encounter_id)
        if isinstance(answer, Invoice) and answer.due.amount_minor > 0:
            return Role.CASHIER, TakePayment(
                invoice_id=answer.id, version=answer.version, amount=answer.due, tendered=answer.due
            )
        return None
