"""Passes a payer's one-time code on, once: a second call would be a second attempt of the payer's."""

from dataclasses import dataclass, field
from datetime import timedelta

from hms_server.contract.paystack import OnlineState
from hms_server.contract.relay import Trouble
from hms_server.crypto import Vault
from hms_server.paystack.messages import Charge, TransactionStatus
from hms_server.paystack.models import (
    Contact,
    StoredTransaction,
    find_transaction,
    sealed_contact,
    tell_changed,
)
from hms_server.paystack.postings import learn
from hms_server.paystack.provider import NAME, Line, line_of
from hms_server.paystack.watching import CODE, WATCH, Payload
from hms_server.relay import jobs
from hms_server.relay.ground import Ground
from hms_server.relay.kinds import Claimed, Finished, JobKind, Next, Policy
from hms_server.relay.outside import Outside, OutsideFault
from hms_server.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeCall:
    line: Line
    reference: str
    code: str = field(repr=False)


class PassingOn:
    """The job; after a lost answer only the watch says what became of it."""

    def __init__(self, ground: Ground) -> None:
        self._providers = ground.providers
        self._vault = ground.vault.kept_for(NAME)

    def kind(self) -> JobKind[Payload, CodeCall, Charge]:
        return JobKind(
            name=CODE,
            destination=NAME,
            payload=Payload,
            prepare=self.prepare,
            perform=pass_on,
            store=self.store,
            on_trouble=self.on_trouble,
            gave_up=self.gave_up,
            policy=Policy(attempts=5, give_up_after=timedelta(minutes=10)),
        )

    def prepare(self, work: Work, job: Claimed[Payload]) -> CodeCall | Next:
        transaction = find_transaction(work, job.payload.reference)
        assert transaction is not None
        code = transaction.opened_contact(self._vault).code
        line = line_of(work, self._providers)
        if job.uncertain or not code or transaction.state != OnlineState.OPEN or line is None:
            jobs.hurry(work, WATCH, transaction.job_key)
            return Finished()
        return CodeCall(line=line, reference=transaction.asked_reference, code=code)

    def store(self, work: Work, job: Claimed[Payload], charge: Charge) -> Next:
        """Shows what the payer has to do next; whether it is paid the watch finds out."""
        self._hurry(work, job)
        if charge.transaction is not None and charge.status == TransactionStatus.SUCCESS:
            learn(work, self._vault, charge.transaction)
            return Finished()
        words = charge.display_text or charge.message or ""
        self._show(work, job, words=words, again=charge.status == "send_otp")
        return Finished()

    def on_trouble(self, work: Work, job: Claimed[Payload], fault: OutsideFault) -> Next | None:
        """A code that was refused may be typed again."""
        if fault.trouble is not Trouble.DECLINED:
            return None
        self._hurry(work, job)
        self._show(work, job, words=fault.sentence, again=True)
        return Finished()

    def gave_up(self, work: Work, job: Claimed[Payload], reason: str) -> None:
        """The payer may still have it, or get another."""
        self._show(work, job, words=reason, again=True)

    def _hurry(self, work: Work, job: Claimed[Payload]) -> None:
        transaction = find_transaction(work, job.payload.reference)
        assert transaction is not None
        jobs.hurry(work, WATCH, transaction.job_key)

    def _show(self, work: Work, job: Claimed[Payload], *, words: str, again: bool) -> None:
        transaction = find_transaction(work, job.payload.reference, lock=True)
        assert transaction is not None
        if transaction.state != OnlineState.OPEN:
            return
        work.send(
            NEXT,
            {
                "reference": transaction.reference,
                "words": words,
                "again": again,
                "contact": _without_code(transaction, self._vault),
            },
        )
        after = find_transaction(work, transaction.reference)
        assert after is not None
        tell_changed(work, after)


def pass_on(call: CodeCall, outside: Outside) -> Charge:
    return call.line.open(outside).submit_otp(call.reference, call.code)


def _without_code(transaction: StoredTransaction, vault: Vault) -> bytes:
    given = transaction.opened_contact(vault)
    kept = Contact(email=given.email, phone=given.phone, mobile_provider=given.mobile_provider)
    return sealed_contact(vault, transaction.reference, kept)


NEXT = """
update paystack_transaction set instructions = %(words)s, wants_code = %(again)s, contact = %(contact)s
where reference = %(reference)s
"""
