"""A clinic that can write to its patients: providers on loopback, consent, and a relay that a test turns."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec import structs

from hms_server.contract.messaging import (
    Channel,
    GetMessage,
    ListMessages,
    MessageId,
    MessageRow,
    MessageState,
    MessageText,
)
from hms_server.contract.patients import (
    ConsentDecision,
    ConsentScope,
    EditPatient,
    GetPatient,
    RecordConsent,
)
from hms_server.contract.values import Money, PatientId, Role
from hms_server.messaging.ask import Messaging
from hms_server.messaging.wording import Value
from hms_server.relay_table import destinations, job_kinds
from tests.outside.sms import FakeTermii, FakeTwilio
from tests.outside.smtp import MailServer
from tests.server.desk import Desk
from tests.server.patients.forms import register
from tests.server.relays import Relay

ADA = "+2348035550182"
KEY = "0123456789abcdef"
LINK: Mapping[str, Value] = {"amount": Money(1_865_000, "NGN"), "link": "https://example.com/pay/x1y2"}


@dataclass
class Post:
    """Asks for messages as a slice does, and lets the relay carry them out."""

    desk: Desk

    def __post_init__(self) -> None:
        self.messaging = Messaging(self.desk.providers, self.desk.vault)
        self.relay = self.another_server()

    def another_server(self) -> Relay:
        kinds = job_kinds(self.desk.ground, self.desk.dispatcher)
        return Relay(self.desk, kinds, destinations(self.desk.providers))

    def use_twilio(self, provider: FakeTwilio) -> None:
        self.desk.set_provider("twilio", settings=provider.settings, secrets={"auth_token": KEY})

    def use_termii(self, provider: FakeTermii) -> None:
        self.desk.set_provider("termii", settings=provider.settings, secrets={"api_key": KEY})

    def use_mail(self, server: MailServer) -> None:
        settings = {"host": "127.0.0.1", "port": str(server.port), "security": "none"}
        self.desk.set_provider("smtp", settings=settings | {"sender": "clinic@example.org"}, secrets={})

    def patient(self, *, agrees: bool | None = True, **fields: Any) -> PatientId:
        """Adaeze Okonkwo, who has a phone, and was asked whether she wants messages (None: was not)."""
        known: dict[str, Any] = {"phone": "0803 555 0182"}
        patient_id = register(self.desk, **known | fields).id
        if agrees is not None:
            self.consent(patient_id, given=agrees)
        return patient_id

    def consent(self, patient_id: PatientId, *, given: bool) -> None:
        decision = ConsentDecision.GIVEN if given else ConsentDecision.WITHDRAWN
        self.desk.ask(
            RecordConsent(patient_id=patient_id, scope=ConsentScope.MESSAGES, decision=decision), Role.NURSE
        )

    def correct(self, patient_id: PatientId, **changes: Any) -> None:
        """As the front desk corrects an entry."""
        seen = self.desk.ask(GetPatient(patient_id=patient_id), Role.NURSE)
        demographics = structs.replace(seen.demographics, **changes)
        request = EditPatient(patient_id=patient_id, version=seen.version, demographics=demographics)
        self.desk.ask(request, Role.RECEPTIONIST)

    def say(
        self,
        patient_id: PatientId,
        template: str = "appointment_booked",
        values: Mapping[str, Value] | None = None,
        **others: Any,
    ) -> MessageId:
        """A message in a transaction of its own."""
        filled = values if values is not None else {"when": datetime.fromisoformat("2026-03-03T09:30Z")}
        return self.desk.act(lambda work: self.messaging.say(work, patient_id, template, filled, **others))

    def row(self, message_id: MessageId) -> MessageRow:
        return self.open(message_id).row

    def open(self, message_id: MessageId) -> MessageText:
        return self.desk.ask(GetMessage(message_id=message_id), Role.RECEPTIONIST)

    def state(self, message_id: MessageId) -> MessageState:
        return self.row(message_id).state

    def rows(self, role: Role = Role.RECEPTIONIST, **limits: Any) -> list[MessageRow]:
        return self.desk.ask(ListMessages(**limits), role).rows

    def channel(self, message_id: MessageId) -> Channel | None:
        return self.row(message_id).channel
