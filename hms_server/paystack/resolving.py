"""Settles a task: with a note, by paying a bill with the money, or by returning it."""

from hms_server.contract.money import format_money
from hms_server.contract.paystack import PaymentTask, ResolvePaymentTask, TaskAction, TaskKind, TaskState
from hms_server.contract.values import Money
from hms_server.faults import Refused
from hms_server.paystack import faults
from hms_server.paystack.postings import credit_bill
from hms_server.paystack.refunding import return_unallocated
from hms_server.paystack.tasks import StoredTask, find_task, tell_task
from hms_server.work import Work

MAX_NOTE = 1000


def resolve_payment_task(work: Work, request: ResolvePaymentTask) -> PaymentTask:
    """Only once, and only with what the task's money still allows."""
    task = find_task(work, request.task_id, lock=True)
    if task is None:
        raise faults.unknown_task()
    if task.patient_id is not None:
        work.concerns(task.patient_id)
    if task.done_at is not None:
        raise faults.task_done(task.done_by_name or "Somebody")
    note = request.note.strip()
    if not note:
        raise faults.note_missing()
    if len(note) > MAX_NOTE:
        raise Refused("paystack.note", f"Write {MAX_NOTE} characters at most.", field="note")
    if request.action not in task.actions:
        raise faults.no_such_action()
    is_over = True
    if request.action is not TaskAction.NOTE:
        free = _free_money(work, task)
        if request.action is TaskAction.CREDIT_BILL:
            is_over = _credit(work, request, task, free)
        else:
            return_unallocated(work, task, free)
    if is_over:
        _close(work, request, note)
        tell_task(work, task.id, TaskKind(task.kind), TaskState.DONE, reference=task.reference)
    settled = find_task(work, request.task_id)
    assert settled is not None
    return settled.shown()


def _free_money(work: Work, task: StoredTask) -> Money:
    """What of the task's money nobody has credited or returned; the receipt stays locked from here on."""
    assert task.amount is not None
    work.send(LOCK_RECEIPT, (task.reference,))
    free = work.value(FREE, (task.reference,)) or 0
    if free <= 0:
        raise faults.no_such_action()
    return Money(min(task.amount.amount_minor, free), task.amount.currency)


def _credit(work: Work, request: ResolvePaymentTask, task: StoredTask, money: Money) -> bool:
    """Whether the task is over; where the bill owed less, the rest stays with the task."""
    invoice_id = request.invoice_id or task.invoice_id
    if invoice_id is None:
        raise Refused("paystack.which_bill", "Choose the bill that it pays.", field="invoice_id")
    credited = credit_bill(work, invoice_id, money, reference=task.reference)
    if credited is None:
        raise faults.nothing_due()
    left = Money(money.amount_minor - credited[1], money.currency)
    if not left.amount_minor:
        return True
    paid = format_money(Money(credited[1], money.currency))
    words = f" {paid} of it paid a bill; {format_money(left)} are left."
    work.send(KEEP_REST, {"id": task.id, "left": left.amount_minor, "words": words})
    tell_task(work, task.id, TaskKind(task.kind), TaskState.OPEN, reference=task.reference)
    return False


def _close(work: Work, request: ResolvePaymentTask, note: str) -> None:
    params = {
        "id": request.task_id,
        "now": work.now,
        "by": work.actor.person.id,
        "action": request.action,
        "note": note,
    }
    work.send(CLOSE, params)


LOCK_RECEIPT = "select from paystack_receipt where reference = %s for no key update"

FREE = """
select unallocated_minor - allocated_minor - coalesce((
    select sum(amount_minor) from paystack_refund as returned
    where returned.reference = receipt.reference and task_id is not null and state <> 'failed'), 0)::bigint
from paystack_receipt as receipt where reference = %s
"""

KEEP_REST = """
update paystack_task set amount_minor = %(left)s, sentence = sentence || %(words)s where id = %(id)s
"""

CLOSE = """
update paystack_task set done_at = %(now)s, done_by = %(by)s, action = %(action)s, note = %(note)s
where id = %(id)s
"""
