"""Cards that patients agreed to have kept: a sealed code of Paystack, never a number."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from hms_server.contract.accounts import Nothing
from hms_server.contract.patients import ConsentScope
from hms_server.contract.paystack import (
    AuthorizationId,
    ForgetSaved,
    ListSavedAuthorizations,
    SavedAuthorization,
    SavedAuthorizations,
)
from hms_server.contract.values import Moment, PatientId, Person, StaffId
from hms_server.crypto import Vault
from hms_server.faults import Refused
from hms_server.patients.consents import has_consent
from hms_server.paystack.messages import Transaction
from hms_server.paystack.models import StoredTransaction
from hms_server.work import Work


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """What charges the card again: it works only together with the address it was saved under."""

    authorization_code: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCard:
    id: AuthorizationId
    patient_id: PatientId
    sealed: bytes
    brand: str
    bank: str
    last4: str
    expires: str
    test_mode: bool
    saved_at: datetime
    saved_by: StaffId
    saved_by_name: str

    def shown(self) -> SavedAuthorization:
        return SavedAuthorization(
            id=self.id,
            brand=self.brand,
            bank=self.bank,
            last4=self.last4,
            expires=self.expires,
            saved=Moment(self.saved_at, Person(self.saved_by, self.saved_by_name)),
        )

    def code(self, vault: Vault) -> Code:
        return msgspec.json.decode(vault.open(self.sealed, bound_to=_binding(self.patient_id)), type=Code)


def keep(work: Work, vault: Vault, transaction: StoredTransaction, theirs: Transaction) -> None:
    """Keeps what was paid with, where Paystack lets it be charged again and the patient still agrees.

    The same card a second time takes the place of the first.
    """
    paid_with, customer = theirs.authorization, theirs.customer
    if paid_with is None or not paid_with.can_be_charged_again or customer is None or not customer.email:
        return
    if not has_consent(work, transaction.patient_id, ConsentScope.SAVED_CARD):
        return
    code = Code(authorization_code=paid_with.authorization_code or "", email=customer.email)
    month, year = str(paid_with.exp_month or ""), str(paid_with.exp_year or "")
    params = {
        "patient_id": transaction.patient_id,
        "sealed": vault.seal(msgspec.json.encode(code), bound_to=_binding(transaction.patient_id)),
        "signature": paid_with.signature or paid_with.authorization_code,
        "brand": (paid_with.brand or paid_with.card_type or paid_with.channel or "").strip(),
        "bank": paid_with.bank or "",
        "last4": paid_with.last4 or "",
        "expires": f"{month}/{year}" if month and year else "",
        "test_mode": transaction.test_mode,
        "now": work.now,
        "by": transaction.started_by,
    }
    work.send(KEEP, params)


def find_card(work: Work, authorization_id: int) -> StoredCard:
    """One that was not forgotten; refused otherwise."""
    card = work.one(StoredCard, f"{CARD} and card.id = %s", (authorization_id,))
    if card is None:
        raise Refused("paystack.unknown_card", "This card is not kept any more.", field="authorization_id")
    return card


def may_be_charged(work: Work, patient_id: PatientId, authorization_id: int | None) -> bool:
    """Whether the card is still kept and the patient still agrees, now and not only when it was chosen."""
    kept = work.value(
        "select forgotten_at is null from paystack_authorization where id = %s", (authorization_id,)
    )
    return bool(kept) and has_consent(work, patient_id, ConsentScope.SAVED_CARD)


def list_saved_authorizations(work: Work, request: ListSavedAuthorizations) -> SavedAuthorizations:
    """What can be charged for this patient; nothing once the agreement was taken back."""
    work.concerns(request.patient_id)
    if not has_consent(work, request.patient_id, ConsentScope.SAVED_CARD):
        return SavedAuthorizations([])
    cards = work.rows(StoredCard, f"{CARD} and patient_id = %s order by card.id desc", (request.patient_id,))
    return SavedAuthorizations([card.shown() for card in cards])


def forget_saved(work: Work, request: ForgetSaved) -> Nothing:
    """The card stays known as one that was kept, but its code is gone from here."""
    card = find_card(work, request.authorization_id)
    work.concerns(card.patient_id)
    work.send(FORGET, {"id": card.id, "now": work.now, "by": work.actor.staff_id})
    return Nothing()


def _binding(patient_id: PatientId) -> bytes:
    return f"card of {patient_id}".encode()


CARD = """
select card.id, patient_id, sealed, brand, bank, last4, expires, test_mode, saved_at, saved_by,
    staff.name as saved_by_name
from paystack_authorization as card join staff on staff.id = saved_by
where forgotten_at is null
"""

IS_KEPT = "select forgotten_at is null from paystack_authorization where id = %s"

KEEP = """
insert into paystack_authorization (patient_id, sealed, signature, brand, bank, last4, expires, test_mode,
    saved_at, saved_by)
values (%(patient_id)s, %(sealed)s, %(signature)s, %(brand)s, %(bank)s, %(last4)s, %(expires)s,
    %(test_mode)s, %(now)s, %(by)s)
on conflict (patient_id, signature) where forgotten_at is null do update
set sealed = excluded.sealed, expires = excluded.expires, test_mode = excluded.test_mode
"""

FORGET = """
update paystack_authorization set forgotten_at = %(now)s, forgotten_by = %(by)s, sealed = ''
where id = %(id)s and forgotten_at is null
"""
