"""The short writes while an answer is written: its growth, what was sent, what is proposed."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

from hms_server.assistant import usage
from hms_server.assistant.asking import Asker
from hms_server.assistant.functions import Proposes
from hms_server.assistant.models import (
    ADD_PROPOSAL,
    REMEMBER,
    SET_PROPOSAL_BODY,
    Body,
    Keeper,
)
from hms_server.assistant.pseudonyms import Memory
from hms_server.contract.assistant import AnswerGrew, AnswerState, ConversationId, MessageId
from hms_server.contract.suggestions import Attachment, ProposalId
from hms_server.contract.values import PatientId, StaffId
from hms_server.permissions import Permission
from hms_server.work import Work


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """Where one attempt at an answer is kept; writes nothing once the answer has been ended elsewhere."""

    keeper: Keeper
    message_id: MessageId
    binding: UUID
    attempt: int
    conversation_id: ConversationId
    conversation_binding: UUID
    staff_id: StaffId

    def is_writing(self, work: Work) -> bool:
        return bool(work.value(IS_WRITING, self._which()))

    def grow(self, work: Work, shown: str, doing: str) -> bool:
        """False where the answer was stopped or forgotten meanwhile."""
        body = self.keeper.seal(Body(text=shown, doing=doing), self.binding)
        params = self._which() | {"body": body, "characters": len(shown)}
        if not work.execute(GROW, params):
            return False
        grown = AnswerGrew(
            conversation_id=self.conversation_id, message_id=self.message_id, characters=len(shown)
        )
        work.emit(grown, audience=Permission.ASSISTANT, staff_id=self.staff_id)
        return True

    def keep_sent(self, work: Work, address: str, body: bytes, memory: Memory) -> None:
        """Before it leaves: what was sent is known even if nothing comes back, and its pseudonyms are."""
        sealed = self.keeper.seal(body.decode("utf-8", errors="replace"), self.binding)
        params = self._which() | {"now": work.now, "address": address, "sealed": sealed}
        if work.value(SENT, params) == 1:
            usage.count(work, self.staff_id, questions=1)
        remembered = self.keeper.seal(memory, self.conversation_binding)
        work.send(REMEMBER, {"id": self.conversation_id, "memory": remembered})

    def propose_through(self, asker: Asker) -> Proposes:
        """Keeps a proposal with this answer."""

        def propose(kind: str, patient_id: PatientId, made: Callable[[ProposalId], Attachment]) -> Attachment:
            return asker.read(
                lambda work: keep_proposal(
                    work,
                    self.keeper,
                    kind=kind,
                    patient_id=patient_id,
                    made=made,
                    staff_id=self.staff_id,
                    message_id=self.message_id,
                )
            )

        return propose

    def _which(self) -> dict[str, object]:
        return {"id": self.message_id, "attempt": self.attempt, "writing": AnswerState.WRITING}


def keep_proposal(
    work: Work,
    keeper: Keeper,
    *,
    kind: str,
    patient_id: PatientId,
    made: Callable[[ProposalId], Attachment],
    staff_id: StaffId,
    message_id: MessageId | None = None,
) -> Attachment:
    """A suggestion with its number; only its person can accept it."""
    binding = uuid4()
    params = {
        "binding": binding,
        "staff_id": staff_id,
        "message_id": message_id,
        "patient_id": patient_id,
        "kind": kind,
        "now": work.now,
        "body": b"",
    }
    proposal_id = ProposalId(work.value(ADD_PROPOSAL, params))
    attachment = made(proposal_id)
    work.concerns(patient_id)
    work.send(SET_PROPOSAL_BODY, {"id": proposal_id, "body": keeper.seal(attachment, binding)})
    return attachment


IS_WRITING = """
select exists (
    select from assistant_message where id = %(id)s and attempt = %(attempt)s and state = %(writing)s)
"""
GROW = """
update assistant_message set characters = %(characters)s, body = %(body)s
where id = %(id)s and attempt = %(attempt)s and state = %(writing)s
"""
SENT = """
with counted as (
    update assistant_message set rounds = rounds + 1 where id = %(id)s returning rounds
)
insert into assistant_sent (message_id, round, at, address, body)
select %(id)s, rounds, %(now)s, %(address)s, %(sealed)s from counted
returning round
"""
