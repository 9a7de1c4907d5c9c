"""Tasks for a person: raised once for each thing that is wrong, and settled by somebody who looked."""

from dataclasses import dataclass
from datetime import datetime

from hms_server.contract.paystack import (
    ListPaymentTasks,
    PaymentTask,
    PaymentTaskChanged,
    PaymentTaskId,
    PaymentTasks,
    TaskAction,
    TaskKind,
    TaskState,
)
from hms_server.contract.values import EncounterId, InvoiceId, Moment, Money, PatientId, Person, StaffId
from hms_server.paystack.rules import Wish
from hms_server.permissions import Permission
from hms_server.work import Work

MAX_LISTED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTask:
    """A task with the bill that it belongs to, and what of its money nobody has allocated."""

    id: PaymentTaskId
    kind: str
    reference: str
    sentence: str
    amount_minor: int | None
    currency: str | None
    invoice_id: InvoiceId | None
    invoice_number: str | None
    encounter_id: EncounterId | None
    patient_id: PatientId | None
    raised_at: datetime
    done_at: datetime | None
    done_by: StaffId | None
    done_by_name: str | None
    action: str | None
    note: str

    @property
    def amount(self) -> Money | None:
        if self.amount_minor is None or self.currency is None:
            return None
        return Money(self.amount_minor, self.currency)

    @property
    def actions(self) -> list[TaskAction]:
        """What may be done with it; money that belongs to no bill can be credited or returned."""
        if self.done_at is not None:
            return []
        if not self.amount_minor:
            return [TaskAction.NOTE]
        return [TaskAction.CREDIT_BILL, TaskAction.REFUND_PAYER, TaskAction.NOTE]

    def shown(self) -> PaymentTask:
        done = None
        if self.done_at is not None and self.done_by is not None:
            done = Moment(self.done_at, Person(self.done_by, self.done_by_name or ""))
        return PaymentTask(
            id=self.id,
            kind=TaskKind(self.kind),
            sentence=self.sentence,
            reference=self.reference,
            amount=self.amount,
            invoice_id=self.invoice_id,
            invoice_number=self.invoice_number or "",
            encounter_id=self.encounter_id,
            actions=self.actions,
            state=TaskState.OPEN if done is None else TaskState.DONE,
            raised_at=self.raised_at,
            done=done,
            action=None if self.action is None else TaskAction(self.action),
            note=self.note,
        )


def raise_task(
    work: Work, wish: Wish, *, reference: str, invoice_id: InvoiceId | None, item: str = ""
) -> PaymentTaskId:
    """Stores the task and tells of it, once; gives the id of the first where there was one already."""
    params = {
        "kind": wish.kind,
        "reference": reference,
        "item": item,
        "sentence": wish.sentence,
        "amount": None if wish.amount is None else wish.amount.amount_minor,
        "currency": None if wish.amount is None else wish.amount.currency,
        "invoice_id": invoice_id,
        "now": work.now,
    }
    task_id = work.value(RAISE, params)
    if task_id is None:
        return PaymentTaskId(work.value(EARLIER, (wish.kind, reference, item)))
    tell_task(work, PaymentTaskId(task_id), wish.kind, TaskState.OPEN, reference=reference)
    return PaymentTaskId(task_id)


def tell_task(
    work: Work, task_id: PaymentTaskId, kind: TaskKind, state: TaskState, *, reference: str
) -> None:
    """Says on every screen that shows tasks what became of one."""
    work.emit(
        PaymentTaskChanged(task_id=task_id, kind=kind, state=state, reference=reference),
        audience=Permission.RECONCILE,
    )


def list_payment_tasks(work: Work, request: ListPaymentTasks) -> PaymentTasks:
    """Open ones, or those that were settled lately."""
    statement = DONE_TASKS if request.done else OPEN_TASKS
    rows = work.rows(StoredTask, statement, {"now": work.now, "most": MAX_LISTED})
    work.concerns(*(row.patient_id for row in rows if row.patient_id is not None))
    return PaymentTasks(rows=[row.shown() for row in rows], open_count=work.value(COUNT_OPEN))


def find_task(work: Work, task_id: PaymentTaskId, *, lock: bool = False) -> StoredTask | None:
    if lock:
        work.send(LOCK_TASK, (task_id,))
    return work.one(StoredTask, TASK_BY_ID, (task_id,))


RAISE = """
insert into paystack_task (kind, reference, item, sentence, amount_minor, currency, invoice_id, raised_at)
values (%(kind)s, %(reference)s, %(item)s, %(sentence)s, %(amount)s, %(currency)s, %(invoice_id)s, %(now)s)
on conflict on constraint paystack_task_once do nothing
returning id
"""
EARLIER = "select id from paystack_task where kind = %s and reference = %s and item = %s"
LOCK_TASK = "select from paystack_task where id = %s for no key update"
COUNT_OPEN = "select count(*) from paystack_task where done_at is null"

_TASK = """
select task.id, task.kind, reference, sentence, amount_minor, task.currency, invoice_id,
    invoice.number as invoice_number, encounter_id, patient_id, raised_at, done_at, done_by,
    staff.name as done_by_name, action, note
from paystack_task as task left join invoice on invoice.id = invoice_id left join staff on staff.id = done_by
"""
TASK_BY_ID = f"{_TASK} where task.id = %s"
OPEN_TASKS = f"{_TASK} where done_at is null order by task.id limit %(most)s"
DONE_TASKS = f"""
{_TASK} where done_at > %(now)s - interval '30 days' order by done_at desc, task.id desc limit %(most)s
"""
