"""A clinic with the assistant switched on, a Gemini that says what a test scripts, and people who ask it."""

from datetime import date
from typing import Any

from hms_server.contract.assistant import (
    AskAssistant,
    Conversation,
    ConversationId,
    GetAnswer,
    GetConversation,
    Message,
    MessageId,
    Question,
    RunTool,
    SetAssistantPolicy,
    ToolAnswer,
)
from hms_server.contract.patients import (
    ConsentDecision,
    ConsentScope,
    Demographics,
    RecordConsent,
    RegisterPatient,
)
from hms_server.contract.values import PatientId, Role, Sex, StaffId
from hms_server.relay_table import job_kinds
from tests.outside import gemini
from tests.outside.gemini import FakeGemini
from tests.server.desk import Desk
from tests.server.relays import Relay

MARKED = Demographics(
    family_name="Zyxwobi",
    given_names="Quillonda",
    sex=Sex.FEMALE,
    birth_date=date(1987, 4, 23),
    phone="0803 777 1234",
    national_id="NIN45678912345",
    address="77 Blorpington Road, Vandelia",
    next_of_kin_name="Ferndosia Krull",
    next_of_kin_phone="0805 888 4321",
    email="quillonda.z@example.org",
)
"""A patient every part of whose name and numbers can be found in a text without doubt."""
MARKS = (
    "zyxwobi", "quillonda", "8037771234", "803 777", "45678912345", "blorpington", "vandelia", "ferndosia",
    "krull", "8058884321", "805 888", "quillonda.z", "1987-04-23", "23/04/1987", "23 april", "p000",
)  # fmt: skip


class Talk:
    """`relay` runs the answers when a test says so."""

    def __init__(self, desk: Desk, fake: FakeGemini) -> None:
        self.desk = desk
        self.fake = fake
        desk.set_provider(
            "gemini",
            settings={"model": gemini.MODEL, "address": fake.url},
            secrets={"api_key": gemini.API_KEY},
        )
        self.switch(on=True)
        for staff_id in desk.staff.values():
            self.open_session(staff_id)
        kinds = [
            kind for kind in job_kinds(desk.ground, desk.dispatcher) if kind.name.startswith("assistant.")
        ]
        destinations = [one for one in desk.ground.destinations if one.name == "gemini"]
        self.relay = Relay(desk, kinds, destinations)

    def switch(self, *, on: bool, person_limit: int = 0, clinic_limit: int = 0) -> None:
        request = SetAssistantPolicy(enabled=on, person_limit=person_limit, clinic_limit=clinic_limit)
        self.desk.ask(request, Role.ADMINISTRATOR)

    def open_session(self, staff_id: StaffId) -> None:
        """The desk's actors say that they have a session of the same number as they themselves."""
        self.desk.sql(
            "insert into device (public_key, name, paired_at) values ('k', '', %s) on conflict do nothing",
            (self.desk.now,),
        )
        self.desk.sql(ADD_SESSION, (staff_id, str(staff_id).encode(), staff_id, self.desk.now, self.desk.now))

    def patient(self, demographics: Demographics = MARKED, *, agrees: bool = True) -> PatientId:
        request = RegisterPatient(demographics=demographics)
        patient_id = self.desk.ask(request, Role.RECEPTIONIST).patient.id
        if agrees:
            self.consent(patient_id)
        return patient_id

    def consent(self, patient_id: PatientId, *, given: bool = True) -> None:
        decision = ConsentDecision.GIVEN if given else ConsentDecision.WITHDRAWN
        request = RecordConsent(patient_id=patient_id, scope=ConsentScope.ASSISTANT, decision=decision)
        self.desk.ask(request, Role.RECEPTIONIST)

    def put(self, text: str, role: Role = Role.DOCTOR, **others: Any) -> Question:
        """Asks, and does not wait for the answer."""
        return self.desk.ask(AskAssistant(text=text, **others), role)

    def ask(self, text: str, role: Role = Role.DOCTOR, **others: Any) -> Message:
        """Asks, and gives the answer as it stands when nothing more is due."""
        question = self.put(text, role, **others)
        self.relay.run_due()
        return self.answer(question.answer.id, role)

    def answer(self, message_id: MessageId, role: Role = Role.DOCTOR) -> Message:
        return self.desk.ask(GetAnswer(message_id=message_id), role)

    def conversation(self, conversation_id: ConversationId, role: Role = Role.DOCTOR) -> Conversation:
        return self.desk.ask(GetConversation(conversation_id=conversation_id), role)

    def run(
        self, name: str, role: Role = Role.DOCTOR, *, patient_id: PatientId | None = None, **arguments: str
    ) -> ToolAnswer:
        """A function without the model."""
        return self.desk.ask(RunTool(name=name, arguments=arguments, patient_id=patient_id), role)

    def told(self, number: int = -1) -> list[Any]:
        """The answers of functions that a request carried."""
        contents = self.fake.asked[number]["contents"]
        parts = [part for content in contents for part in content["parts"]]
        return [part["functionResponse"]["response"] for part in parts if "functionResponse" in part]


ADD_SESSION = """
insert into session (id, secret_hash, staff_id, device_id, started_at, last_seen_at)
overriding system value
select %s, %s, %s, min(id), %s, %s from device
"""
