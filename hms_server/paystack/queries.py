"""What the billing desk sees of online payments."""

from datetime import timedelta

from hms_server.contract.paystack import (
    GetOnlineOptions,
    GetOnlinePayment,
    GetOnlinePayments,
    ListOnlinePayments,
    MobileProvider,
    OnlineChannel,
    OnlineOptions,
    OnlinePayment,
    OnlinePayments,
)
from hms_server.paystack import faults
from hms_server.paystack.channels import CURRENCIES, WALLET_NAMES, Channel, channels_of
from hms_server.paystack.models import TRANSACTION, StoredTransaction, find_transaction
from hms_server.paystack.provider import NAME
from hms_server.relay.ground import Ground
from hms_server.work import Work

MAX_LISTED = 200
SHOWN_FOR = timedelta(hours=12)
"""So long the list of the billing desk still shows a payment that is over."""


class OptionsDesk:
    """The query that needs to know whether Paystack is set up."""

    def __init__(self, ground: Ground) -> None:
        self._providers = ground.providers

    def get_online_options(self, work: Work, _: GetOnlineOptions) -> OnlineOptions:
        """What this clinic can offer in its currency."""
        currency = work.value("select currency from clinic")
        why = ""
        if not self._providers.enabled(work, NAME):
            why = "Payments through Paystack are not set up."
        elif currency not in CURRENCIES:
            why = f"Paystack takes no payments in {currency}."
        if why:
            return OnlineOptions(enabled=False, test_mode=False, channels=[], mobile_providers=[], why=why)
        ways = channels_of(currency)
        channels = [OnlineChannel.CHECKOUT]
        if Channel.BANK_TRANSFER in ways:
            channels.append(OnlineChannel.BANK_TRANSFER)
        if Channel.MOBILE_MONEY in ways:
            channels.append(OnlineChannel.MOBILE_MONEY)
        return OnlineOptions(
            enabled=True,
            test_mode=self._providers.test_mode(work, NAME),
            channels=[*channels, OnlineChannel.SAVED],
            mobile_providers=[
                MobileProvider(code=code, name=WALLET_NAMES[code]) for code in CURRENCIES[currency].wallets
            ],
        )


def get_online_payment(work: Work, request: GetOnlinePayment) -> OnlinePayment:
    """One, as it stands."""
    transaction = find_transaction(work, request.reference)
    if transaction is None:
        raise faults.unknown_payment()
    work.concerns(transaction.patient_id)
    return transaction.shown()


def get_online_payments(work: Work, request: GetOnlinePayments) -> OnlinePayments:
    """All of one bill."""
    return _shown(work, work.rows(StoredTransaction, OF_INVOICE, (request.invoice_id,)))


def list_online_payments(work: Work, _: ListOnlinePayments) -> OnlinePayments:
    """Those that wait, and those that ended lately."""
    params = {"since": work.now - SHOWN_FOR, "most": MAX_LISTED}
    return _shown(work, work.rows(StoredTransaction, LATELY, params))


def _shown(work: Work, rows: list[StoredTransaction]) -> OnlinePayments:
    work.concerns(*(row.patient_id for row in rows))
    return OnlinePayments([row.shown() for row in rows])


OF_INVOICE = f"""
{TRANSACTION} where transaction.invoice_id = %s
order by transaction.started_at desc, transaction.reference limit 100
"""

# In two parts, so that each finds its own index.
LATELY = f"""
with listed as (
    select reference from paystack_transaction where state in ('requested', 'open')
    union
    select reference from paystack_transaction where since >= %(since)s
)
{TRANSACTION} join listed on listed.reference = transaction.reference
order by transaction.started_at desc, transaction.reference limit %(most)s
"""
