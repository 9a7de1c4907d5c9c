"""The lines of the request table that belong to online payments."""

from collections.abc import Sequence
from typing import Any

from hms_server.contract.paystack import (
    CancelOnlinePayment,
    ChargeSaved,
    CheckOnlinePayment,
    ForgetSaved,
    GetOnlineOptions,
    GetOnlinePayment,
    GetOnlinePayments,
    ListOnlinePayments,
    ListPaymentTasks,
    ListSavedAuthorizations,
    ResolvePaymentTask,
    SendPaymentCode,
    StartOnlinePayment,
)
from hms_server.contract.reconciliation import GetReconciliation, ListReconciliations, RunReconciliation
from hms_server.dispatch import Route
from hms_server.lines import command, query
from hms_server.paystack import cards, commands, nightly, queries, tasks
from hms_server.paystack.commands import OnlineDesk
from hms_server.paystack.resolving import resolve_payment_task
from hms_server.permissions import Permission
from hms_server.relay.ground import Ground

P = Permission


def paystack_routes(ground: Ground) -> Sequence[Route[Any]]:
    """For the one table."""
    desk = OnlineDesk(ground)
    return (
        query(GetOnlineOptions, queries.OptionsDesk(ground).get_online_options, P.BILLS_READ),
        query(GetOnlinePayment, queries.get_online_payment, P.BILLS_READ),
        query(GetOnlinePayments, queries.get_online_payments, P.BILLS_READ),
        query(ListOnlinePayments, queries.list_online_payments, P.BILLS_READ),
        command(StartOnlinePayment, desk.start_online_payment, P.PAYMENT_TAKE),
        command(CheckOnlinePayment, commands.check_online_payment, P.PAYMENT_TAKE),
        command(CancelOnlinePayment, commands.cancel_online_payment, P.PAYMENT_TAKE),
        command(SendPaymentCode, desk.send_payment_code, P.PAYMENT_TAKE),
        query(ListSavedAuthorizations, cards.list_saved_authorizations, P.PAYMENT_TAKE),
        command(ChargeSaved, desk.charge_saved, P.PAYMENT_TAKE),
        command(ForgetSaved, cards.forget_saved, P.PAYMENT_TAKE),
        query(ListPaymentTasks, tasks.list_payment_tasks, P.RECONCILE),
        command(ResolvePaymentTask, resolve_payment_task, P.REFUND),
        query(ListReconciliations, nightly.list_reconciliations, P.RECONCILE),
        query(GetReconciliation, nightly.get_reconciliation, P.RECONCILE),
        command(RunReconciliation, nightly.Comparing(ground).run_reconciliation, P.RECONCILE),
    )
