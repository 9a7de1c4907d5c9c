"""Bills, online payments and a billing desk as the tests of online payments need them."""

from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from hms_desktop.drafts import KEY_BYTES, Autosaver, DraftStore
from hms_desktop.printing.printer import FolderPrinter
from hms_desktop.relay.state import OutsideState
from hms_desktop.session import Session
from hms_desktop.stations import Desk
from hms_desktop.triage.alerts import AlertsState
from hms_desktop.visits.rooms import Rooms
from hms_server.contract.billing import (
    ChargeRow,
    DrawerState,
    GetDrawer,
    GetInvoice,
    GetReceipt,
    Invoice,
    InvoiceState,
    ListToPay,
    PaymentMethod,
    PaymentRow,
    Receipt,
    ToPay,
)
from hms_server.contract.paystack import (
    GetOnlineOptions,
    ListOnlinePayments,
    ListPaymentTasks,
    MobileProvider,
    OnlineChannel,
    OnlineOptions,
    OnlinePayment,
    OnlinePaymentChanged,
    OnlinePayments,
    OnlineState,
    PaymentTask,
    PaymentTaskId,
    PaymentTasks,
    TaskAction,
    TaskKind,
    TaskState,
)
from hms_server.contract.relay import GetReachability, Reachabilities, Reachability
from hms_server.contract.values import EncounterId, InvoiceId, Money, PaymentId, Role, RoomId
from hms_server.contract.visits import BILLING, ListQueue, Queue, TicketRow, TicketState
from tests.desktop.conftest import FakeConnection
from tests.desktop.samples import LONG_NAME, NOW, ZONE
from tests.desktop.visits.tickets import CLINIC, signed_in, ticket

ME = signed_in(Role.CASHIER).person
URL = "https://checkout.paystack.com/0peioxfhpn"
REFERENCE = "hms-7k2m9x4q1r8t5w3z"
CALLED: TicketRow = ticket(31, LONG_NAME, service=BILLING, state=TicketState.CALLED, room="Window 1")


def naira(amount: int) -> Money:
    return Money(amount * 100, "NGN")


def bill(*, due: int = 8000, paid: tuple[PaymentRow, ...] = ()) -> Invoice:
    return Invoice(
        id=InvoiceId(4),
        number="INV-2026-000004",
        encounter_id=CALLED.encounter_id,
        patient=CALLED.patient,
        state=InvoiceState.OPEN if due else InvoiceState.PAID,
        charges=[
            ChargeRow(
                description="Consultation, general",
                quantity=1,
                unit_price=naira(8000),
                amount=naira(8000),
                charged_at=NOW,
            )
        ],
        payments=list(paid),
        total=naira(8000),
        paid=naira(8000 - due),
        due=naira(due),
        version=3,
    )


def paid_row(*, method: PaymentMethod = PaymentMethod.PAYSTACK) -> PaymentRow:
    return PaymentRow(
        id=PaymentId(6),
        receipt_number="R-2026-000006",
        method=method,
        amount=naira(8000),
        tendered=naira(8000),
        change=naira(0),
        taken_at=NOW,
        taken_by=ME,
        reference=REFERENCE if method is PaymentMethod.PAYSTACK else "",
        refundable=naira(8000),
    )


def online(state: OnlineState = OnlineState.OPEN, *, number: int = 0) -> OnlinePayment:
    """A payment of 8,000 naira that this cashier asked for; others have another number."""
    payment = OnlinePayment(
        reference=f"{REFERENCE}{number or ''}",
        invoice_id=InvoiceId(4 + number),
        invoice_number=f"INV-2026-{4 + number:06}",
        encounter_id=EncounterId(CALLED.encounter_id + number),
        patient_name=CALLED.patient.name,
        amount=naira(8000),
        channel=OnlineChannel.CHECKOUT,
        state=state,
        since=NOW,
        url="" if state is OnlineState.REQUESTED else URL,
        started_at=NOW - timedelta(minutes=number),
        started_by=ME,
    )
    if state is not OnlineState.PAID:
        return payment
    return replace(payment, payment_id=PaymentId(6), receipt_number="R-2026-000006", paid_at=NOW)


def event(payment: OnlinePayment) -> OnlinePaymentChanged:
    return OnlinePaymentChanged(
        reference=payment.reference,
        invoice_id=payment.invoice_id,
        encounter_id=payment.encounter_id,
        patient_id=CALLED.patient.id,
        state=payment.state,
        amount=payment.amount,
        invoice_number=payment.invoice_number,
        started_by=payment.started_by,
        payment_id=payment.payment_id,
    )


def options(*, enabled: bool = True) -> OnlineOptions:
    every = [OnlineChannel.CHECKOUT, OnlineChannel.BANK_TRANSFER, OnlineChannel.MOBILE_MONEY]
    return OnlineOptions(
        enabled=enabled,
        test_mode=False,
        channels=[*every, OnlineChannel.SAVED] if enabled else [],
        mobile_providers=[MobileProvider(code="mtn", name="MTN MoMo")],
        why="" if enabled else "Payments through Paystack are not set up.",
    )


def task(number: int = 1) -> PaymentTask:
    return PaymentTask(
        id=PaymentTaskId(number),
        kind=TaskKind.ALREADY_PAID,
        sentence="₦ 8,000.00 came for INV-2026-000004, which was paid in another way meanwhile.",
        reference=REFERENCE,
        amount=naira(8000),
        invoice_id=InvoiceId(4),
        invoice_number="INV-2026-000004",
        encounter_id=CALLED.encounter_id,
        actions=[TaskAction.CREDIT_BILL, TaskAction.REFUND_PAYER, TaskAction.NOTE],
        state=TaskState.OPEN,
        raised_at=NOW,
        done=None,
        action=None,
        note="",
    )


def reach(*, reachable: bool = True) -> Reachability:
    return Reachability(
        destination="paystack",
        title="Paystack",
        reachable=reachable,
        since=NOW - timedelta(minutes=30),
    )


def answer_all(connection: FakeConnection, *payments: OnlinePayment) -> None:
    """What a billing desk asks when it opens."""
    connection.answer(ListQueue, Queue(tickets=[CALLED]))
    connection.answer(GetInvoice, bill())
    connection.answer(ListToPay, ToPay([]))
    connection.answer(GetDrawer, DrawerState(payments=3, cash_taken=naira(86400), change_given=naira(600)))
    connection.answer(GetOnlineOptions, options())
    connection.answer(ListOnlinePayments, OnlinePayments(list(payments)))
    connection.answer(ListPaymentTasks, PaymentTasks(rows=[], open_count=0))
    connection.answer(GetReachability, Reachabilities([reach()]))
    receipt = Receipt(payment=paid_row(), invoice=bill(due=0, paid=(paid_row(),)))
    connection.answer(GetReceipt, receipt)


def cashier_desk(session: Session, folder: Path) -> Desk:
    """Of a cashier at the first window."""
    return Desk(
        session=session,
        signed_in=signed_in(Role.CASHIER),
        clinic=CLINIC,
        zone=ZONE,
        clock=lambda: NOW,
        printer=FolderPrinter(folder=folder),
        autosaver=Autosaver(DraftStore(folder, bytes(KEY_BYTES))),
        alerts=AlertsState(session, parent=session),
        rooms=Rooms(session, CLINIC.rooms, room_id=RoomId(5), parent=session),
        outside=OutsideState(session, clock=lambda: NOW, parent=session),
    )
