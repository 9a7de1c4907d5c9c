"""Online payments, the tasks they leave for a person, and the nightly comparisons, as the server has them."""

from datetime import date

from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance

from hms_desktop.session import Session
from hms_server.contract.accounts import Nothing
from hms_server.contract.envelope import Event, Fault, Request
from hms_server.contract.paystack import (
    AuthorizationId,
    CancelOnlinePayment,
    ChargeSaved,
    CheckOnlinePayment,
    ForgetSaved,
    GetOnlineOptions,
    ListOnlinePayments,
    ListPaymentTasks,
    ListSavedAuthorizations,
    OnlineOptions,
    OnlinePayment,
    OnlinePaymentChanged,
    OnlinePayments,
    PaymentTask,
    PaymentTaskChanged,
    PaymentTasks,
    ResolvePaymentTask,
    SavedAuthorizations,
    SendPaymentCode,
    StartOnlinePayment,
)
from hms_server.contract.reconciliation import (
    GetReconciliation,
    ListReconciliations,
    Reconciliation,
    ReconciliationFinished,
    ReconciliationId,
    ReconciliationRow,
    Reconciliations,
    RunReconciliation,
)
from hms_server.contract.relay import ReachabilityChanged
from hms_server.contract.values import PatientId, StaffId

GATHER_MS = 70
PROVIDER = "paystack"
"""The destination's name in what is told of reachability."""


class PaymentsState(QObject):
    """All online payments that this desk has to know of; what became of our own is told once."""

    changed = Signal()
    """`rows` are new."""
    options_changed = Signal()
    """`options` are new."""
    started = Signal(object)
    """An `OnlinePayment`: the wish is stored."""
    acted = Signal(object)
    """An `OnlinePayment` that was stopped, looked after, or given a code."""
    refused = Signal(object)
    """A `Fault`: nothing was done."""
    ended = Signal(object)
    """An `OnlinePayment` that this person started and that has just come to another state."""
    cards_came = Signal(object, object)
    """The `PatientId` and a list of `SavedAuthorization`."""
    failed = Signal(object)
    """A `Fault`: the list could not be fetched."""

    def __init__(self, session: Session, *, staff_id: StaffId, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._staff_id = staff_id
        self._asked = 0
        self.is_known = False
        self.busy = False
        self.rows: list[OnlinePayment] = []
        self.options: OnlineOptions | None = None
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.reload)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self._gather.start)

    def find(self, reference: str) -> OnlinePayment | None:
        """By our reference, as it stands now."""
        return next((row for row in self.rows if row.reference == reference), None)

    def reload(self) -> None:
        """Fetches the list, and what can be offered."""
        self._asked += 1
        number = self._asked
        self._session.ask(
            ListOnlinePayments(),
            done=lambda answer: self._on_rows(number, answer),
            failed=self.failed.emit,
            owner=self,
        )
        self._session.ask(GetOnlineOptions(), done=self._on_options, failed=self._on_quiet_failure)

    def start(self, request: StartOnlinePayment | ChargeSaved) -> None:
        """Asks for a payment, once however often it is pressed."""
        self._act(request, self.started)

    def cancel(self, reference: str) -> None:
        """Waits no longer."""
        self._act(CancelOnlinePayment(reference=reference), self.acted)

    def check(self, reference: str) -> None:
        """Asks Paystack now."""
        self._act(CheckOnlinePayment(reference=reference), self.acted)

    def send_code(self, reference: str, code: str) -> None:
        """Passes the payer's code on."""
        self._act(SendPaymentCode(reference=reference, code=code), self.acted)

    def fetch_cards(self, patient_id: PatientId) -> None:
        """The cards that this patient agreed to have kept."""

        def came(answer: SavedAuthorizations) -> None:
            self.cards_came.emit(patient_id, answer.rows)

        self._session.ask(
            ListSavedAuthorizations(patient_id=patient_id), done=came, failed=self.refused.emit, owner=self
        )

    def forget_card(self, card: AuthorizationId, patient_id: PatientId) -> None:
        """The patient takes the agreement back."""

        def done(_: Nothing) -> None:
            self.fetch_cards(patient_id)

        self._session.save(
            ForgetSaved(authorization_id=card), done=done, failed=self.refused.emit, owner=self
        )

    def _act(self, request: Request[OnlinePayment], told: SignalInstance) -> None:
        if self.busy:
            return
        self.busy = True

        def done(payment: OnlinePayment) -> None:
            self.busy = False
            self._put(payment)
            told.emit(payment)

        self._session.save(request, done=done, failed=self._on_refused, owner=self)

    def _put(self, payment: OnlinePayment) -> None:
        # A list that is on its way may be older than this answer.
        self._asked += 1
        others = [row for row in self.rows if row.reference != payment.reference]
        self._show([payment, *others])
        self._gather.start()

    def _show(self, rows: list[OnlinePayment]) -> None:
        before = {row.reference: row.state for row in self.rows}
        self.rows = sorted(rows, key=lambda row: (row.started_at, row.reference), reverse=True)
        self.changed.emit()
        for row in rows:
            known = before.get(row.reference)
            if known is not None and known is not row.state and row.started_by.id == self._staff_id:
                self.ended.emit(row)

    def _on_rows(self, number: int, answer: OnlinePayments) -> None:
        if number == self._asked:
            self.is_known = True
            self._show(answer.rows)

    def _on_options(self, options: OnlineOptions) -> None:
        self.options = options
        self.options_changed.emit()

    def _on_refused(self, fault: Fault) -> None:
        self.busy = False
        self.refused.emit(fault)
        self._gather.start()

    def _on_quiet_failure(self, _fault: Fault) -> None:
        # Without options cash is all that is offered; the status bar says that the server is away.
        return

    def _on_event(self, event: Event) -> None:
        switched = isinstance(event, ReachabilityChanged) and event.row.destination == PROVIDER
        if isinstance(event, OnlinePaymentChanged) or (switched and not self._knows(event)):
            self._gather.start()

    def _knows(self, event: Event) -> bool:
        if self.options is None or not isinstance(event, ReachabilityChanged):
            return False
        told = (event.row.switched_on, event.row.test_mode)
        return told == (self.options.enabled, self.options.test_mode)


