"""What a person makes of a suggestion: books it, stores it as a document, or wants none of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString, TypeVar
from uuid import UUID, uuid4

import msgspec

from hms_server.assistant import usage
from hms_server.assistant.asking import WithinWork, forbidden
from hms_server.assistant.commands import AssistantDesk
from hms_server.assistant.models import DECIDE_PROPOSAL, PROPOSAL, Keeper, StoredProposal
from hms_server.assistant.repertoire import DRAFTS_NEED
from hms_server.assistant.rules import clean_question
from hms_server.contract.assistant import AcceptAppointment, AcceptDraft, Dismiss
from hms_server.contract.scheduling import ASSISTANT, BookAppointment
from hms_server.contract.suggestions import (
    MAX_DOCUMENT_CHARACTERS,
    AppointmentProposal,
    Attachment,
    DocumentAdded,
    DocumentId,
    DocumentRow,
    Documents,
    Draft,
    DraftKind,
    ListDocuments,
    ProposalId,
    ProposalState,
)
from hms_server.contract.values import Person, StaffId
from hms_server.faults import Refused
from hms_server.permissions import Permission
from hms_server.work import Work

P = TypeVar("P", AppointmentProposal, Draft)

MAX_TITLE = 200
MARK = "suggested by the assistant, accepted by {name}"


@dataclass(frozen=True)
class AcceptingDesk:
    """Only whoever was given a suggestion can accept it, once, with the rights for what it does."""

    desk: AssistantDesk

    @property
    def keeper(self) -> Keeper:
        return self.desk.keeper

    def accept_appointment(self, work: Work, request: AcceptAppointment) -> Attachment:
        """Books like a hand does, in the same transaction; the appointment carries the mark."""
        usage.refuse_off(work)
        stored, made = self._own_open(work, request.proposal_id, AppointmentProposal)
        slot = request.slot
        WithinWork(work, self.desk.routes).ask(
            BookAppointment(
                patient_id=stored.patient_id,
                practitioner_id=slot.practitioner.id,
                starts_at=slot.starts_at,
                ends_at=slot.ends_at,
                room_id=slot.room_id,
                speciality=slot.speciality,
                reason=clean_question(request.reason),
                proposed_by=ASSISTANT,
            )
        )
        accepted = msgspec.structs.replace(
            made,
            slot=slot,
            reason=clean_question(request.reason),
            state=ProposalState.ACCEPTED,
            mark=MARK.format(name=work.actor.name),
        )
        return self._decide(work, stored, accepted, ProposalState.ACCEPTED)

    def accept_draft(self, work: Work, request: AcceptDraft) -> Attachment:
        """Stores the text as the form showed it."""
        usage.refuse_off(work)
        stored, made = self._own_open(work, request.proposal_id, Draft)
        if DRAFTS_NEED[stored.kind] not in work.actor.permissions:
            raise forbidden()
        accepted = msgspec.structs.replace(
            made,
            title=_checked(request.title, "title", longest=MAX_TITLE, needed=True),
            text=_checked(request.text, "text", longest=MAX_DOCUMENT_CHARACTERS, needed=True),
            recipient=_checked(request.recipient, "recipient", longest=MAX_TITLE, needed=False),
            state=ProposalState.ACCEPTED,
            mark=MARK.format(name=work.actor.name),
        )
        binding = uuid4()
        params = {
            "binding": binding,
            "proposal_id": stored.id,
            "patient_id": stored.patient_id,
            "kind": stored.kind,
            "now": work.now,
            "by": work.actor.staff_id,
            "body": self.keeper.seal(accepted, binding),
        }
        document_id = DocumentId(work.value(ADD_DOCUMENT, params))
        told = DocumentAdded(document_id=document_id, patient_id=stored.patient_id)
        work.emit(told, audience=Permission.CHART_READ)
        return self._decide(work, stored, accepted, ProposalState.ACCEPTED)

    def dismiss(self, work: Work, request: Dismiss) -> Attachment:
        usage.refuse_off(work)
        stored = self._own(work, request.proposal_id)
        made = self.keeper.attachment(stored)
        if stored.state != ProposalState.OPEN or not isinstance(made, AppointmentProposal | Draft):
            raise decided()
        dismissed = msgspec.structs.replace(made, state=ProposalState.DISMISSED)
        return self._decide(work, stored, dismissed, ProposalState.DISMISSED)

    def list_documents(self, work: Work, request: ListDocuments) -> Documents:
        """What was accepted about a patient."""
        work.concerns(request.patient_id)
        return Documents([
            self._document(row) for row in work.rows(_Document, DOCUMENTS, (request.patient_id,))
        ])  # fmt: skip

    def _document(self, row: "_Document") -> DocumentRow:
        body = self.keeper.open(row.body, row.binding, Draft)
        return DocumentRow(
            id=row.id,
            kind=DraftKind(row.kind),
            title=body.title,
            recipient=body.recipient,
            language=body.language,
            text=body.text,
            accepted_at=row.accepted_at,
            accepted_by=Person(id=row.accepted_by, name=row.accepted_by_name),
            mark=body.mark,
        )

    def _own(self, work: Work, proposal_id: ProposalId) -> StoredProposal:
        stored = work.one(StoredProposal, PROPOSAL, (proposal_id,))
        if stored is None or stored.staff_id != work.actor.staff_id:
            raise Refused(
                "assistant.unknown_proposal", "There is no such suggestion of yours.", field="proposal_id"
            )
        work.concerns(stored.patient_id)
        return stored

    def _own_open(self, work: Work, proposal_id: ProposalId, kind: type[P]) -> tuple[StoredProposal, P]:
        stored = self._own(work, proposal_id)
        made = self.keeper.attachment(stored)
        if not isinstance(made, kind):
            raise Refused(
                "assistant.other_proposal", "This suggestion is of another kind.", field="proposal_id"
            )
        if stored.state != ProposalState.OPEN:
            raise decided()
        return stored, made

    def _decide(
        self, work: Work, stored: StoredProposal, made: AppointmentProposal | Draft, state: ProposalState
    ) -> Attachment:
        params = {
            "id": stored.id,
            "state": state,
            "now": work.now,
            "body": self.keeper.seal(made, stored.binding),
        }
        work.send(DECIDE_PROPOSAL, params)
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    id: DocumentId
    binding: UUID
    kind: str
    accepted_at: datetime
    accepted_by: StaffId
    accepted_by_name: str
    body: bytes


def decided() -> Refused:
    return Refused("assistant.decided", "This suggestion was accepted or dismissed already.")


def _checked(text: str, field: str, *, longest: int, needed: bool) -> str:
    cleaned = clean_question(text)
    if needed and not cleaned:
        raise Refused("assistant.empty", "This must not be empty.", field=field)
    if len(cleaned) > longest:
        raise Refused(
            "assistant.too_long", f"At most {longest} characters; this has {len(cleaned)}.", field=field
        )
    return cleaned


ADD_DOCUMENT: LiteralString = """
insert into assistant_document (binding, proposal_id, patient_id, kind, accepted_at, accepted_by, body)
values (%(binding)s, %(proposal_id)s, %(patient_id)s, %(kind)s, %(now)s, %(by)s, %(body)s) returning id
"""
DOCUMENTS: LiteralString = """
select document.id, document.binding, kind, accepted_at, accepted_by, staff.name as accepted_by_name, body
from assistant_document as document join staff on staff.id = accepted_by
where patient_id = %s order by accepted_at desc, document.id desc
"""
