"""What no rule could settle: each with its sentence, its money, and what a person decides."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from hms_desktop.paystack.state import TasksState
from hms_desktop.paystack.table import action_word, task_columns
from hms_desktop.session import Session
from hms_desktop.widgets.buttons import PrimaryButton, SecondaryButton
from hms_desktop.widgets.cards import Card
from hms_desktop.widgets.fields import ChoiceField, TextField
from hms_desktop.widgets.labels import Pill, TextRole, label
from hms_desktop.widgets.notices import Notice
from hms_desktop.widgets.rows import RowsModel
from hms_desktop.widgets.states import ListState
from hms_desktop.widgets.table import TableView
from hms_desktop.widgets.tokens import Kind, Space
from hms_desktop.widgets.words import since_text
from hms_server.contract.billing import ListToPay, ToPay
from hms_server.contract.envelope import Fault
from hms_server.contract.money import format_money
from hms_server.contract.paystack import PaymentTask, PaymentTaskId, ResolvePaymentTask, TaskAction, TaskState
from hms_server.contract.values import InvoiceId


class TasksPanel(Card):
    """The list above, the chosen task below; what was typed for one never settles another."""

    def __init__(
        self,
        session: Session,
        *,
        clock: Callable[[], datetime],
        zone: tzinfo,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("", parent)
        self.set_title(self.tr("For a person to settle"))
        self._session = session
        self._clock = clock
        self._zone = zone
        self._wants_focus = False
        self._shown: PaymentTask | None = None
        self._notes: dict[PaymentTaskId, str] = {}
        self.state = TasksState(session, parent=self)
        self._model: RowsModel[PaymentTask] = RowsModel(
            task_columns(clock=clock, zone=zone), key=lambda row: row.id, parent=self
        )
        self.table: TableView[PaymentTask] = TableView(self._model, name=self.tr("Tasks"))
        self._list = ListState(self.table, empty=self.tr("Nothing is to be settled"))
        self.count = Pill()
        self.switch = SecondaryButton(self.tr("Settled ones"), key="Ctrl+T")
        self.switch.setCheckable(True)
        self.notice = Notice()
        self._sentence = label("", TextRole.STRONG, wraps=True)
        self._about = label("", TextRole.MUTED, wraps=True)
        self._about.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.action: ChoiceField[TaskAction] = ChoiceField(self.tr("What is done"), [], required=True)
        self.bill: ChoiceField[InvoiceId] = ChoiceField(self.tr("Which bill"), [], required=True)
        self.note = TextField(self.tr("What was found out *"), rows=2)
        self.settle_button = PrimaryButton(self.tr("Settle"), key="Ctrl+Enter", icon_name="check")
        self._lay_out()
        self._connect()
        self._show_task(None)

    def take_focus(self) -> None:
        """The list has the keys."""
        self._wants_focus = not self._model.rows
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)
        self.table.choose_first()

    def primary(self) -> None:
        """Settles the chosen task with what stands in the fields."""
        task = self._shown
        if task is None or task.state is TaskState.DONE or self.state.busy:
            return
        action = self.action.value()
        bill = self.bill.value() if action is TaskAction.CREDIT_BILL else None
        if action is None:
            self.action.set_error(self.tr("Choose what is done with it."))
        elif action is TaskAction.CREDIT_BILL and bill is None:
            self.bill.set_error(self.tr("Choose the bill that it pays."))
        elif not self.note.text().strip():
            self.note.set_error(self.tr("Write what was found out."))
        else:
            self.settle_button.setEnabled(False)
            self.state.resolve(
                ResolvePaymentTask(task_id=task.id, action=action, note=self.note.text(), invoice_id=bill)
            )

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self._list.show_loading()
        self.state.reload()

    def _lay_out(self) -> None:
        self.add_to_heading(self.count)
        self.add_to_heading(self.switch)
        self.add(self.notice)
        self.add(self._list, stretch=1)
        self.add(self._sentence)
        self.add(self._about)
        choices = QHBoxLayout()
        choices.setSpacing(Space.M)
        choices.addWidget(self.action, 1)
        choices.addWidget(self.bill, 1)
        self.add(choices)
        self.add(self.note)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.settle_button)
        self.add(row)

    def _connect(self) -> None:
        self.state.changed.connect(self._show)
        self.state.failed.connect(lambda fault: self._list.show_error(fault.message))
        self.state.resolved.connect(self._on_resolved)
        self.state.refused.connect(self._on_refused)
        self._list.retried.connect(self.state.reload)
        self.switch.toggled.connect(lambda on: self.state.choose(done=on))
        self.table.chosen.connect(self._show_task)
        self.action.chosen.connect(self._on_action)
        self.note.edited.connect(self._on_note)
        self.settle_button.clicked.connect(self.primary)

    def _show(self) -> None:
        tasks = self.state.tasks
        self._model.replace(tasks.rows)
        self._list.show_rows()
        if not tasks.rows and self.state.done:
            self._list.show_empty(self.tr("Nothing was settled in the last 30 days"))
        self.count.set(self.tr("{n} open").format(n=tasks.open_count), _kind_of(tasks.open_count))
        self.table.choose_first()
        if self._wants_focus and tasks.rows:
            # A list that was not filled yet could not take the keys.
            self.take_focus()
        self._show_task(self.table.chosen_row())

    def _show_task(self, task: PaymentTask | None) -> None:
        is_other = task is None or self._shown is None or task.id != self._shown.id
        self._shown = task
        is_open = task is not None and task.state is TaskState.OPEN
        for field in (self.action, self.note, self.settle_button):
            field.setVisible(is_open)
        self.settle_button.setEnabled(is_open and not self.state.busy)
        self._sentence.setText(task.sentence if task is not None else "")
        self._about.setText(self._about_words(task) if task is not None else "")
        if task is not None and is_other:
            self.action.set_choices([(each, action_word(each)) for each in task.actions])
            self.action.set_value(task.actions[0] if len(task.actions) == 1 else None)
            self.bill.set_choices([])
            self.note.set_text(self._notes.get(task.id, ""))
        self._show_bill_choice()

    def _about_words(self, task: PaymentTask) -> str:
        parts = [task.invoice_number, task.reference]
        if task.amount is not None:
            parts.append(self.tr("{amount} open").format(amount=format_money(task.amount)))
        if task.done is not None:
            time = since_text(task.done.at, zone=self._zone, now=self._clock())
            words = self.tr("settled by {name} {time}: {note}")
            name = task.done.by.name if task.done.by is not None else "–"
            parts.append(words.format(name=name, time=time, note=task.note))
        return " · ".join(part for part in parts if part)

    def _on_action(self, _action: TaskAction) -> None:
        self._show_bill_choice()
        if self.action.value() is TaskAction.CREDIT_BILL:
            self._session.ask(ListToPay(), done=self._on_bills, failed=self._on_refused, owner=self)

    def _show_bill_choice(self) -> None:
        shown = self._shown is not None and self._shown.state is TaskState.OPEN
        self.bill.setVisible(shown and self.action.value() is TaskAction.CREDIT_BILL)

    def _on_bills(self, answer: ToPay) -> None:
        """Every bill that owes something; the one that the money was meant for is chosen already."""
        words = self.tr("{name} · {bill} · {due} due")
        owing = [row for row in answer.rows if row.due.amount_minor]
        self.bill.set_choices(
            [
                (
                    row.invoice_id,
                    words.format(name=row.patient.name, bill=row.number, due=format_money(row.due)),
                )
                for row in owing
            ]
        )
        if self._shown is not None and self.bill.value() is None:
            self.bill.set_value(self._shown.invoice_id)

    def _on_note(self, text: str) -> None:
        if self._shown is not None:
            self._notes[self._shown.id] = text

    def _on_resolved(self, task: PaymentTask) -> None:
        if task.state is TaskState.OPEN:
            self.notice.say(Kind.INFO, self.tr("A part is settled; the rest stays here."), task.sentence)
            return
        self._notes.pop(task.id, None)
        self.notice.say(Kind.OK, self.tr("Settled. It stands among the settled ones for 30 days."))
        self.take_focus()

    def _on_refused(self, fault: Fault) -> None:
        self.settle_button.setEnabled(self._shown is not None)
        if fault.field == "note" and self.note.isVisible():
            self.note.set_error(fault.message)
        elif fault.field == "invoice_id" and self.bill.isVisible():
            self.bill.set_error(fault.message)
        else:
            self.notice.say(Kind.WARNING, fault.message)


def _kind_of(count: int) -> Kind:
    return Kind.DANGER if count else Kind.OK