class TasksState(QObject):
    """What a person has to settle."""

    changed = Signal()
    """`tasks` are new."""
    failed = Signal(object)
    """A `Fault`: they could not be fetched."""
    resolved = Signal(object)
    """The `PaymentTask` as it is now."""
    refused = Signal(object)
    """A `Fault`: it is not settled."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._asked = 0
        self.busy = False
        self.done = False
        self.tasks = PaymentTasks(rows=[], open_count=0)
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.reload)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self._gather.start)

    def choose(self, *, done: bool) -> None:
        """Shows those that are settled, or those that wait."""
        self.done = done
        self.reload()

    def reload(self) -> None:
        """Fetches the tasks now."""
        self._asked += 1
        number = self._asked
        self._session.ask(
            ListPaymentTasks(done=self.done),
            done=lambda answer: self._on_tasks(number, answer),
            failed=self.failed.emit,
            owner=self,
        )

    def resolve(self, request: ResolvePaymentTask) -> None:
        """Settles one, once however often it is pressed."""
        if self.busy:
            return
        self.busy = True
        self._session.save(request, done=self._on_resolved, failed=self._on_refused)

    def _on_tasks(self, number: int, tasks: PaymentTasks) -> None:
        if number == self._asked:
            self.tasks = tasks
            self.changed.emit()

    def _on_resolved(self, task: PaymentTask) -> None:
        self.busy = False
        self.resolved.emit(task)
        self._gather.start()

    def _on_refused(self, fault: Fault) -> None:
        self.busy = False
        self.refused.emit(fault)
        self._gather.start()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, PaymentTaskChanged):
            self._gather.start()


class NightsState(QObject):
    """The comparisons with Paystack's list, and the report of one."""

    changed = Signal()
    """`rows` are new."""
    report_changed = Signal()
    """`report` is new, or None."""
    failed = Signal(object)
    """A `Fault`: the list or the report could not be fetched."""
    asked = Signal(object)
    """The `ReconciliationRow` that was asked for."""
    refused = Signal(object)
    """A `Fault`: nothing is compared."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.busy = False
        self.rows: list[ReconciliationRow] = []
        self.report: Reconciliation | None = None
        self._shown: ReconciliationId | None = None
        self._gather = QTimer(self, singleShot=True, interval=GATHER_MS)
        self._gather.timeout.connect(self.reload)
        session.event_arrived.connect(self._on_event)
        session.events_missed.connect(self._gather.start)

    def reload(self) -> None:
        """Fetches the list, and the report that is shown."""
        self._session.ask(ListReconciliations(), done=self._on_rows, failed=self.failed.emit)
        if self._shown is not None:
            self.open(self._shown)

    def open(self, reconciliation_id: ReconciliationId) -> None:
        """Shows the report of this comparison."""
        if reconciliation_id != self._shown:
            self._shown = reconciliation_id
            self.report = None
            self.report_changed.emit()
        request = GetReconciliation(reconciliation_id=reconciliation_id)
        self._session.ask(request, done=self._on_report, failed=self.failed.emit)

    def run(self, first_day: date, last_day: date) -> None:
        """Compares these days now."""
        if self.busy:
            return
        self.busy = True
        request = RunReconciliation(first_day=first_day, last_day=last_day)
        self._session.save(request, done=self._on_asked, failed=self._on_refused)

    def _on_rows(self, answer: Reconciliations) -> None:
        self.rows = answer.rows
        self.changed.emit()

    def _on_report(self, report: Reconciliation) -> None:
        if report.row.id == self._shown:
            self.report = report
            self.report_changed.emit()

    def _on_asked(self, row: ReconciliationRow) -> None:
        self.busy = False
        self.asked.emit(row)
        self._gather.start()

    def _on_refused(self, fault: Fault) -> None:
        self.busy = False
        self.refused.emit(fault)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, ReconciliationFinished):
            self._gather.start()
