"""The workspaces of money: the billing desk with cash and online payments, and what Paystack leaves to do."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QWidget

from hms_desktop.outside_workspaces import lay_below_strip
from hms_desktop.relay.strip.panel import ModeStrip
from hms_desktop.shell.workshop import load
from hms_desktop.stations import Desk, StationWorkspace
from hms_desktop.widgets.tokens import Space
from hms_desktop.widgets.workspace import Workspace
from hms_server.contract.paystack import OnlinePayment
from hms_server.contract.values import PatientHeader
from hms_server.contract.visits import BILLING

if TYPE_CHECKING:
    from hms_desktop.billing.panel import BillingPanel
    from hms_desktop.paystack.panel import OnlinePanel
    from hms_desktop.paystack.state import PaymentsState
    from hms_desktop.paystack.tasks.panel import TasksPanel


class PaystackWorkspace(Workspace):
    """What no rule could settle, and the books beside Paystack's list."""

    tasks: "TasksPanel"

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def furnish(self) -> Iterator[None]:
        yield from load("hms_desktop.paystack")
        from hms_desktop.paystack.nights.panel import NightsPanel  # noqa: PLC0415 - see workspaces
        from hms_desktop.paystack.tasks.panel import TasksPanel  # noqa: PLC0415 - see workspaces

        desk = self._desk
        self.tasks = self.own(TasksPanel(desk.session, clock=desk.clock, zone=desk.zone))
        yield
        nights = self.own(
            NightsPanel(
                desk.session, clinic=desk.clinic, clock=desk.clock, zone=desk.zone, printer=desk.printer
            )
        )
        yield
        inside = QWidget()
        row = QHBoxLayout(inside)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.M)
        row.addWidget(self.tasks, 1)
        row.addWidget(nights, 1)
        lay_below_strip(self, desk, inside)

    def primary(self) -> None:
        self.tasks.primary()

    def shown(self) -> None:
        self.tasks.take_focus()


class BillingWorkspace(StationWorkspace):
    """The queue beside the bill; online payments are watched while the next patient pays."""

    billing: "BillingPanel"
    online: "OnlinePanel"
    payments: "PaymentsState"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, service=BILLING, queue_title=self.tr("To pay"))
        self.put_above(ModeStrip(desk.outside))

    def furnish(self) -> Iterator[None]:
        yield from load("hms_desktop.billing", "hms_desktop.paystack")
        from hms_desktop.billing.panel import BillingPanel  # noqa: PLC0415 - see workspaces
        from hms_desktop.paystack.panel import OnlinePanel  # noqa: PLC0415 - see workspaces
        from hms_desktop.paystack.slip import SlipPrinter  # noqa: PLC0415 - see workspaces
        from hms_desktop.paystack.state import PaymentsState, TasksState  # noqa: PLC0415 - see workspaces
        from hms_desktop.paystack.underway.panel import UnderWay  # noqa: PLC0415 - see workspaces

        desk = self._desk
        self.billing = self.own(
            BillingPanel(
                desk.session, clinic=desk.clinic, clock=desk.clock, zone=desk.zone, printer=desk.printer
            )
        )
        self.billing.sent_on.connect(self.sent_on)
        yield
        self.payments = PaymentsState(desk.session, staff_id=desk.signed_in.person.id, parent=self)
        self.online = self.own(
            OnlinePanel(self.payments, clinic=desk.clinic, clock=desk.clock, zone=desk.zone)
        )
        yield
        self.set_panel(self.billing, self.billing)
        yield
        self.billing.set_online(self.online, self.online, list(self.online.ways.values()))
        self.online.changed.connect(self.billing.show_primary)
        self.billing.cash_chosen.connect(self.online.leave)
        desk.outside.changed.connect(self._on_reachability)
        self._on_reachability()
        yield
        tasks = TasksState(desk.session, parent=self)
        under_way = UnderWay(self.payments, tasks, clock=desk.clock, zone=desk.zone)
        under_way.opened.connect(self._on_wanted)
        self.billing.add_aside(under_way)
        slips = SlipPrinter(desk.printer, clinic_name=desk.clinic.name, zone=desk.zone, parent=self)
        slips.told.connect(self.notice)
        self.online.watch.slip_wanted.connect(slips.print)
        self.payments.ended.connect(self._on_ended)
        self.payments.reload()
        tasks.reload()

    def patient(self) -> PatientHeader | None:
        invoice = self.billing.state.invoice
        return invoice.patient if invoice else None

    def _on_reachability(self) -> None:
        self.online.show_reachability(self._desk.outside.rows)

    def _on_wanted(self, payment: OnlinePayment) -> None:
        self.leave(lambda: self.billing.open_bill(payment.encounter_id))

    def _on_ended(self, payment: OnlinePayment) -> None:
        from hms_desktop.paystack.words import told_sentence  # noqa: PLC0415 - see workspaces

        if payment.payment_id is not None and self.billing.paid_online(
            payment.encounter_id, payment.payment_id
        ):
            return
        told = told_sentence(payment)
        if told is not None:
            self.notice(*told)
