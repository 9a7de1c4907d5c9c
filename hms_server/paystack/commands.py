"""What the billing desk does with online payments: start, look, pass on a code, stop waiting."""

import os
import re
from datetime import timedelta
from typing import Any

from hms_server.billing import faults as billing_faults
from hms_server.billing.commands import lock_invoice
from hms_server.billing.models import StoredInvoice
from hms_server.billing.rules import check_amount, check_currency
from hms_server.contract.patients import ConsentDecision, ConsentHow, ConsentScope, RecordConsent
from hms_server.contract.paystack import (
    CancelOnlinePayment,
    ChargeSaved,
    CheckOnlinePayment,
    OnlineChannel,
    OnlinePayment,
    OnlineState,
    SendBy,
    SendPaymentCode,
    StartOnlinePayment,
)
from hms_server.contract.values import Money, TicketId
from hms_server.faults import Refused
from hms_server.messaging.ask import Messaging
from hms_server.patients.consents import has_consent, record_consent
from hms_server.paystack import faults, nightly
from hms_server.paystack.cards import find_card
from hms_server.paystack.channels import CURRENCIES, Channel, channels_of, refuse_amount
from hms_server.paystack.models import (
    Contact,
    StoredTransaction,
    find_transaction,
    sealed_contact,
    tell_changed,
)
from hms_server.paystack.postings import move
from hms_server.paystack.provider import NAME
from hms_server.paystack.rules import reference_of
from hms_server.paystack.watching import START, WATCH, ask_code, ask_start, ask_watch
from hms_server.relay import jobs
from hms_server.relay.ground import Ground
from hms_server.work import Work

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]{2,}")
_PHONE = re.compile(r"\+?[0-9]{8,15}")
_CODE = re.compile(r"[0-9A-Za-z]{3,12}")
MAX_EMAIL = 120


class OnlineDesk:
    """The commands of the billing desk that need the provider's key or the vault."""

    def __init__(self, ground: Ground) -> None:
        self._providers = ground.providers
        self._vault = ground.vault.kept_for(NAME)
        self._messaging = Messaging(ground.providers, ground.vault)

    def start_online_payment(self, work: Work, request: StartOnlinePayment) -> OnlinePayment:
        """Stores the wish and the job; Paystack is asked after the commit, whenever it can be reached."""
        if request.channel is OnlineChannel.SAVED:
            raise Refused("paystack.channel", "Choose the kept card to charge it.", field="channel")
        self._check_enabled(work)
        invoice = _open_bill(work, request)
        _check_payment(request.amount, invoice)
        contact = _contact(request, invoice.currency)
        if request.send_by is not None:
            self._check_sending(work, request, invoice)
        if request.save_card:
            _record_agreement(work, invoice)
        return self._store(work, request, invoice, contact=contact)

    def charge_saved(self, work: Work, request: ChargeSaved) -> OnlinePayment:
        """As another payment; the card must be of the bill's patient, who still agrees."""
        self._check_enabled(work)
        invoice = _open_bill(work, request)
        _check_payment(request.amount, invoice)
        card = find_card(work, request.authorization_id)
        if card.patient_id != invoice.patient.id:
            raise faults.card_of_another()
        if not has_consent(work, card.patient_id, ConsentScope.SAVED_CARD):
            raise faults.no_agreement()
        if card.test_mode != self._providers.test_mode(work, NAME):
            raise faults.card_of_other_mode()
        return self._store(work, request, invoice, contact=None)

    def send_payment_code(self, work: Work, request: SendPaymentCode) -> OnlinePayment:
        """Passes the payer's code on once; a wrong one is asked for again."""
        code = request.code.strip()
        if not _CODE.fullmatch(code):
            raise Refused("paystack.code", "Type the code as the payer received it.", field="code")
        transaction = _locked(work, request.reference)
        if transaction.state != OnlineState.OPEN or not transaction.wants_code:
            raise Refused("paystack.no_code_wanted", "No code is asked for any more.", field="reference")
        given = transaction.opened_contact(self._vault)
        contact = Contact(
            email=given.email, phone=given.phone, mobile_provider=given.mobile_provider, code=code
        )
        work.send(KEEP_CODE, (sealed_contact(self._vault, transaction.reference, contact), request.reference))
        ask_code(work, transaction)
        return _shown(work, request.reference)

    def _check_enabled(self, work: Work) -> None:
        if not self._providers.enabled(work, NAME):
            raise faults.switched_off()

    def _check_sending(self, work: Work, request: StartOnlinePayment, invoice: StoredInvoice) -> None:
        field = "email" if request.send_by is SendBy.EMAIL else "phone"
        to = request.email if request.send_by is SendBy.EMAIL else request.phone
        if request.channel is not OnlineChannel.CHECKOUT:
            raise Refused("paystack.send_by", "Only a link can be sent.", field="send_by")
        if not to.strip():
            raise Refused("paystack.send_to", "Type where the link goes.", field=field)
        try:
            self._messaging.check_address(work, invoice.patient.id, to)
        except Refused as refused:
            raise Refused(refused.fault.code, refused.fault.message, field=field) from refused

    def _store(
        self,
        work: Work,
        request: StartOnlinePayment | ChargeSaved,
        invoice: StoredInvoice,
        *,
        contact: Contact | None,
    ) -> OnlinePayment:
        test_mode = self._providers.test_mode(work, NAME)
        reference = reference_of(os.urandom(16), test_mode=test_mode)
        params = _means(request) | {
            "reference": reference,
            "invoice_id": invoice.id,
            "ticket_id": request.ticket_id,
            "amount": request.amount.amount_minor,
            "currency": invoice.currency,
            "test_mode": test_mode,
            "contact": None if contact is None else sealed_contact(self._vault, reference, contact),
            "now": work.now,
            "by": work.actor.person.id,
        }
        work.send(ADD, params)
        transaction = find_transaction(work, reference)
        assert transaction is not None
        ask_start(work, transaction)
        nightly.ask_next(work)
        tell_changed(work, transaction)
        return transaction.shown()


