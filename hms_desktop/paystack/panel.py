"""Online payments at the billing desk: the ways to pay, the form for one, and the payment that is watched."""

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from hms_desktop.paystack.ask.panel import AskForm
from hms_desktop.paystack.state import PROVIDER, PaymentsState
from hms_desktop.paystack.watch.panel import PaymentWatch
from hms_desktop.paystack.words import MAY_COME, channel_word, is_waiting, unreachable_sentence
from hms_desktop.widgets.buttons import SecondaryButton
from hms_desktop.widgets.notices import Notice
from hms_desktop.widgets.tokens import Kind, Space
from hms_server.contract.accounts import Clinic
from hms_server.contract.billing import Invoice
from hms_server.contract.envelope import Fault
from hms_server.contract.paystack import OnlineChannel, OnlinePayment, OnlineState, SavedAuthorization
from hms_server.contract.relay import Reachability
from hms_server.contract.values import InvoiceId, Money, PatientId, TicketId


class OnlinePanel(QWidget):
    """Shows the form, or the payment of the open bill that waits; a waiting one hides the form.

    So nobody asks twice for the same money by mistake.
    """

    changed = Signal()
    """What Ctrl+Enter would do, or what is awaited, may be another now."""

    def __init__(
        self,
        state: PaymentsState,
        *,
        clinic: Clinic,
        clock: Callable[[], datetime],
        zone: tzinfo,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.state = state
        self._clock = clock
        self._zone = zone
        self._invoice: Invoice | None = None
        self._ticket_id: TicketId | None = None
        self._bill: InvoiceId | None = None
        self._shown = ""
        self._way: Reachability | None = None
        self.ways = self._build_ways()
        self.notice = Notice()
        self.form = AskForm(currency=clinic.currency)
        self.watch = PaymentWatch(clock=clock, zone=zone)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.form)
        self._pages.addWidget(self.watch)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self.notice)
        column.addWidget(self._pages, 1)
        self._connect()
        self._show_options()

    def show_bill(self, invoice: Invoice | None, ticket_id: TicketId | None) -> None:
        """Another bill is open now, or the open one has changed."""
        bill = None if invoice is None else invoice.id
        if bill != self._bill:
            self._bill = bill
            self._shown = ""
            self.form.begin()
            self.notice.take_back()
        self._invoice, self._ticket_id = invoice, ticket_id
        if invoice is not None:
            self.form.show_due(invoice)
        self._show_options()
        self._refresh()

    def show_reachability(self, rows: Sequence[Reachability] | None) -> None:
        """Who outside can be reached, None while nobody knows."""
        self._way = next((row for row in rows or () if row.destination == PROVIDER), None)
        self._say_reachability()

    def choose(self, channel: OnlineChannel) -> None:
        """Takes this way: the form, unless a payment of this bill waits already."""
        self._shown = ""
        self.notice.take_back()
        self._say_reachability()
        self._refresh()
        if self._pages.currentWidget() is self.form:
            self.form.choose(channel)
            if channel is OnlineChannel.SAVED and self._invoice is not None:
                self.form.wait_for_cards()
                self.state.fetch_cards(self._invoice.patient.id)
        self.changed.emit()

    def ways_offered(self) -> list[OnlineChannel]:
        """What can be chosen now, in the order of the keys."""
        return [channel for channel, button in self.ways.items() if not button.isHidden()]

    def leave(self) -> None:
        """Cash is taken instead: nothing typed here counts as waiting to be asked for."""
        self.form.is_edited = False

    def primary(self) -> None:
        """Asks for the payment, or passes the payer's code on."""
        if self.state.busy:
            return
        if self._pages.currentWidget() is self.watch:
            self.watch.primary()
        elif self._invoice is not None:
            request = self.form.request(self._invoice, self._ticket_id)
            if request is not None:
                self.state.start(request)
                self.changed.emit()

    def primary_words(self) -> str:
        """What Ctrl+Enter would do; empty for nothing."""
        if self.state.busy or self._invoice is None:
            return ""
        if self._pages.currentWidget() is self.watch:
            return self.watch.primary_words()
        if not self._invoice.due.amount_minor:
            return ""
        return self.tr("Charge card") if self.form.channel is OnlineChannel.SAVED else self.tr("Ask Paystack")

    def is_busy(self) -> bool:
        """Whether something is typed that was not asked for yet."""
        return self.form.is_edited

    def awaited(self) -> Money | None:
        """What may still come for the open bill, None for nothing."""
        invoice = self._invoice
        rows = [row for row in self._of_bill() if row.state in MAY_COME]
        if invoice is None or not rows:
            return None
        return Money(sum(row.amount.amount_minor for row in rows), invoice.due.currency)

    def _build_ways(self) -> dict[OnlineChannel, SecondaryButton]:
        def button(channel: OnlineChannel, key: str) -> SecondaryButton:
            made = SecondaryButton(channel_word(channel), key=key)
            made.setCheckable(True)
            made.clicked.connect(lambda: self.choose(channel))
            return made

        made = {
            OnlineChannel.CHECKOUT: button(OnlineChannel.CHECKOUT, key="F4"),
            OnlineChannel.BANK_TRANSFER: button(OnlineChannel.BANK_TRANSFER, key="F5"),
            OnlineChannel.MOBILE_MONEY: button(OnlineChannel.MOBILE_MONEY, key="F6"),
            OnlineChannel.SAVED: button(OnlineChannel.SAVED, key="F7"),
        }
        for each in made.values():
            each.hide()
        return made

    def _connect(self) -> None:
        state = self.state
        state.changed.connect(self._refresh)
        state.options_changed.connect(self._show_options)
        state.started.connect(self._on_started)
        state.acted.connect(self._on_acted)
        state.refused.connect(self._on_refused)
        state.cards_came.connect(self._on_cards)
        self.watch.check_wanted.connect(state.check)
        self.watch.cancel_wanted.connect(state.cancel)
        self.watch.code_given.connect(state.send_code)
        self.form.forgotten.connect(self._on_forgotten)
        self.form.edited.connect(self.notice.take_back)

    def _of_bill(self) -> list[OnlinePayment]:
        return [row for row in self.state.rows if row.invoice_id == self._bill]

    def _refresh(self) -> None:
        """The waiting payment of the bill, else the one that was watched till its end, else the form."""
        payments = self._of_bill()
        waiting = next((row for row in payments if is_waiting(row)), None)
        if waiting is not None:
            self._shown = waiting.reference
        shown = next((row for row in payments if row.reference == self._shown), None)
        if shown is not None:
            self.watch.show_payment(shown)
        self._pages.setCurrentWidget(self.form if shown is None else self.watch)
        self.changed.emit()

    def _show_options(self) -> None:
        options = self.state.options
        offered = options.channels if options is not None and options.enabled else []
        for channel, button in self.ways.items():
            button.setVisible(channel in offered and button.parentWidget() is not None)
            button.setEnabled(self._invoice is not None)
        if options is not None:
            self.form.set_wallets(options.mobile_providers)

    def _say_reachability(self) -> None:
        sentence = unreachable_sentence(self._way, zone=self._zone, now=self._clock())
        if sentence:
            self.notice.say(Kind.WARNING, sentence)
        elif self._way is not None:
            self.notice.take_back()

    def _on_started(self, payment: OnlinePayment) -> None:
        self.form.is_edited = False
        self._shown = payment.reference
        self._say_reachability()
        self._refresh()

    def _on_acted(self, payment: OnlinePayment) -> None:
        if payment.state is OnlineState.CANCELLED:
            words = self.tr("Nobody waits for this payment any more.")
            rest = self.tr("If the payer pays nevertheless, it goes to the bill or to the Paystack tasks.")
            self.notice.say(Kind.INFO, words, rest)
        self._refresh()

    def _on_refused(self, fault: Fault) -> None:
        if not self.form.refuse(fault.field or "", fault.message):
            self.notice.say(Kind.WARNING, fault.message)
        self.changed.emit()

    def _on_cards(self, patient_id: PatientId, cards: list[SavedAuthorization]) -> None:
        if self._invoice is not None and self._invoice.patient.id == patient_id:
            self.form.show_cards(cards)

    def _on_forgotten(self, card: SavedAuthorization) -> None:
        if self._invoice is not None:
            self.state.forget_card(card.id, self._invoice.patient.id)