def check_online_payment(work: Work, request: CheckOnlinePayment) -> OnlinePayment:
    """Hurries the job that is under way, or begins a new watch where none is."""
    transaction = _known(work, request.reference)
    # Before the payment's own row is locked: the job's store takes the two in this order.
    if jobs.hurry(work, START, transaction.reference) or jobs.hurry(work, WATCH, transaction.job_key):
        return transaction.shown()
    locked = _locked(work, request.reference)
    if locked.looks == transaction.looks and not locked.is_received:
        ask_watch(work, locked, after=timedelta(0))
    return locked.shown()


def cancel_online_payment(work: Work, request: CancelOnlinePayment) -> OnlinePayment:
    """Stops waiting; what Paystack was not asked yet it is never asked."""
    jobs.cancel(work, START, request.reference)
    transaction = _locked(work, request.reference)
    if transaction.state == OnlineState.PAID:
        raise faults.paid_already()
    return move(work, transaction, OnlineState.CANCELLED).shown()


def _known(work: Work, reference: str) -> StoredTransaction:
    transaction = find_transaction(work, reference)
    if transaction is None:
        raise faults.unknown_payment()
    work.concerns(transaction.patient_id)
    return transaction


def _locked(work: Work, reference: str) -> StoredTransaction:
    transaction = find_transaction(work, reference, lock=True)
    if transaction is None:
        raise faults.unknown_payment()
    work.concerns(transaction.patient_id)
    return transaction


def _shown(work: Work, reference: str) -> OnlinePayment:
    return _known(work, reference).shown()


def _open_bill(work: Work, request: StartOnlinePayment | ChargeSaved) -> StoredInvoice:
    ticket_id: TicketId | None = request.ticket_id
    invoice = lock_invoice(work, request.invoice_id, ticket_id=ticket_id)
    if invoice.version != request.version:
        raise billing_faults.changed_meanwhile(invoice, seen_version=request.version)
    return invoice


def _check_payment(amount: Money, invoice: StoredInvoice) -> None:
    check_currency(amount, invoice.due, field="amount")
    check_amount(amount, invoice.due)
    refusal = refuse_amount(amount)
    if refusal is not None:
        raise Refused("paystack.amount", refusal, field="amount")


def _means(request: StartOnlinePayment | ChargeSaved) -> dict[str, Any]:
    if isinstance(request, ChargeSaved):
        saved = {"channel": OnlineChannel.SAVED, "authorization_id": request.authorization_id}
        return saved | {"send_by": None, "save_card": False}
    return {
        "channel": request.channel,
        "authorization_id": None,
        "send_by": request.send_by,
        "save_card": request.save_card,
    }


def _contact(request: StartOnlinePayment, currency: str) -> Contact:
    email, phone = request.email.strip(), re.sub(r"[ ()\-]", "", request.phone)
    if email and not (_EMAIL.fullmatch(email) and len(email) <= MAX_EMAIL):
        raise Refused("paystack.email", "That is not an e-mail address.", field="email")
    if phone and not _PHONE.fullmatch(phone):
        raise Refused("paystack.phone", "Type the phone number with digits only, 8 to 15.", field="phone")
    if request.channel is OnlineChannel.MOBILE_MONEY:
        _check_wallet(request, currency, phone)
    if request.channel is OnlineChannel.BANK_TRANSFER and Channel.BANK_TRANSFER not in channels_of(currency):
        raise Refused("paystack.channel", "There is no bank transfer in this currency.", field="channel")
    return Contact(email=email, phone=phone, mobile_provider=request.mobile_provider)


def _check_wallet(request: StartOnlinePayment, currency: str, phone: str) -> None:
    if Channel.MOBILE_MONEY not in channels_of(currency):
        raise Refused("paystack.channel", "There is no mobile money in this currency.", field="channel")
    if request.mobile_provider not in CURRENCIES[currency].wallets:
        raise Refused("paystack.wallet", "Choose the payer's mobile money.", field="mobile_provider")
    if not phone:
        raise Refused("paystack.phone", "Type the phone number of the payer's wallet.", field="phone")


def _record_agreement(work: Work, invoice: StoredInvoice) -> None:
    """The patient has just said it at the desk; who has agreed before is not written down again."""
    if has_consent(work, invoice.patient.id, ConsentScope.SAVED_CARD):
        return
    agreement = RecordConsent(
        patient_id=invoice.patient.id,
        scope=ConsentScope.SAVED_CARD,
        decision=ConsentDecision.GIVEN,
        how=ConsentHow.SPOKEN,
    )
    record_consent(work, agreement)


ADD = """
insert into paystack_transaction (reference, invoice_id, ticket_id, amount_minor, currency, channel, since,
    test_mode, contact, send_by, save_card, authorization_id, started_at, started_by)
values (%(reference)s, %(invoice_id)s, %(ticket_id)s, %(amount)s, %(currency)s, %(channel)s, %(now)s,
    %(test_mode)s, %(contact)s, %(send_by)s, %(save_card)s, %(authorization_id)s, %(now)s, %(by)s)
"""

KEEP_CODE = "update paystack_transaction set contact = %s, wants_code = false where reference = %s"
